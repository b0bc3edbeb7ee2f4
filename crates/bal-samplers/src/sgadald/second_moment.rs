//! How SGAdaLD's memory follows the gradients.

use super::{SecondMoment, SgadaldSettings, Tau};
use bal_core::Position;
use tch::Tensor;

/// The names of the memory.
pub(super) fn slots(tau: Tau) -> &'static [&'static str] {
    match tau {
        Tau::Fixed(_) => &["second_moment"],
        Tau::Automatic => &["second_moment", "tau", "mean_gradient"],
    }
}

/// The memory before the first step.
pub(super) fn start(settings: &SgadaldSettings, position: &Position) -> Vec<Position> {
    let second_moment = position.full_like(settings.initial_second_moment);
    match settings.tau {
        Tau::Fixed(_) => vec![second_moment],
        Tau::Automatic => vec![second_moment, position.full_like(1.0), position.full_like(1.0)],
    }
}

/// Lets the memory take in a gradient.
///
/// # Panics
/// When the memory is not that of [`slots`].
pub(super) fn adapt(settings: &SgadaldSettings, memory: &mut [Position], gradient: &Position) {
    match (settings.tau, memory) {
        (Tau::Fixed(tau), [v]) => {
            for (v, g) in v.tensors_mut().iter_mut().zip(gradient.tensors()) {
                if settings.second_moment == SecondMoment::Restart {
                    let _ = v.fill_(settings.initial_second_moment);
                }
                let _ = v.lerp_(&g.square(), 1.0 / tau);
                floor(v, settings.preconditioner_floor);
            }
        }
        (Tau::Automatic, [v, tau, mean]) => {
            let v = v.tensors_mut().iter_mut();
            let parts = v.zip(tau.tensors_mut()).zip(mean.tensors_mut()).zip(gradient.tensors());
            for (((v, tau), mean), g) in parts {
                adapt_with_tau(v, tau, mean, g);
                floor(v, settings.preconditioner_floor);
            }
        }
        (_, memory) => panic!("SGAdaLD given a state with {} slots of memory", memory.len()),
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

fn floor(v: &mut Tensor, floor: f64) {
    if floor > 0.0 {
        let _ = v.clamp_min_(floor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Friction, GradientNoise, InjectedNoise};

    fn settings(tau: Tau, floor: f64) -> SgadaldSettings {
        SgadaldSettings {
            step_size: 0.1,
            temperature: 0.0,
            friction: Friction::Matched,
            gradient_noise: GradientNoise::None,
            tau,
            preconditioner_floor: floor,
            initial_second_moment: 1.0,
            second_moment: SecondMoment::Persist,
            injected_noise: InjectedNoise::Root,
            adaptation_steps: Some(100),
        }
    }

    /// The memory of a scalar chain after each of these gradients.
    fn trace(settings: &SgadaldSettings, gradients: &[f64]) -> Vec<Vec<f64>> {
        let scalar = |x| Position::new(vec![Tensor::from_slice(&[x])]);
        let mut memory = start(settings, &scalar(0f64));
        assert_eq!(memory.len(), slots(settings.tau).len());
        gradients
            .iter()
            .map(|&g| {
                adapt(settings, &mut memory, &scalar(g));
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
        let settings =
            SgadaldSettings { second_moment: SecondMoment::Restart, ..settings(Tau::Fixed(2.0), 0.0) };
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

    #[test]
    #[should_panic(expected = "SGAdaLD given a state with 0 slots of memory")]
    fn a_memory_of_another_kernel_is_a_bug() {
        adapt(&settings(Tau::Fixed(2.0), 0.0), &mut [], &Position::new(vec![]));
    }
}
