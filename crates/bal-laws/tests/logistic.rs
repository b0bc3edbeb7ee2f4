//! A Bayesian logistic regression of two weights, end to end through [`Bal`], against quadrature.
//!
//! ```text
//! p(y = 1 | x, w) = 1 / (1 + e^(-w x)),    w ~ N(0, s^2 I)
//! ```

use bal_baselines::{Bal, BalSettings};
use bal_core::{
    Architecture, Forward, Images, Method, Mode, NoiseGenerator, NoiseStream, Position, Task, TaskNetwork,
    TensorSpec, Workers,
};
use bal_diagnostics::effective_sample_size;
use bal_laws::noise;
use std::{ops::ControlFlow, sync::Arc};
use tch::{Device, Kind, Tensor};

const POINTS: i64 = 40;
/// s.
const PRIOR: f64 = 0.8;

/// Regressions side by side, each with weights of its own: a column of `[2, n]`.
///
/// The logit of a class is the logarithm of its probability in all of them together. A third class, which no image is of, has
/// the logit 0, beside which the others are next to impossible: so the cross-entropy of a class is minus its logit, the sum of
/// the losses of all. Each column has the posterior of one regression.
#[derive(Debug)]
struct Regressions;

const COPIES: i64 = 200;

impl Architecture for Regressions {
    fn name(&self) -> &'static str {
        "regressions"
    }

    fn classes(&self) -> i64 {
        3
    }

    fn input(&self) -> [i64; 3] {
        [1, 1, 2]
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        vec![TensorSpec::new("weight", &[2, COPIES])]
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let start = noise.normal_like(&Tensor::zeros([2, COPIES], (Kind::Float, Device::Cpu)));
        (Position::new(vec![start]), Position::new(vec![]))
    }

    fn forward(&self, parameters: &Position, _: &Position, x: &Tensor, _: Mode) -> Forward {
        let products = x.flatten(1, -1).matmul(parameters.first());
        let second = products.log_sigmoid().sum_dim_intlist(1, false, Kind::Float);
        let first = &second - products.sum_dim_intlist(1, false, Kind::Float);
        let classes = [first, second, Tensor::zeros([x.size()[0]], (Kind::Float, Device::Cpu))];
        Forward { logits: Tensor::stack(&classes, 1), buffers: None }
    }
}

/// Points around 0 and their classes, drawn by the model at weights (1.5, -1).
fn points() -> (Tensor, Tensor) {
    let x = noise(0, 7).normal_like(&Tensor::zeros([POINTS, 2], (Kind::Float, Device::Cpu)));
    let w = Tensor::from_slice(&[1.5f32, -1.0]);
    let y = noise(0, 8).uniform_like(&x.select(1, 0)).lt_tensor(&x.mv(&w).sigmoid());
    (x, y.to_kind(Kind::Int64))
}

/// What quadrature says of the posterior.
struct Posterior {
    mean: [f64; 2],
    mode: [f64; 2],
    variance: [f64; 2],
}

impl Posterior {
    /// Given the points, and normal weights of this precision.
    fn new(precision: f64) -> Self {
        let (x, signs) = doubles();
        let axis = Tensor::linspace(-4.0, 6.0, 401, (Kind::Double, Device::Cpu));
        let (first, second) = (axis.repeat_interleave_self_int(401, 0, None), axis.repeat([401]));
        let w = Tensor::stack(&[first, second], 0);
        let likelihood = (x.matmul(&w) * signs.unsqueeze(1)).log_sigmoid();
        let log = likelihood.sum_dim_intlist(0, false, Kind::Double)
            - w.square().sum_dim_intlist(0, false, Kind::Double) * (precision / 2.0);
        let probabilities = log.softmax(0, Kind::Double);
        let mean = (&w * &probabilities).sum_dim_intlist(1, true, Kind::Double);
        let variance = ((&w - &mean).square() * &probabilities).sum_dim_intlist(1, false, Kind::Double);
        Self {
            mean: pair(&mean),
            mode: pair(&w.select(1, log.argmax(0, false).int64_value(&[]))),
            variance: pair(&variance),
        }
    }
}

fn pair(two: &Tensor) -> [f64; 2] {
    [0, 1].map(|i| two.reshape([-1]).double_value(&[i]))
}

/// The points, and their classes as -1 and 1.
fn doubles() -> (Tensor, Tensor) {
    let (x, y) = points();
    (x.to_kind(Kind::Double), y.to_kind(Kind::Double) * 2.0 - 1.0)
}

/// The largest curvature that the energy has anywhere, the mean over the points: a sigmoid's slope is at most 1/4.
fn curvature() -> f64 {
    let x = doubles().0;
    let (values, _) = (x.tr().matmul(&x) / (4.0 * POINTS as f64)).linalg_eigh("L");
    values.max().double_value(&[]) + 1.0 / (PRIOR * PRIOR * POINTS as f64)
}

/// The variance of a minibatch's gradients, without replacement, at these weights: of the weight where it is largest.
fn noise_of_batches(of: i64, w: [f64; 2]) -> f64 {
    let (x, signs) = doubles();
    let margins = x.mv(&Tensor::from_slice(&w)) * &signs;
    let gradients = &x * ((-margins).sigmoid() * signs).unsqueeze(1);
    gradients.var_dim([0].as_slice(), true, false).max().double_value(&[])
        * (1.0 / of as f64 - 1.0 / POINTS as f64)
}

/// Posterior temperature in units of the mean over the points.
const TEMPERATURE: f64 = 1.0 / POINTS as f64;
/// What steps multiply gradients by, at most: in units of the mean over the points.
const PULL: f64 = 0.45;
const LOST: f64 = 0.3;
/// Steps between draws: two times those in which a chain forgets where it was.
const THINNING: u64 = 40;
/// Draws that are kept, after so many that are not.
const DRAWS: (u64, u64) = (12, 60);

/// How a chain runs, beside its sampler.
#[derive(Clone, Copy, Debug)]
struct Run {
    batch: i64,
    energy: &'static str,
}

const FULL: Run = Run { batch: POINTS, energy: "mean" };
const QUARTERS: Run = Run { batch: POINTS / 4, energy: "mean" };

/// Settings of the adaptive samplers: V follows 100 gradients for 400 steps, and is then frozen.
///
/// `step_size`: e such that `e^2 V^-1/2` is about .4 when V has found the gradients' size.
fn adaptive(step_size: f64, gradient_noise: &str, second_moment: f64) -> String {
    format!(
        "step_size = {step_size}\ngradient_noise = \"{gradient_noise}\"\ntau = 100.0\npreconditioner_floor = 1e-5\n\
         initial_second_moment = {second_moment}\nadaptation_steps = 400\n"
    )
}

fn sgadald(step_size: f64, gradient_noise: &str, second_moment: f64) -> String {
    let adaptive = adaptive(step_size, gradient_noise, second_moment);
    format!(
        "sgadald]\nfriction = \"matched\"\nsecond_moment = \"persist\"\ninjected_noise = \"root\"\n{adaptive}"
    )
}

/// The tables of the samplers, with steps of about .4 given gradients of full batches, or of quarters.
fn samplers(run: Run) -> [String; 4] {
    let adapted = if run.batch == POINTS { 0.15 } else { 0.22 };
    [
        "sgld]\nstep_size = 0.4\n".into(),
        format!("sghmc]\nstep_size = 0.4\nfriction = {LOST}\ngradient_noise = 0.0\n"),
        sgadald(adapted, "none", 0.01),
        format!("sgadahmc]\nfriction = {{ decay = {LOST} }}\n{}", adaptive(adapted, "none", 0.01)),
    ]
}

fn settings(sampler: &str, run: Run) -> BalSettings {
    // A step for each minibatch, as inner steps would share one.
    let steps = if run.batch == POINTS { 10 } else { 1 };
    let every = THINNING / steps;
    let (burn_in, sweeps) = (DRAWS.0 * every, (DRAWS.0 + DRAWS.1) * every);
    let Run { batch, energy } = run;
    let epochs = sweeps / (POINTS / batch) as u64;
    let temperature = if energy == "sum" { 1.0 } else { TEMPERATURE };
    let text = format!(
        r#"
        schedule = {{ epochs = {epochs}, batch_size = {batch} }}
        data_chains = 1
        parameter_chains = 2
        samples = {{ thinned = {{ burn_in = {burn_in}, every = {every} }} }}
        prediction = "mean-probability"
        ensemble_gradient = "predictive"
        mixing = {{ images = 0, every = 1, burn_in = 0 }}
        [parameters]
        steps = {steps}
        mode = "evaluate"
        clean_weight = 0.0
        reduction = "mean"
        energy = "{energy}"
        prior = {{ gaussian = {PRIOR} }}
        [parameters.{sampler}
        temperature = {temperature}
        "#
    );
    toml::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// An estimate and its standard error.
#[derive(Clone, Copy, Debug)]
struct Estimate {
    value: f64,
    error: f64,
}

impl Estimate {
    /// Of a series whose numbers depend on each other: the mean of all chains that see the same minibatches.
    fn of(series: &Tensor) -> Self {
        let series = Vec::<f64>::try_from(series).unwrap();
        let n = series.len() as f64;
        let value = series.iter().sum::<f64>() / n;
        let variance = series.iter().map(|x| (x - value).powi(2)).sum::<f64>() / (n - 1.0);
        Self { value, error: (variance / effective_sample_size(&[series])).sqrt() }
    }
}

/// What a run's draws say of each weight: the mean, in deviations of the posterior from its own, and the variance, over
/// that of the posterior.
fn sampled(sampler: &str, run: Run, posterior: &Posterior) -> [(Estimate, Estimate); 2] {
    let (x, y) = points();
    let images = Images::new(x.reshape([POINTS, 1, 1, 2]), &y, Device::Cpu).unwrap();
    let none = images.subset(&[]);
    let workers = Workers::new(2).unwrap();
    let task = Task {
        networks: vec![TaskNetwork::new(Arc::new(Regressions))],
        images: &images,
        held_out: &none,
        seed: 3,
        generator: NoiseGenerator::ChaCha8,
        workers: &workers,
        resume: None,
    };
    let bal = Bal::new(settings(sampler, run)).unwrap();
    let members = bal.fit(&task, &mut |_| ControlFlow::Continue(())).unwrap().members;
    let draws: Vec<Tensor> = members.iter().map(|m| m.parameters.first().to_kind(Kind::Double)).collect();
    // [draws, chains, weights, copies].
    let draws = Tensor::stack(&draws, 0).reshape([DRAWS.1 as i64, 2, 2, COPIES]);
    [0, 1].map(|i| {
        let (mean, variance) = (posterior.mean[i], posterior.variance[i]);
        let off = (draws.select(2, i as i64) - mean) / variance.sqrt();
        let of = |each: Tensor| Estimate::of(&each.mean_dim([1i64, 2].as_slice(), false, Kind::Double));
        (of(off.copy()), of(off.square()))
    })
}

/// Asserts that a sampler has the posterior, up to the error of its steps.
///
/// With `c = p L`, p what gradients are multiplied by and L the largest curvature, the variance of a Gaussian is at most
/// `1 / (1 - c / 2)` times what it should be, with momentum less. Minibatches add at most what independent ones would,
/// `p s^2 / (2 T)` of it. That is 7 % and 17 %; what the chains have is 1 to 3 %, and 3 to 6 %.
///
/// The mean of a Langevin chain at rest is where its mean gradient is 0, as that of the posterior is. So a variance that is too
/// large moves the mean further from the mode, in proportion: the skewness of the posterior is what moved it in the first place.
///
/// Can tell: without the prior the variance would be 70 % larger and the mean .9 deviations away, 50 and 60 standard errors and
/// more; the temperature and N enter the variance as factors.
///
/// False alarms: 4 numbers at 5 standard errors for each run, 1 in 430,000, or, as standard errors are estimated from 60 draws,
/// 1 in 30,000.
fn assert_posterior(sampler: &str, run: Run) {
    let posterior = Posterior::new(1.0 / PRIOR.powi(2));
    let heated = PULL * noise_of_batches(run.batch, posterior.mode) / (2.0 * TEMPERATURE);
    let most = (1.0 + heated) / (1.0 - PULL * curvature() / 2.0);
    let name = sampler.split(']').next();
    for (i, (mean, ratio)) in sampled(sampler, run, &posterior).into_iter().enumerate() {
        let skewed = (posterior.mean[i] - posterior.mode[i]).abs() / posterior.variance[i].sqrt();
        assert!(mean.value.abs() < 5.0 * mean.error + skewed * (most - 1.0), "{name:?}, {run:?}: {mean:?}");
        let error = 5.0 * ratio.error;
        assert!(ratio.value > 1.0 - error && ratio.value < most + error, "{name:?}, {run:?}: {ratio:?}");
        let flat = Posterior::new(0.0);
        let variance = flat.variance[i] / posterior.variance[i] - ratio.value;
        let deviations = (flat.mean[i] - posterior.mean[i]).abs() / posterior.variance[i].sqrt();
        assert!(
            variance > 10.0 * ratio.error && deviations > 20.0 * mean.error,
            "{ratio:?}, {mean:?} can tell"
        );
    }
}

#[test]
fn every_sampler_has_the_posterior() {
    for sampler in samplers(FULL) {
        assert_posterior(&sampler, FULL);
    }
}

#[test]
fn every_sampler_has_the_posterior_with_minibatches() {
    for sampler in samplers(QUARTERS) {
        assert_posterior(&sampler, QUARTERS);
    }
}

#[test]
fn a_temperature_of_1_is_the_posterior_of_the_sum() {
    // Gradients are N times as large, and V that to the square.
    assert_posterior(&sgadald(0.15, "none", 0.01 * (POINTS as f64).powi(2)), Run { energy: "sum", ..FULL });
}

/// What `corrected` is documented to do: `q = e^4 = p^2 V` is what gradients bring if the noise of a step is independent of the
/// last one's. That of minibatches which go through all images in turn adds up to 0 in an epoch, four steps here, of the 20
/// that a chain needs to forget: hardly any of it heats the chain, and all of it is left out. The variance lacks up to
/// `q / (2 T p) = p V / (2 T)` of itself, about 11 %.
///
/// With full batches V is the square of the gradient alone, and what is left out is just the excess that the step causes.
///
/// Can tell: what minibatches have is 8 to 10 standard errors below 1.
///
/// False alarms: 2 numbers at 5 standard errors, 1 in 870,000, or 1 in 60,000 as above.
#[test]
fn corrected_noise_is_too_cold_with_minibatches_of_epochs_and_not_with_full_batches() {
    let posterior = Posterior::new(1.0 / PRIOR.powi(2));
    let ratios = |run, step_size| {
        sampled(&sgadald(step_size, "corrected", 0.01), run, &posterior).map(|(_, ratio)| ratio)
    };
    for ratio in ratios(FULL, 0.15) {
        assert!((ratio.value - 1.0).abs() < 5.0 * ratio.error, "{ratio:?}");
    }
    for ratio in ratios(QUARTERS, 0.22) {
        assert!(ratio.value < 1.0 - 5.0 * ratio.error && ratio.value > 0.8, "{ratio:?}");
    }
}
