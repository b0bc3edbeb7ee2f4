//! Settings and steps of `DeepFool`; what it finds is compared with known optima in `tests/minimal`.

use super::*;
use crate::tests::{Scripted, batch, close, linear, noise};
use bal_core::Prediction;

#[test]
fn settings_out_of_range_are_named() {
    let sound = DeepFoolSettings::default();
    let error = |settings| DeepFool::new(settings).unwrap_err().to_string();
    assert_eq!(error(DeepFoolSettings { steps: 0, ..sound }), "steps must be at least 1, got 0");
    assert_eq!(error(DeepFoolSettings { candidates: 0, ..sound }), "candidates must be at least 1, got 0");
    assert!(error(DeepFoolSettings { overshoot: f64::INFINITY, ..sound }).contains("overshoot must be"));
}

/// The steps add up, and what is looked at is 1.02 times their sum; told from the image.
#[test]
fn steps_to_the_linearised_boundary_add_up_and_go_a_little_beyond_together() {
    noise();
    for (norm, steps) in [
        // .1 / 1 along (.6, .8), .05 / 2 along (1, 0), and at least 1e-4 along (0, 1).
        (Norm::L2, [[0.06, 0.08], [0.025, 0.0], [0.0, 1e-4]]),
        // .1 / 1.4 along (1, 1), .05 / 2 along (1, 0), as a slope of 0 moves nothing, and 1e-4.
        (Norm::LInf, [[0.1 / 1.4, 0.1 / 1.4], [0.025, 0.0], [0.0, 1e-4]]),
    ] {
        let script = vec![
            (-1.0, vec![0.0, 0.0]),
            (-0.1, vec![0.6, 0.8]),
            (-0.05, vec![2.0, 0.0]),
            (-1e-6, vec![0.0, 1.0]),
            (0.1, vec![0.0, 0.0]),
            (0.1, vec![0.0, 0.0]),
        ];
        let model = Scripted::new(vec![script]);
        let batch = Batch { x: Scripted::marked(1, &[0.5, 0.5]), ..batch(&[&[0.0]], &[0]) };
        let settings = DeepFoolSettings { norm, ..DeepFoolSettings::default() };
        let found = DeepFool::new(settings).unwrap().search(&model, &batch, &noise()).unwrap();
        let seen = model.seen().remove(0);
        let mut sum = [0.0; 2];
        close(&seen[1], &[0.5; 2]);
        for (place, step) in seen[2..].iter().zip(steps) {
            sum = [sum[0] + step[0], sum[1] + step[1]];
            close(place, &sum.map(|sum| 0.5 + 1.02 * sum));
        }
        close(&[found.double_value(&[0, 0, 0, 0]), found.double_value(&[0, 0, 0, 1])], &seen[4]);
    }
}

/// The class that is farther behind is nearer, as its lead is steeper.
#[test]
fn of_the_candidates_the_nearest_boundary_counts_and_not_the_likeliest_class() {
    let model = linear(&[[[0.0; 2], [1.0, 0.0], [0.0, 10.0]]], &[[0.0, -0.9, -6.0]], Prediction::MeanLogits);
    let batch = batch(&[&[0.5, 0.5]], &[0]);
    for norm in [Norm::LInf, Norm::L2] {
        let distance = |candidates| {
            let settings = DeepFoolSettings { norm, candidates, ..DeepFoolSettings::default() };
            let x = DeepFool::new(settings).unwrap().search(&model, &batch, &noise()).unwrap();
            norm.of_each(&(x - &batch.x)).double_value(&[0, 0, 0, 0])
        };
        close(&[1, 2].map(distance), &[1.02 * 0.4, 1.02 * 0.1]);
    }
}
