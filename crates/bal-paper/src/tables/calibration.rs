//! Probabilities and uncertainty of the runs, as tables.

use std::path::Path;

use super::escaped;
use super::members::{attack, members};
use crate::studies::{ROBUSTNESS_STUDIES, Study, calibrations};
use bal_report::ReportError;
use bal_report::calibration::{Attacked, CalibrationReport, Detection, Measured};

/// A table for each data set: a line for each run's clean images, and one for each attack on them; `None` where nothing was
/// calibrated. Below, where there are any, tables of the members of posteriors alone.
///
/// Reads `results_dir/robustness/<study>/<run>/calibration.json`. Errors name the file.
pub(crate) fn calibration(results_dir: &Path) -> Result<Option<String>, ReportError> {
    let mut blocks = Vec::new();
    for study in ROBUSTNESS_STUDIES {
        blocks.extend(of_study(study, results_dir)?);
    }
    let alone = members(results_dir)?;
    if blocks.is_empty() && alone.is_empty() {
        return Ok(None);
    }
    blocks.push(
        "ECE over 15 bins of equal width, NLL in nats. AUROC: how well predictive entropy and mutual information tell the \
         attacked images from the clean ones, with 95 % intervals; .5 tells nothing, and below it attacked images look \
         surer than clean ones. The attacks are PGD on the cross-entropy, and on the probability of the likeliest wrong \
         class (confident). A point estimate has no mutual information."
            .into(),
    );
    blocks.extend(alone);
    Ok(Some(blocks.join("\n\n")))
}

fn of_study(study: &'static Study, results: &Path) -> Result<Option<String>, ReportError> {
    let runs = calibrations(study, results)?;
    if runs.is_empty() {
        return Ok(None);
    }
    let mut lines = vec![
        format!(
            "| {} | images | attack | accuracy | ECE | NLL | Brier | AUROC, entropy | AUROC, mutual information |",
            study.label
        ),
        "|---|--:|---|--:|--:|--:|--:|---|---|".to_owned(),
    ];
    for (method, report) in &runs {
        let head = format!("| {} | {} ", escaped(method.label), report.images);
        lines.push(format!("{head}| none | {} | – | – |", numbers(&report.clean)));
        lines.extend(attacks(&head, report));
    }
    Ok(Some(lines.join("\n")))
}

fn attacks(head: &str, report: &CalibrationReport) -> Vec<String> {
    let line = |attacked: &Attacked| {
        format!(
            "{head}| {} | {} | {} | {} |",
            attack(attacked),
            numbers(&attacked.measured),
            area(Some(attacked.detection.entropy)),
            area(attacked.detection.mutual_information)
        )
    };
    report.attacked.iter().map(line).collect()
}

fn numbers(measured: &Measured) -> String {
    let of = &measured.calibration;
    format!("{:.3} | {:.4} | {:.4} | {:.4}", of.accuracy, of.ece, of.nll, of.brier)
}

fn area(detection: Option<Detection>) -> String {
    detection.map_or("–".into(), |Detection { auroc, interval }| {
        format!("{auroc:.3} [{:.3}, {:.3}]", interval.low, interval.high)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic;

    #[test]
    fn a_run_has_a_line_for_clean_images_and_one_for_each_attack() {
        let results = tempfile::tempdir().unwrap();
        assert_eq!(calibration(results.path()).unwrap(), None);
        let folder = results.path().join("robustness/fig1/pgd");
        std::fs::create_dir_all(&folder).unwrap();
        synthetic::calibration(100).write(&folder.join("calibration.json")).unwrap();
        let text = calibration(results.path()).unwrap().unwrap();
        // Nine of ten are right at a confidence of .95.
        assert!(text.contains("| PGD\\* | 100 | none | 0.900 | 0.0500 | "), "{text}");
        assert!(text.contains("| PGD\\* | 100 | cross-entropy, L∞ 0.100 | 0.400 | 0.2000 | "), "{text}");
        let sure = text.lines().find(|line| line.contains("confident, L∞ 0.100")).unwrap();
        assert!(sure.contains("| 0.000 [0.000, 0.") && sure.ends_with("| – |"), "{sure}");
        assert!(!text.contains("Fashion"));
    }

    #[test]
    fn a_report_of_another_data_set_is_refused() {
        let results = tempfile::tempdir().unwrap();
        let folder = results.path().join("robustness/appendix-a/pgd");
        std::fs::create_dir_all(&folder).unwrap();
        synthetic::calibration(100).write(&folder.join("calibration.json")).unwrap();
        let error = calibration(results.path()).unwrap_err().to_string();
        assert!(error.contains("calibration.json") && error.contains("fashion-mnist"), "{error}");
    }
}
