//! The laws of `SGAdaHMC` on Gaussian energies, its second moment frozen.

use bal_laws::{GaussianLaw, LinearStep, Replicas, column, diagonal, matrix, momentum_step};
use bal_samplers::{GradientNoise, MomentumFriction, Sgadahmc, SgadahmcSettings, Tau};
use tch::Tensor;

fn frozen(step_size: f64, friction: MomentumFriction, gradient_noise: GradientNoise) -> SgadahmcSettings {
    SgadahmcSettings {
        step_size,
        temperature: 2.0,
        friction,
        gradient_noise,
        tau: Tau::Fixed(2.0),
        preconditioner_floor: 1e-5,
        initial_second_moment: 1.0,
        adaptation_steps: Some(0),
    }
}

/// The recursion of one step of (x, v) with second moments `v`.
fn step(settings: &SgadahmcSettings, v: &[f64], curvature: &Tensor, mean: &Tensor) -> LinearStep {
    let (e, t) = (settings.step_size, settings.temperature);
    let lost: Vec<f64> = v
        .iter()
        .map(|v| match settings.friction {
            MomentumFriction::Constant(c) => e * c / v.sqrt(),
            MomentumFriction::Decay(a) => a,
        })
        .collect();
    let q = if settings.gradient_noise == GradientNoise::Corrected { e.powi(4) } else { 0.0 };
    let noise = v.iter().zip(&lost).map(|(v, a)| (2.0 * t * a * e.powi(2) / v.sqrt() - q).max(0.0));
    let kept: Vec<f64> = lost.iter().map(|a| 1.0 - a).collect();
    let scale: Vec<f64> = v.iter().map(|v| e.powi(2) / v.sqrt()).collect();
    let pull = diagonal(&scale).matmul(curvature);
    momentum_step(&diagonal(&kept), &pull, &diagonal(&noise.collect::<Vec<_>>()), mean)
}

/// False alarms: 4 x 9 numbers at 5 standard errors, 1 in 48,000.
#[test]
fn a_correlated_gaussian_gets_the_covariance_of_the_lyapunov_equation() {
    let curvature = matrix(&[[2.0, 0.9, 0.0], [0.9, 1.0, -0.3], [0.0, -0.3, 0.5]]);
    let (mean, v) = (column(&[1.0, 0.0, -2.0]), [1.0, 0.25, 4.0]);
    for friction in [MomentumFriction::Constant(0.6), MomentumFriction::Decay(0.3)] {
        for gradient_noise in [GradientNoise::Corrected, GradientNoise::None] {
            let settings = frozen(0.7, friction, gradient_noise);
            let kernel = Sgadahmc::new(settings).unwrap();
            let chains = Replicas::start(&kernel, &[0.0; 3]).with_memory("second_moment", &v);
            let moments = chains.advance(400, &curvature, &mean).moments();
            let law = GaussianLaw::stationary(&[step(&settings, &v, &curvature, &mean)]).of_positions();
            moments.assert_law(&law);
        }
    }
}

/// With momentum both frictions have the right law as e -> 0, whatever V.
///
/// False alarms: 2 x 5 numbers at 5 standard errors, 1 in 170,000.
#[test]
fn both_frictions_are_invariant_up_to_the_step_squared() {
    let (v, l, m) = ([0.5, 2.0], diagonal(&[1.0, 1.0]), column(&[0.0, 0.0]));
    for friction in [MomentumFriction::Constant(1.0), MomentumFriction::Decay(0.2)] {
        let settings = frozen(0.25, friction, GradientNoise::None);
        let law = GaussianLaw::stationary(&[step(&settings, &v, &l, &m)]).of_positions();
        let kernel = Sgadahmc::new(settings).unwrap();
        let chains = Replicas::start(&kernel, &[0.0; 2]).with_memory("second_moment", &v);
        chains.advance(400, &l, &m).moments().assert_law(&law);
        for (i, v) in [0.5f64, 2.0].into_iter().enumerate() {
            let lost = match friction {
                MomentumFriction::Constant(c) => 0.25 * c / v.sqrt(),
                MomentumFriction::Decay(a) => a,
            };
            let expected = 1.0 / (1.0 - 0.25f64.powi(2) / v.sqrt() / (2.0 * (2.0 - lost)));
            let found = law.variance(i as i64) / settings.temperature;
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} is not {expected}");
            assert!((found - 1.0).abs() < 0.03, "{found}");
        }
    }
}

/// What plain SGHMC lacks (`sghmc.rs` has the same energy, and as many steps): rates go with the root of the curvature, so
/// 1 to 100 instead of 1 to 10,000, and the flat coordinate is as good as at rest.
///
/// False alarms: 5 numbers at 5 standard errors, 1 in 350,000.
#[test]
fn the_flat_direction_of_a_badly_scaled_gaussian_keeps_up() {
    let curvatures = [100.0, 0.01];
    let (l, m) = (diagonal(&curvatures), column(&[0.0, 0.0]));
    // At rest a gradient has variance L T.
    let v = curvatures.map(|l| 2.0 * l);
    let settings = frozen(0.3, MomentumFriction::Decay(0.5), GradientNoise::None);
    let kernel = Sgadahmc::new(settings).unwrap();
    let chains = Replicas::start(&kernel, &[0.0, 0.0]).with_memory("second_moment", &v);
    let moments = chains.advance(100, &l, &m).moments();
    let step = || step(&settings, &v, &l, &m);
    let steps: Vec<_> = (0..100).map(|_| step()).collect();
    let after = GaussianLaw::point(&[0.0; 4]).after_all(&steps).of_positions();
    moments.assert_law(&after);
    let rest = GaussianLaw::stationary(&[step()]).of_positions();
    assert!(after.variance(1) > 0.8 * rest.variance(1), "{after:?} of {rest:?}");
}
