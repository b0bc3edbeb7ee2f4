//! The pieces of a sweep and of an evaluation, each on one thread.

use bal_baselines::NetworkMode;
use bal_bench::{Problem, Sizes, risk};
use bal_core::{
    Classifier, Energy, Kernel, Member, NoiseKey, NoiseStream, Position, Posterior, Purpose, Replicate, SHARD,
};
use bal_data::Set;
use bal_models::Ensemble;
use bal_samplers::{Sgld, StepSize};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::path::Path;
use tch::{Device, Kind, Tensor};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn problem(batch: i64) -> Problem {
    let weights = root().join("results/fig1/bal-released/posterior.safetensors");
    let sizes = Sizes { batch, ..Sizes::FULL };
    Problem::load(root(), &weights, 1, sizes).expect("the checkout has MNIST, experiments and a posterior")
}

fn noise(purpose: Purpose) -> NoiseStream {
    NoiseStream::new(NoiseKey { seed: 1, purpose, sweep: 0, chain: 0 })
}

/// One step of each kernel, its gradient given.
fn kernels(c: &mut Criterion) {
    let problem = problem(SHARD as i64);
    let mut group = c.benchmark_group("kernel step");
    let images = problem.batch();
    let sgld = Sgld::new(StepSize::Constant(0.026), 1e-5).expect("its settings are in range");
    let mut state = sgld.start(Position::new(vec![images.x.copy()]));
    let gradient = Position::new(vec![images.x.copy()]);
    let mut stream = noise(Purpose::Data).for_images(&images.indices);
    group.throughput(Throughput::Elements(images.x.numel() as u64));
    group.bench_function("SGLD, 64 images", |b| b.iter(|| sgld.step(&mut state, &gradient, &mut stream)));

    let sgadald = problem.bal.parameters.sampler.kernel().expect("its settings are in range");
    let weights = problem.members(1).remove(0).parameters;
    let mut state = sgadald.start(weights.duplicate());
    let mut stream = noise(Purpose::Parameters);
    group.throughput(Throughput::Elements(weights.numel() as u64));
    group.bench_function("SGAdaLD, one network", |b| {
        b.iter(|| sgadald.step(&mut state, &weights, &mut stream));
    });
    group.finish();
}

/// Gradients of both energies, per image, as the shard grows: where the cache ends.
fn energies(c: &mut Criterion) {
    let mut group = c.benchmark_group("energy gradient");
    for size in [16, 32, 64, 128, 256] {
        let problem = problem(size);
        let batch = problem.batch();
        group.throughput(Throughput::Elements(size as u64));
        let data = problem.data_energy(problem.members(1), &batch).expect("the experiment has data chains");
        let at = Position::new(vec![batch.x.copy()]);
        group.bench_function(BenchmarkId::new("data, one network", size), |b| {
            b.iter(|| data.gradient(&at, &mut NoiseStream::silent()));
        });

        let Member { network, parameters, buffers } = problem.members(1).remove(0);
        let mut masks = noise(Purpose::Dropout).for_images(&batch.indices);
        let risk = risk(&network, &problem.workers, &[batch], buffers, NetworkMode::Train);
        let id = BenchmarkId::new("parameters, one network", size);
        group.bench_function(id, |b| b.iter(|| risk.gradient(&parameters, &mut masks)));
    }
    group.finish();
}

/// Random numbers of a step.
fn random(c: &mut Criterion) {
    let mut group = c.benchmark_group("noise");
    let like = Tensor::zeros([SHARD as i64, 784], (Kind::Float, Device::Cpu));
    let indices: Vec<i64> = (0..SHARD as i64).collect();
    let mut stream = noise(Purpose::Data).for_images(&indices);
    group.throughput(Throughput::Elements(like.numel() as u64));
    group.bench_function("normal, 64 images", |b| b.iter(|| stream.normal_like(&like)));
    let like = Tensor::zeros([SHARD as i64, 1568], (Kind::Float, Device::Cpu));
    group.throughput(Throughput::Elements(like.numel() as u64));
    group.bench_function("dropout masks, 64 images", |b| b.iter(|| stream.dropout_mask(&like, 0.5)));
    group.finish();
}

/// What the posterior says of a shard.
fn prediction(c: &mut Criterion) {
    let problem = problem(SHARD as i64);
    let batch = problem.batch();
    let mut group = c.benchmark_group("prediction");
    group.throughput(Throughput::Elements(SHARD as u64));
    for chains in [1, 5] {
        let posterior = Posterior {
            members: problem.members(chains),
            prediction: problem.posterior.prediction,
            ensemble_gradient: problem.posterior.ensemble_gradient,
            mixing: None,
            regime: None,
            precisions: vec![],
            laplace: None,
            class_names: None,
            columns: None,
        };
        let model = Ensemble::new(&posterior, Device::Cpu).expect("the posterior is an ensemble");
        group.bench_function(BenchmarkId::new("networks", chains), |b| {
            b.iter(|| model.logits(&batch.x.replicate()));
        });
    }
    group.finish();
}

/// Reading the data set: unpacking, checking, parsing.
fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("reading");
    group.sample_size(10);
    group.bench_function("MNIST, 70,000 images", |b| {
        b.iter(|| bal_data::load(Set::Mnist, &root().join("datasets")));
    });
    group.finish();
}

criterion_group!(pieces, kernels, energies, random, prediction, reading);
criterion_main!(pieces);
