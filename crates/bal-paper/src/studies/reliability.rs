//! Reliability diagrams: how often predictions of a confidence are right.

use std::path::{Path, PathBuf};

use super::methods::Method;
use super::study::Study;
use super::{ROBUSTNESS_STUDIES, write_all};
use bal_page::plot::{LinePanel, Panel, Reference, Scale, Series, Sheet};
use bal_report::calibration::{Calibration, CalibrationReport};
use bal_report::wilson::wilson_95;
use bal_report::{ReportError, Split};

/// Fewer images say nothing of a bin.
const LEAST: u64 = 10;

const NOTE: &str = "Each point: images of like confidence (the probability of the likeliest class), in 15 bins of equal width; \
     bins with fewer than 10 images are left out. Intervals: Wilson, for the sampling of test images.";

/// Draws, for each study with calibrated runs, `calibration-<study>.svg` into
/// `results_dir/robustness/`: a diagram of the clean images, and one for each attack at its least radius. Returns their
/// paths; none where nothing was calibrated.
///
/// Reads `results_dir/robustness/<study>/<run>/calibration.json`. Everything is drawn before the first file is written.
///
/// Errors name the file.
pub(crate) fn reliability(results_dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let mut files = Vec::new();
    for study in ROBUSTNESS_STUDIES {
        let runs = calibrations(study, results_dir)?;
        let Some(svg) = page(study, &runs) else { continue };
        let name = format!("calibration-{}", study.name);
        files.push((format!("{name}.svg"), svg.into_bytes()));
    }
    if files.is_empty() { Ok(Vec::new()) } else { write_all(&results_dir.join("robustness"), files) }
}

/// The calibrated runs of a study, in the order of its legend.
pub(crate) fn calibrations(
    study: &'static Study,
    results: &Path,
) -> Result<Vec<(&'static Method, CalibrationReport)>, ReportError> {
    let mut found = Vec::new();
    for (method, name) in study.methods() {
        let path = study.robustness_folder(results, name).join("calibration.json");
        let report = calibration_of(study.dataset, &path)?;
        found.extend(report.map(|report| (method, report)));
    }
    Ok(found)
}

/// The report in a file, if it is there; an error if it is not of the study's test images.
pub(crate) fn calibration_of(dataset: &str, path: &Path) -> Result<Option<CalibrationReport>, ReportError> {
    if !path.try_exists().map_err(|source| ReportError::Read { path: path.into(), source })? {
        return Ok(None);
    }
    let report = CalibrationReport::read(path)?;
    if report.dataset != dataset || report.split != Split::Test {
        let what = format!("it is not of the test images of {dataset}, which are wanted here");
        return Err(ReportError::invalid(path, what));
    }
    Ok(Some(report))
}

/// The SVG of a study; `None` without anything to draw.
fn page(study: &Study, runs: &[(&'static Method, CalibrationReport)]) -> Option<String> {
    let clean = panel(format!("(a) {}, clean", study.label), runs, |report| Some(&report.clean.calibration));
    let mut columns: Vec<Vec<Panel>> = clean.into_iter().map(|panel| vec![panel]).collect();
    for (letter, loss) in [("b", "cross-entropy"), ("c", "confident")] {
        // The least radius that a run has; all have the same.
        let least = |report: &CalibrationReport| {
            report.attacked.iter().filter(|attacked| attacked.loss == loss).map(|a| a.radius).reduce(f64::min)
        };
        let Some(radius) = runs.iter().filter_map(|(_, report)| least(report)).reduce(f64::min) else {
            continue;
        };
        let title = format!("({letter}) PGD, {loss}, radius {radius:.3}");
        let attacked = panel(title, runs, |report| {
            let here = report.attacked.iter().find(|a| a.loss == loss && a.radius <= radius);
            here.map(|attacked| &attacked.measured.calibration)
        });
        columns.extend(attacked.map(|panel| vec![panel]));
    }
    if columns.is_empty() {
        return None;
    }
    let sheet = Sheet {
        title: &format!("Reliability diagrams, {}", study.label),
        description: &description(runs),
        tag: None,
        columns,
        notes: vec![NOTE],
    };
    Some(sheet.draw())
}

/// The figure in words.
fn description(runs: &[(&'static Method, CalibrationReport)]) -> String {
    let of = |(method, report): &(&Method, CalibrationReport)| {
        format!("{} {:.4}", method.label, report.clean.calibration.ece)
    };
    format!(
        "Accuracy against confidence. Expected calibration error on clean images: {}.",
        runs.iter().map(of).collect::<Vec<_>>().join("; ")
    )
}

/// Accuracy against confidence, a curve for each run; `None` without one.
fn panel(
    title: String,
    runs: &[(&'static Method, CalibrationReport)],
    of: impl Fn(&CalibrationReport) -> Option<&Calibration>,
) -> Option<Panel> {
    let series = runs.iter().filter_map(|(method, report)| {
        let bins = of(report)?.bins.iter().filter(|bin| bin.images >= LEAST);
        let points = bins.map(|bin| {
            let right = (bin.accuracy * bin.images as f64).round() as u64;
            (bin.confidence, bin.accuracy, wilson_95(right, bin.images))
        });
        let series = Series::measured(method.label, method.look, points);
        (!series.points.is_empty()).then_some(series)
    });
    let series: Vec<Series> = series.collect();
    if series.is_empty() {
        return None;
    }
    let ideal = Reference { name: String::new(), look: None, points: vec![(0.0, 0.0), (1.0, 1.0)] };
    let titles = ("confidence", "accuracy");
    let curves =
        LinePanel::around(titles, (560.0, 420.0), [Scale::between, Scale::around], series, vec![ideal]);
    Some(Panel::curves(title, &curves, ["ours", "95 % interval", "ideal"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic::calibration;

    #[test]
    fn a_diagram_is_drawn_of_what_is_on_record() {
        let results = tempfile::tempdir().unwrap();
        assert!(reliability(results.path()).unwrap().is_empty());
        let folder = results.path().join("robustness/fig1/pgd");
        std::fs::create_dir_all(&folder).unwrap();
        calibration(100).write(&folder.join("calibration.json")).unwrap();
        let paths = reliability(results.path()).unwrap();
        let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["calibration-fig1.svg"]);
        let svg = std::fs::read_to_string(&paths[0]).unwrap();
        for text in [
            "(a) MNIST, clean",
            "(b) PGD, cross-entropy, radius 0.100",
            "(c) PGD, confident",
            "PGD*, 0.9500: 0.9000",
        ] {
            assert!(svg.contains(text), "{text}");
        }
    }

    #[test]
    fn bins_of_few_images_are_left_out() {
        let report = calibration(9);
        let pgd = super::super::FIG1.methods().find(|(_, name)| *name == "pgd").unwrap().0;
        assert_eq!(page(&super::super::FIG1, &[(pgd, report)]), None);
    }
}
