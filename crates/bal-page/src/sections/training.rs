//! How the training went, sweep by sweep.

use super::key;
use crate::Run;
use crate::figure::{Figure, Panel};
use crate::number::{count, short};
use crate::plot::{Drawing, Frame, LinePanel, Look, Point, Scale, Series, Shape, WIDTH};
use bal_report::table::Table;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// Points of a curve, at most; neighbours become their mean.
const POINTS: usize = 100;

/// A curve's name in records, and how its panel and axis are called.
const CURVES: [(&str, &str, &str); 6] = [
    ("loss", "Training loss", "loss [nats per image]"),
    ("accuracy", "Accuracy on training images", "accuracy"),
    ("parameter_energy", "Energy of the parameter chains", "energy [nats per image]"),
    ("data_energy", "Energy of the data chains", "energy [nats per image]"),
    ("linf", "Perturbation, L∞", "mean greatest change of a pixel"),
    ("l2", "Perturbation, L2", "mean Euclidean length"),
];

/// A curve of a run, thinned out.
fn curve(run: &Run, name: &str) -> Vec<(u64, f64)> {
    let all = match name {
        "accuracy" => &run.training_accuracy,
        name => match run.record.curves.get(name) {
            Some(curve) => curve,
            None => return vec![],
        },
    };
    let mean = |part: &[(u64, f64)]| {
        let value = part.iter().map(|p| p.1).sum::<f64>() / part.len() as f64;
        part.last().map(|last| (last.0, value))
    };
    // Parts of sizes as equal as can be: a last one of a single sweep would stand out by chance.
    let parts = all.len().div_ceil(all.len().div_ceil(POINTS).max(1));
    (0..parts).filter_map(|i| mean(&all[i * all.len() / parts..(i + 1) * all.len() / parts])).collect()
}

/// Means of the first and of the last tenth of a curve.
fn ends(points: &[(u64, f64)]) -> (f64, f64) {
    let tenth = points.len().div_ceil(10);
    let mean = |part: &[(u64, f64)]| part.iter().map(|p| p.1).sum::<f64>() / part.len() as f64;
    (mean(&points[..tenth]), mean(&points[points.len() - tenth..]))
}

/// One figure of losses and energies, one of perturbations.
pub(super) fn training(runs: &[Run]) -> Option<Markup> {
    let (energies, sizes) = CURVES.split_at(4);
    let energies = figure("losses", "Loss and energies while training", energies, runs);
    let sizes = figure("perturbations", "How far training images were moved", sizes, runs);
    let some = energies.is_some() || sizes.is_some();
    some.then(|| html! { @for figure in energies.iter().chain(&sizes) { (figure.html()) } })
}

fn figure(id: &str, title: &str, curves: &[(&str, &str, &str)], runs: &[Run]) -> Option<Figure> {
    let mut panels = vec![];
    let mut table = Table::new("lr", ["Curve", "Run", "Sweep", "Value"]);
    let mut reading = String::new();
    let mut shown = BTreeSet::new();
    for (name, heading, axis) in curves {
        let found: Vec<(usize, Vec<(u64, f64)>)> = runs
            .iter()
            .map(|run| curve(run, name))
            .enumerate()
            .filter(|(_, curve)| !curve.is_empty())
            .collect();
        if found.is_empty() {
            continue;
        }
        for (i, points) in &found {
            let rows = points.iter();
            table.rows.extend(rows.map(|&(sweep, value)| {
                vec![(*heading).to_string(), runs[*i].name.clone(), count(sweep), short(value)]
            }));
        }
        if reading.is_empty() {
            reading = read(heading, &found, runs);
        }
        shown.extend(found.iter().map(|(i, _)| *i));
        panels.push(Panel {
            heading: named(heading, &found, runs),
            drawing: panel(axis, heading, &found, runs),
        });
    }
    let key = key(runs).into_iter().enumerate().filter(|(i, _)| shown.contains(i)).map(|(_, entry)| entry);
    let figure = Figure {
        id: id.into(),
        title: title.into(),
        reading,
        key: key.collect(),
        panels,
        caption: title.into(),
        table,
    };
    (!figure.panels.is_empty()).then_some(figure)
}

/// A panel's heading, with the runs that it shows where others have no such curve.
fn named(heading: &str, found: &[(usize, Vec<(u64, f64)>)], runs: &[Run]) -> String {
    if found.len() == runs.len() {
        return heading.into();
    }
    let names: Vec<&str> = found.iter().map(|(i, _)| runs[*i].name.as_str()).collect();
    format!("{heading}: {} only", names.join(", "))
}

fn read(heading: &str, found: &[(usize, Vec<(u64, f64)>)], runs: &[Run]) -> String {
    let each = found.iter().map(|(i, points)| {
        let (first, last) = ends(points);
        format!("{} from {} to {}", runs[*i].name, short(first), short(last))
    });
    let each: Vec<String> = each.collect();
    format!(
        "{heading} went, {}, means of the first and the last tenth; a point is the mean of the sweeps up to it.",
        each.join(", ")
    )
}

fn panel(axis: &str, heading: &str, found: &[(usize, Vec<(u64, f64)>)], runs: &[Run]) -> Drawing {
    let last = found.iter().filter_map(|(_, points)| points.last()).map(|p| p.0).max().unwrap_or(1);
    let values = found.iter().flat_map(|(_, points)| points.iter().map(|p| p.1));
    let series = found.iter().map(|(i, points)| Series {
        look: Look::nth(*i),
        name: String::new(),
        shape: if points.len() == 1 { Shape::Band } else { Shape::Line },
        points: points
            .iter()
            .map(|&(sweep, value)| Point {
                x: sweep as f64,
                y: value,
                interval: None,
                text: match runs.len() {
                    1 => format!("sweep {}: {}", count(sweep), short(value)),
                    _ => format!("{}, sweep {}: {}", runs[*i].name, count(sweep), short(value)),
                },
            })
            .collect(),
    });
    let panel = LinePanel {
        frame: Frame {
            x: Scale::exactly(0.0, last as f64),
            y: Scale::around(values),
            x_title: "sweep".into(),
            y_title: axis.into(),
            width: WIDTH,
            height: 230.0,
        },
        series: series.collect(),
        label: format!("{heading} against sweeps"),
        references: vec![],
    };
    panel.draw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_means_of_tenths() {
        let points: Vec<(u64, f64)> = (1..=20).map(|i| (i, i as f64)).collect();
        assert_eq!(ends(&points), (1.5, 19.5));
        assert_eq!(ends(&points[..1]), (1.0, 1.0));
    }
}
