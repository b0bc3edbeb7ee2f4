//! What strong attacks leave of the runs, as tables.

use std::path::Path;

use super::by_study::by_study;
use super::hop_skip_jump::hop_skip_jump;
use super::members_under_attack::members_under_attack;
use super::more_steps::more_steps;
use crate::studies::{Study, evaluation};
use bal_report::table::{Table, dash, number, with_interval};
use bal_report::{Evaluation, ReportError};

const NOTE: &str = "AutoAttack on the posterior as a whole (predictive gradient, mean probability); intervals are Wilson's at \
     95 %. FGSM is that of the figures, on all test images and in the run's own form of prediction.";

/// A line for each run of each data set: accuracy clean, under FGSM at its study's largest radius, and under `AutoAttack`.
///
/// Below, where there are any, tables of posteriors' members alone, under `HopSkipJump`, which sees classes only, and under
/// targeted APGD of many steps.
///
/// Reads `results_dir/robustness/<study>/<run>/{autoattack-linf,autoattack-l2,hop-skip-jump-linf,more-steps-linf}.json` beside
/// the study's own evaluations; runs that were not attacked are left out.
///
/// Errors name the file, or say that there is none.
pub(crate) fn robustness(results_dir: &Path) -> Result<String, ReportError> {
    let mut blocks = by_study(results_dir, of_study, NOTE)?;
    blocks.extend(members_under_attack(results_dir)?);
    blocks.extend(hop_skip_jump(results_dir)?);
    blocks.extend(more_steps(results_dir)?);
    if blocks.is_empty() {
        return Err(ReportError::NoRuns {
            folder: results_dir.join("robustness"),
            file: "autoattack-linf.json".into(),
            expected: "fig1/erm, fig1/pgd, ..".into(),
        });
    }
    Ok(blocks.join("\n\n"))
}

/// The table of one data set, if any of its runs was attacked.
fn of_study(study: &'static Study, results: &Path) -> Result<Option<String>, ReportError> {
    let mut columns: Vec<(&str, f64)> = Vec::new();
    let mut rows = Vec::new();
    for (method, name) in study.methods() {
        let folder = study.robustness_folder(results, name);
        let linf = evaluation(&folder.join("autoattack-linf.json"), "autoattack", study.dataset)?;
        let l2 = evaluation(&folder.join("autoattack-l2.json"), "autoattack", study.dataset)?;
        if linf.is_none() && l2.is_none() {
            continue;
        }
        let own = results.join(study.folder).join(name);
        let fgsm = evaluation(&own.join("fgsm.json"), "fgsm", study.dataset)?;
        for (norm, found) in [("L∞", &linf), ("L2", &l2)] {
            for point in found.iter().flat_map(Evaluation::points) {
                let column = (norm, point.radius.unwrap_or_default());
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
        rows.push((method.label, linf, l2, fgsm));
    }
    columns.sort_by(|a, b| (a.0 == "L2").cmp(&(b.0 == "L2")).then(a.1.total_cmp(&b.1)));
    let fixed = [study.label, "images", "FGSM, clean", "at its largest"].map(String::from).into_iter();
    let head = columns.iter().map(|(norm, radius)| format!("{norm} {radius:.3}"));
    let mut table = Table::new("lr", fixed.chain(head));
    for (label, linf, l2, fgsm) in rows {
        let images = linf.as_ref().or(l2.as_ref()).map_or(0, |evaluation| evaluation.images);
        let clean = fgsm.as_ref().and_then(|e| e.accuracy.first().copied());
        let strongest = fgsm.as_ref().and_then(|e| e.accuracy.last().copied());
        let cells = columns.iter().map(|(norm, radius)| {
            let found = if *norm == "L∞" { &linf } else { &l2 };
            let at = |evaluation: &Evaluation| {
                evaluation.points().find(|p| p.radius.is_some_and(|r| (r - radius).abs() < 1e-9))
            };
            let point = found.as_ref().and_then(at);
            point.map_or_else(dash, |point| with_interval(point.accuracy, point.interval, 3))
        });
        let fixed = [label.into(), images.to_string(), number(clean, 3), number(strongest, 3)];
        table.row(fixed.into_iter().chain(cells));
    }
    Ok(table.filled())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic::{evaluation, write_run};

    #[test]
    fn what_was_attacked_stands_beside_its_fgsm_accuracy() {
        let results = tempfile::tempdir().unwrap();
        assert!(robustness(results.path()).is_err());
        write_run(&results.path().join("fig1"), "pgd", false, 1000, 0.2);
        let folder = results.path().join("robustness/fig1/pgd");
        std::fs::create_dir_all(&folder).unwrap();
        let strong = evaluation("autoattack", vec![Some(0.1), Some(0.15)], &[0.5, 0.25], 100);
        strong.write(&folder.join("autoattack-linf.json")).unwrap();
        let text = robustness(results.path()).unwrap();
        assert!(
            text.contains("| MNIST | images | FGSM, clean | at its largest | L∞ 0.100 | L∞ 0.150 |"),
            "{text}"
        );
        assert!(text.contains("| PGD\\* | 100 | 0.992 | 0.792 | 0.500 [0.404, 0.596] | 0.250 ["), "{text}");
    }
}
