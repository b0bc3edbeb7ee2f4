//! The laws of data chains in a support: what each boundary does, on one pixel in [0, 1].
//!
//! ```text
//! U(z) = -s z + alpha (z - 1/2)^2
//! ```
//!
//! A step is normal with mean and variance that depend on where it begins, so the chain's own law is the stationary vector of
//! a transition kernel, found here on a grid.

use bal_attacks::Norm;
use bal_baselines::{Boundary, ChainStart, DataEnergy, Pixels, Support, SupportSettings};
use bal_core::{
    Architecture, Batch, Block, Chain, Conditionals, Energy, Forward, Generator, Given, Member, NoiseStream,
    Objective, Shared, Targets, Workers, sweep,
};
use bal_laws::{Pixel, Replicas, noise};
use bal_samplers::{PsgldSettings, Sampler, SgldSettings, StepSize};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// Stakes that grow by this much with what the network says.
#[derive(Clone, Copy, Debug)]
struct Slope(f64);

impl Objective for Slope {
    fn deviation(&self, forward: &Forward, _: &Batch) -> Tensor {
        forward.logits.squeeze_dim(1) * self.0
    }

    fn loss(&self, forward: &Forward, clean: &Batch) -> Tensor {
        self.deviation(forward, clean).sum(Kind::Float)
    }
}

/// An energy of one pixel, and where it is.
#[derive(Clone, Copy, Debug)]
struct Game {
    slope: f64,
    cost_weight: f64,
    boundary: Boundary,
}

impl Game {
    fn gradient(&self, z: f64) -> f64 {
        2.0 * self.cost_weight * (z - 0.5) - self.slope
    }

    fn pixels(&self) -> Pixels {
        // In one dimension both balls are [0, 1]; a rejecting one is in L2.
        let norm = if self.boundary == Boundary::Reject { Norm::L2 } else { Norm::LInf };
        let settings =
            SupportSettings { norm, radius: 0.5, unit_box: false, boundary: self.boundary, ramp: None };
        Pixels { support: Some(Support::new(settings).unwrap()), start: ChainStart::Uniform }
    }

    /// Where as many chains as there are replicas are after so many steps.
    fn moved(&self, sampler: &Sampler, steps: u64) -> Vec<f64> {
        let n = Replicas::COUNT;
        let x = Tensor::full([n, 1, 1, 1], 0.5, (Kind::Float, Device::Cpu));
        let targets = Targets::Classes(Tensor::zeros([n], (Kind::Int64, Device::Cpu)));
        let clean = Batch { x, targets, indices: (0..n).collect() };
        let (kernel, mut noise) = (sampler.kernel().unwrap(), noise(0, 0).for_images(&clean.indices));
        let chain = Chain::new(kernel.start(self.pixels().start(&clean, &mut noise)), noise);
        let mut blocks = [Block { name: "data", kernel, steps, chains: vec![chain] }];
        let conditionals = Data(*self, Shared::new(clean));
        sweep(&Workers::new(1).unwrap(), &conditionals, &mut blocks).unwrap();
        Vec::try_from(blocks[0].chains[0].state.position.first().flatten(0, -1).to_kind(Kind::Double))
            .unwrap()
    }
}

struct Data(Game, Shared<Batch>);

impl Conditionals for Data {
    fn energy<'a>(&'a self, _: &'static str, _: usize, _: &Given) -> Box<dyn Energy + 'a> {
        let network: Arc<dyn Architecture> = Arc::new(Pixel);
        Box::new(DataEnergy {
            members: vec![Member::init(&network, &mut NoiseStream::silent())],
            generator: Arc::new(self.0.pixels()),
            objective: Arc::new(Slope(self.0.slope)),
            clean: self.1.replica(),
            cost_weight: self.0.cost_weight,
        })
    }
}

/// The chain's law on [0, 1], at the middles of this many cells.
const CELLS: usize = 600;

#[derive(Debug)]
struct Law(Vec<f64>);

impl Law {
    /// Proportional to `density`.
    fn proportional(density: impl Fn(f64) -> f64) -> Self {
        let values: Vec<f64> = (0..CELLS).map(|i| density(middle(i))).collect();
        let total: f64 = values.iter().sum();
        Self(values.iter().map(|value| value / total).collect())
    }

    /// Left as it is by folded steps from z to `N(mean(z), variance(z))`.
    fn folded(mean: impl Fn(f64) -> f64, variance: impl Fn(f64) -> f64) -> Self {
        let kernel: Vec<Vec<f64>> = (0..CELLS)
            .map(|i| {
                let (mean, variance) = (mean(middle(i)), variance(middle(i)));
                let normal = |y: f64| (-(y - mean).powi(2) / (2.0 * variance)).exp();
                let images = |y: f64| {
                    (-4..=4).map(|k| 2.0 * f64::from(k)).map(|far| normal(far + y) + normal(far - y)).sum()
                };
                Self::proportional(images).0
            })
            .collect();
        let mut law = Self::proportional(|_| 1.0);
        loop {
            let mut next = vec![0.0; CELLS];
            for (share, row) in law.0.iter().zip(&kernel) {
                next.iter_mut().zip(row).for_each(|(sum, p)| *sum += share * p);
            }
            let change: f64 = next.iter().zip(&law.0).map(|(a, b)| (a - b).abs()).sum();
            law = Self(next);
            if change < 1e-12 {
                return law;
            }
        }
    }

    fn moment(&self, of: impl Fn(f64) -> f64) -> f64 {
        self.0.iter().enumerate().map(|(i, share)| share * of(middle(i))).sum()
    }

    fn mean(&self) -> f64 {
        self.moment(|z| z)
    }

    fn variance(&self) -> f64 {
        self.moment(|z| (z - self.mean()).powi(2))
    }

    /// How far the draws' mean and variance are from this law's, the larger one, in standard errors.
    fn distance(&self, draws: &[f64]) -> f64 {
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let fourth = self.moment(|z| (z - self.mean()).powi(4));
        let of_mean = (mean - self.mean()).abs() / (self.variance() / n).sqrt();
        let of_variance =
            (variance - self.variance()).abs() / ((fourth - self.variance().powi(2)) / n).sqrt();
        of_mean.max(of_variance)
    }

    fn assert(&self, draws: &[f64]) {
        let distance = self.distance(draws);
        assert!(
            distance < 5.0,
            "{distance:.1} standard errors from mean {}, variance {}",
            self.mean(),
            self.variance()
        );
    }
}

fn middle(cell: usize) -> f64 {
    (cell as f64 + 0.5) / CELLS as f64
}

fn sgld(step_size: f64, temperature: f64) -> Sampler {
    Sampler::Sgld(SgldSettings { step_size: StepSize::Constant(step_size), temperature })
}

const LINEAR: Game = Game { slope: -2.0, cost_weight: 0.0, boundary: Boundary::Reflect };

fn reflected(step_size: f64) -> Law {
    Law::folded(|z| z - step_size * LINEAR.gradient(z), |_| 2.0 * step_size)
}

/// The target: `exp(-2 z)` on [0, 1].
fn truncated_exponential() -> Law {
    Law::proportional(|z| (-2.0 * z).exp())
}

/// False alarms: 4 numbers at 5 standard errors, 1 in 400,000.
#[test]
fn reflection_has_the_law_of_its_folded_kernel() {
    // By another quadrature.
    for (step_size, mean, variance) in [(0.08, 0.40671, 0.07536), (0.02, 0.36153, 0.06992)] {
        let law = reflected(step_size);
        assert!((law.mean() - mean).abs() < 2e-5 && (law.variance() - variance).abs() < 2e-5, "{law:?}");
        let draws = LINEAR.moved(&sgld(step_size, 1.0), 100);
        law.assert(&draws);
        assert!(
            truncated_exponential().distance(&draws) > 10.0,
            "the target and the chain's law are told apart"
        );
    }
}

#[test]
fn reflection_loses_half_of_its_error_when_the_step_is_halved() {
    let error = |step_size| reflected(step_size).mean() - truncated_exponential().mean();
    for (step_size, expected) in [(0.08, 0.06323), (0.04, 0.03438), (0.02, 0.01805), (0.01, 0.00932)] {
        assert!((error(step_size) - expected).abs() < 2e-5, "{step_size}: {}", error(step_size));
    }
}

/// False alarms: 4 numbers at 5 standard errors, 1 in 400,000.
#[test]
fn projection_leaves_atoms_on_the_rim() {
    for (step_size, at_0, at_1) in [(0.08, 0.4738, 0.0403), (0.02, 0.2751, 0.0295)] {
        let draws = Game { boundary: Boundary::Project, ..LINEAR }.moved(&sgld(step_size, 1.0), 100);
        let n = draws.len() as f64;
        for (rim, mass) in [(0.0, at_0), (1.0, at_1)] {
            let share = draws.iter().filter(|z| (*z - rim).abs() < 1e-6).count() as f64 / n;
            let error = (mass * (1.0 - mass) / n).sqrt();
            assert!((share - mass).abs() < 5.0 * error + 5e-5, "{step_size}, {rim}: {share} for {mass}");
        }
    }
}

/// A normal law cut to the interval: on a Gaussian the chain without a support has variance `T / (L (1 - e L / 2))`, and is
/// reversible. False alarms: 4 numbers at 5 standard errors, 1 in 400,000.
#[test]
fn rejection_restricts_the_law_of_the_chain_without_a_support() {
    let game = Game { slope: 0.25, cost_weight: 1.25, boundary: Boundary::Reject };
    let (curvature, temperature) = (2.5, 0.7);
    let centre = 0.5 + game.slope / curvature;
    for step_size in [0.2, 0.05] {
        let variance = temperature / (curvature * (1.0 - step_size * curvature / 2.0));
        let law = Law::proportional(|z| (-(z - centre).powi(2) / (2.0 * variance)).exp());
        law.assert(&game.moved(&sgld(step_size, temperature), 200));
    }
    let draws = Game { boundary: Boundary::Reflect, ..game }.moved(&sgld(0.2, temperature), 200);
    let variance = temperature / (curvature * (1.0 - 0.2 * curvature / 2.0));
    let restricted = Law::proportional(|z| (-(z - centre).powi(2) / (2.0 * variance)).exp());
    assert!(
        restricted.distance(&draws) > 10.0,
        "reflection has another law: {}",
        restricted.distance(&draws)
    );
}

/// A step nearly as long everywhere, whatever the gradient's size: preconditioned by this very gradient,
///
/// ```text
/// G = 1 / (floor + |U'|),    x' = x - e G U' + N(0, 2 e T G)
/// ```
///
/// the chain's law for small steps is `(floor + |U'|) exp(-U/T)`, as the term `T G'` is left out of the drift.
/// False alarms: 2 numbers at 5 standard errors, 1 in 800,000.
#[test]
fn steps_of_nearly_the_same_length_have_the_law_of_their_own_preconditioner() {
    let game = Game { slope: 0.5, cost_weight: 2.0, boundary: Boundary::Reflect };
    let (floor, temperature) = (0.5, 0.4);
    let sampler = |step_size| {
        Sampler::Psgld(PsgldSettings {
            step_size,
            temperature,
            decay: 0.0,
            preconditioner_floor: floor,
            initial_second_moment: 0.0,
        })
    };
    let scale = |z: f64| floor + game.gradient(z).abs();
    let chain =
        |e: f64| Law::folded(|z| z - e * game.gradient(z) / scale(z), |z| 2.0 * e * temperature / scale(z));
    let energy = |z: f64| game.cost_weight * (z - 0.5).powi(2) - game.slope * z;
    let small = Law::proportional(|z| scale(z) * (-energy(z) / temperature).exp());
    let plain = Law::proportional(|z| (-energy(z) / temperature).exp());
    let draws = game.moved(&sampler(0.05), 100);
    chain(0.05).assert(&draws);
    assert!(plain.distance(&draws) > 10.0);
    let error = |law: &Law| (law.variance() - small.variance()).abs();
    assert!(error(&chain(0.001)) < 0.2 * error(&plain), "{} {}", error(&chain(0.001)), error(&plain));
}
