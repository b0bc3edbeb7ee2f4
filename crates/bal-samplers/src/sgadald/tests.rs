//! What SGAdaLD does to a position in a few steps; its stationary laws are tested in `bal-laws`.

use super::*;
use crate::{GradientNoise, SecondMoment};
use bal_core::{NoiseKey, Purpose};
use tch::Kind;

/// The released settings for MNIST.
const RELEASED: SgadaldSettings = SgadaldSettings {
    step_size: 0.015,
    temperature: 1e-5,
    friction: Friction::Constant(1.0),
    gradient_noise: GradientNoise::Printed,
    tau: Tau::Fixed(2.0),
    preconditioner_floor: 0.0,
    initial_second_moment: 1e-5,
    second_moment: SecondMoment::Restart,
    injected_noise: InjectedNoise::Unrooted,
    adaptation_steps: None,
};

/// The equations, slips mended.
const MENDED: SgadaldSettings = SgadaldSettings {
    second_moment: SecondMoment::Persist,
    injected_noise: InjectedNoise::Root,
    preconditioner_floor: 1e-5,
    ..RELEASED
};

fn stream(chain: u64) -> NoiseStream {
    NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain })
}

fn vector(values: &[f64]) -> Position {
    Position::new(vec![Tensor::from_slice(values)])
}

fn values(position: &Position) -> Vec<f64> {
    Vec::try_from(position.first().to_kind(Kind::Double)).unwrap()
}

/// Where a chain from the origin is after these gradients.
fn walk(settings: SgadaldSettings, gradients: &[&[f64]], noise: &mut NoiseStream) -> State {
    let kernel = Sgadald::new(settings).unwrap();
    let mut state = kernel.start(vector(&vec![0.0; gradients[0].len()]));
    for g in gradients {
        kernel.step(&mut state, &vector(g), noise).unwrap();
    }
    state
}

fn assert_near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-12 * (1e-3 + b.abs()));
    assert!(near, "{found:?} is not {expected:?}");
}

#[test]
fn at_temperature_zero_it_is_preconditioned_descent_by_the_new_second_moment_and_draws_nothing() {
    let settings = SgadaldSettings { temperature: 0.0, step_size: 0.5, initial_second_moment: 1.0, ..MENDED };
    let mut noise = stream(0);
    let state = walk(settings, &[&[3.0, -1.0], &[1.0, 0.0]], &mut noise);
    // V: (1+9)/2 = 5, (1+1)/2 = 1, then (5+1)/2 = 3, (1+0)/2; e^2 = 1/4.
    let expected = [-0.25 * (3.0 / 5f64.sqrt() + 1.0 / 3f64.sqrt()), 0.25];
    assert_near(&values(&state.position), &expected);
    assert_near(&values(&state.memory[0]), &[3.0, 0.5]);
    let probe = Tensor::from_slice(&[0f64; 4]);
    assert_eq!(noise.normal_like(&probe), stream(0).normal_like(&probe));
}

#[test]
fn zero_gradient_moves_nothing_at_temperature_zero() {
    for settings in [RELEASED, MENDED, SgadaldSettings { friction: Friction::Matched, ..MENDED }] {
        let state =
            walk(SgadaldSettings { temperature: 0.0, ..settings }, &[&[0.0, 0.0][..]; 9], &mut stream(0));
        assert_eq!(values(&state.position), [0.0, 0.0]);
    }
}

#[test]
fn released_noise_stays_below_its_bound_and_released_steps_below_theirs() {
    let gradients = [0.0, 1e-4, 1e-3, -1e-2, 0.1, 1.0, 100.0];
    let drift = walk(SgadaldSettings { temperature: 0.0, ..RELEASED }, &[&gradients], &mut stream(0));
    let both = walk(RELEASED, &[&gradients], &mut stream(0));
    let n = values(&Position::new(vec![stream(0).normal_like(both.position.first())]));
    for (i, g) in gradients.iter().enumerate() {
        let v = 0.5e-5 + 0.5 * g * g;
        let step = values(&drift.position)[i];
        assert_near(&[step], &[-0.015f64.powi(2) * g / v.sqrt()]);
        assert!(step.abs() <= 3.2e-4, "a step of {step}");
        let scale = (values(&both.position)[i] - step) / n[i];
        let expected = (1e-5 * (2.0 * 0.015f64.powi(3) / v - 0.015f64.powi(4))).max(0.0);
        assert!((scale - expected).abs() < 1e-12, "{scale} is not {expected}");
        assert!(scale <= 1.35e-5, "noise of scale {scale}");
    }
}

#[test]
fn a_restart_makes_each_step_forget_the_ones_before() {
    let difference = |second_moment| {
        let settings = SgadaldSettings { second_moment, ..RELEASED };
        let [still, steep] = [0.0, 50.0].map(|first: f64| {
            let state = walk(settings, &[&[first][..], &[2.0][..]], &mut stream(0));
            values(&state.memory[0])[0]
        });
        steep - still
    };
    assert_near(&[difference(SecondMoment::Restart)], &[0.0]);
    // 50^2 / 2 after the first step, half of it after the second.
    assert_near(&[difference(SecondMoment::Persist)], &[625.0]);
}

#[test]
fn noise_has_the_scale_of_each_setting() {
    let (e, t, v) = (0.3f64, 0.7, 2.5f64);
    let q = [
        (GradientNoise::Printed, t * e.powi(4)),
        (GradientNoise::Corrected, e.powi(4)),
        (GradientNoise::None, 0.0),
    ];
    for (gradient_noise, q) in q {
        for (friction, injected) in [
            (Friction::Constant(1.5), 2.0 * t * 1.5 * e.powi(3) / v),
            (Friction::Matched, 2.0 * t * e * e / v.sqrt()),
        ] {
            for (injected_noise, scale) in
                [(InjectedNoise::Root, (injected - q).sqrt()), (InjectedNoise::Unrooted, injected - q)]
            {
                let settings = SgadaldSettings {
                    step_size: e,
                    temperature: t,
                    initial_second_moment: v,
                    adaptation_steps: Some(0),
                    friction,
                    gradient_noise,
                    injected_noise,
                    ..MENDED
                };
                let state = walk(settings, &[&[0.0, 0.0]], &mut stream(3));
                let n = values(&Position::new(vec![stream(3).normal_like(state.position.first())]));
                assert_near(&values(&state.position), &[scale * n[0], scale * n[1]]);
            }
        }
    }
}

#[test]
fn gradient_noise_above_what_is_injected_leaves_no_noise() {
    // 2 T C e^3 / V = 2e-3 is below e^4 = 1.
    let settings = SgadaldSettings {
        step_size: 1.0,
        temperature: 1e-3,
        initial_second_moment: 1.0,
        adaptation_steps: Some(0),
        gradient_noise: GradientNoise::Corrected,
        ..MENDED
    };
    assert_eq!(values(&walk(settings, &[&[0.0]], &mut stream(0)).position), [0.0]);
}

#[test]
fn adaptation_ends_with_the_steps_that_it_was_given() {
    let settings = SgadaldSettings { adaptation_steps: Some(2), initial_second_moment: 1.0, ..MENDED };
    let state = walk(settings, &[&[3.0], &[1.0], &[70.0], &[0.0]], &mut stream(0));
    assert_near(&values(&state.memory[0]), &[3.0]);
    let automatic = SgadaldSettings { tau: Tau::Automatic, ..settings };
    let frozen = walk(automatic, &[&[3.0], &[0.0], &[70.0], &[0.0]], &mut stream(0));
    let memory: Vec<f64> = frozen.memory.iter().flat_map(values).collect();
    // V, tau and gbar after g = 3, 0, as worked out beside the update.
    assert_near(&memory, &[2.5, 1.2, 1.0]);
    assert_eq!(Sgadald::new(automatic).unwrap().slots(), ["second_moment", "tau", "mean_gradient"]);
    assert_eq!(Sgadald::new(settings).unwrap().slots(), ["second_moment"]);
}

#[test]
fn a_coordinate_without_gradient_keeps_its_documented_noise_under_a_floor() {
    for (friction, variance) in [
        (Friction::Constant(1.0), 2.0 * 1e-5 * 0.015f64.powi(3) / 1e-5),
        (Friction::Matched, 2.0 * 1e-5 * 0.015f64.powi(2) / 1e-5f64.sqrt()),
    ] {
        let settings = SgadaldSettings { friction, gradient_noise: GradientNoise::None, ..MENDED };
        let kernel = Sgadald::new(settings).unwrap();
        let mut state = walk(settings, &[&[0.0][..]; 500], &mut stream(0));
        let before = values(&state.position)[0];
        kernel.step(&mut state, &vector(&[0.0]), &mut stream(7)).unwrap();
        let n = stream(7).normal_like(state.position.first()).double_value(&[0]);
        assert_near(&[values(&state.position)[0] - before], &[variance.sqrt() * n]);
        assert_near(&values(&state.memory[0]), &[1e-5]);
    }
}

#[test]
fn without_a_floor_the_noise_of_a_coordinate_without_gradient_grows_by_root_tau_half_a_step() {
    let settings =
        SgadaldSettings { preconditioner_floor: 0.0, gradient_noise: GradientNoise::None, ..MENDED };
    let kernel = Sgadald::new(settings).unwrap();
    let mut state = kernel.start(vector(&[0.0]));
    let mut jumps = Vec::new();
    for _ in 0..20 {
        let before = values(&state.position)[0];
        // The same noise every time, so that only its scale changes.
        kernel.step(&mut state, &vector(&[0.0]), &mut stream(2)).unwrap();
        jumps.push(values(&state.position)[0] - before);
    }
    for pair in jumps.windows(2) {
        // V halves, so the standard deviation grows by 2^1/2.
        assert!((pair[1] / pair[0] - 2f64.sqrt()).abs() < 1e-9, "{pair:?}");
    }
}

#[test]
fn a_coordinate_whose_second_moment_is_zero_stays_where_it_is() {
    for friction in [Friction::Constant(1.0), Friction::Matched] {
        for gradient_noise in [GradientNoise::Printed, GradientNoise::None] {
            for injected_noise in [InjectedNoise::Root, InjectedNoise::Unrooted] {
                let settings = SgadaldSettings {
                    tau: Tau::Fixed(1.0),
                    preconditioner_floor: 0.0,
                    friction,
                    gradient_noise,
                    injected_noise,
                    ..MENDED
                };
                let kernel = Sgadald::new(settings).unwrap();
                let mut state = kernel.start(Position::new(vec![Tensor::from_slice(&[0.5f32, 0.5])]));
                // tau = 1: V = g^2 = 0; 1e-30 squares to 0 in single precision.
                let gradient = Position::new(vec![Tensor::from_slice(&[0f32, 1e-30])]);
                kernel.step(&mut state, &gradient, &mut stream(0)).unwrap();
                assert_eq!(values(&state.memory[0]), [0.0, 0.0]);
                assert_eq!(values(&state.position), [0.5, 0.5]);
            }
        }
    }
}

#[test]
fn the_same_key_gives_the_same_step_and_another_key_another() {
    let walked = |chain| values(&walk(MENDED, &[&[1.0, -2.0], &[0.5, 3.0]], &mut stream(chain)).position);
    assert_eq!(walked(5), walked(5));
    assert_ne!(walked(5), walked(6));
}

#[test]
fn every_part_of_a_position_moves_by_its_own_gradient() {
    let kernel = Sgadald::new(SgadaldSettings { temperature: 0.0, tau: Tau::Fixed(1.0), ..MENDED }).unwrap();
    let parts = || vec![Tensor::from_slice(&[1f64, 2.0]).reshape([2, 1]), Tensor::from_slice(&[-3f64])];
    let mut state = kernel.start(Position::new(parts()));
    kernel.step(&mut state, &Position::new(parts()), &mut stream(0)).unwrap();
    assert_eq!(state.position.shapes(), [vec![2, 1], vec![1]]);
    // tau = 1: V = g^2, so each coordinate moves by e^2 against its gradient's sign.
    let e = 0.015f64.powi(2);
    let moved: Vec<f64> =
        state.position.tensors().iter().flat_map(|t| Vec::try_from(t.reshape([-1])).unwrap()).collect();
    assert_near(&moved, &[1.0 - e, 2.0 - e, -3.0 + e]);
}

#[test]
fn a_diverging_chain_says_after_which_step() {
    let kernel = Sgadald::new(MENDED).unwrap();
    let mut state = kernel.start(Position::new(vec![Tensor::from_slice(&[1f32, 1.0])]));
    let gradients = [[1f32, 1.0], [1.0, 2.0], [1.0, f32::NAN]];
    let steps = gradients.map(|g| {
        let gradient = Position::new(vec![Tensor::from_slice(&g)]);
        kernel.step(&mut state, &gradient, &mut stream(0))
    });
    assert_eq!(steps, [Ok(()), Ok(()), Err(Diverged::Position { step: 3 })]);
}

#[test]
fn a_gradient_that_is_no_number_is_not_mistaken_for_a_second_moment_of_zero() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let kernel = Sgadald::new(SgadaldSettings { temperature: 0.0, ..RELEASED }).unwrap();
        let mut state = kernel.start(Position::new(vec![Tensor::from_slice(&[1f32])]));
        let gradient = Position::new(vec![Tensor::from_slice(&[bad])]);
        assert_eq!(kernel.step(&mut state, &gradient, &mut stream(0)), Err(Diverged::Position { step: 1 }));
    }
}

#[test]
fn settings_out_of_range_make_no_kernel() {
    assert!(Sgadald::new(SgadaldSettings { step_size: f64::NAN, ..MENDED }).is_err());
    assert_eq!(Sgadald::new(RELEASED).unwrap().settings(), &RELEASED);
}
