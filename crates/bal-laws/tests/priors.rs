//! The law of Langevin steps on priors with a kink and with heavy tails, alone.
//!
//! A step from w leads to `N(w - e U'(w), 2 e T)`. On a grid the law after any number of steps is found by sums.

use bal_baselines::{Prior, PriorEnergy, StudentT};
use bal_core::Position;
use bal_laws::Replicas;
use bal_samplers::{Sgld, StepSize};
use std::f64::consts::PI;

const STEP_SIZE: f64 = 0.02;
const STEPS: u64 = 150;
const SPACING: f64 = 0.04;
/// The grid goes from -5 to 5.
const HALF: i64 = 125;

const LAPLACE: Prior = Prior::Laplace(0.25);
const STUDENT_T: Prior = Prior::StudentT(StudentT { scale: 0.25, degrees: 6.0 });

/// U', by hand.
fn slope(prior: Prior, w: f64) -> f64 {
    match prior {
        Prior::Laplace(_) if w == 0.0 => 0.0,
        Prior::Laplace(scale) => w.signum() / scale,
        Prior::StudentT(t) => (t.degrees + 1.0) * w / (t.degrees * t.scale.powi(2) + w * w),
        other => panic!("{other:?}"),
    }
}

/// `exp(-U)` up to a factor, by hand.
fn density(prior: Prior, w: f64) -> f64 {
    match prior {
        Prior::Laplace(scale) => (-w.abs() / scale).exp(),
        Prior::StudentT(t) => (1.0 + w * w / (t.degrees * t.scale.powi(2))).powf(-0.5 * (t.degrees + 1.0)),
        other => panic!("{other:?}"),
    }
}

fn points() -> Vec<f64> {
    (-HALF..=HALF).map(|i| i as f64 * SPACING).collect()
}

/// The law of a chain that began at 0.
fn law(prior: Prior, step_size: f64, steps: u64) -> Vec<f64> {
    let points = points();
    let variance = 2.0 * step_size;
    let mut shares = vec![0.0; points.len()];
    shares[HALF as usize] = 1.0;
    for _ in 0..steps {
        let mut next = vec![0.0; points.len()];
        for (w, share) in points.iter().zip(&shares) {
            let mean = w - step_size * slope(prior, *w);
            for (to, sum) in points.iter().zip(&mut next) {
                let off = to - mean;
                *sum +=
                    share * SPACING * (-off * off / (2.0 * variance)).exp() / (2.0 * PI * variance).sqrt();
            }
        }
        shares = next;
    }
    let total: f64 = shares.iter().sum();
    assert!((total - 1.0).abs() < 1e-4, "{total}: the grid ends too early");
    shares
}

fn target(prior: Prior) -> Vec<f64> {
    let weights: Vec<f64> = points().into_iter().map(|w| density(prior, w)).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// How far from 0, how far squared, and how often near 0.
const OBSERVED: [fn(f64) -> f64; 3] = [f64::abs, |w| w * w, |w| (-(w / 0.1).powi(2)).exp()];

fn expectation(law: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    points().into_iter().zip(law).map(|(w, share)| share * of(w)).sum()
}

/// The largest distance of the draws from a law in what is observed, in standard errors.
fn distance(draws: &[f64], law: &[f64]) -> f64 {
    let n = draws.len() as f64;
    let distances = OBSERVED.map(|of| {
        let expected = expectation(law, of);
        let variance = expectation(law, |w| (of(w) - expected).powi(2));
        (draws.iter().map(|&w| of(w)).sum::<f64>() / n - expected).abs() / (variance / n).sqrt()
    });
    distances.into_iter().fold(0.0, f64::max)
}

/// Steps this long have another law than the prior, which the test tells from theirs; half as long ones are nearer to it.
///
/// False alarms: 6 numbers at 5 standard errors, 1 in 290,000.
#[test]
fn langevin_steps_on_a_prior_have_the_law_of_their_kernel() {
    for prior in [LAPLACE, STUDENT_T] {
        let kernel = Sgld::new(StepSize::Constant(STEP_SIZE), 1.0).unwrap();
        let energy = PriorEnergy::new(prior, 1);
        let gradient = |_, w: &tch::Tensor| {
            let at = Position::new(vec![w.shallow_clone()]);
            let mut gradient = at.full_like(0.0);
            energy.add_gradient(&at, &mut gradient);
            gradient.into_tensors().remove(0)
        };
        let chains = Replicas::start(&kernel, &[0.0]).advance_by(STEPS, gradient);
        let draws = Vec::<f64>::try_from(chains.positions().reshape([-1])).unwrap();
        let own = law(prior, STEP_SIZE, STEPS);
        assert!(distance(&draws, &own) < 5.0, "{prior:?}: {}", distance(&draws, &own));
        let aim = target(prior);
        assert!(distance(&draws, &aim) > 10.0, "{prior:?}: {}", distance(&draws, &aim));
        let error = |law: &[f64]| (expectation(law, f64::abs) / expectation(&aim, f64::abs) - 1.0).abs();
        let half = law(prior, STEP_SIZE / 2.0, 2 * STEPS);
        assert!(error(&half) < 0.7 * error(&own), "{prior:?}: {}, then {}", error(&own), error(&half));
    }
}
