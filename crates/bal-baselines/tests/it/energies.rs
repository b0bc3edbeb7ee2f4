//! The hand-written gradients are those of the energies.

use crate::small::{Linear, images, noise};
use bal_baselines::{DataEnergy, Loss, Risk, Term};
use bal_core::{Architecture, Energy, Member, Position, Shared, Workers};
use bal_models::{Sizes, Stn};
use std::{cell::RefCell, sync::Arc};
use tch::{Kind, Tensor};

/// An energy without its own gradient, so that automatic differentiation has to give it.
struct Automatic<E>(E);

impl<E: Energy> Energy for Automatic<E> {
    fn energy(&self, at: &Position) -> Tensor {
        self.0.energy(at)
    }
}

fn assert_same_gradient(energy: impl Energy, at: &Position) {
    let fast = energy.gradient(at);
    let slow = Automatic(energy).gradient(at);
    assert!((fast.energy - slow.energy).abs() < 1e-5 * slow.energy.abs().max(1.0));
    for (fast, slow) in fast.gradient.tensors().iter().zip(slow.gradient.tensors()) {
        assert!(fast.allclose(slow, 1e-5, 1e-6, false), "{fast:?} {slow:?}");
    }
}

fn member(chain: u64) -> Member {
    let (parameters, buffers) = Linear.init(&mut noise(chain));
    Member { parameters, buffers }
}

#[test]
fn the_data_energys_gradient_is_that_of_its_energy() {
    let batch = images(5).batch(&[0, 1, 2, 3, 4]);
    let z = &batch.x + noise(7).normal_like(&batch.x) * 0.1;
    let energy = DataEnergy {
        architecture: Arc::new(Linear),
        members: (10..13).map(member).collect(),
        x: batch.x,
        y: batch.y,
        cost_weight: 0.3,
    };
    assert_same_gradient(energy, &Position::new(vec![z]));
}

/// At the clean image the cost is flat, so the first Langevin step raises the loss of every member;
/// far out the cost pulls back: eq. 6, not the sign that eq. 8 prints.
#[test]
fn the_data_energy_falls_with_the_loss_and_rises_with_the_cost() {
    let batch = images(1).batch(&[0]);
    let energy = |z: Tensor, cost_weight: f64| {
        let (x, y) = (batch.x.shallow_clone(), batch.y.shallow_clone());
        let energy =
            DataEnergy { architecture: Arc::new(Linear), members: vec![member(10)], x, y, cost_weight };
        energy.energy(&Position::new(vec![z])).double_value(&[0])
    };
    let far = || &batch.x + 3.0;
    assert!((energy(far(), 2.0) - energy(far(), 1.0) - 4.0 * 9.0).abs() < 1e-3);
    let clean = DataEnergy {
        architecture: Arc::new(Linear),
        members: vec![member(10)],
        x: batch.x.shallow_clone(),
        y: batch.y.shallow_clone(),
        cost_weight: 1.0,
    };
    let downhill = clean.gradient(&Position::new(vec![batch.x.shallow_clone()])).gradient.first() * -0.01;
    assert!(energy(&batch.x + downhill, 0.0) < energy(batch.x.shallow_clone(), 0.0));
}

#[test]
fn the_risks_gradient_is_that_of_its_energy_however_the_batch_is_cut() {
    let workers = Workers::new(2).unwrap();
    let batch = images(6).batch(&[0, 1, 2, 3, 4, 5]);
    let buffers = Shared::new(Position::new(vec![]));
    let last_loss = Shared::new(Loss::default());
    let risk = |size: usize| Risk {
        architecture: Arc::new(Linear),
        workers: &workers,
        terms: (batch.shards(size).into_iter().enumerate())
            .map(|(shard, b)| Term { x: b.x, y: b.y, weight: 1.0 / 6.0, shard })
            .collect(),
        masks: RefCell::new(None),
        buffers: &buffers,
        passes: vec![],
        prior_precision: 0.25,
        last_loss: &last_loss,
    };
    let at = member(11).parameters;
    for size in [6, 4, 2, 1] {
        assert_same_gradient(risk(size), &at);
    }
    let squares = at.tensors().iter().map(|w| w.square().sum(Kind::Double).double_value(&[])).sum::<f64>();
    let energy = risk(6).gradient(&at).energy;
    assert!((energy - last_loss.replica().0 - 0.125 * squares).abs() < 1e-5);
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
        Term { x, y, weight: 0.1 * (1.0 + shard as f64), shard }
    };
    let masks = |shard: u64| noise(10 + shard).for_images(&[0, 1, 2, 3, 4, 5]);
    // Energy and gradient of some of the batches, and what becomes of the statistics.
    let differentiated = |shards: &[usize], passes: &[usize], from: Position| {
        let buffers = Shared::new(from);
        let risk = Risk {
            architecture: Arc::new(network),
            workers: &workers,
            terms: shards.iter().enumerate().map(|(i, &s)| Term { shard: i, ..batch(s) }).collect(),
            masks: RefCell::new(Some(shards.iter().map(|&s| masks(s as u64)).collect())),
            buffers: &buffers,
            passes: passes.to_vec(),
            prior_precision: 0.0,
            last_loss: &Shared::new(Loss::default()),
        };
        let evaluation = risk.gradient(&at);
        drop(risk);
        (evaluation, buffers.replica())
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
