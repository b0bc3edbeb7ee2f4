//! What holds for every attack that seeks the nearest error.

use super::quick;
use crate::tests::{Bumpy, LinearProblem, linear, noise, shades};
use crate::{Fab, FabSettings, NearestAttack, Norm, predicted_classes};
use bal_core::{Batch, Classifier, NoiseKey, NoiseStream, Prediction, Purpose};
use tch::{Kind, Tensor};

/// Three classes, two members, no symmetry.
fn model() -> crate::tests::Linear {
    let weights = [
        [
            [0.4, -1.2, 0.3, 0.8, -0.5, 0.1],
            [1.1, 0.2, -0.7, 0.3, 0.6, -0.9],
            [-0.2, 0.5, 1.4, -1.0, 0.2, 0.7],
        ],
        [
            [-0.9, 0.3, 0.5, 1.2, 0.4, -0.6],
            [0.2, -0.8, 0.9, -0.1, 1.3, 0.5],
            [0.7, 1.0, -0.4, 0.6, -1.1, 0.2],
        ],
    ];
    linear(&weights, &[[0.3, -0.1, 0.0], [0.2, -0.2, 0.1]], Prediction::MeanProbability)
}

fn perturb(attack: &dyn NearestAttack, model: &dyn Classifier, batch: &Batch) -> Tensor {
    attack.search(model, batch, &noise()).unwrap()
}

/// Images and labels of which the model has some right and some wrong.
fn mixed(model: &dyn Classifier, n: i64) -> (Batch, Tensor) {
    let batch = shades(n);
    let right = predicted_classes(model, &batch.x).unwrap().eq_tensor(batch.classes().unwrap());
    let count = right.sum(Kind::Int64).int64_value(&[]);
    assert!(count > 0 && count < n, "{count} of {n} right shows nothing");
    (batch, right)
}

#[test]
fn results_are_images_shaped_as_they_came_and_without_a_graph() {
    let mut batch = shades(12);
    // Some pixels at the border of the box.
    batch.x = ((&batch.x - 0.5) * 5.0 + 0.5).clamp(0.0, 1.0);
    for attack in quick() {
        for model in [&model() as &dyn Classifier, &Bumpy] {
            let x = perturb(&*attack, model, &batch);
            assert_eq!((x.size(), x.kind()), (batch.x.size(), Kind::Float));
            assert!(!x.requires_grad(), "{attack:?}");
            assert!(x.min().double_value(&[]) >= 0.0 && x.max().double_value(&[]) <= 1.0, "{attack:?}");
            let wrong = predicted_classes(model, &x).unwrap().ne_tensor(batch.classes().unwrap());
            let unmoved = (&x - &batch.x).abs().amax([1i64, 2, 3], false).eq(0.0);
            assert!(wrong.logical_or(&unmoved).all().int64_value(&[]) != 0, "{attack:?}: right, but moved");
        }
    }
}

#[test]
fn images_that_are_wrong_already_come_back_as_they_are_and_others_become_wrong() {
    for model in [&model() as &dyn Classifier, &LinearProblem::new().model] {
        let (batch, right) = mixed(model, 12);
        for attack in quick() {
            let x = perturb(&*attack, model, &batch);
            let moved = (&x - &batch.x).abs().amax([1i64, 2, 3], false).gt(0.0);
            assert_eq!(moved, right, "{attack:?}");
            let now_right = predicted_classes(model, &x).unwrap().eq_tensor(batch.classes().unwrap());
            assert_eq!(now_right.any().int64_value(&[]), 0, "{attack:?}");
        }
    }
}

#[test]
fn an_image_is_attacked_alike_alone_and_among_others() {
    for attack in quick() {
        for model in [&model() as &dyn Classifier, &Bumpy] {
            let (batch, _) = mixed(model, 8);
            let together = perturb(&*attack, model, &batch);
            let alone: Vec<Tensor> =
                batch.shards(1).iter().map(|one| perturb(&*attack, model, one)).collect();
            let gap = (together - Tensor::cat(&alone, 0)).abs().max().double_value(&[]);
            // Many steps carry the last bits of matrix products further than one does.
            assert!(gap < 1e-5, "{attack:?}: {gap}");
        }
    }
}

#[test]
fn the_model_and_the_batch_stay_as_they_were() {
    let model = model();
    let (batch, _) = mixed(&model, 6);
    let (weights, bias) = (model.weights.detach().copy(), model.bias.copy());
    let (x, y) = (batch.x.copy(), batch.classes().unwrap().copy());
    for attack in quick() {
        assert_ne!(perturb(&*attack, &model, &batch), x, "{attack:?}");
        assert_eq!((&model.weights, &model.bias), (&weights, &bias), "{attack:?}");
        assert!(!model.weights.grad().defined(), "{attack:?} left a gradient");
        assert_eq!((&batch.x, batch.classes().unwrap()), (&x, &y), "{attack:?}");
        assert!(!batch.x.requires_grad(), "{attack:?}");
    }
}

#[test]
fn the_same_noise_gives_the_same_result() {
    let (batch, _) = mixed(&Bumpy, 6);
    let key = NoiseKey { seed: 4, purpose: Purpose::Test, sweep: 0, chain: 0 };
    for attack in quick() {
        let x = perturb(&*attack, &Bumpy, &batch);
        assert_eq!(x, perturb(&*attack, &Bumpy, &batch), "{attack:?}");
        let other = attack.search(&Bumpy, &batch, &NoiseStream::new(key)).unwrap();
        // FAB's second start need not lead anywhere nearer.
        match attack.name() {
            "hop-skip-jump" => assert_ne!(x, other, "{attack:?}"),
            "fab" => {}
            _ => assert_eq!(x, other, "{attack:?}"),
        }
    }
}

#[test]
fn further_starts_of_fab_never_end_further_away_and_at_times_nearer() {
    let (batch, _) = mixed(&Bumpy, 12);
    let mut gains = 0.0;
    for norm in [Norm::LInf, Norm::L2] {
        let distance = |restarts| {
            let settings = FabSettings { norm, steps: 20, restarts, ..FabSettings::default() };
            let x = perturb(&Fab::new(settings).unwrap(), &Bumpy, &batch);
            norm.of_each(&(x - &batch.x)).reshape([-1])
        };
        let gain = distance(1) - distance(4);
        // The last search ends a ten thousandth of the way past the boundary.
        assert!(gain.min().double_value(&[]) > -1e-4, "{norm}: {gain:?}");
        gains += gain.max().double_value(&[]);
    }
    assert!(gains > 0.0, "restarts change nothing");
}
