//! Experiments: everything that determines a run, in one file.

mod meaning;
mod methods;
mod networks;
mod origin;
mod regression;
mod request;

use crate::{
    Note, Refusal, Session,
    dataset::{Counted, DataSource, Training},
    flat::flat,
    overrides,
    own_images::ImageSettings,
};
use anyhow::{Context, Result, bail};
use bal_baselines::{BalSettings, Epochs, LaplaceSettings};
use bal_core::{Classifier, Method, NoiseGenerator};
use bal_data::Digest;
use bal_models::Sizes;
pub use meaning::Meaning;
pub use methods::{
    AdversarialSettings, AdvganTraining, AttackTable, BnnSettings, ErmSettings, NamedSources, SourceTable,
    VictimTable, WrmTraining,
};
use methods::{MethodTable, with_methods};
pub use networks::NetworkSettings;
pub(crate) use networks::{Networks, weights};
use origin::BUILT_IN;
pub use origin::Origin;
pub(crate) use regression::Division;
pub use regression::{NoiseSettings, RegressionSettings, TestSettings};
pub use request::{ExperimentRequest, Plan, TableSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

with_methods! {
    /// An experiment file, complete: nothing has a default.
    #[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Experiment {
        /// Name of its runs.
        pub name: String,
        /// Variant of the method, for methods with several: `released`, `paper` or `exact` (docs/paper.md).
        pub preset: Option<String>,
        /// Data set: mnist, fashion-mnist, gtsrb, gtsrb-paper, gtsrb-colour, cifar-10, cifar-100, or the path of images of your own.
        ///
        /// A folder or a table of images where `[images]` says how it is read.
        pub dataset: String,
        /// Network: `cnn`, `cnn-wide` with twice its filters, `stn`, which has a spatial transformer, `mlp-256-256` with the units of
        /// each hidden layer, `resnet-frn-20`, which is residual, or `tramer-a` to `tramer-d`; under `[advgan]` `advgan-generator`.
        ///
        /// Absent where `[[networks]]` has several.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        pub architecture: String,
        /// Numbers that the network computes with; bf16 is for processors that have it.
        ///
        /// Records of before it could be chosen lack it; they are fp32.
        #[serde(default)]
        pub precision: Precision,
        /// Generator of the noise of chains, of dropout and of attacks in training: `chacha8` or `philox`, whose numbers a CUDA
        /// device draws itself. Both have the same laws, and other numbers.
        ///
        /// `chacha8` where it is not said.
        #[serde(default, skip_serializing_if = "NoiseSource::is_chacha8")]
        pub noise_generator: NoiseSource,
        /// Seed of all randomness: the same seed gives the same bits.
        pub seed: u64,
        /// Training images that are used, after those held out; at least 1.
        pub train_images: usize,
        /// Training images kept apart for tuning and diagnostics.
        pub held_out: usize,
        /// Batches from one checkpoint to the next, at least 1.
        pub checkpoint_every: u64,
        /// How images of the user's own are read.
        pub images: Option<ImageSettings>,
        /// Column that is predicted, where the data set is a table of numbers: uci-yacht, uci-energy, uci-concrete, or your own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub regression: Option<RegressionSettings>,
        /// What the weights start from; without it, initial weights.
        pub start: Option<Start>,
        /// Networks of a posterior of several, each with its chains and what they start from, in place of `architecture` and
        /// `[start]`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub networks: Vec<NetworkSettings>,
    }
}

/// The numbers that a network's passes are made of; weights, images and noise are always fp32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision.
    #[default]
    Fp32,
    /// bfloat16.
    Bf16,
}

/// What makes the noise of a training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoiseSource {
    /// `ChaCha8`, on the host.
    #[default]
    ChaCha8,
    /// Philox4x32-10, where the numbers are needed.
    Philox,
}

impl NoiseSource {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
    fn is_chacha8(&self) -> bool {
        *self == Self::ChaCha8
    }
}

impl From<NoiseSource> for NoiseGenerator {
    fn from(source: NoiseSource) -> Self {
        match source {
            NoiseSource::ChaCha8 => Self::ChaCha8,
            NoiseSource::Philox => Self::Philox,
        }
    }
}

/// What a run starts from.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Experiment, beside this file, whose weights the run starts from.
    ///
    /// It is trained with this run's seed, unless a finished run of it is found.
    pub experiment: PathBuf,
}

impl Experiment {
    /// Reads the experiment of `origin`, the built-in `name` where it has no file, with settings
    /// changed as `--set` and `--seed` say.
    pub fn read(origin: &Origin, name: &str, set: &[String], seed: Option<u64>) -> Result<Self> {
        let (text, title) = origin.text(name)?;
        let mut table: toml::Table = text.parse().with_context(|| format!("{title} is not valid TOML"))?;
        for change in set {
            overrides::apply(&mut table, change)?;
        }
        if let Some(seed) = seed {
            let seed = i64::try_from(seed).map_err(|_| Refusal::of_request("the seed is above 2^63 - 1"))?;
            table.insert("seed".into(), seed.into());
        }
        let text = toml::to_string(&table)?;
        let experiment: Self = toml::from_str(&text).with_context(|| format!("{title} cannot be used"))?;
        experiment.method().with_context(|| format!("{title} cannot be used"))?;
        experiment.check_networks().with_context(|| format!("{title} cannot be used"))?;
        experiment.check_regression().with_context(|| format!("{title} cannot be used"))?;
        let agree = experiment.methods().into_iter().try_for_each(|method| method.agrees(&experiment));
        agree.with_context(|| format!("{title} cannot be used"))?;
        if experiment.checkpoint_every == 0 || experiment.train_images == 0 {
            bail!("{title} cannot be used: checkpoint_every and train_images must be at least 1");
        }
        Ok(experiment)
    }

    /// Files of the built-in experiments.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in default.
    pub fn built_in() -> &'static str {
        BUILT_IN[0].0
    }

    /// The same on another data set, all of whose training images are used but for those held out.
    pub fn on(self, dataset: &str, images: Option<ImageSettings>, session: &Session) -> Result<Self> {
        let own = Path::new(dataset).file_stem().map_or(dataset.into(), |name| name.to_string_lossy());
        let name = match self.name.strip_prefix(&self.dataset) {
            Some(rest) => format!("{own}{rest}"),
            None => format!("{own}-{}", self.name),
        };
        let changed = Self { dataset: dataset.into(), images, name, ..self };
        let Counted { train_images, held_out, apart } =
            changed.data(session).count(changed.held_out, changed.seed)?;
        match apart {
            Some(apart) if held_out == 0 => session.observer().note(&Note::news(format!(
                "{apart} images are left apart, as the experiment has held_out = 0"
            ))),
            Some(_) => session.observer().note(&Note::news(format!(
                "{held_out} images are held out as the data have them; none are drawn"
            ))),
            None => {}
        }
        Ok(Self { train_images, held_out, ..changed })
    }

    /// The same on a table of one's own, all of whose training rows are used but for those held out.
    ///
    /// # Errors
    /// When the table cannot be used, or the experiment is not of a table.
    pub fn on_table(self, table: &str, changed: &RegressionSettings, session: &Session) -> Result<Self> {
        if self.regression.is_none() {
            bail!("{} is no experiment of a table: it has no [regression]", self.name);
        }
        let own = Path::new(table).file_stem().map_or(table.into(), |name| name.to_string_lossy());
        let name = match self.name.strip_prefix(&self.dataset) {
            Some(rest) => format!("{own}{rest}"),
            None => format!("{own}-{}", self.name),
        };
        let mut experiment = Self { dataset: table.into(), name, regression: Some(changed.clone()), ..self };
        experiment.train_images = experiment.training_rows(changed, session)?;
        experiment.check_regression()?;
        Ok(experiment)
    }

    /// Where its images are.
    pub(crate) fn data<'a>(&'a self, session: &'a Session) -> DataSource<'a> {
        DataSource { name: &self.dataset, own: self.images.as_ref(), session }
    }

    /// Its training and held-out images.
    pub(crate) fn training(&self, session: &Session) -> Result<Training> {
        match &self.regression {
            Some(regression) => self.rows_to_train_on(regression, session),
            None => self.data(session).training(self.train_images, self.held_out, self.seed),
        }
    }

    /// The experiments that its networks start from, in their order, with the same seed and on the same images; none where it
    /// starts from initial weights.
    pub fn start_experiments(&self, origin: &Origin) -> Result<Vec<(Self, Origin)>> {
        let of = |network: NetworkSettings| {
            let Some(file) = network.start else { return Ok(None) };
            let name = file.display().to_string();
            let origin = origin.beside(&file);
            let mut first = Self::read(&origin, &name, &[], Some(self.seed))?;
            if first.dataset != self.dataset || first.regression != self.regression {
                let name = match self.networks.len() {
                    0 => format!("{}-to-start-from", self.name),
                    _ => format!("{}-{}-to-start-from", self.name, network.architecture),
                };
                let architecture = network.architecture;
                first = Self { name, architecture, ..self.with_its_images(first) };
            }
            Ok(Some((first, origin)))
        };
        self.each_network().into_iter().filter_map(|network| of(network).transpose()).collect()
    }

    /// The networks that its inner attack runs on beside the one in training, if it names some.
    pub fn sources(&self) -> Option<NamedSources<'_>> {
        self.methods().into_iter().find_map(MethodTable::sources)
    }

    /// The experiments whose networks its inner attack runs on, on the same images; with the seeds of their own files.
    pub fn source_experiments(&self, origin: &Origin) -> Result<Vec<(Self, Origin)>> {
        let Some(NamedSources { table, experiments, .. }) = self.sources() else { return Ok(vec![]) };
        let read = |file: &PathBuf| {
            let name = file.display().to_string();
            let origin = origin.beside(file);
            let mut source = Self::read(&origin, &name, &[], None)?;
            if source.sources().is_some() {
                bail!(
                    "{name} has sources itself, and an experiment under [{table}] may have none; train it, and name its run \
                     under files"
                );
            }
            if source.dataset != self.dataset || source.regression != self.regression {
                let name = format!("{}-for-{}", source.name, self.name);
                source = Self { name, ..self.with_its_images(source) };
            }
            Ok((source, origin))
        };
        experiments.iter().map(read).collect()
    }

    /// `other` on the images of this experiment.
    fn with_its_images(&self, other: Self) -> Self {
        let Self { dataset, images, regression, train_images, held_out, .. } = self.clone();
        Self { dataset, train_images, held_out, images, regression, ..other }
    }

    /// The method that the experiment describes, its settings checked; without the networks that its attack runs on beside
    /// the one in training.
    pub fn method(&self) -> Result<Box<dyn Method>> {
        self.table()?.method()
    }

    /// The same with these networks, those that [`Self::sources`] names.
    pub(crate) fn method_with(&self, sources: Vec<Box<dyn Classifier>>) -> Result<Box<dyn Method>> {
        if sources.is_empty() { self.method() } else { self.table()?.with_sources(sources) }
    }

    /// The method as it is when a few batches are timed, on images and classes of these sizes.
    pub(crate) fn method_on_trial(&self, sizes: Sizes) -> Result<Box<dyn Method>> {
        self.table()?.on_trial(sizes)
    }

    /// The table of its method.
    fn table(&self) -> Result<&dyn MethodTable> {
        let [one] = self.methods()[..] else {
            bail!("exactly one of the tables {} is needed", Self::METHODS.join(", "))
        };
        Ok(one)
    }

    /// Refuses, before anything is trained, a method that is not defined for images and classes of these sizes.
    pub(crate) fn suits(&self, sizes: Sizes) -> Result<()> {
        self.methods().into_iter().try_for_each(|method| method.suits(sizes, &self.dataset))
    }

    /// Passes over the training images.
    pub fn epochs(&self) -> Epochs {
        self.methods().first().map_or(Epochs::new(1, 1), |method| method.schedule())
    }

    /// The settings of a method that runs chains; `None` for a point estimate.
    pub fn chains(&self) -> Option<&BalSettings> {
        self.methods().into_iter().find_map(MethodTable::chains)
    }

    /// SHA-256 of everything that determines the run's weights, with `start` the digest of what it
    /// starts from, followed by those of its sources with a `+` before each, and `data` the digests of its data files.
    pub(crate) fn digest<'a>(
        &self,
        start: &str,
        data: impl Iterator<Item = (&'a String, &'a String)>,
    ) -> Result<String> {
        let data: Vec<_> = data.collect();
        Ok(Digest::of(&serde_json::to_vec(&(self.relevant(), start, data))?).to_string())
    }

    /// Whether the settings that determine the weights are the same; the data and the start may differ.
    pub fn is_like(&self, other: &Self) -> Result<bool> {
        Ok(serde_json::to_value(self.relevant())? == serde_json::to_value(other.relevant())?)
    }

    /// What determines the weights, beside the data and the start: each setting by its dotted key, as TOML or JSON has it.
    pub(crate) fn determining(&self) -> Result<BTreeMap<String, String>> {
        Ok(flat(&serde_json::to_value(self.relevant())?))
    }

    /// What determines the weights, beside the data and the start.
    fn relevant(&self) -> Self {
        // How often checkpoints are written changes no weight, and the name and the path of the
        // start neither; nor does where the user keeps images whose own digests are in the data's.
        let own = self.images.is_some() || self.regression.as_ref().is_some_and(|r| r.target.is_some());
        let dataset = if own { String::new() } else { self.dataset.clone() };
        let mut all = Self { checkpoint_every: 1, name: String::new(), start: None, dataset, ..self.clone() };
        for network in &mut all.networks {
            network.start = None;
        }
        // Of its sources the digests count, as of the start.
        if let Some(sources) = all.adversarial_training.as_mut().and_then(|table| table.sources.as_mut()) {
            (sources.experiments, sources.files) = (vec![], vec![]);
        }
        if let Some(advgan) = &mut all.advgan {
            (advgan.victims.experiments, advgan.victims.files) = (vec![], vec![]);
        }
        all
    }
}

#[cfg(test)]
mod tests;
