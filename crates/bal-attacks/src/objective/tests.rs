//! Losses against numbers computed by hand.

use super::*;
use crate::tests::{Linear, close, images, labels, linear, noise, two_class};
use crate::{LossName, loss, loss_gradient};
use bal_core::Prediction;

/// Logits are `(x_0, x_1, x_2, x_3)`, and those in reverse for the second member.
fn identity(prediction: Prediction) -> Linear {
    let mut members = [[[0.0; 4]; 4]; 2];
    for j in 0..4 {
        members[0][j][j] = 1.0;
        members[1][j][3 - j] = 1.0;
    }
    linear(&members, &[[0.0; 4]; 2], prediction)
}

fn one_member() -> Linear {
    let both = identity(Prediction::MeanLogits);
    Linear::new(
        &both.weights.detach().narrow(0, 0, 1),
        &Tensor::zeros([1, 4], (Kind::Float, tch::Device::Cpu)),
        Prediction::MeanProbability,
    )
}

const Z: [f64; 4] = [0.9, 0.2, 0.6, 0.3];

fn value(model: &Linear, objective: Objective, label: i64, ensemble_gradient: EnsembleGradient) -> f64 {
    let judged = objective.judge(model, &images(&[&Z]), &labels(&[label]), ensemble_gradient).unwrap();
    assert_eq!((judged.loss.size(), judged.logits.size()), (vec![1], vec![1, 4]));
    judged.loss.double_value(&[0])
}

#[test]
fn the_losses_of_one_member_are_those_of_the_formulas() {
    noise();
    let model = one_member();
    let target = labels(&[3]);
    let log_sum = Z.iter().map(|z| z.exp()).sum::<f64>().ln();
    for ensemble_gradient in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
        let of = |objective, label| value(&model, objective, label, ensemble_gradient);
        close(&[of(Objective::CrossEntropy, 2)], &[log_sum - 0.6]);
        close(&[of(Objective::Margin, 2), of(Objective::Margin, 0)], &[0.3, -0.3]);
        // The logits in order: 0.9, 0.6, 0.3, 0.2.
        close(&[of(Objective::Dlr, 2), of(Objective::Dlr, 0)], &[0.3 / 0.6, -0.3 / 0.6]);
        let towards = Objective::TargetedDlr(&target);
        close(&[of(towards, 2), of(towards, 0)], &[-0.3 / 0.65, -0.6 / 0.65]);
        // The likeliest wrong class has logit 0.9, and 0.6 where that is the label's.
        close(&[of(Objective::Confident, 2), of(Objective::Confident, 0)], &[0.9 - log_sum, 0.6 - log_sum]);
    }
}

#[test]
fn of_an_ensemble_either_the_prediction_or_each_member_has_a_loss() {
    noise();
    let model = identity(Prediction::MeanLogits);
    // Mean logits are 0.6, 0.4, 0.4, 0.6.
    close(&[value(&model, Objective::Margin, 1, EnsembleGradient::Predictive)], &[0.2]);
    // 0.9 - 0.2 of the first member, 0.9 - 0.6 of the second.
    close(&[value(&model, Objective::Margin, 1, EnsembleGradient::MemberMean)], &[0.5 * (0.7 + 0.3)]);
    let first = (0.9 - 0.2) / 0.6;
    let second = (0.9 - 0.6) / 0.6;
    close(&[value(&model, Objective::Dlr, 1, EnsembleGradient::MemberMean)], &[0.5 * (first + second)]);
}

#[test]
fn members_that_are_sure_of_different_errors_are_not_confident_together() {
    noise();
    let x = images(&[&[0.0, 0.0, 0.0, 30.0]]);
    let judged = |eg| {
        let model = identity(Prediction::MeanProbability);
        Objective::Confident.judge(&model, &x, &labels(&[1]), eg).unwrap().loss.double_value(&[0])
    };
    // One is sure of class 3, the other of class 0: together each has one half.
    close(&[judged(EnsembleGradient::Predictive)], &[0.5f64.ln()]);
    close(&[judged(EnsembleGradient::MemberMean)], &[0.0]);
}

#[test]
fn margins_of_log_probabilities_are_those_of_logits() {
    noise();
    let model = one_member();
    let x = images(&[&Z, &[0.1, 0.5, 0.4, 0.8]]);
    for objective in [Objective::Margin, Objective::Dlr] {
        let of = |eg| objective.judge(&model, &x, &labels(&[2, 3]), eg).unwrap().loss;
        assert!(of(EnsembleGradient::Predictive).allclose(
            &of(EnsembleGradient::MemberMean),
            1e-5,
            1e-6,
            false
        ));
    }
}

#[test]
fn gradients_agree_with_differences() {
    noise();
    let targets = labels(&[3]);
    let all = LossName::ALL.map(LossName::objective).into_iter().chain([Objective::TargetedDlr(&targets)]);
    for model in [identity(Prediction::MeanProbability), identity(Prediction::MeanLogits)] {
        for objective in all.clone() {
            for ensemble_gradient in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
                let at = |x: [f64; 4]| {
                    objective.judge(&model, &images(&[&x]), &labels(&[2]), ensemble_gradient).unwrap().loss
                };
                let (judged, gradient) = objective
                    .differentiate(&model, &images(&[&Z]), &labels(&[2]), ensemble_gradient)
                    .unwrap();
                assert_eq!(judged.loss, at(Z));
                assert!(!judged.loss.requires_grad() && !judged.logits.requires_grad());
                for pixel in 0..4 {
                    let moved = |by: f64| {
                        let mut x = Z;
                        x[pixel] += by;
                        at(x).double_value(&[0])
                    };
                    let slope = (moved(5e-3) - moved(-5e-3)) / 1e-2;
                    let found = gradient.double_value(&[0, 0, 0, pixel as i64]);
                    assert!(
                        (slope - found).abs() < 2e-3,
                        "{objective:?} {ensemble_gradient} {slope} {found}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_cross_entropy_is_the_loss_of_the_functions() {
    noise();
    let model = identity(Prediction::MeanProbability);
    let (x, y) = (images(&[&Z]), labels(&[1]));
    for ensemble_gradient in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
        let (judged, gradient) =
            LossName::CrossEntropy.objective().differentiate(&model, &x, &y, ensemble_gradient).unwrap();
        assert_eq!(judged.loss, loss(&model, &x, &y, ensemble_gradient).unwrap());
        assert_eq!(gradient, loss_gradient(&model, &x, &y, ensemble_gradient).unwrap());
    }
}

#[test]
fn wrong_is_what_the_prediction_says_and_margin_agrees() {
    noise();
    let model = identity(Prediction::MeanProbability);
    let x = images(&[&Z, &[0.9, 0.1, 0.1, 0.3], &[0.1, 0.8, 0.2, 0.1]]);
    let judged =
        Objective::CrossEntropy.judge(&model, &x, &labels(&[2, 0, 1]), EnsembleGradient::MemberMean).unwrap();
    let wrong = Vec::<bool>::try_from(&judged.wrong).unwrap();
    let expected = crate::predicted_classes(&model, &x).unwrap().ne_tensor(&labels(&[2, 0, 1]));
    assert_eq!(wrong, Vec::<bool>::try_from(expected).unwrap());
    assert_eq!(wrong[0], judged.margin.double_value(&[0]) > 0.0);
}

#[test]
fn equal_logits_give_finite_losses_and_gradients() {
    noise();
    let model = one_member();
    let targets = labels(&[3]);
    for objective in [Objective::Dlr, Objective::TargetedDlr(&targets)] {
        for x in [[0.5; 4], [0.1, 0.9, 0.9, 0.9]] {
            let x = images(&[&x]);
            assert!(objective.differentiate(&model, &x, &labels(&[0]), EnsembleGradient::Predictive).is_ok());
        }
    }
}

#[test]
fn too_few_classes_are_named() {
    noise();
    let model = two_class(&[[1.0, 2.0]], Prediction::MeanLogits);
    let (x, y) = (images(&[&[0.1, 0.2]]), labels(&[0]));
    let error = |objective: Objective| {
        objective.judge(&model, &x, &y, EnsembleGradient::Predictive).unwrap_err().to_string()
    };
    assert_eq!(error(Objective::Dlr), "the dlr loss needs a model of at least 3 classes, got one of 2");
    assert_eq!(
        error(Objective::TargetedDlr(&y)),
        "the targeted dlr loss needs a model of at least 4 classes, got one of 2"
    );
    assert!(Objective::Margin.judge(&model, &x, &y, EnsembleGradient::MemberMean).is_ok());
}
