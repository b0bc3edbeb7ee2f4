//! The laws of SGHMC on Gaussian energies.

use bal_core::Kernel;
use bal_laws::{GaussianLaw, LinearStep, Replicas, column, diagonal, matrix, momentum_step};
use bal_samplers::{Sghmc, SghmcSettings};
use tch::{Device, Kind, Tensor};

/// The recursion of one step of (x, v).
fn step(settings: &SghmcSettings, curvature: &Tensor, mean: &Tensor) -> LinearStep {
    let SghmcSettings { step_size, temperature, friction, gradient_noise } = *settings;
    let identity = Tensor::eye(curvature.size()[0], (Kind::Double, Device::Cpu));
    let noise = &identity * (2.0 * step_size * temperature * (friction - gradient_noise));
    momentum_step(&(identity * (1.0 - friction)), &(curvature * step_size), &noise, mean)
}

/// The stationary law of positions alone.
fn positions(settings: &SghmcSettings, curvature: &Tensor, mean: &Tensor) -> GaussianLaw {
    GaussianLaw::stationary(&[step(settings, curvature, mean)]).of_positions()
}

/// False alarms: 8 numbers at 5 standard errors, 1 in 200,000.
#[test]
fn the_variance_on_a_scalar_gaussian_is_that_of_the_discretized_chain() {
    let (temperature, curvature) = (0.7, 2.5);
    for (product, friction, gradient_noise) in
        [(0.1, 0.3, 0.0), (0.6, 0.1, 0.0), (1.5, 0.9, 0.0), (0.6, 0.4, 0.1)]
    {
        let step_size = product / curvature;
        let settings = SghmcSettings { step_size, temperature, friction, gradient_noise };
        let kernel = Sghmc::new(settings).unwrap();
        kernel.check_stable(curvature).unwrap();
        let (l, m) = (matrix(&[[curvature]]), column(&[1.5]));
        let moments = Replicas::start(&kernel, &[-1.0]).advance(400, &l, &m).moments();
        let variance = (1.0 - gradient_noise / friction) * temperature
            / (curvature * (1.0 - product / (2.0 * (2.0 - friction))));
        let law = positions(&settings, &l, &m);
        assert!((law.variance(0) / variance - 1.0).abs() < 1e-9, "{law:?} is not {variance}");
        moments.assert_law(&law);
    }
}

/// False alarms: 9 numbers at 5 standard errors, 1 in 190,000.
#[test]
fn a_correlated_gaussian_gets_the_covariance_of_the_lyapunov_equation() {
    let curvature = matrix(&[[2.0, 0.9, 0.0], [0.9, 1.0, -0.3], [0.0, -0.3, 0.5]]);
    let mean = column(&[1.0, 0.0, -2.0]);
    let settings = SghmcSettings { step_size: 0.6, temperature: 0.3, friction: 0.5, gradient_noise: 0.0 };
    let kernel = Sghmc::new(settings).unwrap();
    let moments = Replicas::start(&kernel, &[0.0; 3]).advance(300, &curvature, &mean).moments();
    moments.assert_law(&positions(&settings, &curvature, &mean));
}

/// What Ye & Zhu, section 3.1, hold against it: one step size serves a badly scaled energy ill. After as many steps as
/// the stiff coordinate needs to forget where it started ten times over, the flat one has hardly left.
///
/// False alarms: 5 numbers at 5 standard errors, 1 in 350,000.
#[test]
fn one_step_size_leaves_the_flat_direction_of_a_badly_scaled_gaussian_behind() {
    let (l, m) = (diagonal(&[100.0, 0.01]), column(&[0.0, 0.0]));
    let settings = SghmcSettings { step_size: 0.01, temperature: 1.0, friction: 0.5, gradient_noise: 0.0 };
    let kernel = Sghmc::new(settings).unwrap();
    let moments = Replicas::start(&kernel, &[0.0, 0.0]).advance(100, &l, &m).moments();
    let steps: Vec<_> = (0..100).map(|_| step(&settings, &l, &m)).collect();
    let after = GaussianLaw::point(&[0.0; 4]).after_all(&steps).of_positions();
    moments.assert_law(&after);
    let rest = positions(&settings, &l, &m);
    assert!((after.variance(0) / rest.variance(0) - 1.0).abs() < 1e-6, "{after:?}");
    assert!(after.variance(1) < 0.05 * rest.variance(1), "{after:?}");
}
