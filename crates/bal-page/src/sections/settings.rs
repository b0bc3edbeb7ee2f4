//! All settings, and what the runs were made with.

use crate::Run;
use crate::number::{count, exact};
use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeMap;

/// A run's settings by dotted key.
type Settings = BTreeMap<String, String>;

/// A table of all settings, one of the same in comparable units, one of versions and data.
pub(super) fn settings(runs: &[Run]) -> Markup {
    let experiments: Vec<Settings> = runs
        .iter()
        .map(|run| {
            let mut settings = Settings::new();
            flatten("", &run.record.experiment, &mut settings);
            settings
        })
        .collect();
    let units: Vec<Settings> = runs
        .iter()
        .map(|run| run.record.units.iter().map(|(key, &value)| (key.clone(), exact(value))).collect())
        .collect();
    let made: Vec<Settings> = runs.iter().map(made).collect();
    html! {
        p {
            "Everything that the experiments say"
            @if runs.len() > 1 { "; bold where runs differ" }
            ". Temperatures multiply the mean energy over images unless the key says otherwise."
        }
        (table("Settings of the experiment", runs, &experiments))
        @if units.iter().any(|units| !units.is_empty()) {
            h3.run-heading { "The same in units that can be compared" }
            (table("Settings in units that can be compared", runs, &units))
        }
        h3.run-heading { "What ran, on what data" }
        (table("Versions and data", runs, &made))
    }
}

/// Leaves of the JSON under their dotted keys; what is absent is left out.
fn flatten(key: &str, value: &Value, into: &mut Settings) {
    let text = match value {
        Value::Null => return,
        Value::Object(map) => {
            for (name, value) in map {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                flatten(&key, value, into);
            }
            return;
        }
        Value::Number(number) if number.is_f64() => exact(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    into.insert(key.into(), text);
}

fn made(run: &Run) -> Settings {
    let record = &run.record;
    let versions =
        record.versions.iter().map(|(name, version)| (format!("made with {name}"), version.clone()));
    let files = record.dataset.files.iter().map(|(name, digest)| {
        let short: String = digest.chars().take(16).collect();
        (format!("SHA-256 of {name}"), format!("{short}…"))
    });
    let others = [
        ("data set", record.dataset.name.clone()),
        ("images trained on", count(record.dataset.train_images)),
        ("images of the test set", count(record.dataset.test_images)),
        ("threads", record.threads.to_string()),
    ];
    versions.chain(files).chain(others.map(|(name, value)| (name.to_string(), value))).collect()
}

/// One row per key that any run has, one column per run.
fn table(caption: &str, runs: &[Run], settings: &[Settings]) -> Markup {
    let mut keys: Vec<&String> = settings.iter().flat_map(BTreeMap::keys).collect();
    keys.sort();
    keys.dedup();
    html! {
        div.whole { div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr {
                    th scope="col" { "Setting" }
                    @for run in runs { th.run.words scope="col" { (run.name) } }
                    th.words scope="col" { "Unit" }
                } }
                tbody {
                    @for key in keys {
                        @let differs = settings.iter().any(|one| one.get(key) != settings[0].get(key));
                        tr {
                            th scope="row" { (key) @if differs { span.out-of-sight { " (differs)" } } }
                            @for one in settings {
                                td.words.differs[differs] { @if let Some(value) = one.get(key) { (value) } @else { "–" } }
                            }
                            td.words { (unit(key)) }
                        }
                    }
                }
            }
        } }
    }
}

/// The unit of a setting, by the last word of its key.
fn unit(key: &str) -> &'static str {
    let inner = key.starts_with("data.") || key.contains(".data.") || key.contains(".ascent.");
    match key.rsplit('.').next().unwrap_or(key) {
        "epochs" => "passes over the images",
        "batch_size" | "train_images" | "held_out" | "images" => "images",
        "checkpoint_every" | "burn_in" | "every" => "sweeps",
        "steps" if key.contains(".attack.") => "steps for each batch",
        "steps" => "steps in each sweep",
        "adaptation_steps" => "steps",
        "radius" => "pixels in [0, 1]",
        "step_size" if key.contains(".attack.") => "pixels in [0, 1]",
        "step_size" if inner => "squared pixels per nat",
        "cost_weight" | "cost_weight_per_image" => "nats per squared pixel",
        "temperature" if inner => "nats, of the image's energy",
        "temperature" => "nats, of the mean energy over images",
        "posterior_temperature" => "1 is the posterior itself",
        "temperature_per_image" => "nats, of one image's energy",
        "first_step_size_per_image" => "squared pixels per nat",
        "data_chains" | "parameter_chains" => "chains",
        "gaussian" => "standard deviation of weights",
        "clean_weight" => "share, 0 to 1",
        "threads" => "threads",
        _ => "",
    }
}
