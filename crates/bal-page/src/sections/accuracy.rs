//! What is left of the accuracy under attacks, radius by radius.

use super::{key, norm};
use crate::Run;
use crate::figure::{Figure, Panel};
use crate::number::{count, exact, percent, with_interval};
use crate::plot::{Drawing, Frame, LinePanel, Look, Point, Scale, Series, Shape, WIDTH};
use bal_report::{Evaluation, Split, table::Table};
use maud::{Markup, html};

/// Evaluations that belong into one panel: the same attack on the same images.
type Kind = (String, String, String, Split);

fn kind(evaluation: &Evaluation) -> Kind {
    let norm = evaluation.norm.clone().unwrap_or_default();
    (evaluation.attack.clone(), norm, evaluation.dataset.clone(), evaluation.split)
}

fn has_radii(evaluation: &Evaluation) -> bool {
    evaluation.radii.iter().flatten().count() > 0
}

/// All kinds in the order in which they come up.
fn kinds(runs: &[Run]) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for evaluation in runs.iter().flat_map(|run| &run.evaluations).filter(|e| has_radii(e)) {
        if !kinds.contains(&kind(evaluation)) {
            kinds.push(kind(evaluation));
        }
    }
    kinds
}

/// Evaluations of one kind, each with its run's place.
fn of_kind<'a>(runs: &'a [Run], wanted: &Kind) -> Vec<(usize, &'a Evaluation)> {
    let all = runs.iter().enumerate().flat_map(|(i, run)| run.evaluations.iter().map(move |e| (i, e)));
    all.filter(|(_, e)| has_radii(e) && kind(e) == *wanted).collect()
}

fn name((attack, norm_name, dataset, split): &Kind) -> String {
    let within = if is_spatial(norm_name) { "radii" } else { "balls" };
    format!("{attack}, {} {within}, {} images of {dataset}", norm(norm_name), split.words())
}

/// Whether radii measure how far pixels are moved.
fn is_spatial(norm_name: &str) -> bool {
    ["flow", "flow-cost", "pose"].contains(&norm_name)
}

/// What the horizontal axis measures.
fn axis(norm_name: &str) -> String {
    let unit = match norm_name {
        "flow" => "pixels of displacement",
        "flow-cost" => "total variation in pixels",
        "pose" => "degrees",
        _ => "pixels in [0, 1]",
    };
    format!("{} radius, {unit}", norm(norm_name))
}

/// A figure with a panel for each attack.
pub(super) fn accuracy(runs: &[Run]) -> Option<Markup> {
    let kinds = kinds(runs);
    if kinds.is_empty() {
        return None;
    }
    let head = ["Attack", "Run", "Radius", "Images", "Accuracy", "Low", "High"];
    let mut table = Table::new("lr", head);
    for (kind, (i, evaluation)) in
        kinds.iter().flat_map(|kind| of_kind(runs, kind).into_iter().map(move |e| (kind, e)))
    {
        for point in evaluation.points() {
            let radius = point.radius.map_or("–".into(), |r| exact(rounded(r)));
            let values = [point.accuracy, point.interval.low, point.interval.high].map(percent);
            let row = [name(kind), runs[i].name.clone(), radius, count(evaluation.images)];
            table.rows.push(row.into_iter().chain(values).collect());
        }
    }
    let figure = Figure {
        id: "accuracy-by-radius".into(),
        title: "Share of images still classified rightly".into(),
        reading: reading(runs, &kinds[0]),
        key: key(runs),
        caption: "Accuracy with 95 % intervals".into(),
        panels: kinds
            .iter()
            .map(|kind| Panel { heading: name(kind), drawing: panel(runs, &of_kind(runs, kind), &kind.1) })
            .collect(),
        table,
    };
    Some(html! { (figure.html()) })
}

/// Radii are often quotients: more digits than a reader wants.
fn rounded(radius: f64) -> f64 {
    (radius * 1e6).round() / 1e6
}

fn panel(runs: &[Run], evaluations: &[(usize, &Evaluation)], norm_name: &str) -> Drawing {
    let greatest =
        evaluations.iter().flat_map(|(_, e)| e.radii.iter().flatten()).fold(0.0, |a: f64, b| a.max(*b));
    let series = evaluations.iter().map(|(i, evaluation)| Series {
        look: Look::nth(*i),
        name: String::new(),
        shape: Shape::Band,
        points: evaluation
            .points()
            .filter_map(|point| {
                let radius = point.radius?;
                let (low, high) = (100.0 * point.interval.low, 100.0 * point.interval.high);
                let accuracy = percent(point.accuracy);
                let text = format!(
                    "{}, radius {}: {accuracy} [{low:.1}, {high:.1}]",
                    runs[*i].name,
                    exact(rounded(radius))
                );
                Some(Point { x: radius, y: point.accuracy, interval: Some(point.interval), text })
            })
            .collect(),
    });
    let panel = LinePanel {
        frame: Frame {
            x: Scale::exactly(0.0, greatest),
            y: Scale::exactly(0.0, 1.0),
            x_title: axis(norm_name),
            y_title: "accuracy".into(),
            width: WIDTH,
            height: 270.0,
        },
        series: series.collect(),
        label: format!("Accuracy against {} radius, {} curves", norm(norm_name), evaluations.len()),
        references: vec![],
    };
    panel.draw()
}

/// A run's place, its images that are still right, and all of them.
type Standing = (usize, u64, u64);

/// The last radius that all of these evaluations have, with each one's accuracy there.
fn common(evaluations: &[(usize, &Evaluation)]) -> Option<(f64, Vec<Standing>)> {
    let (_, first) = evaluations.first()?;
    let at = |evaluation: &Evaluation, radius: f64| {
        evaluation.radii.iter().position(|r| r.is_some_and(|r| (r - radius).abs() < 1e-9))
    };
    let shared = |radius: &f64| evaluations.iter().all(|(_, e)| at(e, *radius).is_some());
    let radius = first.radii.iter().flatten().copied().rfind(shared)?;
    let right = |&(i, e): &(usize, &Evaluation)| {
        let column = at(e, radius)?;
        Some((i, (e.accuracy[column] * e.images as f64).round() as u64, e.images))
    };
    Some((radius, evaluations.iter().filter_map(right).collect()))
}

fn reading(runs: &[Run], kind: &Kind) -> String {
    let evaluations = of_kind(runs, kind);
    let Some((radius, mut rows)) = common(&evaluations) else {
        return "The runs were measured at different radii; higher is more robust.".into();
    };
    // Stable: of equals, the first.
    rows.sort_by(|a, b| (b.1 * a.2).cmp(&(a.1 * b.2)));
    let text = |&(i, right, of): &Standing| format!("{} keeps {}", runs[i].name, with_interval(right, of));
    let place = format!("Under {} with {} radius {}", kind.0, norm(&kind.1), exact(rounded(radius)));
    match rows.as_slice() {
        [best, .., worst] => format!("{place}, {} images, and {}.", text(best), text(worst)),
        [only] => format!("{place}, {} images.", text(only)),
        [] => String::new(),
    }
}

/// For the verdict: every attack at the last radius that its evaluations share.
pub(super) fn verdict(runs: &[Run]) -> Vec<(String, Vec<Option<String>>)> {
    let row = |kind: &Kind| {
        let (radius, right) = common(&of_kind(runs, kind))?;
        let cell = |i| right.iter().find(|row| row.0 == i).map(|&(_, right, of)| with_interval(right, of));
        let name = format!("Accuracy under {}, {} radius {}", kind.0, norm(&kind.1), exact(rounded(radius)));
        Some((name, (0..runs.len()).map(cell).collect()))
    };
    kinds(runs).iter().filter_map(row).collect()
}
