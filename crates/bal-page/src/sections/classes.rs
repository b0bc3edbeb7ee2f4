//! Which classes are taken for which.

use super::{answered, heading, norm};
use crate::Run;
use crate::figure::{Figure, Panel};
use crate::number::{count, percent, short};
use crate::plot::{Confusion, Dot, Dots, Look, Scale, WIDTH};
use crate::run::{Answers, Seen};
use bal_report::{table::Table, wilson::wilson_95};
use maud::{Markup, html};

/// Confusions and the accuracy of each class.
pub(super) fn classes(runs: &[Run]) -> Option<Markup> {
    let answered = answered(runs);
    let (_, first) = answered.first()?;
    Some(html! { (confusion(runs, &answered, first).html()) (per_class(runs, &answered).html()) })
}

/// The images as they are, and the attacked ones.
fn parts(answers: &Answers) -> Vec<(String, &[Seen])> {
    let attacked = answers.attacked.as_ref().filter(|attacked| !attacked.seen.is_empty()).map(|attacked| {
        let name =
            format!("under {}, {} radius {}", attacked.attack, norm(&attacked.norm), short(attacked.radius));
        (name, attacked.seen.as_slice())
    });
    [("as they are".to_string(), answers.clean.as_slice())].into_iter().chain(attacked).collect()
}

fn confusion(runs: &[Run], answered: &[(&Run, &Answers)], first: &Answers) -> Figure {
    let head = ["Run", "Images", "Class", "Taken for", "Count"];
    let mut table = Table::new("lr", head);
    let mut panels = vec![];
    let mut reading = format!("Of {}, every one is taken for its own class.", first.images);
    let mut most = 0;
    for (run, answers) in answered {
        for (images, seen) in parts(answers) {
            let confusion = Confusion::of(&answers.classes, seen);
            if let Some((class, other, n)) =
                confusion.worst().filter(|worst| worst.2 > most && images == "as they are")
            {
                most = n;
                reading = format!(
                    "Rows are classes, columns what they are taken for; most often {} takes {class} for {other} ({n} of {} \
                     images as they are).",
                    run.name,
                    count(seen.len() as u64)
                );
            }
            for (class, counts) in confusion.counts.iter().enumerate() {
                for (other, &n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
                    let names = [class, other].map(|c| answers.classes[c].clone());
                    let [class, other] = names;
                    table.rows.push(vec![run.name.clone(), images.clone(), class, other, count(n)]);
                }
            }
            let above = heading(runs, run);
            let heading = if above.is_empty() { images.clone() } else { format!("{above}, {images}") };
            let drawing = confusion.draw(&format!("Confusion of classes by {}, images {images}", run.name));
            panels.push(Panel { heading, drawing });
        }
    }
    let title = "What each class is taken for".into();
    Figure {
        id: "confusion".into(),
        title,
        reading,
        key: vec![],
        panels,
        caption: "Confusions that happened".into(),
        table,
    }
}

fn per_class(runs: &[Run], answered: &[(&Run, &Answers)]) -> Figure {
    let head = ["Run", "Images", "Class", "Right", "Of", "Accuracy", "Low", "High"];
    let mut table = Table::new("lr", head);
    let mut panels = vec![];
    let mut key = vec![];
    let mut worst: Option<(f64, String)> = None;
    for (run, answers) in answered {
        let mut dots = vec![];
        for (part, (images, seen)) in parts(answers).into_iter().enumerate() {
            let look = Look::nth(part);
            if !key.iter().any(|(known, _)| *known == look) {
                key.push((look, images.clone()));
            }
            for (class, name) in answers.classes.iter().enumerate() {
                let own: Vec<&Seen> = seen.iter().filter(|s| s.answer.label == class).collect();
                if own.is_empty() {
                    continue;
                }
                let (right, of) = (own.iter().filter(|s| s.is_right()).count() as u64, own.len() as u64);
                let (share, interval) = (right as f64 / of as f64, wilson_95(right, of));
                if part == 0 && worst.as_ref().is_none_or(|(least, _)| share < *least) {
                    worst = Some((share, format!("{name} of {}", run.name)));
                }
                let ends = [share, interval.low, interval.high].map(percent);
                let text = format!(
                    "class {name}, {images}: {} of {of}, {} [{}, {}]",
                    right, ends[0], ends[1], ends[2]
                );
                let cells = [run.name.clone(), images.clone(), name.clone(), count(right), count(of)];
                table.rows.push(cells.into_iter().chain(ends).collect());
                dots.push(Dot { row: class, lane: part, look, share, interval, reference: None, text });
            }
        }
        let drawing = Dots {
            rows: answers.classes.clone(),
            rows_title: "class".into(),
            title: "accuracy".into(),
            scale: Scale::exactly(0.0, 1.0),
            shares: dots,
            numbers: vec![],
            width: WIDTH,
            pitch: 24.0,
            label: format!("Accuracy of each class by {}", run.name),
        };
        panels.push(Panel { heading: heading(runs, run), drawing: drawing.draw() });
    }
    let reading = worst.map_or(String::new(), |(share, name)| {
        format!("The hardest class of images as they are is {name}: {} are right.", percent(share))
    });
    Figure {
        id: "per-class".into(),
        title: "Accuracy of each class".into(),
        reading,
        key,
        panels,
        caption: "Accuracy of each class with 95 % intervals".into(),
        table,
    }
}
