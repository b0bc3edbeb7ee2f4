//! The laws of pSGLD on Gaussian energies, its second moment fixed.

use bal_laws::{GaussianLaw, LinearStep, Replicas, column, diagonal, matrix};
use bal_samplers::{Psgld, PsgldSettings};

const FIXED: PsgldSettings = PsgldSettings {
    step_size: 0.4,
    temperature: 0.7,
    decay: 1.0,
    preconditioner_floor: 0.5,
    initial_second_moment: 1.0,
};

/// False alarms: 6 numbers at 5 standard errors, 1 in 290,000.
#[test]
fn the_variance_on_a_scalar_gaussian_is_that_of_the_discretized_chain() {
    for (l, v) in [(1.0, 1.0), (3.0, 1.0), (2.0, 0.04)] {
        let kernel = Psgld::new(FIXED).unwrap();
        let chains = Replicas::start(&kernel, &[-1.0]).with_memory("second_moment", &[v]);
        let product = FIXED.step_size * l / (FIXED.preconditioner_floor + v.sqrt());
        assert!(product < 2.0);
        let moments = chains.advance(150, &matrix(&[[l]]), &column(&[1.5])).moments();
        let variance = FIXED.temperature / (l * (1.0 - product / 2.0));
        moments.assert_law(&GaussianLaw { mean: column(&[1.5]), covariance: matrix(&[[variance]]) });
    }
}

/// False alarms: 9 numbers at 5 standard errors, 1 in 190,000.
#[test]
fn a_correlated_gaussian_gets_the_covariance_of_the_lyapunov_equation() {
    let curvature = matrix(&[[2.0, 0.9, 0.0], [0.9, 1.0, -0.3], [0.0, -0.3, 0.5]]);
    let mean = column(&[1.0, 0.0, -2.0]);
    let v = [1.0, 0.25, 4.0];
    let steps = v.map(|v: f64| FIXED.step_size / (FIXED.preconditioner_floor + v.sqrt()));
    let kernel = Psgld::new(FIXED).unwrap();
    let chains = Replicas::start(&kernel, &[0.0; 3]).with_memory("second_moment", &v);
    let moments = chains.advance(300, &curvature, &mean).moments();
    let pull = diagonal(&steps).matmul(&curvature);
    let step = LinearStep {
        shift: pull.matmul(&mean),
        matrix: diagonal(&[1.0; 3]) - pull,
        noise: diagonal(&steps.map(|e| 2.0 * e * FIXED.temperature)),
    };
    moments.assert_law(&GaussianLaw::stationary(&[step]));
}
