//! Adversarial training whose attack runs on several networks.

use crate::{
    methods::{adam, fit, weights},
    small::{Linear, images, noise, task},
};
use bal_attacks::{
    Attack, Ball, Evaluated, Fgsm, NoStore, Norm, Protocol, Radii, Transfer, Within, evaluate_with_store,
    predicted_classes,
};
use bal_baselines::{AdversarialTraining, Epochs, Labels, Sources};
use bal_core::{
    Architecture, Classifier, EnsembleGradient, Images, Member, Method, Position, Posterior, TaskNetwork,
    Workers,
};
use bal_models::{Ensemble, Sizes};
use bal_samplers::{Adam, AdamSettings};
use std::{ops::ControlFlow, sync::Arc};
use tch::{Device, Kind, Tensor};

const RADIUS: f64 = 0.1;
const EPOCHS: Epochs = Epochs { epochs: 2, batch_size: 40, last_batch: bal_baselines::LastBatch::Keep };

/// A linear network that nothing was trained for.
fn source(chain: u64) -> Box<dyn Classifier> {
    let network: Arc<dyn Architecture> = Arc::new(Linear);
    Box::new(Ensemble::of_one(Member::init(&network, &mut noise(chain))))
}

fn fgsm() -> Fgsm {
    Fgsm::new(EnsembleGradient::Predictive)
}

fn adversarial(clean_weight: f64) -> AdversarialTraining {
    adversarial_for(EPOCHS, clean_weight)
}

fn adversarial_for(epochs: Epochs, clean_weight: f64) -> AdversarialTraining {
    let attack = Within::new(Ball::new(Norm::LInf, RADIUS).unwrap(), fgsm());
    AdversarialTraining::new(Box::new(attack), adam(), epochs, clean_weight).unwrap()
}

/// Against these networks and the one in training.
pub(crate) fn against(sources: u64, labels: Labels) -> Box<dyn Method> {
    let sources = Sources::new((10..10 + sources).map(source).collect(), true).unwrap();
    Box::new(adversarial(0.5).away_from(labels).on(sources))
}

fn trained_on(method: &dyn Method, images: &Images) -> Posterior {
    let (held_out, workers) = (crate::small::images(6), Workers::new(2).unwrap());
    method.fit(&task(images, &held_out, &workers), &mut |_| ControlFlow::Continue(())).unwrap()
}

/// What an evaluation of `target` shows it when `surrogate` is attacked, `[n, c, h, w]`.
fn transferred(target: &dyn Classifier, surrogate: Box<dyn Classifier>, images: &Images) -> Tensor {
    let attack = Transfer::of(surrogate, Attack::in_balls(Norm::LInf, fgsm()));
    let radii: Radii = RADIUS.to_string().parse().unwrap();
    let protocol = Protocol { attack: &attack, radii: Some(&radii), limit: None, seed: 0 };
    let (workers, store) = (Workers::new(1).unwrap(), NoStore { images: true });
    let Evaluated { x, .. } =
        evaluate_with_store(target, images, &protocol, &workers, &store, &|_| {}).unwrap();
    x.unwrap().get(0)
}

/// Of a network that stays as it is, so that all images can be made beforehand.
#[test]
fn the_images_are_those_that_an_evaluation_with_the_source_as_surrogate_shows() {
    let clean = images(100);
    let one = || Sources::new(vec![source(10)], false).unwrap();
    let x = transferred(&*source(11), source(10), &clean);
    let shown = Images::new(x.copy(), clean.labels(), Device::Cpu).unwrap();
    let erm = AdversarialTraining::erm(adam(), EPOCHS).unwrap();
    let ensemble = adversarial(0.0).on(one());
    assert_eq!(weights(&trained_on(&ensemble, &clean)), weights(&trained_on(&erm, &shown)));

    // Away from what the source predicts: an evaluation on images with those labels.
    let all: Vec<i64> = (0..100).collect();
    let predicted = predicted_classes(&*source(10), &clean.batch(&all).x).unwrap();
    assert_ne!(&predicted, clean.labels());
    let as_predicted = Images::new(clean.batch(&all).x, &predicted, Device::Cpu).unwrap();
    let z = transferred(&*source(11), source(10), &as_predicted);
    assert_ne!(x, z);
    let shown = Images::new(z, clean.labels(), Device::Cpu).unwrap();
    let ensemble = adversarial(0.0).away_from(Labels::Predicted).on(one());
    assert_eq!(weights(&trained_on(&ensemble, &clean)), weights(&trained_on(&erm, &shown)));
}

/// On a network without dropout, in one batch: the loss that is reported, and the first step of Adam, which is its step size along
/// the sign of the gradient.
#[test]
fn the_loss_is_that_of_clean_and_attacked_images_and_the_step_follows_its_gradient() {
    const STEP: f64 = 0.01;
    let network = bal_models::architecture("mlp-5", Some(Sizes { input: [1, 2, 2], classes: 3 })).unwrap();
    let (clean, held_out, workers) = (images(60), images(6), Workers::new(1).unwrap());
    let start = Member::init(&network, &mut noise(3));
    let attack = Within::new(Ball::new(Norm::LInf, RADIUS).unwrap(), fgsm());
    let adam = Adam::new(AdamSettings { step_size: STEP }).unwrap();
    let method = AdversarialTraining::new(Box::new(attack), adam, Epochs::new(1, 60), 0.25)
        .unwrap()
        .on(Sources::new(vec![source(10)], false).unwrap());
    let mut task = task(&clean, &held_out, &workers);
    task.networks = vec![TaskNetwork { start: Some(start.duplicate()), ..TaskNetwork::new(network.clone()) }];
    let mut losses = vec![];
    let moved = method.fit(&task, &mut |progress| {
        losses.push(progress.metrics.loss);
        ControlFlow::Continue(())
    });

    let z = transferred(&*source(10), source(10), &clean);
    let x = clean.batch(&(0..60).collect::<Vec<_>>()).x;
    let leaves: Vec<Tensor> =
        start.parameters.tensors().iter().map(|t| t.copy().set_requires_grad(true)).collect();
    let at = Position::of_leaves(leaves.iter().map(Tensor::shallow_clone).collect());
    let loss = |x: &Tensor| {
        let forward = network.forward(&at, &start.buffers, x, bal_core::Mode::Evaluate);
        forward.logits.cross_entropy_for_logits(clean.labels())
    };
    let total = loss(&x) * 0.25 + loss(&z) * 0.75;
    assert!((losses[0] - total.double_value(&[])).abs() < 1e-5, "{losses:?}");
    let gradients = Tensor::run_backward(&[total], &leaves, false, false);
    let moved = moved.unwrap();
    for ((before, after), gradient) in
        start.parameters.tensors().iter().zip(moved.members[0].parameters.tensors()).zip(gradients)
    {
        let step = (after - before).to_kind(Kind::Double);
        let expected = gradient.sign().to_kind(Kind::Double) * -STEP;
        // Where the gradient is so small that Adam's floor shows, its sign is no matter.
        let clear = gradient.abs().gt(1e-5).to_kind(Kind::Double);
        assert!(((step - expected) * clear).abs().max().double_value(&[]) < 1e-4);
    }
}

/// In 18 batches, so that all networks are drawn.
#[test]
fn which_networks_are_attacked_and_away_from_what_matters() {
    let long = || adversarial_for(Epochs { epochs: 6, ..EPOCHS }, 0.5);
    let fitted = |method: &dyn Method| weights(&fit(method, 1, None, &mut vec![]));
    let of = |sources: Vec<u64>, include_self| {
        let sources = Sources::new(sources.into_iter().map(source).collect(), include_self).unwrap();
        fitted(&long().on(sources))
    };
    let alone = fitted(&long());
    let all =
        [of(vec![10], false), of(vec![11], false), of(vec![10], true), of(vec![10, 11], true), alone.clone()];
    for (i, weights) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|other| other != weights), "{i}");
    }
    assert_ne!(fitted(&long().away_from(Labels::Predicted)), alone);
    assert_eq!(fitted(&long().away_from(Labels::Given)), alone);
}
