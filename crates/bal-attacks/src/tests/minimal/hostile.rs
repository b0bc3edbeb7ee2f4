//! Models and data that are not what they should be.

use super::quick;
use crate::tests::hostile::Broken;
use crate::tests::{Bumpy, noise, shades};
use crate::{Attack, Norm};
use bal_core::{Batch, Classifier};
use tch::Tensor;

fn error(attack: &dyn Attack, model: &dyn Classifier, batch: &Batch) -> String {
    attack.perturb(model, batch, &noise()).unwrap_err().to_string()
}

#[test]
fn every_attack_says_what_is_wrong_with_a_broken_model() {
    for attack in quick() {
        for (model, part) in [
            (Broken::NotANumber, "the model gives image 1 of the batch a logit"),
            (Broken::FiveLogits, "the model gave logits of shape"),
            (Broken::FewerImages, "the model gave logits of shape"),
            (Broken::IgnoresItsInput, "no gradient with respect to the images"),
            (Broken::OutsideOfTheGraph, "no gradient with respect to the images"),
            (Broken::InfiniteSlope, "gives image 0 of the batch a gradient that is not finite"),
            (Broken::Refuses, "the model cannot classify images of shape [4, 1, 2, 3]"),
        ] {
            let no_gradient =
                matches!(model, Broken::IgnoresItsInput | Broken::OutsideOfTheGraph | Broken::InfiniteSlope);
            if attack.name() == "hop-skip-jump" && no_gradient {
                // Classes are enough, and these are the same for all images.
                let batch = shades(4);
                assert_eq!(attack.perturb(&model, &batch, &noise()).unwrap(), batch.x, "{model:?}");
                continue;
            }
            let error = error(&*attack, &model, &shades(4));
            assert!(error.contains(part), "{attack:?} on {model:?}: {error}");
        }
    }
}

#[test]
fn labels_that_are_no_classes_are_named() {
    for attack in quick() {
        for label in [4, -1] {
            let y = Tensor::from_slice(&[0, 1, label, 0]);
            let error = error(&*attack, &Bumpy, &Batch { y, ..shades(4) });
            let expected =
                format!("image 2 of the batch has label {label}, but the model has 4 classes (from 0)");
            assert_eq!(error, expected, "{attack:?}");
        }
    }
}

#[test]
fn a_batch_whose_parts_do_not_fit_is_refused() {
    for attack in quick() {
        for batch in [
            Batch { indices: vec![0, 1], ..shades(4) },
            Batch { y: Tensor::from_slice(&[0i64]), ..shades(4) },
            Batch { x: shades(4).x.flatten(1, -1), ..shades(4) },
            Batch { x: shades(1).x.narrow(0, 0, 0), y: Tensor::from_slice::<i64>(&[]), indices: vec![] },
        ] {
            let error = error(&*attack, &Bumpy, &batch);
            assert!(error.starts_with("a batch needs images [n, c, h, w]"), "{attack:?}: {error}");
        }
    }
}

#[test]
fn a_model_of_one_class_is_never_wrong() {
    let model = crate::tests::linear(&[[[1.0; 6]]], &[[0.0]], bal_core::Prediction::MeanLogits);
    let batch = Batch { y: Tensor::from_slice(&[0i64; 4]), ..shades(4) };
    for attack in quick() {
        assert_eq!(attack.perturb(&model, &batch, &noise()).unwrap(), batch.x, "{attack:?}");
        assert!(matches!(attack.minimises(), Some(Norm::L2 | Norm::LInf)));
    }
}
