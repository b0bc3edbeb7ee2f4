//! Whether confidence is what it says.

use super::{answered, heading};
use crate::Run;
use crate::figure::{Figure, Panel};
use crate::number::{count, percent, short};
use crate::plot::{Drawing, Frame, LinePanel, Look, Point, Reference, Scale, Series, Shape, WIDTH};
use crate::run::{Answers, Seen};
use bal_report::{Answer, Bin, Calibration};
use bal_report::{table::Table, wilson::wilson_95};
use maud::{Markup, html};

/// The reliability diagram of each run.
pub(super) fn calibration(runs: &[Run]) -> Option<Markup> {
    let answered = answered(runs);
    if answered.is_empty() {
        return None;
    }
    let head = ["Run", "Images", "Confidence from", "To", "Count", "Mean confidence", "Accuracy"];
    let mut table = Table::new("lr", head);
    let mut panels = vec![];
    let mut errors = vec![];
    let mut attacked = false;
    for (run, answers) in &answered {
        let parts = parts(answers);
        attacked |= parts.len() > 1;
        errors.extend(parts.first().map(|(.., c)| format!("{} {}", run.name, short(c.ece))));
        for (_, images, of) in &parts {
            table.rows.extend(of.bins.iter().map(|bin| {
                let values = [bin.confidence, bin.accuracy].map(percent);
                let cells =
                    [run.name.clone(), (*images).into(), short(bin.low), short(bin.high), count(bin.images)];
                cells.into_iter().chain(values).collect()
            }));
        }
        panels.push(Panel { heading: heading(runs, run), drawing: panel(&run.name, &parts) });
    }
    let mut key = vec![(Look::nth(0), "images as they are".to_string())];
    if attacked {
        key.push((Look::nth(1), "attacked images".into()));
    }
    let reading = format!(
        "On the diagonal, confidence is the share of right answers; below it, the run is too sure. The expected \
         calibration error of images as they are: {}.",
        errors.join(", ")
    );
    let figure = Figure {
        id: "reliability".into(),
        title: "Reliability diagram".into(),
        reading,
        key,
        panels,
        caption: "Bins of the reliability diagram".into(),
        table,
    };
    Some(html! { (figure.html()) })
}

fn parts(answers: &Answers) -> Vec<(Look, &'static str, Calibration)> {
    let of = |seen: &[Seen]| Calibration::of(&seen.iter().map(|s| s.answer.clone()).collect::<Vec<Answer>>());
    let clean = of(&answers.clean).map(|c| (Look::nth(0), "as they are", c));
    let attacked = answers.attacked.as_ref().and_then(|a| of(&a.seen)).map(|c| (Look::nth(1), "attacked", c));
    clean.into_iter().chain(attacked).collect()
}

fn panel(run: &str, parts: &[(Look, &'static str, Calibration)]) -> Drawing {
    let point = |images: &str, bin: &Bin| {
        let right = (bin.accuracy * bin.images as f64).round() as u64;
        let interval = wilson_95(right, bin.images);
        let (accuracy, confidence) = (percent(bin.accuracy), percent(bin.confidence));
        let text =
            format!("{images}: {} images of confidence {confidence}, {accuracy} right", count(bin.images));
        Point { x: bin.confidence, y: bin.accuracy, interval: Some(interval), text }
    };
    let panel = LinePanel {
        frame: Frame {
            x: Scale::exactly(0.0, 1.0),
            y: Scale::exactly(0.0, 1.0),
            x_title: "mean confidence".into(),
            y_title: "accuracy, with 95 % intervals".into(),
            width: WIDTH,
            height: 330.0,
        },
        series: parts
            .iter()
            .map(|(look, images, of)| Series {
                look: *look,
                name: String::new(),
                shape: Shape::Points,
                points: of.bins.iter().map(|bin| point(images, bin)).collect(),
            })
            .collect(),
        label: format!("Reliability diagram of {run}"),
        references: vec![Reference { name: String::new(), look: None, points: vec![(0.0, 0.0), (1.0, 1.0)] }],
    };
    panel.draw()
}
