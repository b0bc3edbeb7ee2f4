//! Targets, confidence and settings; distances are compared with known optima in `tests/minimal`.

use super::*;
use crate::predicted_classes;
use crate::tests::{Answer, Linear, Scripted, batch, close, linear, noise};
use bal_core::Prediction;

/// Three classes on two pixels.
fn model() -> Linear {
    let weights = [[[4.0, 0.0], [-1.0, 3.0], [-2.0, -3.0]]];
    linear(&weights, &[[-1.0, 0.0, 1.5]], Prediction::MeanLogits)
}

fn quick() -> CarliniWagnerSettings {
    CarliniWagnerSettings { steps: 200, search_steps: 6, ..CarliniWagnerSettings::default() }
}

fn found(settings: CarliniWagnerSettings) -> (Tensor, Vec<f64>) {
    let batch = batch(&[&[0.8, 0.5], &[0.7, 0.6]], &[0, 0]);
    let x = CarliniWagner::new(settings).unwrap().search(&model(), &batch, &noise()).unwrap();
    let distance = Norm::L2.of_each(&(&x - &batch.x)).reshape([-1]).to_kind(tch::Kind::Double);
    (x, Vec::try_from(distance).unwrap())
}

#[test]
fn a_target_is_reached_and_is_no_nearer_than_any_error() {
    let (_, any) = found(quick());
    for class in [1, 2] {
        let (x, distance) = found(CarliniWagnerSettings { target: Target::Class(class), ..quick() });
        assert_eq!(Vec::<i64>::try_from(predicted_classes(&model(), &x).unwrap()).unwrap(), [class; 2]);
        assert!(distance.iter().zip(&any).all(|(d, any)| d * 1.02 > *any), "{distance:?} {any:?}");
    }
    let (x, _) = found(CarliniWagnerSettings { target: Target::LeastLikely, ..quick() });
    assert_eq!(Vec::<i64>::try_from(predicted_classes(&model(), &x).unwrap()).unwrap(), [2, 2]);
}

#[test]
fn images_of_the_target_class_are_left_alone() {
    let (x, distance) = found(CarliniWagnerSettings { target: Target::Class(0), ..quick() });
    assert_eq!((Vec::<f32>::try_from(x.reshape([-1])).unwrap()[0], distance), (0.8, vec![0.0, 0.0]));
}

#[test]
fn confidence_is_a_lead_of_the_logits() {
    let confidence = 0.5;
    let (x, far) = found(CarliniWagnerSettings { confidence, ..quick() });
    let z = model().logits(&x).unwrap();
    let lead = crate::margin::best_lead(&z, &Tensor::from_slice(&[0i64, 0]));
    let lead = Vec::<f32>::try_from(lead).unwrap();
    assert!(lead.iter().all(|&lead| (0.5..0.6).contains(&lead)), "{lead:?}");
    assert!(far.iter().zip(found(quick()).1).all(|(far, near)| *far > near));
}

#[test]
fn an_early_end_changes_distances_by_little() {
    let patient = found(CarliniWagnerSettings { abort_early: false, ..quick() }).1;
    let hasty = found(quick()).1;
    assert!(patient.iter().zip(&hasty).all(|(p, h)| (p / h - 1.0).abs() < 0.01), "{patient:?} {hasty:?}");
}

#[test]
fn settings_out_of_range_are_named() {
    let error = |settings| CarliniWagner::new(settings).unwrap_err().to_string();
    assert_eq!(error(CarliniWagnerSettings { steps: 0, ..quick() }), "steps must be at least 1, got 0");
    assert!(error(CarliniWagnerSettings { search_steps: 0, ..quick() }).contains("search_steps"));
    assert!(error(CarliniWagnerSettings { confidence: -1.0, ..quick() }).contains("confidence must be"));
    assert!(error(CarliniWagnerSettings { step_size: 0.0, ..quick() }).contains("step_size must be"));
    assert!(error(CarliniWagnerSettings { initial_weight: f64::NAN, ..quick() }).contains("initial_weight"));
    let attack = CarliniWagner::new(CarliniWagnerSettings { target: Target::Class(3), ..quick() }).unwrap();
    let error = attack.search(&model(), &batch(&[&[0.5, 0.5]], &[0]), &noise()).unwrap_err().to_string();
    assert_eq!(error, "the target is class 3, but the model has 3 classes (from 0)");
}

/// Attacks images about grey by script; where each was seen.
fn followed(scripts: Vec<Vec<Answer>>, settings: CarliniWagnerSettings) -> Vec<Vec<Vec<f64>>> {
    noise();
    let count = scripts.len();
    let rows = vec![[0.0].as_slice(); count];
    let batch = Batch { x: Scripted::marked(count, &[0.5]), ..batch(&rows, &vec![0; count]) };
    let model = Scripted::new(scripts);
    let _ = CarliniWagner::new(settings).unwrap().search(&model, &batch, &noise()).unwrap();
    model.seen()
}

/// A grey pixel is 0 in tanh space. There the gradient of `(x' - x)^2 - c lead` is `(2 (x' - x) - c slope) (1 - tanh^2) / 2`, and
/// Adam's first step has the step size. Where the lead is the confidence or more, the distance alone counts.
#[test]
fn two_steps_are_those_of_adam_on_distance_and_margin_in_tanh_space() {
    let (weight, slopes) = (2.0, [1.0, 0.3]);
    for (lead, confidence, counts) in [(-0.9, 0.0, 1.0), (0.1, 0.0, 0.0), (0.1, 0.5, 1.0), (0.6, 0.5, 0.0)] {
        let script = [(-1.0, 0.0), (-1.0, slopes[0]), (lead, slopes[1]), (-0.8, 0.0)];
        let script = script.map(|(lead, slope)| (lead, vec![slope])).to_vec();
        let settings = CarliniWagnerSettings {
            steps: 3,
            search_steps: 1,
            step_size: 0.5,
            confidence,
            initial_weight: weight,
            abort_early: false,
            ..CarliniWagnerSettings::default()
        };
        let seen = followed(vec![script], settings).remove(0);
        let pixel = |w: f64| f64::midpoint(w.tanh(), 1.0);
        let gradient =
            |w: f64, slope: f64| (2.0 * (pixel(w) - 0.5) - weight * slope) * (1.0 - w.tanh().powi(2)) / 2.0;
        let (first, second) = (gradient(0.0, slopes[0]), gradient(0.5, slopes[1] * counts));
        let mean = (0.9 * 0.1 * first + 0.1 * second) / (1.0 - 0.9_f64.powi(2));
        let square = (0.999 * 0.001 * first.powi(2) + 0.001 * second.powi(2)) / (1.0 - 0.999_f64.powi(2));
        let w = 0.5 - 0.5 * mean / square.sqrt();
        close(&[seen[1][0], seen[2][0], seen[3][0]], &[0.5, pixel(0.5), pixel(w)]);
    }
}

/// Of 20 steps every second asks. The first image's objective stays, the second's falls by more than a ten thousandth, which is
/// of its margin, each time.
#[test]
fn a_descent_ends_early_where_its_objective_no_longer_falls_image_by_image_if_it_may() {
    let stays: Vec<Answer> = vec![(-1.0, vec![0.0]); 30];
    let falls: Vec<Answer> = (0..30).map(|time| (-1.0 + f64::from(time) * 1e-3, vec![0.0])).collect();
    let quick = CarliniWagnerSettings {
        steps: 20,
        search_steps: 1,
        initial_weight: 1.0,
        ..CarliniWagnerSettings::default()
    };
    for (abort_early, expected) in [(true, [4, 20]), (false, [20, 20])] {
        let seen =
            followed(vec![stays.clone(), falls.clone()], CarliniWagnerSettings { abort_early, ..quick });
        // Beside the clean image, and what is looked at in the end.
        assert_eq!([seen[0].len() - 2, seen[1].len() - 2], expected, "{abort_early}");
    }
}
