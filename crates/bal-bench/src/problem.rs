//! Data, networks and settings, loaded once.

use anyhow::{Context, Result, ensure};
use bal_baselines::BalSettings;
use bal_core::{Architecture, Batch, Images, Member, Posterior, Replicate, Workers};
use bal_data::{Set, Split};
use bal_samplers::AdamSettings;
use serde::Deserialize;
use std::{path::Path, sync::Arc};
use tch::{Device, Kind, Tensor};

/// How much of the data is used.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Images in the batch of a sweep.
    pub batch: i64,
    /// Training images of an epoch.
    pub train: i64,
    /// Test images that are attacked.
    pub test: i64,
    /// Steps of PGD.
    pub pgd_steps: u64,
}

impl Sizes {
    /// Those that figures are quoted for.
    pub const FULL: Self = Self { batch: 256, train: 60_000, test: 1_000, pgd_steps: 40 };
    /// Enough to see that everything works.
    pub const SMOKE: Self = Self { batch: 96, train: 512, test: 96, pgd_steps: 2 };
}

/// Everything that a measurement needs.
#[derive(Debug)]
pub struct Problem {
    /// How much of the data.
    pub sizes: Sizes,
    /// Trained networks: how many units a `ReLU` holds at zero is part of what is timed.
    pub posterior: Posterior,
    /// Bayesian adversarial learning, as in `experiments/mnist-bal-released.toml`.
    pub bal: BalSettings,
    /// Adam, as in `experiments/mnist-erm.toml`.
    pub adam: AdamSettings,
    /// Threads.
    pub workers: Workers,
    /// The architecture of the networks.
    pub architecture: Arc<dyn Architecture>,
    train: Images,
    test: Images,
}

#[derive(Deserialize)]
struct BalExperiment {
    bal: BalSettings,
}

#[derive(Deserialize)]
struct ErmExperiment {
    erm: Erm,
}

#[derive(Deserialize)]
struct Erm {
    adam: AdamSettings,
}

impl Problem {
    /// Loads MNIST and the experiments from the checkout at `root`, and networks from `weights`.
    ///
    /// # Errors
    /// Naming the file that is missing or does not fit.
    pub fn load(root: &Path, weights: &Path, threads: usize, sizes: Sizes) -> Result<Self> {
        let experiment = |name: &str| {
            let path = root.join("experiments").join(name);
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let bal: BalExperiment = toml::from_str(&experiment("mnist-bal-released.toml")?)?;
        let erm: ErmExperiment = toml::from_str(&experiment("mnist-erm.toml")?)?;
        let data = bal_data::load(Set::Mnist, &root.join("datasets"))?;
        let posterior = bal_models::read_posterior(weights, None)?;
        ensure!(
            posterior.members.len() as u64 >= bal.bal.parameter_chains,
            "{} has {} networks, {} are needed",
            weights.display(),
            posterior.members.len(),
            bal.bal.parameter_chains
        );
        Ok(Self {
            sizes,
            architecture: posterior.architecture()?.clone(),
            posterior,
            bal: bal.bal,
            adam: erm.erm.adam,
            workers: Workers::new(threads)?,
            train: images(&data.train)?,
            test: images(&data.test)?,
        })
    }

    /// The first training images.
    pub fn batch(&self) -> Batch {
        self.train.batch(&(0..self.sizes.batch).collect::<Vec<_>>())
    }

    /// The first `count` training images.
    pub fn train(&self, count: i64) -> Images {
        self.train.subset(&(0..count).collect::<Vec<_>>())
    }

    /// The first test images.
    pub fn test(&self) -> Images {
        self.test.subset(&(0..self.sizes.test).collect::<Vec<_>>())
    }

    /// The first `chains` networks, for reading; from the first again where there are not so many.
    pub fn members(&self, chains: usize) -> Vec<Member> {
        self.posterior.members.iter().cycle().take(chains).map(Member::replicate).collect()
    }
}

fn images(split: &Split) -> Result<Images> {
    let shape: Vec<i64> = split.images.shape().iter().map(|&n| n as i64).collect();
    let bytes = split.images.as_slice().context("images are not contiguous")?;
    let pixels = Tensor::f_from_data_size(bytes, &shape, Kind::Uint8)?;
    let labels: Vec<i64> = split.labels.iter().map(|&label| label.into()).collect();
    Ok(Images::new(pixels, &Tensor::f_from_slice(&labels)?, Device::Cpu)?)
}
