//! The laws of SGAdaLD on Gaussian energies, its second moment frozen.

use bal_laws::{GaussianLaw, LinearStep, Replicas, column, diagonal, matrix};
use bal_samplers::{Friction, GradientNoise, InjectedNoise, SecondMoment, Sgadald, SgadaldSettings, Tau};
use tch::Tensor;

const GRADIENT_NOISES: [GradientNoise; 3] =
    [GradientNoise::Printed, GradientNoise::Corrected, GradientNoise::None];
const FRICTIONS: [Friction; 2] = [Friction::Constant(0.6), Friction::Matched];

fn frozen(step_size: f64, friction: Friction, gradient_noise: GradientNoise) -> SgadaldSettings {
    SgadaldSettings {
        step_size,
        temperature: 2.0,
        friction,
        gradient_noise,
        tau: Tau::Fixed(2.0),
        preconditioner_floor: 1e-5,
        initial_second_moment: 1.0,
        second_moment: SecondMoment::Persist,
        injected_noise: InjectedNoise::Root,
        adaptation_steps: Some(0),
    }
}

/// The variance of what is injected into a coordinate of second moment `v`, as eq. 10 has it.
fn injected(settings: &SgadaldSettings, v: f64) -> f64 {
    let (e, t) = (settings.step_size, settings.temperature);
    let friction = match settings.friction {
        Friction::Constant(c) => c,
        Friction::Matched => v.sqrt() / e,
    };
    let q = match settings.gradient_noise {
        GradientNoise::Printed => t * e.powi(4),
        GradientNoise::Corrected => e.powi(4),
        GradientNoise::None => 0.0,
    };
    (2.0 * t * friction * e.powi(3) / v - q).max(0.0)
}

/// The recursion of one step: `A = I - e^2 V^-1/2 L` and what is injected.
fn linear_step(settings: &SgadaldSettings, v: &[f64], curvature: &Tensor, mean: &Tensor) -> LinearStep {
    let scale: Vec<f64> = v.iter().map(|v| settings.step_size.powi(2) / v.sqrt()).collect();
    let noise: Vec<f64> = v.iter().map(|&v| injected(settings, v)).collect();
    let pull = diagonal(&scale).matmul(curvature);
    LinearStep {
        shift: pull.matmul(mean),
        matrix: diagonal(&vec![1.0; v.len()]) - pull,
        noise: diagonal(&noise),
    }
}

/// False alarms: 54 numbers at 5 standard errors, 1 in 30,000.
#[test]
fn each_friction_has_its_own_law_on_scalar_gaussians_under_each_gradient_noise() {
    let (e, v) = (0.8, 0.9);
    let curvatures = [0.5, 1.0, 2.5];
    for friction in FRICTIONS {
        for gradient_noise in GRADIENT_NOISES {
            let settings =
                SgadaldSettings { initial_second_moment: v, ..frozen(e, friction, gradient_noise) };
            let variances = curvatures.map(|l| {
                let a = l * e * e / v.sqrt();
                assert!(a > 0.0 && a < 2.0);
                injected(&settings, v) / (a * (2.0 - a))
            });
            let law = GaussianLaw { mean: column(&[0.3; 3]), covariance: diagonal(&variances) };
            let kernel = Sgadald::new(settings).unwrap();
            let chains = Replicas::start(&kernel, &[0.0; 3]);
            let moments = chains.advance(60, &diagonal(&curvatures), &law.mean).moments();
            moments.assert_law(&law);
            for other in GRADIENT_NOISES.into_iter().filter(|&other| other != gradient_noise) {
                let factor = injected(&SgadaldSettings { gradient_noise: other, ..settings }, v)
                    / injected(&settings, v);
                let covariance = &law.covariance * factor;
                moments.assert_not_law(&GaussianLaw { mean: column(&[0.3; 3]), covariance });
            }
        }
    }
}

/// False alarms: 54 numbers at 5 standard errors, 1 in 30,000.
#[test]
fn a_correlated_gaussian_gets_the_covariance_of_the_lyapunov_equation() {
    let curvature = matrix(&[[2.0, 0.9, 0.0], [0.9, 1.0, -0.3], [0.0, -0.3, 0.5]]);
    let mean = column(&[1.0, 0.0, -2.0]);
    // So unequal that under constant friction the third coordinate's q exceeds what is injected.
    let v = [1.0, 0.25, 4.0];
    for friction in FRICTIONS {
        for gradient_noise in GRADIENT_NOISES {
            let settings = frozen(0.7, friction, gradient_noise);
            let kernel = Sgadald::new(settings).unwrap();
            let chains = Replicas::start(&kernel, &[0.0; 3]).with_memory("second_moment", &v);
            let moments = chains.advance(200, &curvature, &mean).moments();
            let step = linear_step(&settings, &v, &curvature, &mean);
            moments.assert_law(&GaussianLaw::stationary(&[step]));
        }
    }
}

/// What eq. 9 prints and the released code did has a law too: the injected variance squared.
///
/// False alarms: 2 numbers at 5 standard errors, 1 in 870,000.
#[test]
fn unrooted_noise_squares_the_injected_variance() {
    let settings = SgadaldSettings {
        injected_noise: InjectedNoise::Unrooted,
        ..frozen(0.8, Friction::Constant(0.6), GradientNoise::Printed)
    };
    let (l, m) = (matrix(&[[1.0]]), column(&[0.0]));
    let rooted = linear_step(&settings, &[1.0], &l, &m);
    let unrooted = LinearStep { noise: rooted.noise.square(), ..linear_step(&settings, &[1.0], &l, &m) };
    let kernel = Sgadald::new(settings).unwrap();
    let moments = Replicas::start(&kernel, &[0.0]).advance(60, &l, &m).moments();
    moments.assert_law(&GaussianLaw::stationary(&[unrooted]));
    moments.assert_not_law(&GaussianLaw::stationary(&[rooted]));
}

/// Chains on `U = |x|^2 / 2` with two unequal second moments: their law, checked by sampling, and
/// each coordinate's variance over that of `exp(-U/T)`.
fn variance_over_target(step_size: f64, friction: Friction) -> [f64; 2] {
    let settings = frozen(step_size, friction, GradientNoise::None);
    let (v, l, m) = ([0.5, 2.0], diagonal(&[1.0, 1.0]), column(&[0.0, 0.0]));
    let law = GaussianLaw::stationary(&[linear_step(&settings, &v, &l, &m)]);
    let kernel = Sgadald::new(settings).unwrap();
    let chains = Replicas::start(&kernel, &[0.0; 2]).with_memory("second_moment", &v);
    let moments = chains.advance(160, &l, &m).moments();
    moments.assert_law(&law);
    if let Friction::Constant(_) = friction {
        moments.assert_not_law(&GaussianLaw { mean: m, covariance: l * settings.temperature });
    }
    [0, 1].map(|i| law.variance(i) / settings.temperature)
}

/// False alarms: 10 numbers at 5 standard errors, 1 in 170,000.
#[test]
fn matched_friction_is_invariant_up_to_the_step_squared() {
    let coarse = variance_over_target(0.5, Friction::Matched);
    let fine = variance_over_target(0.25, Friction::Matched);
    for (i, v) in [0.5f64, 2.0].into_iter().enumerate() {
        // The bias is a/2 + O(a^2) with a = e^2 V^-1/2: halving e quarters it.
        let a = 0.25f64.powi(2) / v.sqrt();
        assert!(fine[i] - 1.0 > 0.0 && fine[i] - 1.0 < 0.55 * a, "{fine:?}");
        let fall = (coarse[i] - 1.0) / (fine[i] - 1.0);
        assert!((3.9..4.9).contains(&fall), "the bias fell by {fall}");
    }
}

/// False alarms: 10 numbers at 5 standard errors, 1 in 170,000.
#[test]
fn constant_friction_is_not_invariant_and_no_smaller_step_mends_it() {
    let coarse = variance_over_target(0.5, Friction::Constant(1.0));
    let fine = variance_over_target(0.25, Friction::Constant(1.0));
    for (i, v) in [0.5f64, 2.0].into_iter().enumerate() {
        // C e V^-1/2 / (1 - a/2) instead of 1: it goes to 0 with e, and knows V.
        let expected = 0.25 / v.sqrt() / (1.0 - 0.25f64.powi(2) / v.sqrt() / 2.0);
        assert!((fine[i] / expected - 1.0).abs() < 1e-9, "{fine:?}");
        assert!(fine[i] < 0.55 * coarse[i], "{fine:?} after {coarse:?}");
    }
    assert!(fine[0] > 1.9 * fine[1], "{fine:?}");
}
