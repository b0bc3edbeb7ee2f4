//! Claims about `results/README.md`: every number in it comes from a record.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{FIGURES, published, tables};
use bal_chores::Repository;

fn page(repository: &Repository) -> String {
    fs::read_to_string(repository.results().join("README.md")).unwrap()
}

/// The sections of the page whose tables are drawn from records, with what belongs there.
fn drawn(repository: &Repository) -> Vec<(&'static str, String)> {
    let (results, published) = (repository.results(), published(repository).unwrap());
    let there = FIGURES.into_iter().filter(|name| results.join(name).is_dir());
    there.flat_map(|name| tables(name, &results, &published).unwrap()).collect()
}

#[test]
fn its_tables_are_those_of_the_records() {
    let repository = Repository::find().unwrap();
    let page = page(&repository);
    for (section, content) in drawn(&repository) {
        let written = crate::tables::replace_section(&page, section, &content).unwrap();
        assert!(written == page, "run `cargo xtask figures`: the table {section} is not that of the records");
    }
}

#[test]
fn the_tables_of_crossed_attacks_are_those_of_the_record() {
    let repository = Repository::find().unwrap();
    let page = fs::read_to_string(repository.root().join("docs/evaluation.md")).unwrap();
    let tables = super::crosscheck_tables(&repository).unwrap();
    let written = crate::tables::replace_section(&page, "crosscheck", &tables).unwrap();
    assert!(
        written == page,
        "run `cargo xtask figures`: the tables of docs/evaluation.md are not the record's"
    );
}

#[test]
fn the_numbers_of_its_prose_are_in_records_or_tables() {
    let repository = Repository::find().unwrap();
    let mut pool = Vec::new();
    for path in files(&repository.results(), "json") {
        let value: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        numbers(&value, &mut pool);
    }
    // Means over seeds, which tables compute from records.
    for (_, content) in drawn(&repository) {
        pool.extend(decimals(&content).into_iter().map(|number| number.value));
    }
    let settings = settings(&repository);
    let missing: Vec<String> = decimals(&prose(&page(&repository)))
        .into_iter()
        .filter(|number| !settings.contains(&number.text) && !number.is_in(&pool))
        .map(|number| number.text)
        .collect();
    assert!(missing.is_empty(), "in no record: {missing:?}");
}

/// A number as it is printed.
struct Printed {
    text: String,
    value: f64,
    /// Half of what its last digit stands for.
    rounding: f64,
}

impl Printed {
    fn is_in(&self, pool: &[f64]) -> bool {
        pool.iter().any(|value| (value - self.value).abs() <= self.rounding * 1.0001)
    }
}

/// The text that is neither a table of records nor code.
fn prose(page: &str) -> String {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        if line.starts_with("<!-- ") {
            inside = line.ends_with(":begin -->");
        } else if !inside {
            lines.push(line);
        }
    }
    let text = lines.join(" ");
    text.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

/// Its decimal fractions.
fn decimals(text: &str) -> Vec<Printed> {
    let mut found = Vec::new();
    for word in text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '%')) {
        let word = word.trim_end_matches('.');
        let Some((_, fraction)) = word.split_once('.') else { continue };
        let (value, percent) = (word.trim_end_matches('%'), word.ends_with('%'));
        let Ok(number) = value.parse::<f64>() else { continue };
        let scale = if percent { 0.01 } else { 1.0 };
        let digits = fraction.trim_end_matches('%').len() as i32;
        let rounding = 0.5 * 10f64.powi(-digits) * scale;
        found.push(Printed { text: word.to_owned(), value: number * scale, rounding });
    }
    found
}

/// All numbers of a record but the images' own, and of curves over the training the means: of all, of the first tenth and
/// of the last.
fn numbers(value: &Value, pool: &mut Vec<f64>) {
    match value {
        Value::Number(number) => pool.extend(number.as_f64()),
        Value::Array(values) => values.iter().for_each(|value| numbers(value, pool)),
        Value::Object(map) => {
            for (key, value) in map {
                match key.as_str() {
                    "per_image" => {}
                    "curves" => means(value, pool),
                    _ => numbers(value, pool),
                }
            }
        }
        _ => {}
    }
}

fn means(curves: &Value, pool: &mut Vec<f64>) {
    for curve in curves.as_object().into_iter().flat_map(|map| map.values()) {
        let points: Vec<f64> =
            curve.as_array().into_iter().flatten().filter_map(|point| point[1].as_f64()).collect();
        let tenth = points.len().div_ceil(10);
        for part in [&points[..], &points[..tenth], &points[points.len() - tenth..]] {
            if !part.is_empty() {
                pool.push(part.iter().sum::<f64>() / part.len() as f64);
            }
        }
    }
}

/// Numbers of experiments, which are no results, as prose writes them: `.02` and `0.02`.
fn settings(repository: &Repository) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    // Radii that accuracies are quoted at.
    for radius in ["0.05", "0.1", "0.15", "0.3"] {
        known.extend([radius.to_owned(), radius[1..].to_owned()]);
    }
    for path in files(&repository.root().join("experiments"), "toml") {
        let text = fs::read_to_string(path).unwrap();
        for word in text.split(|c: char| !(c.is_ascii_digit() || c == '.')) {
            if let Ok(value) = word.parse::<f64>() {
                let long = value.to_string();
                known.extend([long.trim_start_matches('0').to_owned(), long.clone(), word.to_owned()]);
            }
        }
    }
    known
}

pub(super) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found
}
