//! The choice of a sampler.

use crate::{
    Psgld, PsgldSettings, SamplerError, Sgadahmc, SgadahmcSettings, Sgadald, SgadaldSettings, Sghmc,
    SghmcSettings, Sgld, SgldSettings, StepSize,
};
use bal_core::{Diverged, Kernel, NoiseStream, Position, State, Unstable};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One of the samplers, with its settings.
///
/// In files the one table among those of [`table_with_samplers!`](crate::table_with_samplers) that is there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sampler {
    /// Stochastic gradient Langevin dynamics.
    Sgld(SgldSettings),
    /// The same preconditioned as `RMSProp` does.
    Psgld(PsgldSettings),
    /// Stochastic gradient Hamiltonian Monte Carlo.
    Sghmc(SghmcSettings),
    /// Stochastic gradient adaptive Langevin dynamics, the paper's (eq. 10).
    Sgadald(SgadaldSettings),
    /// Stochastic gradient adaptive Hamiltonian Monte Carlo.
    Sgadahmc(SgadahmcSettings),
}

impl Sampler {
    /// The only one of the samplers `there`, which are those that a file has tables of.
    ///
    /// # Errors
    /// [`SamplerError::Tables`] when there is none, or several.
    pub fn only(there: &[Self]) -> Result<Self, SamplerError> {
        if let [one] = *there { Ok(one) } else { Err(SamplerError::Tables(there.len())) }
    }

    /// The name of its table: `sgld`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sgld(_) => "sgld",
            Self::Psgld(_) => "psgld",
            Self::Sghmc(_) => "sghmc",
            Self::Sgadald(_) => "sgadald",
            Self::Sgadahmc(_) => "sgadahmc",
        }
    }

    /// Whether its chains have momentum.
    pub fn has_momentum(&self) -> bool {
        matches!(self, Self::Sghmc(_) | Self::Sgadahmc(_))
    }

    /// Its step sizes, each in the sampler's own unit.
    pub fn step_size(&self) -> StepSize {
        match self {
            Self::Sgld(s) => s.step_size,
            Self::Psgld(s) => StepSize::Constant(s.step_size),
            Self::Sghmc(s) => StepSize::Constant(s.step_size),
            Self::Sgadald(s) => StepSize::Constant(s.step_size),
            Self::Sgadahmc(s) => StepSize::Constant(s.step_size),
        }
    }

    /// The same with all step sizes times `factor`.
    #[must_use]
    pub fn with_steps_times(mut self, factor: f64) -> Self {
        match &mut self {
            Self::Sgld(s) => s.step_size = s.step_size.times(factor),
            Self::Psgld(s) => s.step_size *= factor,
            Self::Sghmc(s) => s.step_size *= factor,
            Self::Sgadald(s) => s.step_size *= factor,
            Self::Sgadahmc(s) => s.step_size *= factor,
        }
        self
    }

    /// Its temperature, in units of the energy that it sees.
    pub fn temperature(&self) -> f64 {
        match self {
            Self::Sgld(s) => s.temperature,
            Self::Psgld(s) => s.temperature,
            Self::Sghmc(s) => s.temperature,
            Self::Sgadald(s) => s.temperature,
            Self::Sgadahmc(s) => s.temperature,
        }
    }

    /// The kernel with these settings.
    ///
    /// # Errors
    /// [`SamplerError`] naming the first setting that is out of its range.
    pub fn kernel(&self) -> Result<Arc<dyn Kernel>, SamplerError> {
        Ok(match *self {
            Self::Sgld(s) => Arc::new(Sgld::new(s.step_size, s.temperature)?),
            Self::Psgld(s) => Arc::new(Psgld::new(s)?),
            Self::Sghmc(s) => Arc::new(Sghmc::new(s)?),
            Self::Sgadald(s) => Arc::new(Sgadald::new(s)?),
            Self::Sgadahmc(s) => Arc::new(Sgadahmc::new(s)?),
        })
    }

    /// The kernel for gradients of `unit U`, where the settings are about `U`; `unit`: finite and > 0.
    ///
    /// # Errors
    /// As [`Sampler::kernel`].
    pub fn kernel_in_unit(&self, unit: f64) -> Result<Arc<dyn Kernel>, SamplerError> {
        match *self {
            // Langevin steps of `e / unit` at temperature `unit T` are the same chain.
            Self::Sgld(s) => {
                let step_size = s.step_size.times(1.0 / unit);
                Ok(Arc::new(Sgld::new(step_size, s.temperature * unit)?))
            }
            _ => Ok(Arc::new(InUnit { kernel: self.kernel()?, unit })),
        }
    }
}

/// A kernel whose settings are about U, given gradients of `unit U`.
#[derive(Debug)]
struct InUnit {
    kernel: Arc<dyn Kernel>,
    unit: f64,
}

impl Kernel for InUnit {
    fn slots(&self) -> &'static [&'static str] {
        self.kernel.slots()
    }

    fn start(&self, position: Position) -> State {
        self.kernel.start(position)
    }

    fn step(&self, state: &mut State, gradient: &Position, noise: &mut NoiseStream) -> Result<(), Diverged> {
        let gradient = gradient.tensors().iter().map(|g| g / self.unit).collect();
        self.kernel.step(state, &Position::new(gradient), noise)
    }

    fn check_stable(&self, curvature: f64) -> Result<(), Unstable> {
        self.kernel.check_stable(curvature / self.unit)
    }

    fn check_contracts(&self, curvature: f64, steps: u64) -> Result<(), Unstable> {
        self.kernel.check_contracts(curvature / self.unit, steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{NoiseKey, Purpose};
    use tch::Tensor;

    const SAMPLERS: &str = r#"
        [[all]]
        sgld = { step_size = { first = 0.5, ratio = 0.5 }, temperature = 0.1 }
        [[all]]
        psgld = { step_size = 0.1, temperature = 0.1, decay = 0.9, preconditioner_floor = 0.1, initial_second_moment = 0.0 }
        [[all]]
        sghmc = { step_size = 0.1, temperature = 0.1, friction = 0.5, gradient_noise = 0.0 }
        [[all]]
        sgadald = { step_size = 0.1, temperature = 0.1, friction = "matched", gradient_noise = "none", tau = 2.0, \
            preconditioner_floor = 1e-5, initial_second_moment = 1.0, second_moment = "persist", injected_noise = "root" }
        [[all]]
        sgadahmc = { step_size = 0.1, temperature = 0.1, friction = { decay = 0.5 }, gradient_noise = "none", tau = 2.0, \
            preconditioner_floor = 1e-5, initial_second_moment = 1.0 }
    "#;

    crate::table_with_samplers!(Table {});

    impl Table {
        fn read(text: &str) -> Result<Sampler, SamplerError> {
            Sampler::only(&toml::from_str::<Self>(text).unwrap().samplers())
        }
    }

    #[derive(Deserialize)]
    struct All {
        all: Vec<Table>,
    }

    fn all() -> Vec<Sampler> {
        let All { all } = toml::from_str(&SAMPLERS.replace("\\\n", "")).unwrap();
        all.iter().flat_map(Table::samplers).collect()
    }

    fn written(sampler: Sampler) -> String {
        toml::to_string(&Table::new(Some(sampler))).unwrap()
    }

    /// Where two steps against a gradient of `scale` lead.
    fn walk(kernel: &dyn Kernel, scale: f64) -> f64 {
        let mut noise = NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain: 0 });
        let at = |x: f64| Position::new(vec![Tensor::from_slice(&[x])]);
        let mut state = kernel.start(at(1.0));
        for g in [2.0, 3.0] {
            kernel.step(&mut state, &at(g * scale), &mut noise).unwrap();
        }
        state.position.first().double_value(&[0])
    }

    #[test]
    fn a_file_has_one_table_and_gets_it_back() {
        let names: Vec<_> = all().iter().map(Sampler::name).collect();
        assert_eq!(names, ["sgld", "psgld", "sghmc", "sgadald", "sgadahmc"]);
        for sampler in all() {
            let text = written(sampler);
            assert!(text.contains(sampler.name()), "{text}");
            assert_eq!(Table::read(&text).unwrap(), sampler);
        }
        let two = [all()[0], all()[2]].map(written).concat();
        for (text, got) in [("", "needed, got 0"), (two.as_str(), "needed, got 2")] {
            let error = Table::read(text).unwrap_err().to_string();
            assert!(
                error.contains("exactly one of the tables sgld, psgld, sghmc") && error.contains(got),
                "{error}"
            );
        }
    }

    #[test]
    fn in_another_unit_of_energy_every_chain_is_the_same() {
        for sampler in all() {
            let name = sampler.name();
            let alone = walk(sampler.kernel().unwrap().as_ref(), 1.0);
            let other = sampler.kernel_in_unit(8.0).unwrap();
            assert!((alone - walk(other.as_ref(), 8.0)).abs() < 1e-12, "{name}");
            assert!((alone - walk(other.as_ref(), 1.0)).abs() > 1e-3, "{name}");
        }
    }

    #[test]
    fn the_limit_of_a_step_is_about_the_same_energy_in_any_unit() {
        for sampler in [all()[0], all()[2]] {
            let (alone, other) = (sampler.kernel().unwrap(), sampler.kernel_in_unit(8.0).unwrap());
            for curvature in [3.9, 4.1, 29.9, 30.1] {
                assert_eq!(
                    alone.check_stable(curvature).is_ok(),
                    other.check_stable(8.0 * curvature).is_ok()
                );
            }
        }
    }
}
