//! `verify-reference`: published weights, attacked and scored here, against what PyTorch gives on them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use bal_report::Evaluation;
use clap::Args;
use serde::Deserialize;

use crate::radii;
use bal_chores::Bal;
use bal_chores::Repository;
use bal_chores::reference;

/// Compare published MNIST weights, evaluated here, with the numbers that PyTorch gives on them
///
/// The folder holds mnist_erm, mnist_fgsm and mnist_bal (.safetensors), and recomputed.json with the expected
/// accuracies. Every number must agree within 0.0005, which pins network, attack and evaluation at once. Where
/// stn_fixture.safetensors is there, the spatial transformer network's logits on its images must be PyTorch's to 1e-4.
#[derive(Args)]
pub(crate) struct Options {
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// The largest difference that is put down to rounding: 5 of 10,000 images.
const TOLERANCE: f64 = 5e-4;

/// The expected accuracies.
#[derive(Deserialize)]
struct Recomputed {
    radius: Vec<f64>,
    erm: Expected,
    fgsm: Expected,
    bal: Expected,
}

#[derive(Deserialize)]
struct Expected {
    fgsm_member_mean_mean_logits: Vec<f64>,
    fgsm_predictive_mean_probability: Vec<f64>,
    cw_one_step_mean_logits: f64,
}

/// One evaluation of one file of weights.
struct Check<'a> {
    model: &'static str,
    attack: &'static str,
    /// How an ensemble's gradient and prediction are formed, as flags of `bal evaluate`.
    form: &'static [&'static str],
    expected: &'a [f64],
}

/// The number that differs most in a check.
#[derive(Debug, PartialEq)]
struct Worst {
    radius: Option<f64>,
    found: f64,
    expected: f64,
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let folder = reference::absolute(&options.folder)?;
    let recomputed = read(&folder.join("recomputed.json"))?;
    let bal = Bal::beside(repository)?;
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;

    let mut rows = Vec::new();
    for check in checks(&recomputed) {
        let json = scratch.path().join("evaluation.json");
        bal.run_quietly(&arguments(&check, &folder, &json))?;
        let worst = worst(&Evaluation::read(&json)?, check.expected)?;
        rows.push((check, worst));
    }
    print_table(&rows);
    judge(&rows)
}

/// A line for each check, with the number that differs most.
fn print_table(rows: &[(Check<'_>, Worst)]) {
    println!("model  attack       radius    here  PyTorch  difference  form");
    for (check, worst) in rows {
        let radius = worst.radius.map_or("-".into(), |radius| format!("{radius:.4}"));
        println!(
            "{:<5}  {:<11}  {radius:>6}  {:.4}  {:>7.4}  {:>10.4}  {}",
            check.model,
            check.attack,
            worst.found,
            worst.expected,
            worst.difference(),
            check.form.join(" ")
        );
    }
}

/// Reads and checks the expected numbers.
fn read(path: &Path) -> Result<Recomputed> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let recomputed: Recomputed = serde_json::from_str(&text)
        .with_context(|| format!("{} is not what PyTorch wrote", path.display()))?;
    let same = recomputed.radius.len() == radii::MNIST_FGSM.len()
        && recomputed.radius.iter().zip(radii::MNIST_FGSM).all(|(theirs, ours)| (theirs - ours).abs() < 1e-5);
    ensure!(
        same,
        "{} is for the radii {:?}, and not for {:?}",
        path.display(),
        recomputed.radius,
        radii::MNIST_FGSM
    );
    Ok(recomputed)
}

fn checks(recomputed: &Recomputed) -> Vec<Check<'_>> {
    let models = [("erm", &recomputed.erm), ("fgsm", &recomputed.fgsm), ("bal", &recomputed.bal)];
    let checks = models.into_iter().flat_map(|(model, expected)| {
        let one_step = std::slice::from_ref(&expected.cw_one_step_mean_logits);
        [
            Check {
                model,
                attack: "fgsm",
                form: &["--ensemble-gradient", "member-mean", "--prediction", "mean-logits"],
                expected: &expected.fgsm_member_mean_mean_logits,
            },
            Check {
                model,
                attack: "fgsm",
                form: &["--ensemble-gradient", "predictive", "--prediction", "mean-probability"],
                expected: &expected.fgsm_predictive_mean_probability,
            },
            Check {
                model,
                attack: "cw-one-step",
                form: &["--prediction", "mean-logits"],
                expected: one_step,
            },
        ]
    });
    checks.collect()
}

/// The command line of `bal evaluate`.
fn arguments(check: &Check<'_>, folder: &Path, json: &Path) -> Vec<String> {
    let weights = folder.join(format!("mnist_{}.safetensors", check.model));
    let mut arguments: Vec<String> =
        vec!["evaluate".into(), "--weights".into(), weights.display().to_string()];
    arguments
        .extend(["--architecture", "cnn", "--dataset", "mnist", "--attack", check.attack].map(Into::into));
    if check.attack == "fgsm" {
        arguments.extend(["--radius".into(), radii::list(&radii::MNIST_FGSM)]);
    }
    arguments.extend(check.form.iter().map(|&flag| flag.into()));
    arguments.extend(["--json".into(), json.display().to_string()]);
    arguments
}

/// The number of `found` that is farthest from what is expected.
fn worst(found: &Evaluation, expected: &[f64]) -> Result<Worst> {
    ensure!(
        found.accuracy.len() == expected.len() && found.radii.len() == expected.len(),
        "bal evaluate gave {} accuracies, and {} are expected",
        found.accuracy.len(),
        expected.len()
    );
    let cells = found.radii.iter().zip(&found.accuracy).zip(expected);
    cells
        .map(|((&radius, &found), &expected)| Worst { radius, found, expected })
        .max_by(|a, b| a.difference().total_cmp(&b.difference()))
        .context("bal evaluate gave no accuracy")
}

impl Worst {
    fn difference(&self) -> f64 {
        (self.found - self.expected).abs()
    }
}

/// An error that names the number farthest off, if that is too far.
fn judge(rows: &[(Check<'_>, Worst)]) -> Result<()> {
    let Some((check, worst)) = rows.iter().max_by(|(_, a), (_, b)| a.difference().total_cmp(&b.difference()))
    else {
        bail!("nothing was compared");
    };
    let at = worst.radius.map_or(String::new(), |radius| format!(" at radius {radius:.4}"));
    ensure!(
        worst.difference() <= TOLERANCE,
        "mnist_{} under {} ({}){at}: accuracy {:.4} here, {:.4} with PyTorch; they may differ by {TOLERANCE}",
        check.model,
        check.attack,
        check.form.join(" "),
        worst.found,
        worst.expected
    );
    eprintln!("the largest difference is {:.4}; {TOLERANCE} is allowed", worst.difference());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recomputed() -> Recomputed {
        let expected = || Expected {
            fgsm_member_mean_mean_logits: vec![0.9; 10],
            fgsm_predictive_mean_probability: vec![0.8; 10],
            cw_one_step_mean_logits: 0.2,
        };
        Recomputed { radius: radii::MNIST_FGSM.to_vec(), erm: expected(), fgsm: expected(), bal: expected() }
    }

    #[test]
    fn every_expected_number_is_checked_once() {
        let recomputed = recomputed();
        let checks = checks(&recomputed);
        assert_eq!(checks.iter().map(|check| check.expected.len()).sum::<usize>(), 3 * (10 + 10 + 1));
        let line = arguments(&checks[8], Path::new("/r"), Path::new("/t/x.json")).join(" ");
        assert_eq!(
            line,
            "evaluate --weights /r/mnist_bal.safetensors --architecture cnn --dataset mnist --attack cw-one-step \
             --prediction mean-logits --json /t/x.json"
        );
    }

    #[test]
    fn five_images_of_ten_thousand_may_differ_and_no_more() {
        let recomputed = recomputed();
        let rows = |found| {
            let checks = checks(&recomputed).into_iter();
            let rows = checks.map(|check| (check, Worst { radius: Some(0.15), found: 0.9, expected: 0.9 }));
            let mut rows: Vec<_> = rows.collect();
            rows[3].1.found = found;
            rows
        };
        judge(&rows(0.9005)).unwrap();
        for found in [0.9006, 0.8994, f64::NAN] {
            let error = judge(&rows(found)).unwrap_err().to_string();
            assert!(error.contains("mnist_fgsm") && error.contains("at radius 0.1500"), "{error}");
        }
    }

    #[test]
    fn numbers_for_other_radii_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recomputed.json");
        let model = r#"{"fgsm_member_mean_mean_logits": [1], "fgsm_predictive_mean_probability": [1], "cw_one_step_mean_logits": 1}"#;
        let text = |radius: &str| {
            format!(r#"{{"radius": {radius}, "erm": {model}, "fgsm": {model}, "bal": {model}}}"#)
        };
        fs::write(&path, text("[0.0, 0.1]")).unwrap();
        let error = read(&path).err().unwrap().to_string();
        assert!(error.contains("is for the radii [0.0, 0.1]"), "{error}");
        fs::write(&path, text("[0,0.016667,0.033333,0.05,0.066667,0.083333,0.1,0.116667,0.133333,0.15]"))
            .unwrap();
        read(&path).unwrap();
    }
}
