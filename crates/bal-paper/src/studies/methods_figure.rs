//! A study as a figure: accuracy under FGSM by radius (a), and under the one-step CW attack (b).

use std::path::{Path, PathBuf};

use super::comparison::{Comparison, Row, grouped, image_count};
use super::methods::PGD_NOTE;
use super::study::Study;
use super::write_all;
use crate::published::Published;
use bal_report::ReportError;
use bal_report::drawing::{Bar, BarPanel, CurvePanel, CurvePoint, Panel, Reference, Scale, Series, Sheet};

const SEEDS_NOTE: &str =
    "Of several seeds: mean and range. Of one: Wilson's interval, for the sampling of test images.";
const INTERVAL_NOTE: &str = "Intervals: Wilson, for the sampling of test images, not that of training seeds.";

/// Draws `study` from `folder/<run>/{record.json, fgsm.json, cw-one-step.json}` and, for further seeds,
/// `folder/seed-N/<run>/`; runs that are missing are left out.
///
/// Writes `NAME.svg` with both panels, and the numbers as `NAME.csv`
/// (`method,attack,radius,accuracy,low,high,seeds,published`) into `out_dir`, which is created if missing;
/// returns their paths. Everything is drawn before the first file is written.
///
/// Errors: no run for a panel, a file that is not what its name says, a folder that cannot be written to.
pub(crate) fn methods(
    study: &'static Study,
    folder: &Path,
    published: &Published,
    out_dir: &Path,
) -> Result<Vec<PathBuf>, ReportError> {
    let comparison = Comparison::read(study, folder, published)?;
    let svg = page(&comparison, published);
    let files = vec![
        (format!("{}.csv", study.name), comparison.to_csv().into_bytes()),
        (format!("{}.svg", study.name), svg.into_bytes()),
    ];
    write_all(out_dir, files)
}

/// The SVG of both panels.
fn page(comparison: &Comparison, published: &Published) -> String {
    let (curves, bars) = (curve_panel(comparison, published), bar_panel(comparison));
    sheet(comparison, vec![&curves, &bars])
}

fn sheet(comparison: &Comparison, panels: Vec<&dyn Panel>) -> String {
    let mut notes = vec![if comparison.has_seeds() { SEEDS_NOTE } else { INTERVAL_NOTE }];
    if comparison.has_pgd() {
        notes.push(PGD_NOTE);
    }
    Sheet {
        title: comparison.study.title,
        description: &description(comparison),
        tag: comparison.warning.as_deref(),
        panels,
        notes,
    }
    .draw()
}

/// The figure in words: the ends of the curves, and the bars.
fn description(comparison: &Comparison) -> String {
    let ends = grouped(&comparison.fgsm).filter_map(|rows| {
        let (first, last) = (rows.first()?, rows.last()?);
        Some(format!(
            "{} {:.3} at radius {} and {:.3} at {}",
            first.method.label, first.accuracy, first.radius?, last.accuracy, last.radius?
        ))
    });
    let bars = comparison.cw_one_step.iter().map(|row| format!("{} {:.3}", row.method.label, row.accuracy));
    format!(
        "Accuracy on {}. Under FGSM: {}. Under {}: {}.",
        comparison.study.label,
        ends.collect::<Vec<_>>().join("; "),
        comparison.study.cw_one_step.label,
        bars.collect::<Vec<_>>().join("; ")
    )
}

fn curve_panel(comparison: &Comparison, published: &Published) -> CurvePanel {
    let Comparison { study, fgsm: rows, .. } = comparison;
    let images = image_count(rows.iter().map(|row| row.images));
    // The presets of BAL share one published curve: it is drawn once, in the colour of the first.
    let mut compared: Vec<&Row> = Vec::new();
    for rows in grouped(rows) {
        let shared =
            |row: &&Row| !compared.iter().any(|other| other.method.shares_reference_with(row.method));
        compared.extend(rows.first().filter(shared));
    }
    let references = compared.into_iter().filter_map(|row| {
        Some(Reference {
            label: row.method.label.into(),
            style: row.method.style,
            points: study.fgsm(published, row.method)?.points().collect(),
        })
    });
    CurvePanel {
        title: format!("(a) {} under FGSM, {images}", study.label),
        x_title: "FGSM radius (L∞, pixels in [0, 1])".into(),
        y_title: "accuracy".into(),
        scale: Scale::Linear,
        whiskers: whiskers(comparison),
        ours: "ours".into(),
        theirs: "published".into(),
        series: grouped(rows).filter_map(series).collect(),
        references: references.collect(),
    }
}

fn series(rows: &[Row]) -> Option<Series> {
    let method = rows.first()?.method;
    let points = rows
        .iter()
        .filter_map(|row| Some(CurvePoint { x: row.radius?, y: row.accuracy, interval: row.interval }));
    Some(Series { label: method.label.into(), style: method.style, points: points.collect() })
}

/// What whiskers span.
fn whiskers(comparison: &Comparison) -> &'static str {
    if comparison.has_seeds() { "range or interval" } else { "95 % interval" }
}

fn bar_panel(comparison: &Comparison) -> BarPanel {
    let Comparison { study, cw_one_step: rows, .. } = comparison;
    let images = image_count(rows.iter().map(|row| row.images));
    let bar = |row: &Row| Bar {
        label: row.method.label.into(),
        style: row.method.style,
        value: row.accuracy,
        interval: row.interval,
        reference: row.published,
    };
    BarPanel {
        title: format!("(b) {} under {}, {images}", study.label, study.cw_one_step.label),
        x_title: "accuracy".into(),
        ours: "ours".into(),
        whiskers: whiskers(comparison),
        theirs: "published".into(),
        bars: rows.iter().map(bar).collect(),
    }
}

#[cfg(test)]
mod tests;
