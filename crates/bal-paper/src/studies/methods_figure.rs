//! A study as a figure: accuracy under FGSM by radius (a), and under the one-step CW attack (b).

use std::path::{Path, PathBuf};

use super::comparison::{Comparison, Row, grouped, image_count};
use super::methods::PGD_NOTE;
use super::study::Study;
use super::write_all;
use crate::published::Published;
use bal_page::plot::{Dot, Dots, LinePanel, Panel, Reference, Sample, Scale, Series, Sheet};
use bal_report::{Interval, ReportError};

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
    let mut notes = vec![if comparison.has_seeds() { SEEDS_NOTE } else { INTERVAL_NOTE }];
    if comparison.has_pgd() {
        notes.push(PGD_NOTE);
    }
    Sheet {
        title: comparison.study.title,
        description: &description(comparison),
        tag: comparison.warning.as_deref(),
        columns: vec![vec![curves(comparison, published)], vec![dots(comparison)]],
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

/// Accuracy under FGSM.
fn curves(comparison: &Comparison, published: &Published) -> Panel {
    let Comparison { study, fgsm: rows, .. } = comparison;
    // The presets of BAL share one published curve: it is drawn once, in the colour of the first.
    let mut compared: Vec<&Row> = Vec::new();
    for rows in grouped(rows) {
        let shared =
            |row: &&Row| !compared.iter().any(|other| other.method.shares_reference_with(row.method));
        compared.extend(rows.first().filter(shared));
    }
    let references = compared.into_iter().filter_map(|row| {
        Some(Reference {
            name: format!("{}, published", row.method.label),
            look: Some(row.method.look),
            points: study.fgsm(published, row.method)?.points().collect(),
        })
    });
    let series = grouped(rows).filter_map(|rows| {
        let method = rows.first()?.method;
        let points = rows.iter().filter_map(|row| Some((row.radius?, row.accuracy, row.interval)));
        Some(Series::measured(method.label, method.look, points))
    });
    let curves = LinePanel::around(
        ("FGSM radius (L∞, pixels in [0, 1])", "accuracy"),
        (640.0, 400.0),
        [Scale::between, Scale::around],
        series.collect(),
        references.collect(),
    );
    let title = format!("(a) {} under FGSM, {}", study.label, image_count(rows.iter().map(|row| row.images)));
    Panel::curves(title, &curves, ["ours", intervals(comparison), "published"])
}

/// What bars span.
fn intervals(comparison: &Comparison) -> &'static str {
    if comparison.has_seeds() { "range or interval" } else { "95 % interval" }
}

/// Accuracy under the one-step CW attack.
fn dots(comparison: &Comparison) -> Panel {
    let Comparison { study, cw_one_step: rows, .. } = comparison;
    let dot = |(place, row): (usize, &Row)| {
        let Interval { low, high } = row.interval;
        Dot {
            row: place,
            lane: 0,
            look: row.method.look,
            share: row.accuracy,
            interval: row.interval,
            reference: row.published,
            text: format!("{}: {:.4} [{low:.4}, {high:.4}]", row.method.label, row.accuracy),
        }
    };
    let column = |of: fn(&Row) -> Option<f64>| {
        rows.iter().map(|row| of(row).map_or(String::new(), |value| format!("{value:.3}"))).collect()
    };
    let mut key = vec![(Sample::Dot, format!("ours, {}", intervals(comparison)))];
    let mut numbers = vec![("ours".to_owned(), column(|row| Some(row.accuracy)))];
    if rows.iter().any(|row| row.published.is_some()) {
        key.push((Sample::Tick, "published".into()));
        numbers.push(("published".to_owned(), column(|row| row.published)));
    }
    let ends = rows.iter().flat_map(|row| [row.interval.high, row.published.unwrap_or(0.0)]);
    let drawing = Dots {
        rows: rows.iter().map(|row| row.method.label.to_owned()).collect(),
        rows_title: String::new(),
        title: "accuracy".into(),
        scale: Scale::around(ends.chain([0.0])),
        shares: rows.iter().enumerate().map(dot).collect(),
        numbers,
        width: 500.0,
        pitch: 34.0,
        label: format!("accuracy under {}", study.cw_one_step.label),
    }
    .draw();
    let images = image_count(rows.iter().map(|row| row.images));
    let title = format!("(b) {} under {}, {images}", study.label, study.cw_one_step.label);
    Panel { title, key, drawing }
}

#[cfg(test)]
mod tests;
