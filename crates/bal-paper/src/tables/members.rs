//! Probabilities and uncertainty of the members of a posterior, each alone, as tables.

use std::path::Path;

use super::by_study::by_study;
use super::each_member::each_member;
use crate::studies::{Study, calibration_of};
use bal_report::ReportError;
use bal_report::calibration::{Attacked, CalibrationReport, Measured};
use bal_report::table::{Table, dash};

const NOTE: &str = "Members alone: each is attacked and asked by itself. Means over the members, and the least and the most \
     of them.";

/// A table for each data set: a line for the clean images of each posterior and one for each attack, with means over its
/// members, each attacked by itself, and the least and the most of them.
///
/// Reads `results_dir/robustness/<study>/<run>/calibration-member-<K>.json`, K from 0 on. Errors name the file, or say that
/// the members of a run were not attacked alike.
pub(super) fn members(results_dir: &Path) -> Result<Vec<String>, ReportError> {
    by_study(results_dir, of_study, NOTE)
}

fn of_study(study: &'static Study, results: &Path) -> Result<Option<String>, ReportError> {
    let head = ["members", "attack", "accuracy", "ECE", "NLL", "Brier", "AUROC, entropy"].map(String::from);
    let mut table = Table::new("lrl", [format!("{}, members alone", study.label)].into_iter().chain(head));
    for (method, name) in study.methods() {
        let folder = study.robustness_folder(results, name);
        let reports = each_member(
            &folder,
            "calibration",
            |path| calibration_of(study.dataset, path),
            |one, other| attacks(one) == attacks(other),
        )?;
        let Some(first) = reports.first() else { continue };
        let mut row = |attack: String, measured: &[&Measured], area: String| {
            let named = [method.label.into(), reports.len().to_string(), attack];
            table.row(named.into_iter().chain(numbers(measured)).chain([area]));
        };
        row("none".into(), &reports.iter().map(|report| &report.clean).collect::<Vec<_>>(), dash());
        for (at, named) in first.attacked.iter().enumerate() {
            let of: Vec<&Attacked> = reports.iter().map(|report| &report.attacked[at]).collect();
            let measured: Vec<&Measured> = of.iter().map(|attacked| &attacked.measured).collect();
            let areas = spread(of.iter().map(|attacked| attacked.detection.entropy.auroc), 3);
            row(attack(named), &measured, areas);
        }
    }
    Ok(table.filled())
}

/// What an attack is called.
pub(super) fn attack(attacked: &Attacked) -> String {
    let norm = if attacked.norm == "l2" { "L2" } else { "L∞" };
    format!("{}, {norm} {:.3}", attacked.loss, attacked.radius)
}

fn attacks(report: &CalibrationReport) -> Vec<String> {
    report.attacked.iter().map(attack).collect()
}

fn numbers(of: &[&Measured]) -> [String; 4] {
    let each = |number: fn(&Measured) -> f64| of.iter().map(move |measured| number(measured));
    [
        spread(each(|measured| measured.calibration.accuracy), 3),
        spread(each(|measured| measured.calibration.ece), 4),
        spread(each(|measured| measured.calibration.nll), 4),
        spread(each(|measured| measured.calibration.brier), 4),
    ]
}

/// The mean, the least and the most, with so many decimals.
pub(super) fn spread(values: impl Iterator<Item = f64>, decimals: usize) -> String {
    let values: Vec<f64> = values.collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let (least, most) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), &value| {
        (least.min(value), most.max(value))
    });
    format!("{mean:.decimals$} ({least:.decimals$} to {most:.decimals$})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic;

    #[test]
    fn a_posterior_has_means_and_extremes_over_its_members() {
        let results = tempfile::tempdir().unwrap();
        assert!(members(results.path()).unwrap().is_empty());
        let folder = results.path().join("robustness/fig1/bnn");
        std::fs::create_dir_all(&folder).unwrap();
        let one = synthetic::calibration(100);
        let mut other = one.clone();
        other.attacked[0].detection.entropy = other.attacked[1].detection.entropy;
        one.write(&folder.join("calibration-member-0.json")).unwrap();
        other.write(&folder.join("calibration-member-1.json")).unwrap();
        // What stands alone behind a gap is no member of these.
        one.write(&folder.join("calibration-member-3.json")).unwrap();
        let text = members(results.path()).unwrap().join("\n");
        assert!(text.contains("| BNN | 2 | none | 0.900 (0.900 to 0.900) | 0.0500 ("), "{text}");
        let line = text.lines().find(|line| line.contains("cross-entropy, L∞ 0.100")).unwrap();
        assert!(line.ends_with("| 0.500 (0.000 to 1.000) |"), "{line}");
        // They stand below the posteriors as a whole.
        one.write(&folder.join("calibration.json")).unwrap();
        assert!(crate::tables::calibration(results.path()).unwrap().unwrap().ends_with("the most of them."));
    }

    #[test]
    fn members_that_were_not_attacked_alike_are_refused() {
        let results = tempfile::tempdir().unwrap();
        let folder = results.path().join("robustness/fig1/bnn");
        std::fs::create_dir_all(&folder).unwrap();
        let one = synthetic::calibration(100);
        let mut other = one.clone();
        other.attacked.truncate(1);
        one.write(&folder.join("calibration-member-0.json")).unwrap();
        other.write(&folder.join("calibration-member-1.json")).unwrap();
        let error = members(results.path()).unwrap_err().to_string();
        assert!(error.contains("calibration-member-1.json") && error.contains("was not attacked"), "{error}");
    }
}
