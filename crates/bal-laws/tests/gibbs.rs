//! The laws of alternating sweeps over two blocks of Gaussian conditionals.
//!
//! ```text
//! z_k | w ~ N(a mean(w), s^2),    w_c | z ~ N(b mean(z), r^2)
//! ```

use bal_core::{
    Block, Chain, Conditionals, Diverged, Energy, Given, Kernel, NoiseStream, Position, Shared, State,
    Workers, sweep,
};
use bal_laws::{GaussianLaw, LinearStep, Moments, Replicas, column, matrix, noise};
use bal_samplers::{Sgld, StepSize};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// The conditionals; of each chain there are [`Replicas::COUNT`] replicas, one per coordinate.
#[derive(Clone, Copy, Debug)]
struct Pair {
    /// a and s^2.
    data: (f64, f64),
    /// b and r^2.
    parameters: (f64, f64),
}

/// `a b < 0`: the two conditionals belong to no joint law.
const INCOMPATIBLE: Pair = Pair { data: (0.8, 1.0), parameters: (-0.7, 0.25) };
/// `a / s^2 = b / r^2`: they belong to one.
const COMPATIBLE: Pair = Pair { data: (0.8, 1.0), parameters: (0.4, 0.5) };

/// `(x - centre)^2 / (2 variance)`, one number per replica.
struct Bowl {
    centre: Shared<Tensor>,
    variance: f64,
}

impl Bowl {
    fn around(others: &[Position], (slope, variance): (f64, f64)) -> Box<dyn Energy> {
        let others: Vec<&Tensor> = others.iter().map(Position::first).collect();
        let mean = Tensor::stack(&others, 0).mean_dim(0, false, Kind::Float);
        Box::new(Self { centre: Shared::new(mean * slope), variance })
    }
}

impl Energy for Bowl {
    fn energy(&self, at: &Position, _: &mut NoiseStream) -> Tensor {
        (at.first() - self.centre.replica()).square() / (2.0 * self.variance)
    }
}

impl Conditionals for Pair {
    fn energy<'a>(&'a self, block: &'static str, _: usize, given: &Given) -> Box<dyn Energy + 'a> {
        assert!(given.of(block).is_empty(), "a chain sees none of its own block");
        match block {
            "data" => Bowl::around(given.of("parameters"), self.data),
            _ => Bowl::around(given.of("data"), self.parameters),
        }
    }
}

/// Draws from a Gaussian of known variance: Newton's step to its mean, then noise.
#[derive(Debug)]
struct ExactDraw {
    variance: f64,
}

impl Kernel for ExactDraw {
    fn slots(&self) -> &'static [&'static str] {
        &[]
    }

    fn start(&self, position: Position) -> State {
        State::new(position, Vec::new())
    }

    fn step(&self, state: &mut State, gradient: &Position, noise: &mut NoiseStream) -> Result<(), Diverged> {
        let x = &mut state.position.tensors_mut()[0];
        *x += noise.normal_like(x) * self.variance.sqrt() - gradient.first() * self.variance;
        state.advance()
    }
}

/// How both blocks move.
struct Sweeps {
    data: Arc<dyn Kernel>,
    parameters: Arc<dyn Kernel>,
    /// Inner steps of either.
    steps: u64,
}

/// The moments of `(z_1, .., w_1, ..)` after `sweeps` sweeps from 0.
fn sample(pair: Pair, gibbs: &Sweeps, chains: (usize, usize), sweeps: u64) -> Moments {
    let start = |name, kernel: &Arc<dyn Kernel>, count: usize| {
        let origin = || Tensor::zeros([Replicas::COUNT], (Kind::Float, Device::Cpu));
        let chain = |_| Chain::new(kernel.start(Position::new(vec![origin()])), NoiseStream::silent());
        Block { name, kernel: kernel.clone(), steps: gibbs.steps, chains: (0..count).map(chain).collect() }
    };
    let workers = Workers::new(2).unwrap();
    let mut blocks = [start("data", &gibbs.data, chains.0), start("parameters", &gibbs.parameters, chains.1)];
    for number in 0..sweeps {
        for (block, first) in blocks.iter_mut().zip([0, 100]) {
            for (chain, index) in block.chains.iter_mut().zip(first..) {
                chain.noise = noise(number, index);
            }
        }
        sweep(&workers, &pair, &mut blocks).unwrap();
    }
    let chains = blocks.iter().flat_map(|block| &block.chains);
    let positions: Vec<&Tensor> = chains.map(|chain| chain.state.position.first()).collect();
    Moments::of(&Tensor::stack(&positions, 0))
}

fn exact_draws(pair: Pair) -> Sweeps {
    let kernel = |variance| Arc::new(ExactDraw { variance });
    Sweeps { data: kernel(pair.data.1), parameters: kernel(pair.parameters.1), steps: 1 }
}

/// The recursion of one inner step of number `row`: it goes the share `pull` of the way to `slope`
/// times the mean of the numbers `others` out of d, and gets noise of variance `variance`.
fn inner_step(d: usize, row: usize, others: &[usize], slope: f64, pull: f64, variance: f64) -> LinearStep {
    let mut a = vec![0.0; d * d];
    for i in 0..d {
        a[i * d + i] = 1.0;
    }
    a[row * d + row] = 1.0 - pull;
    for j in others {
        a[row * d + j] = pull * slope / others.len() as f64;
    }
    let mut q = vec![0.0; d * d];
    q[row * d + row] = variance;
    let square = |entries: &[f64]| Tensor::from_slice(entries).reshape([d as i64, d as i64]);
    LinearStep { matrix: square(&a), shift: column(&vec![0.0; d]), noise: square(&q) }
}

/// The steps of a sweep of one data chain and one parameter chain: exact draws.
fn exact_sweep(pair: Pair) -> [LinearStep; 2] {
    let ((a, s2), (b, r2)) = (pair.data, pair.parameters);
    [inner_step(2, 0, &[1], a, 1.0, s2), inner_step(2, 1, &[0], b, 1.0, r2)]
}

/// False alarms: 5 numbers at 5 standard errors, 1 in 350,000.
#[test]
fn exact_draws_of_a_compatible_pair_have_the_joint_law() {
    let ((a, s2), (b, r2)) = (COMPATIBLE.data, COMPATIBLE.parameters);
    let precision = matrix(&[[1.0 / s2, -a / s2], [-b / r2, 1.0 / r2]]);
    assert!(precision.allclose(&precision.tr(), 1e-12, 1e-12, false));
    let joint = GaussianLaw { covariance: precision.inverse(), ..GaussianLaw::point(&[0.0; 2]) };
    sample(COMPATIBLE, &exact_draws(COMPATIBLE), (1, 1), 25).assert_law(&joint);
    // Between the blocks, z drawn and w not yet, the law is the same: there is only one.
    let halfway = joint.after(&exact_sweep(COMPATIBLE)[0]);
    assert!(halfway.covariance.allclose(&joint.covariance, 1e-12, 1e-12, false));
}

/// False alarms: 5 numbers at 5 standard errors, 1 in 350,000.
#[test]
fn exact_draws_of_an_incompatible_pair_have_the_law_of_the_alternation() {
    let ((a, s2), (b, r2)) = (INCOMPATIBLE.data, INCOMPATIBLE.parameters);
    let w = (r2 + b * b * s2) / (1.0 - a * a * b * b);
    let z = s2 + a * a * w;
    let law = GaussianLaw { covariance: matrix(&[[z, b * z], [b * z, w]]), ..GaussianLaw::point(&[0.0; 2]) };
    let moments = sample(INCOMPATIBLE, &exact_draws(INCOMPATIBLE), (1, 1), 25);
    moments.assert_law(&law);
    let sweep = exact_sweep(INCOMPATIBLE);
    assert!(GaussianLaw::stationary(&sweep).covariance.allclose(&law.covariance, 1e-9, 1e-9, false));
    // It depends on the order of the blocks, which the law of a joint never does: a sweep that ends
    // with z leaves a covariance of the other sign.
    moments.assert_not_law(&law.after(&sweep[0]));
}

/// False alarms: 5 numbers at 5 standard errors for each pair, 1 in 170,000.
#[test]
fn inner_chains_have_the_law_of_the_sweeps_lyapunov_equation() {
    let (steps, e_z, e_w) = (3, 0.3, 0.1);
    for pair in [COMPATIBLE, INCOMPATIBLE] {
        let kernel = |e| Arc::new(Sgld::new(StepSize::Constant(e), 1.0).unwrap());
        let gibbs = Sweeps { data: kernel(e_z), parameters: kernel(e_w), steps };
        let moments = sample(pair, &gibbs, (1, 1), 40);
        let ((a, s2), (b, r2)) = (pair.data, pair.parameters);
        let of_z = (0..steps).map(|_| inner_step(2, 0, &[1], a, e_z / s2, 2.0 * e_z));
        let of_w = (0..steps).map(|_| inner_step(2, 1, &[0], b, e_w / r2, 2.0 * e_w));
        moments.assert_law(&GaussianLaw::stationary(&of_z.chain(of_w).collect::<Vec<_>>()));
        // Three steps are not exact draws, and the test can tell.
        moments.assert_not_law(&GaussianLaw::stationary(&exact_sweep(pair)));
    }
}

/// False alarms: 20 numbers at 5 standard errors, 1 in 87,000.
#[test]
fn every_chain_sees_all_chains_of_the_other_block_and_none_of_its_own() {
    let ((a, s2), (b, r2)) = (INCOMPATIBLE.data, INCOMPATIBLE.parameters);
    let (data, parameters) = ([0, 1, 2], [3, 4]);
    let of_z = data.map(|k| inner_step(5, k, &parameters, a, 1.0, s2));
    let of_w = parameters.map(|c| inner_step(5, c, &data, b, 1.0, r2));
    let law = GaussianLaw::stationary(&of_z.into_iter().chain(of_w).collect::<Vec<_>>());
    sample(INCOMPATIBLE, &exact_draws(INCOMPATIBLE), (3, 2), 25).assert_law(&law);
}
