//! The method itself: settings checked, kernels made, posterior returned.

use super::{
    learner::BalLearner,
    settings::{BalSettings, DataSettings, DataStart, LossScale, Prior, Samples},
};
use crate::settings::check;
use bal_core::{
    EnsembleGradient, Gibbs, Method, Posterior, Prediction, Progress, Schedule, Task, TrainError,
};
use bal_samplers::{SamplerError, Sgld, StepSize};
use std::ops::ControlFlow;

/// Bayesian adversarial learning: alternating samples of adversarial data and network weights.
///
/// In each sweep a batch of B images gets `S_z` data chains each, which make M Langevin steps on
/// [`crate::DataEnergy`] (eq. 6) given all `S_w` networks; then each of the `S_w` parameter chains
/// makes M steps of its sampler on [`crate::Risk`] (eq. 7) given those data. Without data chains the
/// data stay clean, and the method is a Bayesian neural network.
///
/// What is sampled is the stationary law of this alternation: the two conditionals belong to no
/// joint law.
///
/// Source: Ye & Zhu, NeurIPS 2018, Algorithm 1.
#[derive(Debug)]
pub struct Bal {
    pub(super) settings: BalSettings,
    pub(super) prediction: Prediction,
    pub(super) ensemble_gradient: EnsembleGradient,
}

impl Bal {
    /// The method with these settings.
    ///
    /// # Errors
    /// [`TrainError::Setting`] naming the setting that is out of its range, among them a data step
    /// with `e 2 alpha S_w >= 2`, under which the cost throws the images further out at each step.
    pub fn new(settings: BalSettings) -> Result<Self, TrainError> {
        settings.schedule.checked()?;
        for (name, count) in
            [("data_chains", settings.data_chains), ("parameter_chains", settings.parameter_chains)]
        {
            check(name, count as f64, count > 0, "at least 1 is needed")?;
        }
        let p = &settings.parameters;
        let good = (0.0..=1.0).contains(&p.clean_weight);
        check("parameters.clean_weight", p.clean_weight, good, "it must be in [0, 1]")?;
        check("parameters.steps", p.steps as f64, p.steps > 0, "at least 1 is needed")?;
        if let Prior::Gaussian(scale) = p.prior {
            let good = scale.is_finite() && scale > 0.0;
            check("parameters.prior.gaussian", scale, good, "it must be finite and above 0")?;
        }
        if let Samples::Thinned { every, .. } = settings.samples {
            check("samples.thinned.every", every as f64, every > 0, "at least 1 is needed")?;
        }
        let mixing = settings.mixing;
        check("mixing.images", mixing.images as f64, mixing.images >= 0, "it must be at least 0")?;
        check("mixing.every", mixing.every as f64, mixing.every > 0, "at least 1 is needed")?;
        let bal = Self {
            prediction: settings.prediction.parse()?,
            ensemble_gradient: settings.ensemble_gradient.parse()?,
            settings,
        };
        bal.gibbs(bal.settings.schedule.batch_size)?;
        Ok(bal)
    }

    /// The settings.
    pub fn settings(&self) -> &BalSettings {
        &self.settings
    }

    /// The weight of the cost in an image's own energy, for a batch of `n` images.
    pub(super) fn cost_weight(&self, n: usize) -> f64 {
        self.settings.data.map_or(0.0, |data| data.cost_weight * self.scale(&data, n))
    }

    /// The sweep's kernels for a batch of `n` images, in units of one image's energy.
    pub(super) fn gibbs(&self, n: usize) -> Result<Gibbs, TrainError> {
        let BalSettings { data, parameters, samples, .. } = &self.settings;
        let (kernel, steps) = match data {
            None => (Sgld::new(StepSize::Constant(1.0), 0.0), 0),
            Some(data) => {
                let scale = self.scale(data, n);
                check("data.steps", data.steps as f64, data.steps > 0, "at least 1 is needed")?;
                let alpha = data.cost_weight;
                let good = alpha.is_finite() && alpha >= 0.0;
                check("data.cost_weight", alpha, good, "it must be finite and at least 0")?;
                (Sgld::new(scaled(data.step_size, 1.0 / scale), data.temperature * scale), data.steps)
            }
        };
        let kernel = kernel.map_err(|e| refused("data", &e))?;
        let curvature = 2.0 * self.cost_weight(n) * self.settings.parameter_chains as f64;
        let stable = match data {
            // A chain that begins at its image is at the minimum of the cost.
            Some(DataSettings { start: DataStart::Clean, .. }) => kernel.check_contracts(curvature, steps),
            Some(_) => kernel.check_stable(curvature),
            None => Ok(()),
        };
        stable.map_err(|e| refused("data.step_size", &e))?;
        let (burn_in, thinning) = match *samples {
            Samples::Last => (0, 1),
            Samples::Thinned { burn_in, every } => (burn_in, every),
        };
        let schedule = Schedule::new(steps, parameters.steps, burn_in, thinning)?;
        Ok(Gibbs::new(Box::new(kernel), parameters.kernel()?, schedule))
    }

    /// What an image's own energy is of the energy that the settings refer to.
    fn scale(&self, data: &DataSettings, n: usize) -> f64 {
        match data.loss_scale {
            LossScale::PerImage => 1.0,
            LossScale::BatchMean => n as f64 * self.settings.data_chains as f64,
        }
    }
}

fn scaled(step_size: StepSize, factor: f64) -> StepSize {
    match step_size {
        StepSize::Constant(size) => StepSize::Constant(size * factor),
        StepSize::Geometric { first, ratio } => StepSize::Geometric { first: first * factor, ratio },
    }
}

pub(super) fn refused(setting: &str, error: &SamplerError) -> TrainError {
    TrainError::Setting { setting: setting.into(), value: "(as given)".into(), why: error.to_string() }
}

impl Method for Bal {
    fn name(&self) -> &'static str {
        if self.settings.data.is_some() { "bal" } else { "bnn" }
    }

    fn sweeps(&self, images: u64) -> u64 {
        self.settings.schedule.sweeps(images)
    }

    fn check(&self, images: u64) -> Result<(), TrainError> {
        self.settings.schedule.check_images(images)?;
        let sweeps = self.sweeps(images);
        match self.settings.samples {
            Samples::Thinned { burn_in, every } if images > 0 && burn_in + every > sweeps => {
                Err(TrainError::NoSamples { sweeps })
            }
            _ => Ok(()),
        }
    }

    fn fit(
        &self,
        task: &Task,
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Posterior, TrainError> {
        let (mut learner, done) = BalLearner::begin(self, task)?;
        let sweeps = self.settings.schedule.run(task, done, &mut learner, observe)?;
        let mixing = learner.mixing();
        let members = learner.into_members();
        if members.is_empty() {
            return Err(TrainError::NoSamples { sweeps });
        }
        Ok(Posterior {
            architecture: task.architecture.clone(),
            members,
            prediction: self.prediction,
            ensemble_gradient: self.ensemble_gradient,
            mixing,
            class_names: None,
        })
    }
}
