//! The laws of SGLD on Gaussian energies.

use bal_core::Kernel;
use bal_laws::{GaussianLaw, LinearStep, Replicas, column, diagonal, matrix};
use bal_samplers::{Sgld, StepSize};

/// False alarms: 8 numbers at 5 standard errors, 1 in 200,000.
#[test]
fn the_variance_on_a_scalar_gaussian_is_that_of_the_discretized_chain() {
    let (temperature, curvature, mean) = (0.7, 2.5, 1.5);
    for product in [0.1, 0.6, 1.0, 1.8] {
        let kernel = Sgld::new(StepSize::Constant(product / curvature), temperature).unwrap();
        kernel.check_stable(curvature).unwrap();
        let (l, m) = (matrix(&[[curvature]]), column(&[mean]));
        let moments = Replicas::start(&kernel, &[-1.0]).advance(100, &l, &m).moments();
        let variance = temperature / (curvature * (1.0 - product / 2.0));
        moments.assert_law(&GaussianLaw { mean: m, covariance: matrix(&[[variance]]) });
        if product > 0.5 {
            let continuous = matrix(&[[temperature / curvature]]);
            moments.assert_not_law(&GaussianLaw { mean: column(&[mean]), covariance: continuous });
        }
    }
}

/// False alarms: 9 numbers at 5 standard errors, 1 in 190,000.
#[test]
fn a_correlated_gaussian_gets_the_covariance_of_the_lyapunov_equation() {
    let curvature = matrix(&[[2.0, 0.9, 0.0], [0.9, 1.0, -0.3], [0.0, -0.3, 0.5]]);
    let mean = column(&[1.0, 0.0, -2.0]);
    let kernel = Sgld::new(StepSize::Constant(0.6), 0.3).unwrap();
    let moments = Replicas::start(&kernel, &[0.0; 3]).advance(150, &curvature, &mean).moments();
    moments.assert_law(&GaussianLaw::stationary(&[LinearStep::langevin(0.6, 0.3, &curvature, &mean)]));
}

/// False alarms: 5 numbers at 5 standard errors, 1 in 350,000.
#[test]
fn geometric_steps_have_the_law_of_the_product_of_their_steps() {
    let (curvature, mean) = (diagonal(&[1.0, 3.0]), column(&[0.0, 0.5]));
    let (first, ratio, temperature) = (0.5, 0.7, 0.2);
    let kernel = Sgld::new(StepSize::Geometric { first, ratio }, temperature).unwrap();
    let moments = Replicas::start(&kernel, &[2.0, -1.0]).advance(6, &curvature, &mean).moments();
    let law_of = |sizes: &[f64]| {
        let steps: Vec<_> =
            sizes.iter().map(|&e| LinearStep::langevin(e, temperature, &curvature, &mean)).collect();
        GaussianLaw::point(&[2.0, -1.0]).after_all(&steps)
    };
    let sizes: Vec<f64> = (0..6).map(|k| first * ratio.powi(k)).collect();
    moments.assert_law(&law_of(&sizes));
    // Counted from 0 where it should be from 1, or the other way round.
    moments.assert_not_law(&law_of(&sizes.iter().map(|e| e * ratio).collect::<Vec<_>>()));
    moments.assert_not_law(&law_of(&sizes.iter().map(|e| e / ratio).collect::<Vec<_>>()));
}
