//! The law of each sampler on an energy with two wells, its preconditioner frozen.
//!
//! ```text
//! U(x) = h [ x^2 / 2 - b log cosh(x / b) ] + t x,    U'(x) = h [ x - tanh(x / b) ] + t
//! ```
//!
//! with wells near -1 and 1, and a barrier of 2 T between them. Far out it is a parabola, so no step throws a chain away, as
//! it does from the steep sides of `(x^2 - 1)^2`.
//!
//! A step from (x, v) leads to `v' ~ N(k v - p U'(x), s)` and `x' = x + v'`. On a grid of spacing d in both, x' is on the grid
//! where v' is, so the law after any number of steps is found by sums over v', without interpolation. Such a sum differs from
//! the integral by a share `2 e^(-2 pi^2 s / d^2)`, here below 1e-6.

use bal_laws::{Replicas, Update, hamiltonian, langevin};
use bal_samplers::Sampler;
use std::f64::consts::PI;

const HEIGHT: f64 = 4.0;
/// b
const WIDTH: f64 = 0.35;
const TILT: f64 = 0.15;
const TEMPERATURE: f64 = 0.5;
const PULL: f64 = 0.05;
const KEPT: f64 = 0.7;
/// Steps after which chains that began in one well are at rest in both.
const STEPS: u64 = 500;

fn energy(x: f64) -> f64 {
    HEIGHT * (x * x / 2.0 - WIDTH * (x / WIDTH).cosh().ln()) + TILT * x
}

fn slope(x: f64) -> f64 {
    HEIGHT * (x - (x / WIDTH).tanh()) + TILT
}

/// Points of the line, and how probable each is.
struct Law(Vec<(f64, f64)>);

impl Law {
    /// `exp(-U / T)`.
    fn target() -> Self {
        let points = (-4_000..=4_000).map(|i| f64::from(i) * 1e-3);
        let weights: Vec<(f64, f64)> = points.map(|x| (x, (-energy(x) / TEMPERATURE).exp())).collect();
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        Self(weights.into_iter().map(|(x, weight)| (x, weight / total)).collect())
    }

    fn expectation(&self, of: impl Fn(f64) -> f64) -> f64 {
        self.0.iter().map(|&(x, share)| share * of(x)).sum()
    }

    /// The largest distance from this law of the draws' share of a well, mean and second moment, in standard errors.
    fn distance(&self, draws: &[f64]) -> f64 {
        let n = draws.len() as f64;
        let distances = OBSERVED.map(|of| {
            let (expected, found) = (self.expectation(of), draws.iter().map(|&x| of(x)).sum::<f64>() / n);
            let variance = self.expectation(|x| (of(x) - expected).powi(2));
            (found - expected).abs() / (variance / n).sqrt()
        });
        distances.into_iter().fold(0.0, f64::max)
    }

    /// The largest difference from another law in what is observed.
    fn difference(&self, other: &Self) -> f64 {
        let differences = OBSERVED.map(|of| (self.expectation(of) - other.expectation(of)).abs());
        differences.into_iter().fold(0.0, f64::max)
    }
}

/// Whether in the right well (a point of the grid on the rim is half in), the mean, the second moment, and how far from the
/// middles of both wells.
const OBSERVED: [fn(f64) -> f64; 4] = [
    |x| if x == 0.0 { 0.5 } else { f64::from(u8::from(x > 0.0)) },
    |x| x,
    |x| x * x,
    |x| (x * x - 1.0).powi(2),
];

/// The law of (x, v) on a grid.
struct Grid {
    update: Update,
    /// `[v][x]`, each in the order of its numbers.
    shares: Vec<Vec<f64>>,
}

impl Grid {
    /// The spacing.
    const SPACING: f64 = 0.1;
    /// x goes from -4 to 4.
    const X: i64 = 40;
    /// v goes from -2 to 2.
    const V: i64 = 20;

    /// A chain in the middle of the right well, at rest.
    fn start(update: Update) -> Self {
        let mut grid = Self { update, shares: Self::nowhere() };
        grid.shares[Self::V as usize][(Self::X + (1.0 / Self::SPACING).round() as i64) as usize] = 1.0;
        grid
    }

    fn nowhere() -> Vec<Vec<f64>> {
        vec![vec![0.0; 2 * Self::X as usize + 1]; 2 * Self::V as usize + 1]
    }

    fn step(&mut self) {
        let Update { kept, pull, noise } = self.update;
        let mut next = Self::nowhere();
        for (v, row) in (-Self::V..).zip(&self.shares) {
            for (x, share) in (-Self::X..).zip(row).filter(|(_, share)| **share > 1e-18) {
                let (at, momentum) = (x as f64 * Self::SPACING, v as f64 * Self::SPACING);
                let mean = kept * momentum - pull * slope(at);
                let near = |k: f64| ((mean + k * noise.sqrt()) / Self::SPACING) as i64;
                for moved in near(-8.0).max(-Self::V)..=near(8.0).min(Self::V) {
                    let Some(x) = usize::try_from(x + moved + Self::X).ok() else { continue };
                    let off = moved as f64 * Self::SPACING - mean;
                    let density = (-off * off / (2.0 * noise)).exp() / (2.0 * PI * noise).sqrt();
                    if let Some(sum) = next[(moved + Self::V) as usize].get_mut(x) {
                        *sum += share * density * Self::SPACING;
                    }
                }
            }
        }
        self.shares = next;
    }

    /// The law of x after so many steps.
    fn after(update: Update, steps: u64) -> Law {
        let mut grid = Self::start(update);
        for _ in 0..steps {
            grid.step();
            if update.kept == 0.0 {
                // What momentum there was is forgotten.
                let all = grid.positions();
                grid.shares = Self::nowhere();
                grid.shares[Self::V as usize] = all;
            }
        }
        let all = grid.positions();
        let total: f64 = all.iter().sum();
        assert!((total - 1.0).abs() < 1e-6, "{total}: the grid ends too early");
        Law((-Self::X..).zip(all).map(|(x, share)| (x as f64 * Self::SPACING, share)).collect())
    }

    fn positions(&self) -> Vec<f64> {
        (0..self.shares[0].len()).map(|x| self.shares.iter().map(|row| row[x]).sum()).collect()
    }
}

fn moved(sampler: &Sampler) -> Vec<f64> {
    let kernel = sampler.kernel().unwrap();
    let chains = Replicas::start(&*kernel, &[1.0]);
    let gradient = |_, x: &tch::Tensor| (x - (x / WIDTH).tanh()) * HEIGHT + TILT;
    Vec::try_from(chains.advance_by(STEPS, gradient).positions().reshape([-1])).unwrap()
}

/// Chains that begin in the right well, which is the less probable, share themselves out between both.
///
/// Can tell: the law of a temperature 20 % higher is 16 to 17 standard errors away, that of a quarter of the steps, after
/// which fewer have passed, 31 to 79.
///
/// False alarms: 4 numbers at 5 standard errors for each of 5 samplers, 1 in 87,000.
#[test]
fn every_sampler_shares_its_chains_out_between_two_wells() {
    for (samplers, kept) in
        [(langevin(PULL, TEMPERATURE).to_vec(), 0.0), (hamiltonian(PULL, KEPT, TEMPERATURE).to_vec(), KEPT)]
    {
        let law = Grid::after(Update::at(TEMPERATURE, PULL, kept), STEPS);
        let hotter = Grid::after(Update::at(1.2 * TEMPERATURE, PULL, kept), STEPS);
        let earlier = Grid::after(Update::at(TEMPERATURE, PULL, kept), STEPS / 4);
        for sampler in samplers {
            let draws = moved(&sampler);
            assert!(law.distance(&draws) < 5.0, "{}: {}", sampler.name(), law.distance(&draws));
            assert!(hotter.distance(&draws) > 11.0, "{}", hotter.distance(&draws));
            assert!(earlier.distance(&draws) > 11.0, "{}", earlier.distance(&draws));
        }
    }
}

/// What the grid says of the chain at rest, against `exp(-U / T)`: the error of the step falls with it.
#[test]
fn the_error_of_the_step_falls_with_it() {
    let target = Law::target();
    for kept in [0.0, KEPT] {
        let error = |pull: f64| {
            let steps = (f64::from(STEPS as u32) * 2.0 * PULL / pull) as u64;
            target.difference(&Grid::after(Update::at(TEMPERATURE, pull, kept), steps))
        };
        let (coarse, fine) = (error(PULL), error(PULL / 2.0));
        assert!(coarse < 0.1 && fine < 0.6 * coarse, "{coarse}, then {fine}");
    }
}
