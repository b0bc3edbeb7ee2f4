//! The Square Attack on models without gradients, against closed forms.

use super::*;
use crate::Objective;
use crate::tests::{Bumpy, Detached, LinearProblem, TwoLayers, noise, shades};
use bal_core::Targets;

fn ball(norm: Norm, radius: f64) -> Ball {
    Ball::new(norm, radius).unwrap()
}

fn square(queries: u64) -> Square {
    Square::new(queries, 0.8).unwrap()
}

/// L-infinity: single pixels reach the corner of a linear model exactly. L2: on images of two by three
/// the windows are single pixels, whose length moves as a whole, so it stops
/// short: by 10 % at worst when this was written, and 15 % are allowed.
#[test]
fn a_linear_classifier_without_gradients_loses_the_images_within_reach() {
    let problem = LinearProblem::of_images(60);
    let deaf = Detached(problem.model.replicate());
    for (norm, share) in [(Norm::LInf, 1.0), (Norm::L2, 0.85)] {
        let ball = ball(norm, 0.05);
        let x = square(600).perturb(&deaf, &problem.batch, ball, &noise()).unwrap();
        problem.assert_decided(&ball, &x, share);
    }
}

/// On an image with room for windows the search has to find where a smooth pattern lies.
#[test]
fn in_an_l2_ball_it_finds_most_of_a_smooth_linear_pattern() {
    let place = |i: i64| ((i / 12) as f64, (i % 12) as f64);
    let pattern: Vec<f64> = (0..144).map(place).map(|(r, c)| (r / 3.0).sin() + (c / 2.5).cos()).collect();
    let w = Tensor::from_slice(&pattern);
    let length = w.norm().double_value(&[]);
    let weights = Tensor::stack(&[w.zeros_like(), w], 0).unsqueeze(0);
    // Class 0 leads by so much that nobody is fooled.
    let bias = Tensor::from_slice(&[1e3, 0.0]).unsqueeze(0);
    let model = crate::tests::Linear::new(&weights, &bias, bal_core::Prediction::MeanLogits);
    let x = Tensor::full([10, 1, 12, 12], 0.5, (tch::Kind::Float, tch::Device::Cpu));
    let targets = Targets::Classes(Tensor::zeros([10], (tch::Kind::Int64, tch::Device::Cpu)));
    let batch = Batch { x, targets, indices: (0..10).collect() };
    let deaf = Detached(Box::new(model));
    let found = square(1000).perturb(&deaf, &batch, ball(Norm::L2, 1.0), &noise()).unwrap();
    let pattern: Vec<f32> = pattern.iter().map(|&p| p as f32).collect();
    let rise = (found - &batch.x).flatten(1, -1).mv(&Tensor::from_slice(&pattern)) / length;
    assert!(
        rise.min().double_value(&[]) > 0.6 && rise.max().double_value(&[]) < 1.0 + 1e-4,
        "{rise:?} {:?}",
        Vec::<f64>::try_from(rise.to_kind(tch::Kind::Double))
    );
}

#[test]
fn it_finds_the_best_corner_of_a_small_network() {
    let problem = TwoLayers::new();
    let (deaf, ball) = (Detached(problem.model.replicate()), ball(Norm::LInf, TwoLayers::RADIUS));
    let x = square(400).perturb(&deaf, &problem.batch, ball, &noise()).unwrap();
    problem.assert_best_corner(Objective::Margin, &x);
}

#[test]
fn the_margin_never_falls_with_the_queries() {
    let batch = shades(20);
    for norm in [Norm::LInf, Norm::L2] {
        // With all windows of one size, fewer queries are the beginning of more.
        let margin = |queries| {
            let attack = Square::new(queries, 1e-6).unwrap();
            let x = attack.perturb(&Bumpy, &batch, ball(norm, 0.03), &noise()).unwrap();
            Judgement::by_margin(&Bumpy, &x, batch.classes().unwrap()).unwrap().margin
        };
        let (few, many) = (margin(5), margin(50));
        assert!((&many - &few).min().double_value(&[]) >= 0.0, "{norm}");
        assert!((many - few).max().double_value(&[]) > 0.0, "{norm}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let error = |queries, share| Square::new(queries, share).unwrap_err().to_string();
    assert_eq!(error(0, 0.8), "queries must be at least 1, got 0");
    for share in [0.0, -0.1, 1.1, f64::NAN] {
        assert!(error(10, share).starts_with("the initial share of an image must be in (0, 1]"));
    }
}

/// Which windows a search tried shows in how many of them a model saw: the schedule of 10,000 queries is still at the first
/// size when one that is rescaled to 30 is at the last.
#[test]
fn a_schedule_that_is_not_rescaled_keeps_its_windows_for_as_many_queries_as_it_says() {
    let centre = Tensor::full([8, 1, 12, 12], 0.5, (tch::Kind::Float, tch::Device::Cpu));
    let changed = |attack: Square, query: u64| {
        let streams = || noise().for_chain(query).for_images(&(0..8).collect::<Vec<_>>());
        let ball = ball(Norm::LInf, 0.1);
        let x = Square::initial(&ball, &centre, &mut noise().for_images(&(0..8).collect::<Vec<_>>()));
        let proposed = attack.proposal(&ball, &centre, &x, query, &mut streams());
        proposed.ne_tensor(&x).sum(tch::Kind::Int64).int64_value(&[])
    };
    let attack = square(30);
    // Side 11 of 12 at first, 4 after three halvings; 1 at the end of the rescaled schedule.
    let (fixed, rescaled) = (changed(attack.rescaled(false), 10), changed(attack, 10));
    assert!(fixed > 8 * 30 && rescaled < 8 * 10, "{fixed} {rescaled}");
    assert_eq!(changed(attack.rescaled(false), 300), changed(square(WHOLE), 300));
    assert!(attack.rescale_schedule);
}

/// The queries are the first point and one proposal.
#[test]
fn a_proposal_is_taken_where_the_margin_rises_and_not_where_it_stays() {
    noise();
    for (then, taken) in [(-5.5, 1), (-5.0, 1), (-4.9, 2)] {
        let answers = [-10.0, -5.0, then].map(|lead| (lead, vec![0.0; 3])).to_vec();
        let model = crate::tests::Scripted::new(vec![answers]);
        let x = crate::tests::Scripted::marked(1, &[0.5; 3]);
        let batch = Batch { x, ..crate::tests::batch(&[&[0.0]], &[0]) };
        // So small that the mark stays what it is.
        let found = square(2).perturb(&model, &batch, ball(Norm::LInf, 0.005), &noise()).unwrap();
        let found = Vec::<f64>::try_from(found.reshape([-1]).to_kind(tch::Kind::Double)).unwrap();
        let seen = model.seen().remove(0);
        assert_eq!(seen.len(), 3);
        assert_ne!(seen[1], seen[2]);
        assert_eq!(found[..3], seen[taken], "{then}");
    }
}
