//! Temperatures by hand, and what is said of chains.

use super::*;
use crate::{
    Friction, GradientNoise, InjectedNoise, MomentumFriction, PsgldSettings, SecondMoment, SgadahmcSettings,
    SgadaldSettings, SghmcSettings, SgldSettings, StepSize, Tau,
};

/// e = 1/2, T = 8, C = 1/4, no q, floor 1/4.
const SGADALD: SgadaldSettings = SgadaldSettings {
    step_size: 0.5,
    temperature: 8.0,
    friction: Friction::Constant(0.25),
    gradient_noise: GradientNoise::None,
    tau: Tau::Fixed(2.0),
    preconditioner_floor: 0.25,
    initial_second_moment: 1.0,
    second_moment: SecondMoment::Persist,
    injected_noise: InjectedNoise::Root,
    adaptation_steps: None,
};

/// The same with momentum, of which a step takes half.
const SGADAHMC: SgadahmcSettings = SgadahmcSettings {
    step_size: 0.5,
    temperature: 8.0,
    friction: MomentumFriction::Decay(0.5),
    gradient_noise: GradientNoise::None,
    tau: Tau::Fixed(2.0),
    preconditioner_floor: 0.25,
    initial_second_moment: 1.0,
    adaptation_steps: None,
};

const PSGLD: PsgldSettings = PsgldSettings {
    step_size: 0.5,
    temperature: 8.0,
    decay: 0.9,
    preconditioner_floor: 1.5,
    initial_second_moment: 1.0,
};

fn sghmc(friction: f64, gradient_noise: f64) -> Sampler {
    Sampler::Sghmc(SghmcSettings { step_size: 0.5, temperature: 8.0, friction, gradient_noise })
}

/// A chain of as many coordinates as there are second moments, in single precision.
fn state(sampler: &Sampler, second_moments: &[f32]) -> State {
    let kernel = sampler.kernel().unwrap();
    let mut state = kernel.start(Position::new(vec![Tensor::from_slice(second_moments)]));
    if let Some(slot) = kernel.slots().iter().position(|name| *name == "second_moment") {
        state.memory[slot].tensors_mut()[0].copy_(&Tensor::from_slice(second_moments));
    }
    state
}

#[track_caller]
fn assert_runs_at(sampler: Sampler, second_moment: f32, expected: f64) {
    let found = sampler.effective_temperature(&state(&sampler, &[second_moment]))[0].double_value(&[0]);
    assert!((found - expected).abs() <= 1e-12 * expected, "{}: {found} is not {expected}", sampler.name());
}

#[test]
fn constant_friction_runs_at_the_temperature_of_each_weights_gradient() {
    // T C e V^-1/2 = V^-1/2.
    for (v, expected) in [(1.0, 1.0), (4.0, 0.5), (0.25, 2.0)] {
        assert_runs_at(Sampler::Sgadald(SGADALD), v, expected);
    }
    // V = 4, q = e^4 = 1/16: (2 * 8 * 1/4 * 1/8 * 1/4 - 1/16) / (2 * 1/4 * 1/2) = (1/8 - 1/16) / (1/4).
    let corrected = SgadaldSettings { gradient_noise: GradientNoise::Corrected, ..SGADALD };
    assert_runs_at(Sampler::Sgadald(corrected), 4.0, 0.25);
    // q = T e^4 = 1/2 is more than all of it.
    let printed = SgadaldSettings { gradient_noise: GradientNoise::Printed, ..SGADALD };
    assert_runs_at(Sampler::Sgadald(printed), 4.0, 0.0);
    // (1/8)^2 / (1/4).
    let unrooted = SgadaldSettings { injected_noise: InjectedNoise::Unrooted, ..SGADALD };
    assert_runs_at(Sampler::Sgadald(unrooted), 4.0, 1.0 / 16.0);
}

#[test]
fn all_others_run_at_their_temperature_less_what_gradients_are_taken_to_bring() {
    let matched = SgadaldSettings { friction: Friction::Matched, ..SGADALD };
    let sgld = SgldSettings { step_size: StepSize::Constant(0.5), temperature: 8.0 };
    let constant = SgadahmcSettings { friction: MomentumFriction::Constant(0.25), ..SGADAHMC };
    for sampler in [
        Sampler::Sgld(sgld),
        Sampler::Psgld(PSGLD),
        sghmc(0.5, 0.0),
        Sampler::Sgadald(matched),
        Sampler::Sgadahmc(SGADAHMC),
        Sampler::Sgadahmc(constant),
    ] {
        for v in [0.25, 1.0, 16.0] {
            assert_runs_at(sampler, v, 8.0);
        }
    }
    assert_runs_at(sghmc(0.5, 0.125), 1.0, 6.0);
    // V = 4: (2 * 8 * 1/2 * 1/8 - 1/16) / (2 * 1/2 * 1/8) = 15/2.
    let corrected = SgadahmcSettings { gradient_noise: GradientNoise::Corrected, ..SGADAHMC };
    assert_runs_at(Sampler::Sgadahmc(corrected), 4.0, 7.5);
}

#[test]
fn a_temperature_of_zero_is_one_and_a_weight_at_rest_has_none() {
    let cold = SgadaldSettings { temperature: 0.0, preconditioner_floor: 0.0, ..SGADALD };
    let found = |v: f32, settings| {
        let sampler = Sampler::Sgadald(settings);
        sampler.effective_temperature(&state(&sampler, &[v]))[0].double_value(&[0])
    };
    assert!(found(1.0, cold).abs() < 1e-15);
    assert!(found(0.0, SgadaldSettings { preconditioner_floor: 0.0, ..SGADALD }).is_nan());
}

#[test]
fn a_regime_is_of_all_weights_of_all_chains() {
    let sampler = Sampler::Sgadald(SGADALD);
    let (one, other) = (state(&sampler, &[0.25, 0.25, 1.0, 4.0]), state(&sampler, &[0.25, 4.0, 16.0, 1.0]));
    let regime = sampler.regime(&[&one, &other], 10.0);
    assert_eq!(regime.floor_share, Some(3.0 / 8.0));
    assert_eq!(regime.gradient, [(0.1, 0.5), (0.5, 1.0), (0.9, 4.0), (0.99, 4.0)]);
    // V^-1/2 of each, times 10.
    assert_eq!(regime.temperature, [(0.1, 2.5), (0.5, 10.0), (0.9, 20.0)]);
}

#[test]
fn an_added_floor_decides_where_it_is_not_below_the_gradients_size() {
    let sampler = Sampler::Psgld(PSGLD);
    let regime = sampler.regime(&[&state(&sampler, &[1.0, 2.25, 2.5, 4.0])], 1.0);
    assert_eq!(regime.floor_share, Some(0.5));
    let sampler = sghmc(0.5, 0.0);
    let regime = sampler.regime(&[&state(&sampler, &[1.0, 2.0])], 2.0);
    assert_eq!((regime.floor_share, regime.gradient.len()), (None, 0));
    assert_eq!(regime.temperature, [(0.1, 16.0), (0.5, 16.0), (0.9, 16.0)]);
}
