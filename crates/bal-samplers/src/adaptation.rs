//! How a preconditioner follows the gradients: what the adaptive samplers share.

use crate::{
    SamplerError, Tau,
    error::{require, require_non_negative},
};
use bal_core::Position;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// What V is at the beginning of a step.
///
/// In files `"persist"` or `"restart"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondMoment {
    /// What the chain's last step left.
    Persist,
    /// `initial_second_moment`, in every step: what the released code did, which looked its V up
    /// under a misspelt key.
    Restart,
}

/// The second moment V of the gradients, and when it stops to follow them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Adaptation {
    pub(crate) tau: Tau,
    /// V is kept at or above.
    pub(crate) floor: f64,
    /// V before the first step.
    pub(crate) initial: f64,
    pub(crate) second_moment: SecondMoment,
    /// V is frozen after so many.
    pub(crate) steps: Option<u64>,
}

impl Adaptation {
    /// # Errors
    /// The first setting that is out of its range or does not go with the others.
    pub(crate) fn check(&self) -> Result<(), SamplerError> {
        require_non_negative("preconditioner_floor", self.floor)?;
        // Positions are in single precision, where a smaller number would start V at 0.
        let single = self.initial as f32;
        let range = "finite and > 0 (in single precision)";
        require(single.is_finite() && single > 0.0, "initial_second_moment", range, self.initial)?;
        match self.tau {
            Tau::Fixed(tau) => require(tau.is_finite() && tau >= 1.0, "tau", "finite and >= 1", tau),
            Tau::Automatic => self.check_automatic(),
        }
    }

    fn check_automatic(&self) -> Result<(), SamplerError> {
        let refuse = |needs, found: String| Err(SamplerError::AutomaticTau { needs, found });
        if self.steps.is_none() {
            return refuse("adaptation_steps, after which it is frozen", "none".into());
        }
        // tau, the mean gradient and V start as 1 together: only then is mean^2 <= V ever after.
        if self.initial.to_bits() != 1f64.to_bits() {
            return refuse("initial_second_moment = 1", self.initial.to_string());
        }
        if self.second_moment == SecondMoment::Restart {
            return refuse("second_moment = \"persist\"", "\"restart\"".into());
        }
        Ok(())
    }

    /// The memory before the first step: V, and with an automatic tau also tau and the mean gradient.
    pub(crate) fn start(&self, position: &Position) -> Vec<Position> {
        let second_moment = position.full_like(self.initial);
        match self.tau {
            Tau::Fixed(_) => vec![second_moment],
            Tau::Automatic => vec![second_moment, position.full_like(1.0), position.full_like(1.0)],
        }
    }

    /// Lets the memory of [`Self::start`] take in the gradient of a step, unless V is frozen by then.
    ///
    /// # Panics
    /// When the memory is another kernel's.
    pub(crate) fn follow(&self, step: u64, memory: &mut [Position], gradient: &Position) {
        if self.steps.is_some_and(|steps| step >= steps) {
            return;
        }
        match (self.tau, memory) {
            (Tau::Fixed(tau), [v]) => {
                for (v, g) in v.tensors_mut().iter_mut().zip(gradient.tensors()) {
                    if self.second_moment == SecondMoment::Restart {
                        let _ = v.fill_(self.initial);
                    }
                    let _ = v.lerp_(&g.square(), 1.0 / tau);
                    self.keep_above_floor(v);
                }
            }
            (Tau::Automatic, [v, tau, mean]) => {
                let v = v.tensors_mut().iter_mut();
                let parts = v.zip(tau.tensors_mut()).zip(mean.tensors_mut()).zip(gradient.tensors());
                for (((v, tau), mean), g) in parts {
                    adapt_with_tau(v, tau, mean, g);
                    self.keep_above_floor(v);
                }
            }
            (_, memory) => panic!("an adaptive sampler given {} slots of memory for V", memory.len()),
        }
    }

    fn keep_above_floor(&self, v: &mut Tensor) {
        if self.floor > 0.0 {
            let _ = v.clamp_min_(self.floor);
        }
    }

    /// `V^-1/2`, and 0 where V is 0.
    pub(crate) fn preconditioner(&self, v: &Tensor) -> Tensor {
        let mut p = v.rsqrt();
        // A pass over memory that a floor makes needless. What is not a number stays so: it has to
        // show up as divergence.
        if self.floor < f64::from(f32::MIN_POSITIVE) {
            let _ = p.nan_to_num_(f64::NAN, 0.0, None);
        }
        p
    }
}

/// One update of [`Tau::Automatic`].
fn adapt_with_tau(v: &mut Tensor, tau: &mut Tensor, mean: &mut Tensor, g: &Tensor) {
    let rate = (&*tau + 1.0).reciprocal_();
    let mut forgotten = mean.square();
    forgotten *= &*tau;
    forgotten /= &*v;
    *tau += 1.0;
    *tau -= forgotten;
    let _ = mean.lerp_tensor_(g, &rate);
    let _ = v.lerp_tensor_(&g.square(), &rate);
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{NoiseKey, NoiseStream, Purpose};
    use tch::{Device, Kind};

    fn settings(tau: Tau, floor: f64) -> Adaptation {
        Adaptation { tau, floor, initial: 1.0, second_moment: SecondMoment::Persist, steps: Some(100) }
    }

    /// The memory of a scalar chain after each of these gradients.
    fn trace(settings: &Adaptation, gradients: &[f64]) -> Vec<Vec<f64>> {
        let scalar = |x| Position::new(vec![Tensor::from_slice(&[x])]);
        let mut memory = settings.start(&scalar(0f64));
        gradients
            .iter()
            .map(|&g| {
                settings.follow(0, &mut memory, &scalar(g));
                memory.iter().map(|m| m.first().double_value(&[0])).collect()
            })
            .collect()
    }

    fn assert_near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-12 * b.abs());
        assert!(near, "{found:?} is not {expected:?}");
    }

    #[test]
    fn a_fixed_tau_persists_from_gradient_to_gradient() {
        // tau = 4: 3/4 * 1 + 4/4 = 1.75, 3/4 * 1.75 + 0 = 1.3125, 3/4 * 1.3125 + 1/4 = 1.234375.
        let found = trace(&settings(Tau::Fixed(4.0), 0.0), &[2.0, 0.0, -1.0]).concat();
        assert_near(&found, &[1.75, 1.3125, 1.234_375]);
    }

    #[test]
    fn a_tau_of_one_remembers_the_last_gradient_only() {
        assert_near(&trace(&settings(Tau::Fixed(1.0), 0.0), &[2.0, -3.0, 0.5]).concat(), &[4.0, 9.0, 0.25]);
    }

    #[test]
    fn a_restart_forgets_all_gradients_but_one() {
        let settings = Adaptation { second_moment: SecondMoment::Restart, ..settings(Tau::Fixed(2.0), 0.0) };
        // 1/2 * 1 + g^2/2 whatever came before.
        assert_near(&trace(&settings, &[2.0, 0.0, -1.0]).concat(), &[2.5, 0.5, 1.0]);
    }

    #[test]
    fn the_floor_is_part_of_the_memory() {
        // .5, .3 instead of .25, .15 + 2 = 2.15.
        assert_near(&trace(&settings(Tau::Fixed(2.0), 0.3), &[0.0, 0.0, 2.0]).concat(), &[0.5, 0.3, 2.15]);
    }

    #[test]
    fn automatic_tau_follows_the_arithmetic_by_hand() {
        let found = trace(&settings(Tau::Automatic, 0.0), &[3.0, 0.0, -1.0, 2.0]);
        // Before:         V = 1, tau = 1, gbar = 1.
        // g = 3,  r = 1/2: tau = 1 + 1 - 1*1/1 = 1;  gbar = 1 + (3-1)/2 = 2;  V = 1 + (9-1)/2 = 5.
        assert_near(&found[0], &[5.0, 1.0, 2.0]);
        // g = 0,  r = 1/2: tau = 1 + 1 - 1*4/5 = 6/5;  gbar = 2 - 2/2 = 1;  V = 5 - 5/2 = 5/2.
        assert_near(&found[1], &[2.5, 1.2, 1.0]);
        // g = -1, r = 1/(11/5) = 5/11: tau = 6/5 + 1 - 6/5 * 1/(5/2) = 11/5 - 12/25 = 43/25;
        //         gbar = 1 - 2*5/11 = 1/11;  V = 5/2 - 3/2 * 5/11 = 20/11.
        assert_near(&found[2], &[20.0 / 11.0, 43.0 / 25.0, 1.0 / 11.0]);
        // g = 2,  r = 1/(68/25) = 25/68: tau = 43/25 + 1 - 43/25 * (1/121)/(20/11)
        //         = 68/25 - 43/5500 = 14917/5500;  gbar = 1/11 + 25/68 * 21/11 = 593/748;
        //         V = 20/11 + 25/68 * 24/11 = 20/11 + 150/187 = 490/187.
        assert_near(&found[3], &[490.0 / 187.0, 14917.0 / 5500.0, 593.0 / 748.0]);
    }

    #[test]
    fn automatic_tau_grows_on_noise_stays_at_one_on_a_steady_gradient_and_never_falls_below() {
        let signs: Vec<f64> = (0..50).map(|k| if k % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let noisy = trace(&settings(Tau::Automatic, 0.0), &signs);
        assert!(noisy.iter().all(|memory| memory[1] >= 1.0));
        assert!(noisy[49][1] > 40.0, "{:?}", noisy[49]);
        let steady = trace(&settings(Tau::Automatic, 0.0), &[1.0; 50]);
        assert_near(&steady[49], &[1.0, 1.0, 1.0]);
    }

    /// Gradients of the mean loss of a network at its optimum: the squares have the quantiles that were measured there, over
    /// weights and minibatches. A weight has a scale of its own, and in three of ten minibatches hardly a gradient, as
    /// behind a unit that few images reach.
    struct Gradients {
        /// The scale of each weight.
        scales: Tensor,
    }

    impl Gradients {
        const WEIGHTS: i64 = 2_000;
        const REACHED: f64 = 0.72;

        fn new() -> Self {
            let draws = stream(0).normal_like(&Tensor::zeros([Self::WEIGHTS], (Kind::Double, Device::Cpu)));
            Self { scales: (draws * 0.75 + 0.5 * 5e-8f64.ln()).exp() }
        }

        /// Of one minibatch.
        fn draw(&self, step: u64) -> Tensor {
            let mut noise = stream(step);
            // Where a unit is not reached, a tenth to 1e-5 of the gradient is left.
            let left = (noise.uniform_like(&self.scales) * -4.0 - 1.0) * 10f64.ln();
            let reached = noise.uniform_like(&self.scales).lt(Self::REACHED);
            noise.normal_like(&self.scales) * &self.scales * left.exp().masked_fill(&reached, 1.0)
        }

        /// E g^2 of each weight.
        fn second_moments(&self) -> Tensor {
            // The mean of 10^-2u over u from 1 to 5.
            let rest = (1e-2 - 1e-10) / (2.0 * 4.0 * 10f64.ln());
            self.scales.square() * (Self::REACHED + (1.0 - Self::REACHED) * rest)
        }
    }

    fn stream(sweep: u64) -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep, chain: 0 })
    }

    #[test]
    fn an_automatic_tau_finds_the_gradients_of_the_sum_over_images_and_not_those_of_their_mean() {
        let gradients = Gradients::new();
        let squares = Tensor::cat(&(1..=20).map(|step| gradients.draw(step).square()).collect::<Vec<_>>(), 0);
        for (share, measured) in [(0.1, 9e-16), (0.5, 1.4e-8), (0.9, 3.5e-7), (0.99, 1.7e-6)] {
            let found = squares.quantile_scalar(share, None, false, "linear").double_value(&[]);
            assert!((found / measured).log10().abs() < 1.0, "{share}: {found:e} is not about {measured:e}");
        }
        // With the images of MNIST, and as many steps as an epoch of its experiments has.
        let (images, steps) = (59_000.0, 3_465);
        let settings = Adaptation { steps: Some(steps), ..settings(Tau::Automatic, 1e-5) };
        let share_found = |unit: f64| {
            let mut memory = settings.start(&Position::new(vec![gradients.scales.shallow_clone()]));
            for step in 0..steps {
                let gradient = gradients.draw(step + 1) * unit;
                settings.follow(step, &mut memory, &Position::new(vec![gradient]));
            }
            let ratio = memory[0].first() / (gradients.second_moments() * (unit * unit));
            let found = ratio.ge(0.5).logical_and(&ratio.le(2.0));
            found.to_kind(Kind::Double).mean(Kind::Double).double_value(&[])
        };
        let (sum, mean) = (share_found(images), share_found(1.0));
        assert!(sum >= 0.95 && mean <= 0.05, "of the sum {sum}, of the mean {mean}");
    }

    #[test]
    #[should_panic(expected = "given 0 slots of memory")]
    fn a_memory_of_another_kernel_is_a_bug() {
        settings(Tau::Fixed(2.0), 0.0).follow(0, &mut [], &Position::new(vec![]));
    }
}
