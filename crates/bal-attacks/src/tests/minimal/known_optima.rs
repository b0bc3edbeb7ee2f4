//! Distances against optima that are known: closed forms, bisection, and a fine grid.

use super::models::{Bent, HardLabels};
use super::{Case, all};
use crate::tests::{Linear, LinearProblem, batch, linear, noise};
use crate::{Attack, HopSkipJump, HopSkipJumpSettings, Norm, predicted_classes};
use bal_core::{Batch, Classifier, Prediction};
use tch::Kind;

/// How far each image was moved, `None` where it is still right.
fn distances(attack: &dyn Attack, model: &dyn Classifier, batch: &Batch) -> Vec<Option<f64>> {
    let norm = attack.minimises().unwrap();
    let x = attack.perturb(model, batch, &noise()).unwrap();
    let change = x.to_kind(Kind::Double) - batch.x.to_kind(Kind::Double);
    let lengths = Vec::<f64>::try_from(norm.of_each(&change).reshape([-1])).unwrap();
    let wrong = predicted_classes(model, &x).unwrap().ne_tensor(&batch.y);
    let wrong = Vec::<bool>::try_from(wrong).unwrap();
    lengths.into_iter().zip(wrong).map(|(length, wrong)| wrong.then_some(length)).collect()
}

/// Checks that no image went further than `tolerance` allows; none can end nearer than the optimum.
fn assert_near(attack: &dyn Attack, found: &[Option<f64>], optimum: &[f64], tolerance: f64) {
    assert_eq!(found.len(), optimum.len());
    for (image, (found, best)) in found.iter().zip(optimum).enumerate() {
        let found = found.unwrap_or_else(|| panic!("{attack:?} found nothing for image {image}"));
        let limit = best * (1.0 + tolerance) + 2e-6;
        assert!(found >= best - 2e-6 && found <= limit, "{attack:?}, image {image}: {found} for {best}");
    }
}

#[test]
fn on_two_linear_classes_the_distance_is_the_margin_over_the_dual_norm() {
    let problem = LinearProblem::new();
    let wrongness = Vec::<f64>::try_from(problem.wrongness()).unwrap();
    for Case { attack, tolerance } in all() {
        let slope = LinearProblem::slope(attack.minimises().unwrap());
        let optimum: Vec<f64> = wrongness.iter().map(|w| (-w).max(0.0) / slope).collect();
        assert!(optimum.iter().filter(|d| **d > 0.0).count() > 2);
        assert_near(&*attack, &distances(&*attack, &problem.model, &problem.batch), &optimum, tolerance);
    }
}

const W: [[f64; 4]; 4] =
    [[1.0, -0.5, 0.3, 0.8], [-0.7, 1.2, 0.1, -0.4], [0.2, 0.4, -1.1, 0.6], [-0.3, -0.9, 0.9, 0.5]];
const B: [f64; 4] = [0.1, -0.2, 0.15, 0.05];

fn four_classes() -> Linear {
    linear(&[W], &[B], Prediction::MeanProbability)
}

/// The least norm of a change that makes a linear function `value + w d` zero with `x + d` in `[0, 1]`:
/// bisection over what a change of the best shape reaches. Infinite where nothing reaches it.
fn in_the_box(norm: Norm, x: &[f64], w: &[f64], value: f64) -> f64 {
    let change = |t: f64| -> Vec<f64> {
        let each = x.iter().zip(w).map(|(x, w)| {
            let room = if w * value > 0.0 { *x } else { 1.0 - x };
            room.min(if norm == Norm::L2 { t * w.abs() } else { t })
        });
        each.collect()
    };
    let reach = |t: f64| change(t).iter().zip(w).map(|(d, w)| d * w.abs()).sum::<f64>();
    let (mut low, mut high) = (0.0, 1e4);
    if reach(high) < value.abs() {
        return f64::INFINITY;
    }
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if reach(middle) < value.abs() { low = middle } else { high = middle }
    }
    let change = change(high);
    match norm {
        Norm::L2 => change.iter().map(|d| d * d).sum::<f64>().sqrt(),
        Norm::LInf => change.iter().copied().fold(0.0, f64::max),
    }
}

/// The nearest of the boundaries to the other classes.
fn nearest_class(norm: Norm, x: &[f64], y: usize) -> f64 {
    let others = (0..4).filter(|k| *k != y).map(|k| {
        let w: Vec<f64> = (0..4).map(|j| W[k][j] - W[y][j]).collect();
        let value = w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + B[k] - B[y];
        in_the_box(norm, x, &w, value)
    });
    others.fold(f64::INFINITY, f64::min)
}

/// Images with the label that the model gives them.
fn labelled(model: &dyn Classifier, rows: &[&[f64]]) -> (Batch, Vec<usize>) {
    let mut batch = batch(rows, &vec![0; rows.len()]);
    batch.y = predicted_classes(model, &batch.x).unwrap();
    let labels = Vec::<i64>::try_from(&batch.y).unwrap();
    (batch, labels.into_iter().map(|y| y as usize).collect())
}

#[test]
fn among_several_linear_classes_the_nearest_is_found() {
    let rows: [&[f64]; 5] = [
        &[0.6, 0.5, 0.45, 0.55],
        &[0.35, 0.65, 0.5, 0.4],
        &[0.5, 0.6, 0.3, 0.5],
        &[0.4, 0.3, 0.6, 0.55],
        &[0.5, 0.5, 0.55, 0.5],
    ];
    let (batch, labels) = labelled(&four_classes(), &rows);
    assert!((0..4).filter(|k| labels.contains(k)).count() >= 3, "{labels:?} shows little");
    for Case { attack, tolerance } in all() {
        let norm = attack.minimises().unwrap();
        let optimum: Vec<f64> = rows.iter().zip(&labels).map(|(x, y)| nearest_class(norm, x, *y)).collect();
        assert_near(&*attack, &distances(&*attack, &four_classes(), &batch), &optimum, tolerance);
    }
}

#[test]
fn where_the_box_binds_the_best_change_within_it_is_found() {
    // Pixels near the border that the shortest way without a box would leave.
    let rows: [&[f64]; 4] =
        [&[0.98, 0.03, 0.6, 0.95], &[0.04, 0.97, 0.5, 0.1], &[0.2, 0.5, 0.02, 0.99], &[0.3, 0.02, 0.97, 0.6]];
    let (batch, labels) = labelled(&four_classes(), &rows);
    for Case { attack, tolerance } in all() {
        let norm = attack.minimises().unwrap();
        let optimum: Vec<f64> = rows.iter().zip(&labels).map(|(x, y)| nearest_class(norm, x, *y)).collect();
        // DeepFool linearises without the box: it comes to the boundary, but not by the shortest way.
        let tolerance = if attack.name() == "deepfool" { 0.5 } else { tolerance };
        assert_near(&*attack, &distances(&*attack, &four_classes(), &batch), &optimum, tolerance);
    }
}

/// The least distance at which a fine grid of points around `x` in the box has another class.
fn on_a_grid(norm: Norm, x: [f64; 2]) -> f64 {
    const STEPS: i32 = 2000;
    let side = Bent::lead(x) > 0.0;
    let mut best = f64::INFINITY;
    for i in 0..=STEPS {
        for j in 0..=STEPS {
            let point = [f64::from(i) / f64::from(STEPS), f64::from(j) / f64::from(STEPS)];
            if (Bent::lead(point) > 0.0) != side {
                let d = [point[0] - x[0], point[1] - x[1]];
                best = best.min(match norm {
                    Norm::LInf => d[0].abs().max(d[1].abs()),
                    Norm::L2 => d[0].hypot(d[1]),
                });
            }
        }
    }
    best
}

#[test]
fn on_a_network_of_relus_the_nearest_point_of_a_fine_grid_is_found() {
    let rows: [[f64; 2]; 4] = [[0.5, 0.55], [0.3, 0.5], [0.75, 0.6], [0.6, 0.9]];
    let flat: Vec<&[f64]> = rows.iter().map(<[f64; 2]>::as_slice).collect();
    let (batch, labels) = labelled(&Bent, &flat);
    assert!(labels.contains(&0) && labels.contains(&1), "{labels:?} shows little");
    for Case { attack, tolerance } in all() {
        let norm = attack.minimises().unwrap();
        let optimum = rows.map(|x| on_a_grid(norm, x));
        // DeepFool takes the first boundary that it meets, which bends; the grid is 5e-4 wide.
        let tolerance = if attack.name() == "deepfool" { 0.25 } else { tolerance };
        let found = distances(&*attack, &Bent, &batch);
        for (found, best) in found.iter().zip(optimum) {
            let found = found.unwrap();
            let near = found >= best - 1e-3 && found <= best * (1.0 + tolerance) + 1e-3;
            assert!(near, "{attack:?}: {found} for {best}");
        }
    }
}

#[test]
fn hop_skip_jump_needs_nothing_but_classes() {
    let problem = LinearProblem::new();
    let hard = HardLabels(LinearProblem::new().model);
    assert!(!hard.logits(&problem.batch.x).unwrap().requires_grad());
    let wrongness = Vec::<f64>::try_from(problem.wrongness()).unwrap();
    for norm in [Norm::LInf, Norm::L2] {
        let attack = HopSkipJump::new(norm, HopSkipJumpSettings::default()).unwrap();
        let optimum: Vec<f64> =
            wrongness.iter().map(|w| (-w).max(0.0) / LinearProblem::slope(norm)).collect();
        assert_near(&attack, &distances(&attack, &hard, &problem.batch), &optimum, 0.1);
        let perturb = |model: &dyn Classifier| attack.perturb(model, &problem.batch, &noise()).unwrap();
        assert_eq!(perturb(&hard), perturb(&problem.model), "{norm}");
    }
}
