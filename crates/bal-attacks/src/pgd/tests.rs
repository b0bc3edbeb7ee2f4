//! PGD against closed forms, and its choice among restarts.

use super::*;
use crate::tests::{Bumpy, LinearProblem, noise, shades};
use crate::{LossName, Norm, StepSize};
use bal_core::EnsembleGradient;
use tch::Kind;

fn pgd(restarts: u64) -> Pgd {
    let ascent = Ascent {
        steps: 20,
        step_size: StepSize::RadiusOver(0.5),
        loss: LossName::CrossEntropy,
        ensemble_gradient: EnsembleGradient::Predictive,
    };
    Pgd::new(ascent, restarts).unwrap()
}

#[test]
fn enough_steps_reach_the_optimum_of_a_linear_classifier_from_any_start() {
    let problem = LinearProblem::new();
    for norm in [Norm::LInf, Norm::L2] {
        for restarts in [1, 3] {
            let ball = Ball::new(norm, 0.1).unwrap();
            let x = pgd(restarts).perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
            problem.assert_optimal(&ball, &x);
        }
    }
}

#[test]
fn restarts_keep_the_best_of_their_end_points_image_by_image() {
    let batch = shades(40);
    let (attack, ball) = (pgd(4), Ball::new(Norm::LInf, 0.1).unwrap());
    let best = attack.perturb(&Bumpy, &batch, ball, &noise()).unwrap();
    let best = attack.judge(&Bumpy, &batch, best).unwrap();
    // (fools the model, loss), which Rust orders as the attack should.
    let rank = |end: &EndPoint| -> Vec<(bool, f64)> {
        let wrong = Vec::<bool>::try_from(&end.wrong).unwrap();
        let loss = Vec::<f64>::try_from(end.height.to_kind(Kind::Double)).unwrap();
        wrong.into_iter().zip(loss).collect()
    };
    let runs: Vec<Vec<(bool, f64)>> = (0..4)
        .map(|restart| {
            let end = attack.run(&Bumpy, &batch, ball, &noise(), restart).unwrap();
            rank(&attack.judge(&Bumpy, &batch, end).unwrap())
        })
        .collect();
    let mut changed = 0;
    for (image, &found) in rank(&best).iter().enumerate() {
        let expected =
            runs.iter().map(|run| run[image]).fold((false, f64::MIN), |a, b| if b > a { b } else { a });
        assert_eq!(found, expected, "image {image}");
        changed += usize::from(expected != runs[0][image]);
    }
    assert!(changed > 0, "the first start was best everywhere: the model has too few bumps to test this");
}

#[test]
fn an_error_is_kept_over_a_higher_loss_without_one() {
    let end = |number: i64, wrong: bool, loss: f32| EndPoint {
        point: Tensor::full([1, 1, 1, 1], number, (Kind::Int64, tch::Device::Cpu)),
        wrong: Tensor::from_slice(&[wrong]),
        height: Tensor::from_slice(&[loss]),
    };
    let chosen = |a: EndPoint, b: EndPoint| a.or_worse_for_the_model(&b).point.int64_value(&[0, 0, 0, 0]);
    assert_eq!(chosen(end(1, true, 0.7), end(2, false, 0.9)), 1);
    assert_eq!(chosen(end(1, false, 0.9), end(2, true, 0.7)), 2);
    assert_eq!(chosen(end(1, true, 0.7), end(2, true, 0.9)), 2);
    assert_eq!(chosen(end(1, false, 0.9), end(2, false, 0.9)), 1);
}

#[test]
fn no_restarts_are_refused() {
    let ascent = pgd(1).ascent;
    assert_eq!(Pgd::new(ascent, 0).unwrap_err().to_string(), "restarts must be at least 1, got 0");
    let still = Ascent { steps: 0, ..ascent };
    assert_eq!(Pgd::new(still, 1).unwrap_err().to_string(), "steps must be at least 1, got 0");
}

#[test]
fn end_points_are_compared_by_the_loss_that_is_climbed() {
    let batch = shades(9);
    for loss in LossName::ALL {
        let attack = Pgd::new(Ascent { loss, ..pgd(2).ascent }, 2).unwrap();
        let height = attack.judge(&Bumpy, &batch, batch.x.shallow_clone()).unwrap().height;
        let gradient = EnsembleGradient::Predictive;
        let expected = loss.objective().judge(&Bumpy, &batch.x, batch.classes().unwrap(), gradient).unwrap();
        assert_eq!(height, expected.height, "{loss}");
    }
}
