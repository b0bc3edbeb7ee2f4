//! Claims about `record.json`.

use std::fs;

use serde_json::{Value, json};

use super::*;

fn record() -> Record {
    Record {
        preset: Some("exact".into()),
        seed: u64::MAX,
        experiment: json!({"method": "bal", "data": {"step_size": 0.026}}),
        start: Some(Start { name: "mnist-erm".into(), digest: "cd".repeat(32) }),
        sources: vec![],
        units: BTreeMap::from([
            ("parameters.temperature".into(), 1e-5),
            ("parameters.posterior_temperature".into(), 0.6),
        ]),
        curves: BTreeMap::from([("loss".into(), vec![(1, 0.1 + 0.2), (2, 1.0 / 3.0)])]),
        diagnostics: Some(Diagnostics {
            chains: 5,
            draws: 20,
            r_hat: Summary::of(&[1.01, 1.2, 1.05]),
            ess: Summary::of(&[f64::NAN]),
        }),
        sampler: Some(SamplerRegime {
            name: "sgadald".into(),
            energy: "mean".into(),
            floor_share: Some(0.95),
            gradient_quantiles: vec![(0.5, 1.2e-4), (0.99, 1.3e-3)],
            temperature_quantiles: vec![(0.5, 2.8)],
            configurational_temperature: ConfigurationalTemperature::of(vec![1.0, 1.5, 1.25, 0.75]),
        }),
        prior_precisions: vec![PriorPrecision {
            weights: "conv1.weight".into(),
            mean: 98.5,
            deviation: 7.25,
            r_hat: Some(1.003),
            ess: Some(410.0),
        }],
        laplace: Some(LaplaceFit {
            structure: "kron".into(),
            images: 10_000,
            scale: 6e4,
            precision: 0.5,
            tried: vec![Tried { scale: 6e4, precision: 0.5, log_likelihood: -0.03 }],
        }),
        held_out: Some(0.991),
        ..crate::testing::record("mnist-bal")
    }
}

/// What reading says about a record whose JSON was changed.
fn error_after(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.json");
    let mut value = serde_json::to_value(record()).unwrap();
    change(value.as_object_mut().unwrap());
    fs::write(&path, value.to_string()).unwrap();
    let message = Record::read(&path).unwrap_err().to_string();
    assert!(message.contains("record.json"), "{message}");
    message
}

#[test]
fn a_record_comes_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.json");
    record().write(&path).unwrap();
    assert_eq!(Record::read(&path).unwrap(), record());
}

#[test]
fn a_record_of_before_samplers_were_measured_is_read_and_written_as_it_was() {
    let before = Record { sampler: None, prior_precisions: vec![], ..record() };
    let value = serde_json::to_value(&before).unwrap();
    assert!(value.get("sampler").is_none());
    assert_eq!(serde_json::from_value::<Record>(value).unwrap(), before);
}

#[test]
fn a_temperature_that_is_no_number_is_refused_by_its_key() {
    let mut wrong = record();
    wrong.sampler.as_mut().unwrap().temperature_quantiles[0].1 = f64::NAN;
    let folder = tempfile::tempdir().unwrap();
    let error = wrong.write(&folder.path().join("record.json")).unwrap_err().to_string();
    assert!(error.contains("sampler.temperature_quantiles"), "{error}");
}

#[test]
fn an_unknown_key_is_refused_by_name() {
    let message = error_after(|record| {
        record.insert("sede".into(), json!(1));
    });
    assert!(message.contains("sede"), "{message}");
    let message = error_after(|record| record["dataset"]["colour"] = json!("gray"));
    assert!(message.contains("colour"), "{message}");
}

#[test]
fn a_missing_key_is_named() {
    let message = error_after(|record| {
        record.remove("wall_seconds");
    });
    assert!(message.contains("wall_seconds"), "{message}");
}

#[test]
fn another_format_and_an_impossible_fraction_are_refused() {
    let message = error_after(|record| record["format"] = json!(2));
    assert!(message.contains("format is 2"), "{message}");
    let message = error_after(|record| record["held_out"] = json!(1.5));
    assert!(message.contains("held_out"), "{message}");
}

#[test]
fn a_number_that_json_cannot_hold_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("record.json");
    let mut record = record();
    record.curves.insert("linf".into(), vec![(7, f64::NAN)]);
    let message = record.write(&path).unwrap_err().to_string();
    assert!(message.contains("curves.linf at sweep 7"), "{message}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let message = Record::read(&folder.path().join("record.json")).unwrap_err().to_string();
    assert!(message.contains("cannot read") && message.contains("record.json"));
}
