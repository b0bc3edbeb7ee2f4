//! Against the least total variation on a strip, where it is known.

use super::*;
use crate::tests::{Bumpy, Linear, images, noise, shades, two_class};
use bal_core::{Prediction, Targets};

const PIXELS: usize = 14;
const SLOPE: f64 = 0.05;

/// A strip whose pixels rise evenly; nothing near its ends is looked at.
fn strip() -> Batch {
    let row: Vec<f64> = (0..PIXELS).map(|pixel| 0.1 + SLOPE * pixel as f64).collect();
    let targets = Targets::Classes(Tensor::from_slice(&[0i64]));
    Batch { x: images(&[&row]), targets, indices: vec![0] }
}

/// A classifier with these weights on the pixels in the middle that has the strip right by a margin.
fn model(middle: [f64; 6], margin: f64) -> Linear {
    let mut w = [0.0; PIXELS];
    w[4..10].copy_from_slice(&middle);
    let strip = Vec::<f64>::try_from(strip().x.reshape([-1]).to_kind(Kind::Double)).unwrap();
    let clean: f64 = w.iter().zip(&strip).map(|(w, x)| w * x).sum();
    let mut model = two_class(&[w], Prediction::MeanLogits);
    model.bias = Tensor::from_slice(&[0.0, -clean - margin]).to_kind(Kind::Float).reshape([1, 1, 2]);
    model
}

/// The least total variation that was found for the strip.
fn found(model: &Linear) -> f64 {
    let settings = StAdvSettings {
        steps: 600,
        step_size: 0.01,
        search_steps: 12,
        smoothing: 1e-6,
        ..StAdvSettings::default()
    };
    let batch = strip();
    let flow = StAdv::new(settings).unwrap().transform(model, &batch, f64::INFINITY, &noise()).unwrap();
    let x = SpatialMeasure::FlowCost.render(&batch.x, &flow);
    let class = crate::predicted_classes(model, &x).unwrap();
    assert_eq!(class, Tensor::from_slice(&[1i64]), "an error was found");
    SpatialMeasure::FlowCost.of_each(&flow).double_value(&[0])
}

/// With gradient g of mean 0, `min TV(f) s.t. g f >= m` is `2 m / max_k |g_1 + .. + g_k|`, by summation by parts.
#[test]
fn stadv_finds_the_nearest_error_on_a_strip() {
    let (middle, margin) = ([2.0, -1.0, 3.0, -1.0, -2.0, -1.0], 0.1);
    let mut sum = 0.0;
    let sums = middle.map(|w| {
        sum += SLOPE * w;
        f64::abs(sum)
    });
    assert!(sum.abs() < 1e-12);
    let optimum = 2.0 * margin / sums.into_iter().fold(0.0, f64::max);
    let found = found(&model(middle, margin));
    assert!(found >= optimum * (1.0 - 1e-4) && found < optimum * 1.02, "{found} for {optimum}");
}

/// A translation costs nothing.
#[test]
fn where_a_translation_is_an_error_the_cost_falls_towards_nothing() {
    let found = found(&model([2.0, 1.0, 3.0, 1.0, 2.0, 1.0], 0.1));
    // As far as the pixel with the steepest gradient alone, that would be 2 x 2 x .1 / .15.
    assert!(found < 0.05, "{found}");
}

#[test]
fn images_that_are_wrong_already_stay_and_others_become_wrong() {
    let batch = shades(12);
    let stadv = StAdv::new(StAdvSettings::default()).unwrap();
    let flow = stadv.transform(&Bumpy, &batch, f64::INFINITY, &noise()).unwrap();
    let y = batch.classes().unwrap();
    let right = |x: &Tensor| crate::predicted_classes(&Bumpy, x).unwrap().eq_tensor(y);
    let clean = right(&batch.x);
    let count = clean.sum(Kind::Int64).int64_value(&[]);
    assert!(count > 0 && count < 12, "{count} of 12 right shows nothing");
    let moved = flow.abs().amax([1i64, 2, 3].as_slice(), false).gt(0.0);
    assert_eq!(moved.logical_and(&clean.logical_not()).any().int64_value(&[]), 0, "wrong, but moved");
    let still_right = right(&SpatialMeasure::FlowCost.render(&batch.x, &flow));
    assert_eq!(still_right.logical_and(&moved).any().int64_value(&[]), 0, "moved, but right");
    assert!(moved.any().int64_value(&[]) == 1, "nothing was found at all");
}

#[test]
fn confidence_is_a_lead_of_the_logits() {
    let model = model([2.0, -1.0, 3.0, -1.0, -2.0, -1.0], 0.02);
    let batch = strip();
    for confidence in [0.0, 0.03] {
        let stadv = StAdv::new(StAdvSettings { confidence, ..StAdvSettings::default() }).unwrap();
        let flow = stadv.transform(&model, &batch, f64::INFINITY, &noise()).unwrap();
        let x = SpatialMeasure::FlowCost.render(&batch.x, &flow);
        let logits = model.member_logits(&x).unwrap().get(0).get(0);
        let lead = logits.double_value(&[1]) - logits.double_value(&[0]);
        assert!(lead >= confidence - 1e-6 && lead < confidence + 0.02, "{lead} for {confidence}");
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let usual = StAdvSettings::default;
    for (settings, part) in [
        (StAdvSettings { steps: 0, ..usual() }, "steps must be at least 1"),
        (StAdvSettings { search_steps: 0, ..usual() }, "search_steps must be at least 1"),
        (StAdvSettings { smoothing: 0.0, ..usual() }, "smoothing must be"),
        (StAdvSettings { initial_weight: -1.0, ..usual() }, "initial_weight must be"),
        (StAdvSettings { confidence: -1.0, ..usual() }, "confidence must be"),
    ] {
        let error = StAdv::new(settings).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
