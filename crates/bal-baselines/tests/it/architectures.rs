//! Networks of several architectures in one posterior.

use crate::small::noise;
use bal_attacks::{Ascent, Ball, BallAttack, LossName, Norm, Pgd, StepSize, loss};
use bal_core::{
    Architecture, Batch, Classifier, EnsembleGradient, Member, Posterior, Prediction, Replicate, Targets,
    Workers,
};
use bal_models::{Cnn, Ensemble, Sizes, Stn};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

const SIZES: Sizes = Sizes { input: [1, 16, 16], classes: 3 };

/// A convolutional network, and one with a spatial transformer.
fn members() -> [Member; 2] {
    let networks: [Arc<dyn Architecture>; 2] =
        [Arc::new(Cnn::new(SIZES).unwrap()), Arc::new(Stn::new(SIZES).unwrap())];
    networks.map(|network| Member::init(&network, &mut noise(4)))
}

fn ensemble(members: Vec<Member>) -> Ensemble {
    let posterior = Posterior {
        members,
        prediction: Prediction::MeanProbability,
        ensemble_gradient: EnsembleGradient::Predictive,
        mixing: None,
        regime: None,
        precisions: vec![],
        laplace: None,
        class_names: None,
        columns: None,
    };
    Ensemble::new(&posterior, Device::Cpu).unwrap()
}

fn images() -> Tensor {
    noise(5).uniform_like(&crate::small::zeros(&[4, 1, 16, 16]))
}

#[test]
fn the_predictive_is_the_mean_of_both_architectures_also_on_other_threads() {
    let x = images();
    let both = ensemble(members().into());
    let alone = members().map(|member| ensemble(vec![member]).logits(&x).unwrap().exp());
    assert!(!alone[0].allclose(&alone[1], 1e-3, 1e-3, false));
    let mean = (&alone[0] + &alone[1]) / 2.0;
    assert!(both.logits(&x).unwrap().exp().allclose(&mean, 1e-6, 1e-6, false));

    let tasks = (0..3).map(|_| (both.replicate(), x.replicate())).collect();
    let there = Workers::new(2).unwrap().map(tasks, |(model, x): (Box<dyn Classifier>, Tensor)| {
        let _guard = tch::no_grad_guard();
        model.logits(&x).unwrap()
    });
    assert!(there.iter().all(|logits| *logits == both.logits(&x).unwrap()));
}

#[test]
fn an_attack_raises_the_loss_of_both_architectures_together() {
    let model = ensemble(members().into());
    let x = images();
    let targets = Targets::Classes(model.logits(&x).unwrap().argmax(-1, false));
    let batch = Batch { x, targets, indices: (0..4).collect() };
    let ascent = Ascent {
        steps: 10,
        step_size: StepSize::RadiusOver(4.0),
        loss: LossName::CrossEntropy,
        ensemble_gradient: EnsembleGradient::Predictive,
    };
    let ball = Ball::new(Norm::LInf, 0.1).unwrap();
    let changed = Pgd::new(ascent, 1).unwrap().perturb(&model, &batch, ball, &noise(6)).unwrap();
    assert!((&changed - &batch.x).abs().max().double_value(&[]) <= 0.1 + 1e-6);
    let loss = |x: &Tensor| loss(&model, x, batch.classes().unwrap(), EnsembleGradient::Predictive).unwrap();
    let (before, after) = (loss(&batch.x), loss(&changed));
    assert!((after - before).min().to_kind(Kind::Double).double_value(&[]) > 0.0);
}
