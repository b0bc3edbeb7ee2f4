//! The configurational temperature of chains: what positions times gradients say of the temperature they run at.

use bal_core::{Block, Chain, Conditionals, Energy, Given, Kernel, NoiseStream, Position, Workers, sweep};
use bal_laws::noise;
use bal_samplers::{Sghmc, SghmcSettings, Sgld, StepSize};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

const COORDINATES: i64 = 200_000;
const TEMPERATURE: f64 = 0.7;

/// `U = curvature |z - 1|^2 / 2`.
struct Bowl(f64);

impl Energy for Bowl {
    fn energy(&self, at: &Position, _: &mut NoiseStream) -> Tensor {
        (at.first() - 1.0).square().sum(Kind::Float).reshape([1]) * (0.5 * self.0)
    }
}

struct Alone(f64);

impl Conditionals for Alone {
    fn energy<'a>(&'a self, _: &'static str, _: usize, _: &Given) -> Box<dyn Energy + 'a> {
        Box::new(Bowl(self.0))
    }
}

/// The virial of a coordinate after so many sweeps.
fn virial(kernel: impl Kernel + 'static, curvature: f64, sweeps: u64) -> f64 {
    let start = Position::new(vec![Tensor::ones([COORDINATES], (Kind::Float, Device::Cpu))]);
    let chain = Chain::new(kernel.start(start), noise(0, 0));
    let mut blocks = vec![Block { name: "chain", kernel: Arc::new(kernel), steps: 3, chains: vec![chain] }];
    let workers = Workers::new(1).unwrap();
    for number in 1..=sweeps {
        blocks[0].chains[0].noise = noise(number, 0);
        sweep(&workers, &Alone(curvature), &mut blocks).unwrap();
    }
    blocks[0].chains[0].virial / COORDINATES as f64
}

/// On a Gaussian a discretized chain runs at its law's variance times the curvature, and the virial says so: T as the step gets
/// small, and what the step adds to it where not.
///
/// A draw of a coordinate, `L z (z - 1)`, has the variance `2 (L v)^2 + L^2 v` for z with mean 1 and variance v.
/// False alarms: 5 numbers at 5 standard errors, 1 in 350,000.
#[test]
fn the_virial_is_the_temperature_at_which_a_discretized_chain_runs() {
    let curvature = 2.5;
    let check = |found: f64, expected: f64| {
        let error = ((2.0 * expected.powi(2) + curvature * expected) / COORDINATES as f64).sqrt();
        assert!((found - expected).abs() < 5.0 * error, "{found} is not {expected} (error {error})");
    };
    for product in [0.05, 1.0] {
        let kernel = Sgld::new(StepSize::Constant(product / curvature), TEMPERATURE).unwrap();
        let expected = TEMPERATURE / (1.0 - product / 2.0);
        check(virial(kernel, curvature, 60), expected);
    }
    for (product, friction, gradient_noise) in [(0.02, 0.3, 0.0), (1.5, 0.9, 0.0), (0.6, 0.4, 0.1)] {
        let settings = SghmcSettings {
            step_size: product / curvature,
            temperature: TEMPERATURE,
            friction,
            gradient_noise,
        };
        let expected =
            (1.0 - gradient_noise / friction) * TEMPERATURE / (1.0 - product / (2.0 * (2.0 - friction)));
        check(virial(Sghmc::new(settings).unwrap(), curvature, 100), expected);
    }
}
