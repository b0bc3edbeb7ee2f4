//! A number of the prose, as the record, field and form that it is made from.
//!
//! ```text
//! {{fig1/erm/fgsm accuracy[0.15]}}                       .738      one record, one field
//! {{fig1/erm/record curves.linf .2}}                     .05       two decimals; of a curve over the training, the mean
//! {{fig1/wrm/record curves.linf[last]}}                  .110      of its last tenth, or `[first]`
//! {{mean fig1/erm/fgsm accuracy[0.15]}}                  .738      over the seeds of the run; also `least` and `most`
//! {{range fig1/erm/fgsm accuracy[0.15]}}                 [.719, .759]
//! {{mean robustness/fig1/bnn/autoattack-linf-member-* accuracy[0.1]}}    over the records that match
//! {{fig1/erm/fgsm accuracy[0] - fig1/bnn/fgsm accuracy[0]}}    a difference; `/` is a ratio
//! {{robustness/fig1/erm/autoattack-linf broken_by[0.1] .0}}    a count: of an object of numbers, their sum
//! {{paired A B difference[0.15]}}, {{paired A B verdict[0.15]}}    two records, image by image: see [`super::paired`]
//! ```
//!
//! A record is a file below `results/` without its `.json`. A field is a path of keys. `[0.15]` is the element at that radius,
//! which may be written `[4/255]`; `[loss=confident,radius=0.15]` is the element that has these values. An array of one number
//! is that number. The form is `.N`, N decimals without the zero before the point (`.3` where none is given).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::numbers::{RADIUS_TOLERANCE, number, printed};
use super::paired;

/// What stands for the placeholder of this text, without its braces.
///
/// # Errors
/// When it has another form, or names no record or field, or several without a word that says what is made of them.
pub(super) fn filled(text: &str, results: &Path) -> Result<String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let digits = match words.last().and_then(|word| word.strip_prefix('.')).map(str::parse::<usize>) {
        Some(Ok(digits)) => {
            words.pop();
            digits
        }
        _ => 3,
    };
    if let Some((&"paired", words)) = words.split_first() {
        return paired::filled(words, digits, results);
    }
    let operator = words.iter().position(|word| ["-", "/"].contains(word));
    if let Some(at) = operator {
        let (left, right) = (one(&words[..at], results)?, one(&words[at + 1..], results)?);
        return Ok(printed(if words[at] == "-" { left - right } else { left / right }, digits));
    }
    if words.first() == Some(&"range") {
        let [low, high] = ["least", "most"].map(|word| one(&[&[word], &words[1..]].concat(), results));
        return Ok(format!("[{}, {}]", printed(low?, digits), printed(high?, digits)));
    }
    Ok(printed(one(&words, results)?, digits))
}

/// The value of a record's field, or of several records'.
fn one(words: &[&str], results: &Path) -> Result<f64> {
    let (all, record, field) = match words {
        [record, field] => ("", record, field),
        [all @ ("mean" | "least" | "most"), record, field] => (*all, record, field),
        _ => bail!("this is not `[mean|least|most|range] RECORD FIELD`"),
    };
    let records = records(record, !all.is_empty(), results)?;
    ensure!(!records.is_empty(), "there is no record {record}.json");
    let read = |record: &String| -> Result<f64> {
        let text = fs::read(results.join(record)).with_context(|| format!("cannot read {record}"))?;
        let value = serde_json::from_slice(&text).with_context(|| format!("{record} is not JSON"))?;
        value_of(&value, field).with_context(|| format!("{record} has no number {field}"))
    };
    let values = records.iter().map(read).collect::<Result<Vec<f64>>>()?;
    Ok(match all {
        "mean" => values.iter().sum::<f64>() / values.len() as f64,
        "least" => values.iter().copied().fold(f64::INFINITY, f64::min),
        "most" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        _ => values[0],
    })
}

/// The files that are meant, from `results`: those that match, or with `seeds` that of every seed.
pub(super) fn records(record: &str, seeds: bool, results: &Path) -> Result<Vec<String>> {
    if !record.contains('*') {
        let file = format!("{record}.json");
        let mut parts: Vec<&str> = file.split('/').collect();
        ensure!(!seeds || parts.len() > 2, "{record} is no record of a run, which has seeds");
        let mut files = vec![file.clone()];
        for seed in 2.. {
            let folder = format!("seed-{seed}");
            let at = parts.len().saturating_sub(2);
            parts.insert(at, &folder);
            let other = parts.join("/");
            if !seeds || !results.join(&other).is_file() {
                break;
            }
            files.push(other);
            parts = file.split('/').collect();
        }
        return Ok(files);
    }
    ensure!(seeds, "{record} may be several records: say mean, least, most or range");
    let (folder, name) = record.rsplit_once('/').context("a record is in a folder")?;
    let (before, after) = name.split_once('*').context("only the name of a record may have a *")?;
    let mut files = Vec::new();
    for entry in fs::read_dir(results.join(folder)).with_context(|| format!("there is no {folder}/"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(before) && name.ends_with(&format!("{after}.json")) {
            files.push(format!("{folder}/{name}"));
        }
    }
    files.sort();
    Ok(files)
}

/// The number at a path of keys.
fn value_of(record: &Value, field: &str) -> Option<f64> {
    let mut at = record;
    for key in keys(field) {
        let (name, selected) = match key.split_once('[') {
            Some((name, selected)) => (name, Some(selected.strip_suffix(']')?)),
            None => (key, None),
        };
        let inside = at.get(name)?;
        at = match selected {
            None => inside,
            Some(selected) if selected.contains('=') => {
                inside.as_array()?.iter().find(|element| has(element, selected))?
            }
            Some(part @ ("first" | "last")) => {
                let points = inside.as_array()?;
                let tenth = points.len().div_ceil(10);
                return mean(if part == "first" {
                    &points[..tenth]
                } else {
                    &points[points.len() - tenth..]
                });
            }
            Some(radius) => {
                let radii = at.get("radii").or_else(|| at.get("radius"))?.as_array()?;
                let radius = number(radius)?;
                let is_it = |value: &Value| {
                    value.as_f64().is_some_and(|value| (value - radius).abs() <= RADIUS_TOLERANCE)
                };
                inside.get(radii.iter().position(is_it)?)?
            }
        };
    }
    match at {
        Value::Number(number) => number.as_f64(),
        Value::Object(map) => map.values().map(Value::as_f64).sum(),
        Value::Array(values) => match values.as_slice() {
            [Value::Number(number)] => number.as_f64(),
            points => mean(points),
        },
        _ => None,
    }
}

/// The mean of a curve, whose points are `[sweep, value]`.
fn mean(points: &[Value]) -> Option<f64> {
    let sum: f64 = points.iter().map(|point| point.get(1)?.as_f64()).sum::<Option<f64>>()?;
    (!points.is_empty()).then(|| sum / points.len() as f64)
}

/// The parts of a path between dots, brackets left whole.
fn keys(field: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    field.split(move |c| {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            _ => {}
        }
        c == '.' && !inside
    })
}

/// Whether an object has these values: `key=value,key=value`.
fn has(element: &Value, wanted: &str) -> bool {
    wanted.split(',').all(|pair| {
        let Some((key, value)) = pair.split_once('=') else { return false };
        match &element[key] {
            Value::String(text) => text == value,
            Value::Number(there) => {
                there.as_f64().zip(number(value)).is_some_and(|(a, b)| (a - b).abs() < 1e-9)
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> tempfile::TempDir {
        let results = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = results.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "fig1/erm/fgsm.json",
            r#"{"radii": [0.0, 0.016666666666666666, 0.15], "accuracy": [0.99, 0.98, 0.5]}"#,
        );
        write("fig1/seed-2/erm/fgsm.json", r#"{"radii": [0.15], "accuracy": [0.7]}"#);
        write(
            "fig1/erm/cw.json",
            r#"{"radii": [null], "accuracy": [0.25], "curves": {"linf": [[1, 0.1], [2, 0.3]]}}"#,
        );
        write("r/a-1.json", r#"{"radii": [0.01568627450980392], "broken_by": [{"a": 4, "b": 3}], "x": 2.5}"#);
        write("r/a-2.json", r#"{"x": 1.5, "at": [{"loss": "l", "radius": 0.1, "y": {"z": 0.125}}]}"#);
        results
    }

    #[test]
    fn every_documented_form_is_filled() {
        let results = results();
        let is =
            |text: &str, wanted: &str| assert_eq!(filled(text, results.path()).unwrap(), wanted, "{text}");
        is("fig1/erm/fgsm accuracy[0.15]", ".500");
        is("fig1/erm/fgsm accuracy[.0167] .2", ".98");
        is("mean fig1/erm/fgsm accuracy[0.15]", ".600");
        is("least fig1/erm/fgsm accuracy[0.15] .1", ".5");
        is("most fig1/erm/fgsm accuracy[0.15] .1", ".7");
        is("range fig1/erm/fgsm accuracy[0.15]", "[.500, .700]");
        is("fig1/erm/cw accuracy", ".250");
        is("fig1/erm/cw curves.linf", ".200");
        is("fig1/erm/cw curves.linf[first]", ".100");
        is("fig1/erm/cw curves.linf[last]", ".300");
        is("mean r/a-* x .1", "2.0");
        is("r/a-1 broken_by[4/255] .0", "7");
        is("r/a-1 broken_by[4/255].b .0", "3");
        is("r/a-2 at[loss=l,radius=0.1].y.z", ".125");
        is("fig1/erm/cw accuracy - fig1/erm/fgsm accuracy[0]", "−.740");
        is("fig1/erm/fgsm accuracy[0.15] / fig1/erm/cw accuracy .1", "2.0");
    }

    #[test]
    fn halves_are_rounded_away_from_zero_and_nothing_has_no_sign() {
        assert_eq!(printed(0.9025, 3), ".903");
        assert_eq!(printed(-0.1235, 3), "−.124");
        assert_eq!(printed(-0.0001, 3), ".000");
        assert_eq!(printed(0.9996, 3), "1.000");
    }

    #[test]
    fn what_names_nothing_is_refused() {
        let results = results();
        for text in [
            "",
            "fig1/erm/fgsm",
            "fig1/erm/pgd accuracy",
            "fig1/erm/fgsm accuracy[0.1]",
            "fig1/erm/fgsm accuracy",
            "fig1/erm/fgsm precision[0.15]",
            "r/a-* x",
            "mean r/b-* x",
            "mean r/a-1 x",
            "median fig1/erm/fgsm accuracy[0.15]",
            "r/a-2 at[loss=m,radius=0.1].y.z",
        ] {
            assert!(filled(text, results.path()).is_err(), "{text}");
        }
    }
}
