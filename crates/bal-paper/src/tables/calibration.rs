//! Probabilities and uncertainty of the runs, as tables.

use std::path::Path;

use super::members::{attack, members};
use crate::studies::{ROBUSTNESS_STUDIES, Study, calibrations};
use bal_report::ReportError;
use bal_report::calibration::{Detection, Measured};
use bal_report::table::{Table, dash, perhaps_with_interval, with_interval};

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
    let head = [
        "images",
        "attack",
        "accuracy",
        "ECE",
        "NLL",
        "Brier",
        "AUROC, entropy",
        "AUROC, mutual information",
    ];
    let mut table = Table::new("lrlrrrrll", [study.label].into_iter().chain(head));
    for (method, report) in &runs {
        let mut row = |attack: String, measured: &Measured, areas: [String; 2]| {
            let of = &measured.calibration;
            let scores = of.scores().map(|(score, interval)| perhaps_with_interval(score, interval, 4));
            let first =
                [method.label.into(), report.images.to_string(), attack, format!("{:.3}", of.accuracy)];
            table.row(first.into_iter().chain(scores).chain(areas));
        };
        row("none".into(), &report.clean, [dash(), dash()]);
        for attacked in &report.attacked {
            let areas = [Some(attacked.detection.entropy), attacked.detection.mutual_information].map(area);
            row(attack(attacked), &attacked.measured, areas);
        }
    }
    Ok(Some(table.markdown()))
}

fn area(detection: Option<Detection>) -> String {
    detection.map_or_else(dash, |Detection { auroc, interval }| with_interval(auroc, interval, 3))
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
        // Nine of ten are right at a confidence of .95: .05 ± 1.96 sqrt(.9 * .1 / 99).
        assert!(text.contains("| PGD\\* | 100 | none | 0.900 | 0.0500 [0.0000, 0.1091] | "), "{text}");
        assert!(
            text.contains("| PGD\\* | 100 | cross-entropy, L∞ 0.100 | 0.400 | 0.2000 [0.1035, 0.2965] | "),
            "{text}"
        );
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
