//! The Square Attack on models without gradients, against closed forms.

use super::*;
use crate::LossName;
use crate::tests::{Bumpy, Detached, LinearProblem, TwoLayers, noise, shades};

fn square(norm: Norm, radius: f64, queries: u64) -> Square {
    Square::new(Ball::new(norm, radius).unwrap(), queries, 0.8).unwrap()
}

/// L-infinity: single pixels reach the corner of a linear model exactly. L2: a random search in six
/// dimensions comes within 10 %.
#[test]
fn a_linear_classifier_without_gradients_loses_the_images_within_reach() {
    let problem = LinearProblem::of_images(60);
    let deaf = Detached(problem.model.replicate());
    for (norm, share) in [(Norm::LInf, 1.0), (Norm::L2, 0.9)] {
        let attack = square(norm, 0.05, 600);
        let x = attack.perturb(&deaf, &problem.batch, &noise()).unwrap();
        problem.assert_decided(&attack.ball, &x, share);
    }
}

#[test]
fn it_finds_the_best_corner_of_a_small_network() {
    let problem = TwoLayers::new();
    let attack = square(Norm::LInf, TwoLayers::RADIUS, 400);
    let x = attack.perturb(&Detached(problem.model.replicate()), &problem.batch, &noise()).unwrap();
    problem.assert_best_corner(LossName::Margin, &x, 1.0);
}

#[test]
fn the_margin_never_falls_with_the_queries() {
    let batch = shades(20);
    for norm in [Norm::LInf, Norm::L2] {
        // With all windows of one size, fewer queries are the beginning of more.
        let margin = |queries| {
            let attack = Square::new(Ball::new(norm, 0.03).unwrap(), queries, 1e-6).unwrap();
            let x = attack.perturb(&Bumpy, &batch, &noise()).unwrap();
            Judgement::by_margin(&Bumpy, &x, &batch.y).unwrap().margin
        };
        let (few, many) = (margin(5), margin(50));
        assert!((&many - &few).min().double_value(&[]) >= 0.0, "{norm}");
        assert!((many - few).max().double_value(&[]) > 0.0, "{norm}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let ball = Ball::new(Norm::LInf, 0.1).unwrap();
    let error = |queries, share| Square::new(ball, queries, share).unwrap_err().to_string();
    assert_eq!(error(0, 0.8), "queries must be at least 1, got 0");
    for share in [0.0, -0.1, 1.1, f64::NAN] {
        assert!(error(10, share).starts_with("the initial share of an image must be in (0, 1]"));
    }
}
