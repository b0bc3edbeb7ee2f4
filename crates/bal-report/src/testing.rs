//! Test aid: made-up records, evaluations and calibrations.

use std::collections::BTreeMap;

use serde_json::json;

use crate::calibration::{Answer, Attacked, CalibrationReport, Detections, Doubt, Measured};
use crate::{Dataset, Evaluation, Model, PerImage, Reached, Record, Split, record};

/// The record of a run on MNIST of two epochs, in which images moved a little further.
pub fn record(name: &str) -> Record {
    Record {
        format: record::FORMAT,
        name: name.into(),
        method: name.into(),
        preset: None,
        quick: false,
        seed: 1,
        experiment: json!({}),
        versions: BTreeMap::from([("bal".into(), "0.1.0".into())]),
        dataset: Dataset {
            name: "mnist".into(),
            files: BTreeMap::from([("train-images".into(), "ab".repeat(32))]),
            train_images: 60_000,
            test_images: 10_000,
            parts: BTreeMap::new(),
            classes: None,
        },
        start: None,
        sources: vec![],
        epochs: 2.0,
        sweeps: 470,
        sweeps_planned: 470,
        stopped_early: false,
        threads: 2,
        wall_seconds: 1234.5,
        units: BTreeMap::new(),
        curves: ["linf", "l2"].map(|name| (name.to_owned(), vec![(1, 0.05), (2, 0.07)])).into(),
        diagnostics: None,
        sampler: None,
        prior_precisions: vec![],
        laplace: None,
        held_out: None,
        digests: BTreeMap::new(),
    }
}

/// A convolutional network that was trained in a run.
pub fn model() -> Model {
    Model {
        source: "a run".into(),
        architecture: Some("cnn".into()),
        chains: 1,
        prediction: "mean-probability".into(),
        ensemble_gradient: "predictive".into(),
        weights: None,
    }
}

/// An evaluation on test images of MNIST; of each radius the images that are right.
pub fn evaluation_of(attack: &str, radii: Vec<Option<f64>>, right: &[Vec<bool>]) -> Evaluation {
    let per_image = PerImage::of_flags(right);
    Evaluation {
        attack: attack.into(),
        norm: Some("linf".into()),
        reached: radii.iter().map(|_| Reached { l2: 1.0, linf: 0.1, size: None }).collect(),
        radii,
        accuracy: per_image.accuracy(),
        images: right.first().map_or(0, Vec::len) as u64,
        settings: json!({}),
        per_image,
        model: model(),
        dataset: "mnist".into(),
        split: Split::Test,
        broken_by: None,
        nearest: None,
        zero_gradients: None,
        seeds: None,
        image_set: None,
        device: BTreeMap::new(),
    }
}

/// An evaluation whose first images survive, to the nearest image of the shares given.
pub fn evaluation(attack: &str, radii: Vec<Option<f64>>, shares: &[f64], images: usize) -> Evaluation {
    let right = shares.iter().map(|share| (share * images as f64).round() as usize);
    let flags: Vec<Vec<bool>> = right.map(|right| (0..images).map(|index| index < right).collect()).collect();
    evaluation_of(attack, radii, &flags)
}

/// A classifier of two classes on so many images: sure and mostly right of the clean ones, in doubt and mostly wrong of the
/// attacked ones, which two losses made at radius .1.
pub fn calibration(images: usize) -> CalibrationReport {
    let answers = |right: usize, sure: f64| -> Vec<Answer> {
        let label = |image: usize| usize::from(image % 10 >= right);
        (0..images)
            .map(|image| Answer { probabilities: vec![sure, 1.0 - sure], label: label(image) })
            .collect()
    };
    let doubt = |entropy: f64| Doubt {
        entropy: (0..images).map(|image| entropy + 0.001 * (image % 7) as f64).collect(),
        mutual_information: None,
    };
    let measured = |right: usize, sure: f64, entropy: f64| {
        Measured::of(&answers(right, sure), &doubt(entropy), 2).expect("there are images")
    };
    let attacked = |loss: &str, sure: f64, entropy: f64| Attacked {
        loss: loss.into(),
        norm: "linf".into(),
        radius: 0.1,
        measured: measured(4, sure, entropy),
        detection: Detections::of(&doubt(entropy), &doubt(0.2)).expect("there are images"),
        detection_of_wrong: None,
    };
    CalibrationReport {
        model: model(),
        dataset: "mnist".into(),
        split: Split::Test,
        images: images as u64,
        classes: 2,
        settings: json!({"steps": 40}),
        clean: measured(9, 0.95, 0.2),
        attacked: vec![attacked("cross-entropy", 0.6, 0.5), attacked("confident", 0.99, 0.05)],
        image_set: None,
    }
}
