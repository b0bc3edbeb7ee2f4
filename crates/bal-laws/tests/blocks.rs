//! The joint law of several data chains, several parameter chains and several shards, through [`Bal`].
//!
//! A loss that is linear in images and in weights,
//!
//! ```text
//! l(z, w) = c + w z
//! ```
//!
//! and quadratic costs and priors make every conditional Gaussian, so a sweep is a linear recursion of all chains of all images.

use bal_baselines::{Bal, BalSettings};
use bal_core::{
    Architecture, Forward, Images, Method, Mode, NoiseGenerator, NoiseStream, Position, Progress, Task,
    TaskNetwork, TensorSpec, Workers,
};
use bal_laws::{GaussianLaw, LinearStep, Moments, column, diagonal};
use std::{ops::ControlFlow, sync::Arc};
use tch::{Device, Kind, Tensor};

/// Games side by side: each has one weight, and one pixel of each image.
const COPIES: i64 = 4_000;
/// Images in groups that are alike, and how bright they are. Of all 84, 64 make the first shard: others in each sweep, as epochs
/// shuffle.
const GROUPS: [(usize, f64); 3] = [(1, 1.0), (63, 1.0), (20, 5.0)];
const DATA_CHAINS: usize = 3;
const PARAMETER_CHAINS: usize = 2;
const SWEEPS: u64 = 30;
const DATA_STEPS: u64 = 2;
const PARAMETER_STEPS: u64 = 3;
const CLEAN_WEIGHT: f64 = 0.25;

/// A network with a cross-entropy that is linear: of the two logits 0 and f, the class of the first has the cross-entropy
/// `log(1 + e^f)`, which is f where f is large, to the last bit of its gradient.
#[derive(Debug)]
struct Products;

impl Architecture for Products {
    fn name(&self) -> &'static str {
        "products"
    }

    fn classes(&self) -> i64 {
        2
    }

    fn input(&self) -> [i64; 3] {
        [1, 1, COPIES]
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        vec![TensorSpec::new("weight", &[COPIES])]
    }

    fn init(&self, _: &mut NoiseStream) -> (Position, Position) {
        (Position::new(vec![Tensor::zeros([COPIES], (Kind::Float, Device::Cpu))]), Position::new(vec![]))
    }

    fn forward(&self, parameters: &Position, _: &Position, x: &Tensor, _: Mode) -> Forward {
        // More than the products ever add up to.
        let f = x.flatten(1, -1).mv(parameters.first()) + 1e6;
        Forward { logits: Tensor::stack(&[f.zeros_like(), f], 1), buffers: None }
    }
}

/// What of the game is varied.
#[derive(Clone, Copy, Debug)]
struct Game {
    reduction: &'static str,
    loss_scale: &'static str,
    sharing: &'static str,
    /// alpha, e and T of the data.
    data: (f64, f64, f64),
    /// s, e and T of the weights.
    parameters: (f64, f64, f64),
}

const SHARED: Game = Game {
    reduction: "mean",
    loss_scale: "per_image",
    sharing: "shared",
    data: (0.8, 0.15, 80.0),
    parameters: (0.125, 0.5, 0.1),
};

fn images() -> usize {
    GROUPS.iter().map(|(count, _)| count).sum()
}

impl Game {
    /// Whether each parameter chain has data chains to itself.
    fn plays_apart(&self) -> bool {
        self.sharing == "per_chain"
    }

    /// Data chains of an image.
    fn chains(&self) -> usize {
        DATA_CHAINS * if self.plays_apart() { PARAMETER_CHAINS } else { 1 }
    }

    /// The parameter chains that data chain number `chain` meets.
    fn met_by(&self, chain: usize) -> Vec<usize> {
        if self.plays_apart() { vec![chain / DATA_CHAINS] } else { (0..PARAMETER_CHAINS).collect() }
    }

    /// The moments of the weights and, chain by chain, of the mean of each group of images, after all sweeps.
    fn moments(&self) -> Moments {
        let pixels: Vec<Tensor> = GROUPS
            .iter()
            .map(|&(count, x)| Tensor::full([count as i64, 1, 1, COPIES], x, (Kind::Float, Device::Cpu)))
            .collect();
        let classes = Tensor::zeros([images() as i64], (Kind::Int64, Device::Cpu));
        let images = Images::new(Tensor::cat(&pixels, 0), &classes, Device::Cpu).unwrap();
        let (none, workers) = (images.subset(&[]), Workers::new(2).unwrap());
        let task = Task {
            networks: vec![TaskNetwork::new(Arc::new(Products))],
            images: &images,
            held_out: &none,
            seed: 11,
            generator: NoiseGenerator::ChaCha8,
            workers: &workers,
            resume: None,
        };
        let mut last = None;
        let mut keep = |progress: &Progress| {
            last = (progress.sweep == progress.sweeps).then(|| (progress.checkpoint)());
            ControlFlow::Continue(())
        };
        Bal::new(self.settings()).unwrap().fit(&task, &mut keep).unwrap();
        let checkpoint = last.unwrap();
        let (name, data) = &checkpoint.extras[0];
        assert_eq!(name, "data");
        let mut rows: Vec<Tensor> =
            checkpoint.chains.iter().map(|chain| chain.state.position.first().copy()).collect();
        for chain in 0..self.chains() {
            let mut first = 0;
            for (count, _) in GROUPS {
                let group = data.get(chain as i64).narrow(0, first, count as i64);
                rows.push(group.mean_dim(0, false, Kind::Double).reshape([-1]));
                first += count as i64;
            }
        }
        let rows: Vec<Tensor> = rows.iter().map(|row| row.to_kind(Kind::Double)).collect();
        Moments::of(&Tensor::stack(&rows, 0))
    }

    fn settings(&self) -> BalSettings {
        let Self { reduction, loss_scale, sharing, .. } = self;
        let ((cost_weight, e, t), (prior, step_size, temperature)) = (self.data, self.parameters);
        let batch = images();
        let text = format!(
            r#"
            schedule = {{ epochs = {SWEEPS}, batch_size = {batch} }}
            data_chains = {DATA_CHAINS}
            parameter_chains = {PARAMETER_CHAINS}
            samples = "last"
            prediction = "mean-probability"
            ensemble_gradient = "predictive"
            mixing = {{ images = 0, every = 1, burn_in = 0 }}
            [data]
            steps = {DATA_STEPS}
            loss_scale = "{loss_scale}"
            step_size = {e}
            cost_weight = {cost_weight}
            temperature = {t}
            start = "persistent"
            sharing = "{sharing}"
            [parameters]
            steps = {PARAMETER_STEPS}
            mode = "evaluate"
            clean_weight = {CLEAN_WEIGHT}
            reduction = "{reduction}"
            prior = {{ gaussian = {prior} }}
            [parameters.sgld]
            step_size = {step_size}
            temperature = {temperature}
            "#
        );
        toml::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The law that a sweep leaves as it is, of the weights and of the mean of each group in each data chain. With unit u, 1 or the
    /// images times their data chains, and S the parameter chains that a data chain meets,
    ///
    /// ```text
    /// z <- z + e / u sum_s w_s - 2 alpha e S (z - x) + N(0, 2 e T)
    /// w <- w - e [ A sum_k mean_i z_ik + B mean_i x_i + w / (s^2 N) ] + N(0, 2 e T)
    /// ```
    ///
    /// where `A = (1 - b) / S_z`, `B = b` for a mean over chains and `A = 1 - b`, `B = b S_z` for a sum, b the share of the clean
    /// loss. `seen`: how often the weights see a data chain's group, which is once.
    fn law(&self, seen: impl Fn(usize, usize) -> f64) -> GaussianLaw {
        let place = |chain, group| PARAMETER_CHAINS + chain * GROUPS.len() + group;
        let size = place(self.chains(), 0);
        let (all, data_chains) = (images() as f64, DATA_CHAINS as f64);
        let mut of_data = Recursion::still(size);
        let (alpha, e, t) = self.data;
        let unit = if self.loss_scale == "batch_mean" { all * data_chains } else { 1.0 };
        for chain in 0..self.chains() {
            let met = self.met_by(chain);
            let pull = 2.0 * alpha * e * met.len() as f64;
            for (group, (count, x)) in GROUPS.into_iter().enumerate() {
                let row = place(chain, group);
                for &w in &met {
                    of_data.matrix[row * size + w] += e / unit;
                }
                of_data.matrix[row * size + row] -= pull;
                of_data.shift[row] += pull * x;
                of_data.noise[row] = 2.0 * e * t / count as f64;
            }
        }
        let mut of_parameters = Recursion::still(size);
        let (s, e, t) = self.parameters;
        let times = if self.reduction == "sum" { data_chains } else { 1.0 };
        for w in 0..PARAMETER_CHAINS {
            of_parameters.matrix[w * size + w] -= e / (s * s * all);
            of_parameters.noise[w] = 2.0 * e * t;
            for (group, (count, x)) in GROUPS.into_iter().enumerate() {
                let share = times * count as f64 / all;
                of_parameters.shift[w] -= e * CLEAN_WEIGHT * share * x;
                for chain in (0..self.chains()).filter(|&chain| self.met_by(chain).contains(&w)) {
                    let pull = e * (1.0 - CLEAN_WEIGHT) * share / data_chains * seen(chain, group);
                    of_parameters.matrix[w * size + place(chain, group)] -= pull;
                }
            }
        }
        let data = (0..DATA_STEPS).map(|_| of_data.step());
        let sweep: Vec<LinearStep> = data.chain((0..PARAMETER_STEPS).map(|_| of_parameters.step())).collect();
        GaussianLaw::stationary(&sweep)
    }
}

/// A linear step in the making.
struct Recursion {
    /// Row by row.
    matrix: Vec<f64>,
    shift: Vec<f64>,
    /// Variances.
    noise: Vec<f64>,
}

impl Recursion {
    /// All stay where they are.
    fn still(size: usize) -> Self {
        let matrix = (0..size * size).map(|i| f64::from(u8::from(i % (size + 1) == 0))).collect();
        Self { matrix, shift: vec![0.0; size], noise: vec![0.0; size] }
    }

    fn step(&self) -> LinearStep {
        let size = self.shift.len() as i64;
        LinearStep {
            matrix: Tensor::from_slice(&self.matrix).reshape([size, size]),
            shift: column(&self.shift),
            noise: diagonal(&self.noise),
        }
    }
}

/// Asserts that the chains of a game have its law.
///
/// Can tell: weights that see the images of the first shard only; that see the first data chain only, thrice; and the
/// other reduction. They are 22 to 350 standard errors away.
fn assert_law(game: &Game) -> Moments {
    let moments = game.moments();
    moments.assert_law(&game.law(|_, _| 1.0));
    moments.assert_not_law(&game.law(|_, _| 64.0 / 84.0));
    let first = |chain, _| if chain % DATA_CHAINS == 0 { 3.0 } else { 0.0 };
    moments.assert_not_law(&game.law(first));
    let reduction = if game.reduction == "sum" { "mean" } else { "sum" };
    moments.assert_not_law(&Game { reduction, ..*game }.law(|_, _| 1.0));
    moments
}

/// False alarms: 77 numbers at 5 standard errors, 1 in 22,000.
#[test]
fn three_data_chains_and_two_parameter_chains_have_their_joint_law() {
    assert_law(&SHARED);
}

/// False alarms: 77 numbers at 5 standard errors, 1 in 22,000.
#[test]
fn a_sum_over_data_chains_pulls_as_many_times_as_there_are_chains() {
    assert_law(&Game { reduction: "sum", data: (2.0, 0.06, 60.0), ..SHARED });
}

/// False alarms: 77 numbers at 5 standard errors, 1 in 22,000.
#[test]
fn energies_of_a_mean_over_the_batch_count_its_images_and_their_data_chains() {
    let game = Game { loss_scale: "batch_mean", data: (0.016, 7.5, 2.5), ..SHARED };
    let moments = assert_law(&game);
    // If data chains did not count, losses would pull three times as strongly.
    let (alpha, e, t) = game.data;
    let stronger = Game { data: (alpha / 3.0, 3.0 * e, t / 3.0), ..game };
    assert!(moments.distance(&stronger.law(|_, _| 1.0)) > 15.0);
}

/// False alarms: 230 numbers at 5 standard errors, 1 in 7,500.
#[test]
fn games_played_apart_do_not_meet() {
    let game = Game { sharing: "per_chain", data: (1.6, 0.15, 80.0), ..SHARED };
    assert_law(&game);
    let between = game.law(|_, _| 1.0).covariance.double_value(&[0, 1]);
    assert!(between.abs() < 1e-12, "{between}");
}
