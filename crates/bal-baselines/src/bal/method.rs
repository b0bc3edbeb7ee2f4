//! The method itself: settings checked, kernels made, posterior returned.

use super::{
    learner::{BalLearner, Game},
    settings::{BalSettings, DataSettings, DataStart, Samples, refused},
};
use crate::{Boundary, ChainStart, FlowSettings, Flows, Pixels, Support, objective, settings::check};
use bal_attacks::Norm;
use bal_core::{
    Architecture, EnsembleGradient, Generator, Images, Method, Posterior, Prediction, Progress, Task,
    TrainError,
};
use bal_samplers::Sampler;
use std::{ops::ControlFlow, sync::Arc};

/// Bayesian adversarial learning: alternating samples of adversarial data and network weights.
///
/// In each sweep a batch of B images gets `S_z` data chains each, which make M steps of their sampler on
/// [`crate::DataEnergy`] (eq. 6) given all `S_w` networks; then each of the `S_w` parameter chains
/// makes M steps of its own on [`crate::Risk`] (eq. 7) given those data. Without data chains the
/// data stay clean, and the method is a Bayesian neural network.
///
/// What is sampled is the stationary law of this alternation: the two conditionals belong to no
/// joint law.
///
/// Source: Ye & Zhu, NeurIPS 2018, Algorithm 1.
#[derive(Debug)]
pub struct Bal {
    settings: BalSettings,
    game: Game,
    prediction: Prediction,
    ensemble_gradient: EnsembleGradient,
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
        p.prior.check()?;
        if let Some(cycle) = p.step_cycle {
            cycle.check()?;
        }
        if let Samples::Thinned { every, .. } = settings.samples {
            check("samples.thinned.every", every as f64, every > 0, "at least 1 is needed")?;
        }
        let mixing = settings.mixing;
        check("mixing.images", mixing.images as f64, mixing.images >= 0, "it must be at least 0")?;
        check("mixing.every", mixing.every as f64, mixing.every > 0, "at least 1 is needed")?;
        let (prediction, ensemble_gradient) =
            (settings.prediction.parse()?, settings.ensemble_gradient.parse()?);
        let clean = || Ok(Arc::new(Pixels::default()) as Arc<dyn Generator>);
        let generator = settings.data.as_ref().map_or_else(clean, generator)?;
        let game = Game { generator };
        if let Some(data) = &settings.data {
            let members = if settings.plays_apart() { 1 } else { settings.parameter_chains };
            check_data(data, game.generator.as_ref(), members)?;
        }
        // In the unit of the settings, whatever the number of images.
        let sampler = &settings.parameters.sampler;
        sampler.kernel().map_err(|e| refused(&format!("parameters.{}", sampler.name()), &e))?;
        Ok(Self { settings, game, prediction, ensemble_gradient })
    }

    /// The settings.
    pub fn settings(&self) -> &BalSettings {
        &self.settings
    }

    /// Refuses several networks whose chains are not as many as there are, or one of which has none.
    fn check_networks(&self, task: &Task) -> Result<(), TrainError> {
        let [_, _, ..] = task.networks[..] else { return Ok(()) };
        for network in &task.networks {
            let why = "each network needs at least 1";
            check("networks.chains", network.chains as f64, network.chains > 0, why)?;
        }
        let (chains, all) =
            (self.settings.parameter_chains, task.networks.iter().map(|n| n.chains).sum::<u64>());
        let why = format!("the chains of the networks are {all} together");
        check("parameter_chains", chains as f64, chains == all, &why)
    }

    /// Refuses Langevin steps that reflect in an L2 ball of d pixels and whose noise `sqrt(2 e T)` is above `.3 r / d`: nearly
    /// all of such a ball lies in a shell of thickness `r / d` at its rim, and these steps leave it for the inside.
    fn check_reflection(&self, images: &Images) -> Result<(), TrainError> {
        let Some(data) = &self.settings.data else { return Ok(()) };
        let (Some(support), Sampler::Sgld(sgld)) = (data.support, data.sampler) else { return Ok(()) };
        let noise = (2.0 * sgld.step_size.largest() * sgld.temperature).sqrt();
        // A flow has two numbers for each place.
        let shape = images.shape();
        let places: i64 = shape[1..].iter().product();
        let numbers = places * if data.flow.is_some() { 2 } else { shape[0] };
        let most = 0.3 * support.radius / numbers as f64;
        if support.norm != Norm::L2 || support.boundary != Boundary::Reflect || noise <= most {
            return Ok(());
        }
        let why = format!(
            "each step brings noise of {noise:.1e} a pixel, and reflection in an L2 ball of so many pixels keeps its law \
             only up to {most:.1e}; take a smaller step size or temperature, or `boundary = \"project\"`"
        );
        Err(refused("data.support.boundary", &why))
    }
}

/// What the settings say that adversarial data are: free pixels, or flows.
fn generator(data: &DataSettings) -> Result<Arc<dyn Generator>, TrainError> {
    let support = data.support.map(Support::new).transpose();
    let support = support.map_err(|(setting, why)| refused(&format!("data.support.{setting}"), &why))?;
    if support.is_some() && data.sampler.has_momentum() {
        let why = format!(
            "{} has momentum, which would go on through the rim of a support; use sgld, psgld or sgadald, or leave the \
             support out",
            data.sampler.name()
        );
        return Err(refused("data.support", &why));
    }
    let start = match data.start {
        DataStart::Clean | DataStart::Persistent => ChainStart::Clean,
        DataStart::Uniform if support.is_none() => {
            let why = "data chains that begin uniformly need a support, which says where";
            return Err(refused("data.start", &why));
        }
        DataStart::Uniform => ChainStart::Uniform,
        DataStart::Noise(deviation) => {
            let good = deviation.is_finite() && deviation > 0.0;
            check("data.start.noise", deviation, good, "it must be finite and above 0")?;
            ChainStart::Noise(deviation)
        }
    };
    let Some(flow) = data.flow else { return Ok(Arc::new(Pixels { support, start })) };
    let cost = flow.cost().map_err(|(setting, why)| refused(&format!("data.flow.{setting}"), &why))?;
    match (flow, data.support) {
        (FlowSettings::TotalVariation { .. }, None) => {
            let why = "a translation has no total variation, so that flows would go anywhere; give them a support, or take the \
                       quadratic cost";
            Err(refused("data.flow", &why))
        }
        (_, Some(settings)) if settings.unit_box => {
            let why = "flows are displacements in pixels, which have no box; set it to false";
            Err(refused("data.support.unit_box", &why))
        }
        _ => Ok(Arc::new(Flows { cost, support, start })),
    }
}

/// Checks how the data chains move against so many members, and that they do not run away along the cost.
fn check_data(
    data: &DataSettings,
    generator: &dyn Generator,
    parameter_chains: u64,
) -> Result<(), TrainError> {
    check("data.steps", data.steps as f64, data.steps > 0, "at least 1 is needed")?;
    let alpha = data.cost_weight;
    let good = alpha.is_finite() && alpha >= 0.0;
    check("data.cost_weight", alpha, good, "it must be finite and at least 0")?;
    let kernel = data.sampler.kernel().map_err(|e| refused("data", &e))?;
    if generator.is_confined() && data.flow.is_none() {
        // Nothing runs away.
        return Ok(());
    }
    let Some(curvature) = generator.curvature().map(|c| c * alpha * parameter_chains as f64) else {
        return Ok(());
    };
    // A chain that begins at its image is at the minimum of the cost. Longer steps would throw neighbours in a flow to and fro,
    // in a support too.
    let stable = if data.start == DataStart::Persistent || data.flow.is_some() {
        kernel.check_stable(curvature)
    } else {
        kernel.check_contracts(curvature, data.steps)
    };
    stable.map_err(|e| refused("data.step_size", &e))
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

    fn check_network(&self, network: &dyn Architecture) -> Result<(), TrainError> {
        objective::check(self.name(), network)
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn fit(
        &self,
        task: &Task,
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Posterior, TrainError> {
        self.check_reflection(task.images)?;
        self.check_networks(task)?;
        let (mut learner, done) = BalLearner::begin(&self.settings, &self.game, task)?;
        let sweeps = self.settings.schedule.run(task, done, &mut learner, observe)?;
        let (mixing, regime) = (learner.mixing(), Some(learner.regime(sweeps)));
        let precisions = learner.precisions();
        let members = learner.into_members();
        if members.is_empty() {
            return Err(TrainError::NoSamples { sweeps });
        }
        Ok(Posterior {
            members,
            prediction: self.prediction,
            ensemble_gradient: self.ensemble_gradient,
            mixing,
            regime,
            precisions,
            laplace: None,
            class_names: None,
            columns: None,
        })
    }
}
