//! The hand-written gradients are those of the energies.

use crate::small::{Linear, images, noise};
use bal_attacks::Norm;
use bal_baselines::{
    Boundary, ChainStart, CrossEntropy, DataEnergy, NetworkMode, Pixels, Prior, PriorEnergy, Risk, Support,
    SupportSettings, Term,
};
use bal_core::{
    Architecture, Batch, Energy, Evaluation, Generator, Kernel, Member, NoiseStream, Position, Replicate,
    Targets, Workers,
};
use bal_models::{Sizes, Stn};
use bal_samplers::{Sgld, StepSize};
use std::sync::Arc;
use tch::{Kind, Tensor};

/// An energy without its own gradient, so that automatic differentiation has to give it.
struct Automatic<E>(E);

impl<E: Energy> Energy for Automatic<E> {
    fn energy(&self, at: &Position, noise: &mut NoiseStream) -> Tensor {
        self.0.energy(at, noise)
    }
}

fn assert_same_gradient(energy: impl Energy, at: &Position) {
    let masks = || noise(1).for_images(&[0, 1, 2, 3, 4, 5]);
    let fast = energy.gradient(at, &mut masks());
    let slow = Automatic(energy).gradient(at, &mut masks());
    assert!((fast.energy - slow.energy).abs() < 1e-5 * slow.energy.abs().max(1.0));
    for (fast, slow) in fast.gradient.tensors().iter().zip(slow.gradient.tensors()) {
        assert!(fast.allclose(slow, 1e-5, 1e-6, false), "{fast:?} {slow:?}");
    }
}

fn member(chain: u64) -> Member {
    Member::init(&(Arc::new(Linear) as Arc<dyn Architecture>), &mut noise(chain))
}

/// Images that are brighter or darker as a whole: a generator with the gradients that automatic differentiation gives.
#[derive(Debug)]
struct Brightness;

impl Generator for Brightness {
    fn start(&self, clean: &Batch, _: &mut NoiseStream) -> Position {
        Position::new(vec![crate::small::zeros(&[clean.len() as i64, 1, 1, 1])])
    }

    fn images(&self, at: &Position, clean: &Batch) -> Tensor {
        &clean.x * at.first().exp()
    }

    fn cost(&self, at: &Position, _: &Batch) -> Tensor {
        at.first().square().flatten(1, -1).sum_dim_intlist(1, false, Kind::Float)
    }

    fn curvature(&self) -> Option<f64> {
        Some(2.0)
    }
}

fn data_energy(generator: Arc<dyn Generator>, chains: std::ops::Range<u64>, images: i64) -> DataEnergy {
    DataEnergy {
        members: chains.map(member).collect(),
        generator,
        objective: Arc::new(CrossEntropy),
        clean: crate::small::images(images).batch(&(0..images).collect::<Vec<_>>()),
        cost_weight: 0.3,
    }
}

#[test]
fn the_data_energys_gradient_is_that_of_its_energy_whatever_the_generator() {
    let generators: [Arc<dyn Generator>; 2] = [Arc::new(Pixels::default()), Arc::new(Brightness)];
    for generator in generators {
        let energy = data_energy(generator.clone(), 10..13, 5);
        let start = generator.start(&energy.clean, &mut NoiseStream::silent());
        assert_eq!(generator.images(&start, &energy.clean), energy.clean.x);
        let at = start.first() + noise(7).normal_like(start.first()) * 0.1;
        assert_same_gradient(energy, &Position::new(vec![at]));
    }
}

/// At the clean image the cost is flat, so the first Langevin step raises the loss of every member;
/// far out the cost pulls back: eq. 6, not the sign that eq. 8 prints.
#[test]
fn the_data_energy_falls_with_the_loss_and_rises_with_the_cost() {
    let mut silence = NoiseStream::silent();
    let mut energy = data_energy(Arc::new(Pixels::default()), 10..11, 1);
    let x = energy.clean.x.shallow_clone();
    let mut at = |z: Tensor, cost_weight: f64| {
        energy.cost_weight = cost_weight;
        energy.energy(&Position::new(vec![z]), &mut silence).double_value(&[0])
    };
    let far = || &x + 3.0;
    assert!((at(far(), 2.0) - at(far(), 1.0) - 4.0 * 9.0).abs() < 1e-3);
    let clean = data_energy(Arc::new(Pixels::default()), 10..11, 1);
    let slope = clean.gradient(&Position::new(vec![x.shallow_clone()]), &mut NoiseStream::silent()).gradient;
    assert!(at(&x + slope.first() * -0.01, 0.0) < at(x.shallow_clone(), 0.0));
}

#[test]
fn the_risks_gradient_is_that_of_its_energy_however_the_batch_is_cut() {
    let workers = Workers::new(2).unwrap();
    let batch = images(6).batch(&[0, 1, 2, 3, 4, 5]);
    let risk = |size: usize, mode| Risk {
        architecture: Arc::new(Linear),
        objective: Arc::new(CrossEntropy),
        workers: &workers,
        shards: batch.shards(size).into_iter().map(|b| vec![Term::clean(b, 1.0 / 6.0)]).collect(),
        mode,
        buffers: Position::new(vec![]),
        passes: vec![],
        prior: PriorEnergy::new(Prior::Gaussian(1.0), 4),
    };
    let at = member(11).parameters;
    for size in [6, 4, 2, 1] {
        for mode in [NetworkMode::Evaluate, NetworkMode::Train] {
            assert_same_gradient(risk(size, mode), &at);
        }
    }
    let squares = at.tensors().iter().map(|w| w.square().sum(Kind::Double).double_value(&[])).sum::<f64>();
    let evaluation = risk(6, NetworkMode::Evaluate).gradient(&at, &mut NoiseStream::silent());
    assert!((evaluation.energy - evaluation.aux.loss.unwrap() - 0.125 * squares).abs() < 1e-5);
}

#[test]
fn batches_that_may_not_be_cut_move_their_statistics_as_if_one_came_after_another() {
    let network = Stn::new(Sizes { input: [1, 16, 16], classes: 3 }).unwrap();
    let (at, start) = network.init(&mut noise(0));
    let workers = Workers::new(2).unwrap();
    let batch = |shard: usize| {
        let x =
            noise(shard as u64).uniform_like(&crate::small::zeros(&[6, 1, 16, 16])) * (1.0 + shard as f64);
        let y = Tensor::from_slice(&[0i64, 1, 2, 0, 1, 2]);
        Term::clean(
            Batch { x, targets: Targets::Classes(y), indices: (0..6).collect() },
            0.1 * (1.0 + shard as f64),
        )
    };
    let masks = |shard: u64| noise(10 + shard).for_images(&[0, 1, 2, 3, 4, 5]);
    // Energy and gradient of some of the batches, and what becomes of the statistics.
    let differentiated = |shards: &[usize], passes: &[usize], from: Position| {
        let mut risk = Risk {
            architecture: Arc::new(network),
            objective: Arc::new(CrossEntropy),
            workers: &workers,
            shards: shards.iter().map(|&shard| vec![batch(shard)]).collect(),
            mode: NetworkMode::Train,
            buffers: from,
            passes: passes.to_vec(),
            prior: PriorEnergy::none(),
        };
        let mut noise = NoiseStream::silent();
        noise.join(shards.iter().map(|&shard| masks(shard as u64)));
        let evaluation: Evaluation = risk.gradient(&at, &mut noise);
        risk.carry(&evaluation.aux);
        (evaluation, risk.buffers.replicate())
    };
    // The last is counted after each of the others.
    let (together, moved_together) = differentiated(&[0, 1, 2], &[0, 2, 1, 2], start.duplicate());
    let (mut energy, mut gradient, mut moved) = (0.0, at.full_like(0.0), start);
    for (pass, shard) in [0, 2, 1, 2].into_iter().enumerate() {
        let (alone, after) = differentiated(&[shard], &[0], moved);
        if pass != 1 {
            energy += alone.energy;
            gradient.accumulate(&alone.gradient);
        }
        moved = after;
    }
    assert!((together.energy - energy).abs() < 1e-9);
    let pairs = |a: &Position, b: &Position| {
        a.tensors().iter().zip(b.tensors()).all(|(a, b)| a.allclose(b, 1e-5, 1e-6, false))
    };
    assert!(pairs(&together.gradient, &gradient));
    assert!(pairs(&moved_together, &moved));
}

/// The inner loop of adversarial training, with the gradient for its sign.
#[test]
fn at_temperature_zero_a_projecting_chain_is_projected_gradient_ascent() {
    let settings = SupportSettings {
        norm: Norm::LInf,
        radius: 0.05,
        unit_box: true,
        boundary: Boundary::Project,
        ramp: None,
    };
    let pixels = Pixels { support: Some(Support::new(settings).unwrap()), start: ChainStart::Clean };
    let energy = DataEnergy { cost_weight: 0.0, ..data_energy(Arc::new(pixels), 10..12, 3) };
    let (step_size, steps) = (0.02, 4);
    let kernel = Sgld::new(StepSize::Constant(step_size), 0.0).unwrap();
    let mut state = kernel.start(energy.generator.start(&energy.clean, &mut NoiseStream::silent()));
    let (x, mut z) = (energy.clean.x.copy(), energy.clean.x.copy());
    for _ in 0..steps {
        let gradient = energy.gradient(&state.position, &mut NoiseStream::silent()).gradient;
        let before = state.position.duplicate();
        kernel.step(&mut state, &gradient, &mut NoiseStream::silent()).unwrap();
        energy.confine(&before, &mut state.position);
        let ascent = gradient.first() * -step_size;
        z = (z + ascent).maximum(&(&x - 0.05)).minimum(&(&x + 0.05)).clamp(0.0, 1.0);
        assert_eq!(state.position.first(), &z);
    }
    assert!((z - x).abs().max().double_value(&[]) > 0.0);
}
