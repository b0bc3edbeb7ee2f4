//! `[[networks]]`: several networks in one posterior.

use super::{Experiment, Precision, Start};
use crate::device;
use crate::{Session, dataset::Training};
use anyhow::{Result, ensure};
use bal_core::{Architecture, Task, TaskNetwork};
use bal_models::{Bfloat16, Regressor, Sizes};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};
use tch::Device;

/// A network of a posterior, and the chains that sample weights of it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSettings {
    /// Network of these chains, by its name as `architecture` has it.
    pub architecture: String,
    /// Parameter chains of this network, at least 1; those of all networks together are `parameter_chains`.
    pub chains: u64,
    /// Experiment, beside this file, whose weights these chains start from; all networks have one, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<PathBuf>,
}

/// A network of an experiment, as it is used and as it is trained.
#[derive(Clone, Debug)]
pub(crate) struct Networks(Vec<Network>);

#[derive(Clone, Debug)]
struct Network {
    used: Arc<dyn Architecture>,
    trained: Arc<dyn Architecture>,
    chains: u64,
}

impl Networks {
    /// The networks as they are used, in fp32.
    pub(crate) fn used(&self) -> impl Iterator<Item = &Arc<dyn Architecture>> {
        self.0.iter().map(|network| &network.used)
    }

    /// Their names, with commas between them.
    pub(crate) fn names(&self) -> String {
        self.used().map(|network| network.name()).collect::<Vec<_>>().join(",")
    }

    /// The number of weights of all of them together, each counted once.
    pub(crate) fn weights(&self) -> i64 {
        self.used().map(|network| weights(&**network)).sum()
    }

    /// As a method trains them.
    pub(crate) fn of_task(&self) -> Vec<TaskNetwork> {
        let of = |network: &Network| TaskNetwork {
            architecture: network.trained.clone(),
            start: None,
            chains: network.chains,
        };
        self.0.iter().map(of).collect()
    }

    /// The network that `trained` is used as.
    pub(crate) fn used_as(&self, trained: &Arc<dyn Architecture>) -> Arc<dyn Architecture> {
        let found = self.0.iter().find(|network| Arc::ptr_eq(&network.trained, trained));
        found.map_or_else(|| trained.clone(), |network| network.used.clone())
    }
}

/// How many weights a network has.
pub(crate) fn weights(network: &dyn Architecture) -> i64 {
    network.parameters().iter().map(|spec| spec.shape.iter().product::<i64>()).sum()
}

impl Experiment {
    /// Its networks: those of `[[networks]]`, or the one that it names, with all chains.
    pub fn each_network(&self) -> Vec<NetworkSettings> {
        if !self.networks.is_empty() {
            return self.networks.clone();
        }
        let start = self.start.as_ref().map(|start| start.experiment.clone());
        let chains = self.chains().map_or(1, |chains| chains.parameter_chains);
        vec![NetworkSettings { architecture: self.architecture.clone(), chains, start }]
    }

    /// Names the experiments that its networks start from anew, in their order.
    pub fn start_from(&mut self, files: Vec<PathBuf>) {
        if self.networks.is_empty() {
            self.start = files.into_iter().next().map(|experiment| Start { experiment });
            return;
        }
        for (network, file) in self.networks.iter_mut().zip(files) {
            network.start = Some(file);
        }
    }

    /// Refuses networks that contradict each other or the method.
    pub(super) fn check_networks(&self) -> Result<()> {
        if self.networks.is_empty() {
            ensure!(
                !self.architecture.is_empty(),
                "it names no network: `architecture` or `[[networks]]` is needed"
            );
            return Ok(());
        }
        ensure!(self.architecture.is_empty(), "`architecture` and `[[networks]]` exclude each other");
        ensure!(
            self.start.is_none(),
            "with `[[networks]]` each of them has its own `start`, and `[start]` is none"
        );
        let Some(chains) = self.chains() else {
            anyhow::bail!("a point estimate is one network: it has `architecture`, and no `[[networks]]`")
        };
        ensure!(
            self.networks.iter().all(|network| network.chains > 0),
            "each of `[[networks]]` needs at least 1 of `chains`"
        );
        let together: u64 = self.networks.iter().map(|network| network.chains).sum();
        ensure!(
            together == chains.parameter_chains,
            "parameter_chains is {}, but the chains of `[[networks]]` are {together} together",
            chains.parameter_chains
        );
        let starts = self.networks.iter().filter(|network| network.start.is_some()).count();
        ensure!(
            starts == 0 || starts == self.networks.len(),
            "{starts} of {} `[[networks]]` have a `start`: all or none need one",
            self.networks.len()
        );
        Ok(())
    }

    /// The training of these networks on this data, from initial weights.
    pub(crate) fn task<'a>(
        &self,
        networks: &Networks,
        training: &'a Training,
        session: &'a Session,
    ) -> Task<'a> {
        Task {
            networks: networks.of_task(),
            images: &training.images,
            held_out: &training.held_out,
            seed: self.seed,
            generator: self.noise_generator.into(),
            workers: &session.workers,
            resume: None,
        }
    }

    /// The networks for images and classes of these sizes, as training computes them on `device`.
    ///
    /// # Errors
    /// For names and sizes that no network has, and for what does not repeat its bits on `device`.
    pub(crate) fn architectures(&self, sizes: Sizes, device: Device) -> Result<Networks> {
        let of = |settings: NetworkSettings| {
            let used = match &self.regression {
                Some(regression) => {
                    let [_, _, features] = sizes.input;
                    Arc::new(Regressor::new(&settings.architecture, features, regression.noise())?)
                }
                None => bal_models::architecture(&settings.architecture, Some(sizes))?,
            };
            let trained: Arc<dyn Architecture> = match self.precision {
                Precision::Fp32 => used.clone(),
                Precision::Bf16 => Arc::new(Bfloat16::new(used.clone(), device)?),
            };
            Ok(Network { used, trained, chains: settings.chains })
        };
        let networks = Networks(self.each_network().into_iter().map(of).collect::<Result<_>>()?);
        device::takes_networks(device, networks.used().map(|network| &**network))?;
        if self.chains().and_then(|chains| chains.data).is_some_and(|data| data.flow.is_some()) {
            device::takes_moved_pixels(device, "[bal.data.flow]")?;
        }
        if let Some(training) = &self.adversarial_training {
            training.attack.suits_device(device)?;
        }
        Ok(networks)
    }
}
