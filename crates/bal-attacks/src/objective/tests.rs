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
        let towards = Objective::TargetedMargin(&target);
        close(&[of(towards, 2), of(towards, 0)], &[-0.3, -0.6]);
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
    let towards = [Objective::TargetedDlr(&targets), Objective::TargetedMargin(&targets)];
    let all = LossName::ALL.map(LossName::objective).into_iter().chain(towards);
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

/// Where `e^m` is smaller than any number, `log(1 + e^m)` is `e^m`: its logarithm and the way it rises are those of `m`.
#[test]
fn a_model_that_is_sure_beyond_double_precision_has_a_height_and_a_way_up() {
    noise();
    let (x, y) = (images(&[&[0.5, 0.25]]), labels(&[0]));
    let steep = [[-4e6, 1e6], [-2e3, 3e3], [-8e3, -1e3]];
    let m = steep.map(|w| w[0] * 0.5 + w[1] * 0.25);
    assert_eq!(m.map(f64::to_bits), [-1_750_000.0, -250.0, -4250.0_f64].map(f64::to_bits));
    let of = |members: &[[f64; 2]], objective: Objective, eg| {
        let model = two_class(members, Prediction::MeanProbability);
        let (judgement, direction) = objective.ascend(&model, &x, &y, eg).unwrap();
        let direction: Vec<f64> = Vec::try_from(direction.reshape([-1]).to_kind(Kind::Double)).unwrap();
        let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
        (judgement.height.double_value(&[0]), direction.iter().map(|d| d / length).collect::<Vec<_>>())
    };
    let unit = |w: [f64; 2]| {
        let length = w[0].hypot(w[1]);
        [w[0] / length, w[1] / length]
    };
    for eg in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
        for (w, m) in steep.iter().zip(m) {
            let (height, direction) = of(&[*w], Objective::CrossEntropy, eg);
            assert!((height - m).abs() < 1e-9 * m.abs(), "{height} {m}");
            close(&direction, &unit(*w));
        }
        // Of several members the least sure decides: the mean of e^-250 and far less.
        let (height, direction) = of(&steep, Objective::CrossEntropy, eg);
        assert!((height - (-250.0 - 3f64.ln())).abs() < 1e-6, "{height}");
        close(&direction, &unit(steep[1]));
    }
    // Sure of an error: what is left is the doubt of the least sure member, and how it shrinks.
    let sure_of_error = steep.map(|w| w.map(|w| -w));
    for eg in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
        let (height, direction) = of(&sure_of_error, Objective::Confident, eg);
        assert!((height - (250.0 + 3f64.ln())).abs() < 1e-6, "{height}");
        close(&direction, &unit(sure_of_error[1]));
    }
    // The gradient itself is smaller than any number, and is said to be zero.
    let model = two_class(&steep[2..], Prediction::MeanProbability);
    let gradient = loss_gradient(&model, &x, &y, EnsembleGradient::Predictive).unwrap();
    assert_eq!(gradient, x.zeros_like());
    let surprise = loss(&model, &x, &y, EnsembleGradient::Predictive).unwrap().double_value(&[0]);
    assert_eq!(surprise.abs().to_bits(), 0.0_f64.to_bits());
}

/// In single precision 1 - p is rounded from a gap of 17 on: 2^-24 is 1.2e-7 of a probability of e^-16.
#[test]
fn the_gradient_at_a_sure_models_logits_has_all_its_digits() {
    noise();
    let (x, y) = (images(&[&[1.0, 0.0]]), labels(&[0]));
    for gap in [5.0, 15.0, 16.5, 20.0, 60.0, 90.0] {
        let model = two_class(&[[-gap, 1.0]], Prediction::MeanProbability);
        let gradient = loss_gradient(&model, &x, &y, EnsembleGradient::Predictive).unwrap();
        let expected = 1.0 / (1.0 + f64::exp(gap));
        let found = gradient.double_value(&[0, 0, 0, 1]);
        assert!((found / expected - 1.0).abs() < 1e-6, "{gap}: {found} for {expected}");
        let value = loss(&model, &x, &y, EnsembleGradient::Predictive).unwrap().double_value(&[0]);
        assert!((value / (-gap).exp().ln_1p() - 1.0).abs() < 1e-9, "{gap}: {value}");
    }
}

/// What training asks for: the bits that there were.
#[test]
fn a_model_may_ask_for_single_precision() {
    struct Single(Linear);
    impl Classifier for Single {
        fn classes(&self) -> i64 {
            self.0.classes()
        }
        fn member_logits(&self, x: &Tensor) -> Result<Tensor, bal_core::ClassifierError> {
            self.0.member_logits(x)
        }
        fn prediction(&self) -> Prediction {
            self.0.prediction()
        }
        fn loss_kind(&self) -> Kind {
            Kind::Float
        }
        fn replicate(&self) -> Box<dyn Classifier> {
            self.0.replicate()
        }
    }
    noise();
    let (x, y) = (images(&[&Z, &[0.9, 0.1, 0.1, 0.3]]), labels(&[2, 0]));
    for ensemble_gradient in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
        let model = Single(identity(Prediction::MeanProbability));
        let found = Objective::CrossEntropy.differentiate(&model, &x, &y, ensemble_gradient).unwrap();
        assert_eq!((found.0.loss.kind(), &found.0.loss), (Kind::Float, &found.0.height));
        // By hand, operation by operation as LibTorch has them.
        let leaf = bal_core::channels_last(&x).detach().set_requires_grad(true);
        let log_softmax = |z: &Tensor| z.log_softmax(-1, Kind::Float);
        let loss = match ensemble_gradient {
            EnsembleGradient::Predictive => {
                -at_labels(&log_softmax(&model.logits(&leaf).unwrap()), &y).unwrap()
            }
            EnsembleGradient::MemberMean => {
                let members = model.member_logits(&leaf).unwrap();
                (-at_labels(&log_softmax(&members), &y).unwrap()).mean_dim(0, false, Kind::Float)
            }
        };
        let gradient = Tensor::run_backward(&[&loss], &[&leaf], false, false).remove(0);
        assert_eq!((found.0.loss, found.1), (loss.detach(), gradient));
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
    let two = "the margin and the cross-entropy take two";
    assert_eq!(
        error(Objective::Dlr),
        format!("the dlr loss needs a model of at least 3 classes, got one of 2; {two}")
    );
    assert_eq!(
        error(Objective::TargetedDlr(&y)),
        format!("the targeted dlr loss needs a model of at least 4 classes, got one of 2; {two}")
    );
    assert!(
        Objective::TargetedMargin(&labels(&[1])).judge(&model, &x, &y, EnsembleGradient::Predictive).is_ok()
    );
    assert!(Objective::Margin.judge(&model, &x, &y, EnsembleGradient::MemberMean).is_ok());
}
