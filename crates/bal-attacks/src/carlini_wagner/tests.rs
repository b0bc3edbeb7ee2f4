//! Targets, confidence and settings; distances are compared with known optima in `tests/minimal`.

use super::*;
use crate::predicted_classes;
use crate::tests::{Linear, batch, linear, noise};
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
