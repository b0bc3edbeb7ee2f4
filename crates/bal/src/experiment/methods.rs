//! The methods that an experiment can have: one list, and one file for the table of each.

mod adversarial_training;
mod advgan;
mod bal;
mod bnn;
mod erm;
mod laplace;
mod wrm;

use super::Experiment;
use anyhow::{Result, bail};
use bal_baselines::{BalSettings, Epochs};
use bal_core::{Classifier, Method};
use bal_models::Sizes;
use std::path::PathBuf;

pub use adversarial_training::{AdversarialSettings, AttackTable, SourceTable};
pub use advgan::{AdvganTraining, VictimTable};
pub use bnn::BnnSettings;
pub use erm::ErmSettings;
pub use wrm::WrmTraining;

/// The networks that an attack in training runs on, as a table of the experiment names them.
#[derive(Clone, Copy, Debug)]
pub struct NamedSources<'a> {
    /// The table.
    pub table: &'static str,
    /// Experiments, beside the file.
    pub experiments: &'a [PathBuf],
    /// Files of weights, or folders of finished runs, relative to the file.
    pub files: &'a [PathBuf],
}

/// What the engine asks of the table of a method.
pub(crate) trait MethodTable {
    /// The method, its settings checked.
    fn method(&self) -> Result<Box<dyn Method>>;

    /// The networks that its attack runs on, beside the one in training; they have to be there before it is trained.
    fn sources(&self) -> Option<NamedSources<'_>> {
        None
    }

    /// The method with these networks, at least one.
    fn with_sources(&self, _sources: Vec<Box<dyn Classifier>>) -> Result<Box<dyn Method>> {
        bail!("the method has no other networks to attack")
    }

    /// The method as it is when a few batches are timed: with stand-ins for networks that it cannot do without.
    fn on_trial(&self, _sizes: Sizes) -> Result<Box<dyn Method>> {
        self.method()
    }

    /// Passes over the training images.
    fn schedule(&self) -> Epochs;

    /// The settings of the chains, if the method runs some.
    fn chains(&self) -> Option<&BalSettings> {
        None
    }

    /// Refuses what does not go together with the rest of the experiment.
    fn agrees(&self, _experiment: &Experiment) -> Result<()> {
        Ok(())
    }

    /// Refuses, before anything is trained, what is not defined for the images and classes of a data set, which are of these
    /// sizes.
    fn suits(&self, _sizes: Sizes, _dataset: &str) -> Result<()> {
        Ok(())
    }
}

/// Adds the list of the methods to the fields of the experiment: a table for each, of which a file has one.
///
/// To add a method, write its table in a file here, with [`MethodTable`], and name it at the end of the list. Mark it
/// `#[serde(default, skip_serializing_if = "Option::is_none")]`: the digests of experiments without it then stay as they are.
///
/// Spelt out rather than flattened, because an error in a flattened table does not say in which key.
macro_rules! with_methods {
    ($(#[$about:meta])* pub struct $name:ident { $($fields:tt)* }) => {
        with_methods!(@ $(#[$about])* $name { $($fields)* } {
            /// Empirical risk minimisation. Exactly one of this and the following is the method.
            erm: ErmSettings,
            /// Adversarial training.
            adversarial_training: AdversarialSettings,
            /// Adversarial training with a penalty for distance, instead of a ball (WRM).
            wrm: WrmTraining,
            /// A Bayesian neural network on clean data.
            bnn: BnnSettings,
            /// Bayesian adversarial learning.
            bal: BalSettings,
            /// The Laplace approximation: a Gaussian around the weights of the start.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            laplace: LaplaceSettings,
            /// `AdvGAN`: a network that changes images so that others, the victims, get them wrong.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            advgan: AdvganTraining,
        });
    };
    (@ $(#[$about:meta])* $name:ident { $($fields:tt)* }
        { $($(#[$attribute:meta])* $table:ident: $settings:ident,)* }) => {
        $(#[$about])*
        pub struct $name {
            $($fields)*
            $($(#[$attribute])* pub $table: Option<$settings>,)*
        }

        impl $name {
            /// The tables of methods that are there.
            fn methods(&self) -> Vec<&dyn MethodTable> {
                let all = [$(self.$table.as_ref().map(|table| table as &dyn MethodTable)),*];
                all.into_iter().flatten().collect()
            }

            /// The tables that a method can have, as an error lists them.
            const METHODS: &[&str] = &[$(concat!("[", stringify!($table), "]")),*];
        }
    };
}
pub(super) use with_methods;
