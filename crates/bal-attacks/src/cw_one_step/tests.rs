//! The one step, worked by hand on linear models.

use super::*;
use crate::tests::{batch, close, linear, noise};
use bal_core::Prediction;

/// Two members, three classes, two pixels: `W[s][k]`.
const W: [[[f64; 2]; 3]; 2] =
    [[[0.3, -0.1], [0.2, 0.4], [-0.2, 0.1]], [[-0.5, 0.2], [0.1, 0.1], [0.3, -0.6]]];
const X: [[f64; 2]; 2] = [[0.5, 0.6], [0.4, 0.45]];
const Y: [usize; 2] = [0, 1];

/// The gradient of one image's `z_y - sum_{j != y} z_j` under member `s`.
fn slope(s: usize, y: usize) -> [f64; 2] {
    [0, 1].map(|j| (0..3).map(|k| if k == y { W[s][k][j] } else { -W[s][k][j] }).sum())
}

fn margin(s: usize, image: usize, bias: &[f64; 3]) -> f64 {
    (0..3)
        .map(|k| {
            let z = bias[k] + W[s][k][0] * X[image][0] + W[s][k][1] * X[image][1];
            if k == Y[image] { z } else { -z }
        })
        .sum()
}

fn attacked(bias: &[[f64; 3]; 2]) -> Vec<f64> {
    let model = linear(&W, bias, Prediction::MeanProbability);
    let batch = batch(&[&X[0], &X[1]], &[0, 1]);
    let x = CwOneStep::Logits.perturb(&model, &batch, &noise()).unwrap();
    Vec::try_from(x.reshape([-1]).to_kind(Kind::Double)).unwrap()
}

/// Biases that make the batch's sum of margins under a member positive or negative.
fn biases(active: [bool; 2]) -> [[f64; 3]; 2] {
    // Adding b to every logit of the three adds -b to each margin.
    let bias = active.map(|active| if active { [-1.0; 3] } else { [1.0; 3] });
    for s in 0..2 {
        let sum: f64 = (0..2).map(|image| margin(s, image, &bias[s])).sum();
        assert_eq!(sum > 0.0, active[s]);
    }
    bias
}

#[test]
fn the_step_is_the_mean_of_the_members_slopes_over_root_two() {
    let by_hand: Vec<f64> = (0..2)
        .flat_map(|i| {
            let (a, b) = (slope(0, Y[i]), slope(1, Y[i]));
            [0, 1].map(|j| (X[i][j] - 0.5 * (a[j] + b[j]) / SQRT_2).clamp(0.0, 1.0))
        })
        .collect();
    close(&attacked(&biases([true, true])), &by_hand);
    assert!(by_hand.iter().any(|&x| x > 0.0 && x < 1.0));
}

#[test]
fn a_member_whose_hinge_is_inactive_does_not_count() {
    let by_hand: Vec<f64> = (0..2)
        .flat_map(|i| {
            let b = slope(1, Y[i]);
            [0, 1].map(|j| (X[i][j] - 0.5 * b[j] / SQRT_2).clamp(0.0, 1.0))
        })
        .collect();
    close(&attacked(&biases([false, true])), &by_hand);
}

#[test]
fn with_every_hinge_inactive_the_images_stay_as_they_are() {
    close(&attacked(&biases([false, false])), &X.concat());
}

#[test]
fn the_hinge_is_over_the_batch() {
    // Alone the second image has a negative margin and stays; beside the first it is moved.
    let bias = [[1.0, -0.5, 0.0]; 2];
    let (first, second) = (margin(0, 0, &bias[0]), margin(0, 1, &bias[0]));
    assert!(second < 0.0 && first + second > 0.0);
    let model = linear(&W[..1], &bias[..1], Prediction::MeanProbability);
    let both = batch(&[&X[0], &X[1]], &[0, 1]);
    let moved = |batch: &Batch| {
        let change = CwOneStep::Logits.perturb(&model, batch, &noise()).unwrap() - &batch.x;
        Vec::<bool>::try_from(change.abs().amax([1, 2, 3], false).gt(0.0)).unwrap()
    };
    assert_eq!(moved(&both), [true, true]);
    assert_eq!(moved(&both.shards(1)[1]), [false]);
}

#[test]
fn it_has_no_radius() {
    let attack = crate::Attack::fixed(CwOneStep::Logits);
    assert_eq!((attack.norm(), attack.batch_size()), (None, Some(100)));
    let error = attack.takes(Some(0.1)).unwrap_err().to_string();
    assert_eq!(error, "the attack cw-one-step has no radius; leave it out");
    assert!(attack.takes(None).is_ok());
}

#[test]
fn on_log_probabilities_the_margin_s_gradient_has_that_of_the_log_sum_besides() {
    // 2 log p_y - sum_j log p_j = 2 z_y - sum_j z_j + (k - 2) log sum_j exp z_j, with k = 3 classes.
    let (w, x) = (W[0], X[0]);
    let model = linear(&[w], &[[0.0; 3]], Prediction::MeanLogits);
    let exp = w.map(|w| (w[0] * x[0] + w[1] * x[1]).exp());
    let sum: f64 = exp.iter().sum();
    let slope = slope(0, 0);
    let expected = [0, 1].map(|j| {
        let log_sum: f64 = (0..3).map(|k| exp[k] / sum * w[k][j]).sum();
        x[j] - (slope[j] + log_sum) / SQRT_2
    });
    let moved = CwOneStep::LogProbabilities.perturb(&model, &batch(&[&x], &[0]), &noise()).unwrap();
    close(&Vec::try_from(moved.reshape([-1]).to_kind(Kind::Double)).unwrap(), &expected);
}
