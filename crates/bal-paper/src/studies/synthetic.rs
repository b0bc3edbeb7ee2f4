//! Test aid: results folders with made-up runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::published::Published;
use bal_report::calibration::{Answer, Attacked, CalibrationReport, Detections, Doubt, Measured};
use bal_report::{Dataset, Evaluation, Model, PerImage, Reached, Record, Split, record};

/// The published numbers that the project ships.
pub(crate) fn published() -> Published {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Published::read(&root.join("../../results/published.json")).unwrap()
}

/// Writes a run whose accuracies fall with the square of the radius, by `drop` at .15.
pub(crate) fn write_run(results: &Path, run: &str, quick: bool, images: usize, drop: f64) {
    let folder = results.join(run);
    fs::create_dir_all(&folder).unwrap();
    record(run, quick).write(&folder.join("record.json")).unwrap();
    let radii: Vec<_> = (0..10).map(|k| 0.15 * f64::from(k) / 9.0).collect();
    let under_fgsm: Vec<_> = radii.iter().map(|r| 0.992 - drop * (r / 0.15).powi(2)).collect();
    let radii = radii.into_iter().map(Some).collect();
    evaluation("fgsm", radii, &under_fgsm, images).write(&folder.join("fgsm.json")).unwrap();
    evaluation("cw-one-step", vec![None], &[0.35 - 0.6 * drop], images)
        .write(&folder.join("cw-one-step.json"))
        .unwrap();
}

fn record(name: &str, quick: bool) -> Record {
    Record {
        format: record::FORMAT,
        name: name.into(),
        method: name.into(),
        preset: None,
        quick,
        seed: 1,
        experiment: json!({}),
        versions: BTreeMap::new(),
        dataset: Dataset {
            name: "mnist".into(),
            files: BTreeMap::new(),
            train_images: 60_000,
            test_images: 10_000,
            parts: BTreeMap::new(),
            classes: None,
        },
        start: None,
        epochs: 2.0,
        sweeps: 470,
        sweeps_planned: 470,
        stopped_early: false,
        threads: 2,
        wall_seconds: 1.0,
        units: BTreeMap::new(),
        curves: ["linf", "l2"].map(|name| (name.to_owned(), vec![(1, 0.05), (2, 0.07)])).into(),
        diagnostics: None,
        held_out: None,
        digests: BTreeMap::new(),
    }
}

/// An evaluation whose first images survive, to the nearest image of the shares given.
pub(crate) fn evaluation(attack: &str, radii: Vec<Option<f64>>, shares: &[f64], images: usize) -> Evaluation {
    let flags: Vec<Vec<bool>> = shares
        .iter()
        .map(|share| {
            let right = (share * images as f64).round() as usize;
            (0..images).map(|index| index < right).collect()
        })
        .collect();
    let per_image = PerImage::of_flags(&flags);
    Evaluation {
        attack: attack.into(),
        norm: Some("linf".into()),
        reached: radii.iter().map(|_| Reached { l2: 1.0, linf: 0.1 }).collect(),
        radii,
        accuracy: per_image.accuracy(),
        images: images as u64,
        settings: json!({}),
        per_image,
        model: Model {
            source: "a run".into(),
            architecture: Some("cnn".into()),
            chains: 1,
            prediction: "mean-probability".into(),
            ensemble_gradient: "predictive".into(),
            weights: None,
        },
        dataset: "mnist".into(),
        split: Split::Test,
        broken_by: None,
        nearest: None,
        zero_gradients: None,
        image_set: None,
    }
}

/// A classifier of two classes on so many images: sure and mostly right of the clean ones, in doubt and mostly wrong of the
/// attacked ones, which two losses made at radius .1.
pub(crate) fn calibration(images: usize) -> CalibrationReport {
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
    let clean = Measured::of(&answers(9, 0.95), &doubt(0.2), 2).unwrap();
    let attacked = |loss: &str, sure: f64, entropy: f64| Attacked {
        loss: loss.into(),
        norm: "linf".into(),
        radius: 0.1,
        measured: Measured::of(&answers(4, sure), &doubt(entropy), 2).unwrap(),
        detection: Detections::of(&doubt(entropy), &doubt(0.2)).unwrap(),
        detection_of_wrong: None,
    };
    CalibrationReport {
        model: evaluation("pgd", vec![Some(0.1)], &[1.0], 1).model,
        dataset: "mnist".into(),
        split: Split::Test,
        images: images as u64,
        classes: 2,
        settings: json!({"steps": 40}),
        clean,
        attacked: vec![attacked("cross-entropy", 0.6, 0.5), attacked("confident", 0.99, 0.05)],
        image_set: None,
    }
}
