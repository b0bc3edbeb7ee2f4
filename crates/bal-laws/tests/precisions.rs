//! The laws of a hierarchical prior: its precisions given the weights, and weights whose precisions are sampled with them.
//!
//! One weight is a group, and each replica is one of many groups, so that one chain holds them all.

use bal_baselines::{GammaDraw, GammaPrior, PrecisionEnergy};
use bal_core::{Energy, Kernel, NoiseKey, NoiseStream, Position, Purpose, State};
use std::f64::consts::PI;
use tch::{Device, Kind, Tensor};

const REPLICAS: usize = 20_000;
/// Three degrees of freedom, whose distribution function is elementary.
const PRIOR: GammaPrior = GammaPrior { shape: 1.5, rate: 0.24 };

fn noise(sweep: u64) -> NoiseStream {
    NoiseStream::new(NoiseKey { seed: 11, purpose: Purpose::Test, sweep, chain: 0 })
}

/// Groups of one weight each.
fn groups(weights: &Tensor) -> Position {
    Position::new(weights.split(1, 0))
}

fn ones(n: usize) -> Tensor {
    Tensor::ones([n as i64], (Kind::Double, Device::Cpu))
}

/// One step on the precisions given the weights.
fn draw(kernel: &GammaDraw, precisions: Tensor, weights: &Position, noise: &mut NoiseStream) -> Tensor {
    let mut state = kernel.start(Position::new(vec![precisions]));
    let energy = PrecisionEnergy::new(PRIOR, std::slice::from_ref(weights));
    let gradient = energy.gradient(&state.position, &mut NoiseStream::silent()).gradient;
    kernel.step(&mut state, &gradient, noise).unwrap();
    state.position.into_tensors().remove(0)
}

/// Weights after alternating draws: of the precisions given the weights, and of the weights given the precisions and an
/// observation of each, `y ~ N(w, variance)`, or none where the variance is infinite.
fn alternated(y: f64, variance: f64) -> Vec<f64> {
    let mut weights = ones(REPLICAS);
    let mut precisions = ones(REPLICAS);
    let kernel = GammaDraw::new(PRIOR, &[groups(&weights)], 1.0);
    for sweep in 0..25 {
        let mut noise = noise(sweep);
        precisions = draw(&kernel, precisions, &groups(&weights), &mut noise);
        let posterior = &precisions + 1.0 / variance;
        weights = noise.normal_like(&weights) / posterior.sqrt() + (y / variance) / posterior;
    }
    Vec::try_from(weights).unwrap()
}

/// The distribution function of t with three degrees of freedom.
fn t_3(x: f64) -> f64 {
    let x = x / 3f64.sqrt();
    0.5 + (x / (1.0 + x * x) + x.atan()) / PI
}

/// Kolmogorov's distance has a tail of `2 exp(-2 d^2 n)`: at 3.5 / n^1/2 a false alarm is one in 20 thousand million.
#[test]
fn weights_whose_precisions_are_sampled_are_student_t() {
    let scale = (PRIOR.rate / PRIOR.shape).sqrt();
    let mut weights = alternated(0.0, f64::INFINITY);
    weights.sort_by(f64::total_cmp);
    let n = weights.len() as f64;
    let off = |of: &dyn Fn(f64) -> f64| {
        let distance = |(i, &w): (usize, &f64)| {
            let share = of(w);
            (share - i as f64 / n).abs().max((share - (i + 1) as f64 / n).abs())
        };
        weights.iter().enumerate().map(distance).fold(0.0, f64::max) * n.sqrt()
    };
    let own = off(&|w| t_3(w / scale));
    assert!(own < 3.5, "{own}");
    // Told from a t that is a fifth wider.
    let wider = off(&|w| t_3(w / (1.2 * scale)));
    assert!(wider > 3.5, "{wider}");
}

/// False alarms: 3 numbers at 5 standard errors, 1 in 580,000.
#[test]
fn a_weight_that_was_seen_has_the_posterior_of_quadrature() {
    let (y, variance) = (0.9, 0.25);
    let density = |w: f64| {
        let spread = 2.0 * PRIOR.rate;
        (-(y - w).powi(2) / (2.0 * variance)).exp() * (1.0 + w * w / spread).powf(-PRIOR.shape - 0.5)
    };
    let grid: Vec<f64> = (-8000..=8000).map(|i| f64::from(i) * 1e-3).collect();
    let total: f64 = grid.iter().map(|&w| density(w)).sum();
    let expectation = |of: &dyn Fn(f64) -> f64| grid.iter().map(|&w| density(w) * of(w)).sum::<f64>() / total;
    let draws = alternated(y, variance);
    let observed: [&dyn Fn(f64) -> f64; 3] = [&|w| w, &|w| w * w, &|w| (-(w / 0.2).powi(2)).exp()];
    for of in observed {
        let expected = expectation(of);
        let error = (expectation(&|w| (of(w) - expected).powi(2)) / draws.len() as f64).sqrt();
        let found = draws.iter().map(|&w| of(w)).sum::<f64>() / draws.len() as f64;
        assert!((found - expected).abs() < 5.0 * error, "{found} is not {expected} ± {error}");
    }
    // Without the draws of precisions it would be another law.
    let fixed = y / variance / (1.0 / variance + PRIOR.shape / PRIOR.rate);
    assert!((fixed - expectation(&|w| w)).abs() > 0.05, "{fixed}");
}

/// False alarms: 8 numbers at 5 standard errors, 1 in 220,000.
#[test]
fn precisions_of_a_tempered_chain_are_a_tempered_gamma() {
    // Two groups, of 1 and of 4 weights, in many replicas each.
    let one = || [Tensor::from_slice(&[0.5f32]), Tensor::from_slice(&[0.5f32, -0.25, 0.0, 1.0])];
    let weights = Position::new((0..5_000).flat_map(|_| one()).collect());
    for temperature in [0.5, 2.0] {
        let kernel = GammaDraw::new(PRIOR, std::slice::from_ref(&weights), temperature);
        let drawn = draw(&kernel, ones(10_000) * 3.0, &weights, &mut noise(0)).reshape([5_000, 2]);
        for (group, (count, squares)) in [(1.0, 0.25), (4.0, 1.3125)].into_iter().enumerate() {
            // `exp(-(R beta - k log beta) / T)`, by hand.
            let (shape, rate) =
                ((count / 2.0 + 0.5) / temperature + 1.0, (squares / 2.0 + 0.24) / temperature);
            let (mean, variance) = (shape / rate, shape / (rate * rate));
            let draws = Vec::<f64>::try_from(drawn.select(1, group as i64)).unwrap();
            let n = draws.len() as f64;
            let found = draws.iter().sum::<f64>() / n;
            assert!((found - mean).abs() < 5.0 * (variance / n).sqrt(), "{temperature}: {found}, {mean}");
            let spread = draws.iter().map(|b| (b - mean).powi(2)).sum::<f64>() / n;
            let fourth = variance * variance * (3.0 + 6.0 / shape);
            let error = ((fourth - variance * variance) / n).sqrt();
            assert!((spread - variance).abs() < 5.0 * error, "{temperature}: {spread}, {variance}");
        }
    }
}

#[test]
fn without_noise_precisions_go_to_their_mode_wherever_they_were() {
    let weights = Position::new(vec![Tensor::from_slice(&[0.5f32, -0.25, 0.0, 1.0])]);
    let kernel = GammaDraw::new(PRIOR, std::slice::from_ref(&weights), 0.0);
    let mode = PrecisionEnergy::new(PRIOR, std::slice::from_ref(&weights)).mode();
    // (4/2 + 1.5 - 1) / (1.3125/2 + .24).
    assert!((mode.first().double_value(&[0]) - 2.5 / 0.896_25).abs() < 1e-12);
    for before in [1e-3, 1.0, 1e4] {
        let after = draw(&kernel, ones(1) * before, &weights, &mut noise(0));
        assert!((after - mode.first()).abs().double_value(&[0]) < 1e-6, "from {before}");
        let state = State::new(Position::new(vec![mode.first().copy()]), vec![]);
        let slope = PrecisionEnergy::new(PRIOR, std::slice::from_ref(&weights))
            .gradient(&state.position, &mut noise(0))
            .gradient;
        assert!(slope.first().abs().double_value(&[0]) < 1e-9);
    }
}
