//! What came out, in one table.

use super::{accuracy, answered, norm};
use crate::number::{count, duration, percent, short, with_interval};
use crate::{Page, Run};
use bal_report::{Answer, Calibration, auroc};
use maud::{Markup, html};

/// One or two sentences: what was run, and how it was made.
pub(crate) fn lead(page: &Page) -> Markup {
    html! {
        @if let [run] = page.runs.as_slice() {
            p.lead { (about(run)) }
        } @else {
            p.lead { (page.runs.len()) " runs side by side:" }
            ul { @for run in &page.runs { li { strong { (run.name) } ": " (about(run)) } } }
        }
    }
}

fn about(run: &Run) -> String {
    let record = &run.record;
    let preset = record.preset.as_ref().map(|p| format!(" ({p})")).unwrap_or_default();
    let start =
        record.start.as_ref().map(|s| format!(", from the weights of {}", s.name)).unwrap_or_default();
    let early = if record.stopped_early {
        format!(", ended early after {} of {} sweeps", count(record.sweeps), count(record.sweeps_planned))
    } else {
        String::new()
    };
    let quick =
        if record.quick { " Shortened to show that the machinery works; not for comparison." } else { "" };
    format!(
        "{}{preset} on {} images of {}, seed {}{start}: {} epochs, {} sweeps in {}{early}.{quick}",
        record.method,
        count(record.dataset.train_images),
        record.dataset.name,
        record.seed,
        short(record.epochs),
        count(record.sweeps),
        duration(record.wall_seconds)
    )
}

/// A measure and its value for each run, where there is one.
type Row = (String, Vec<Option<String>>);

/// The table of what came out.
pub(super) fn verdict(runs: &[Run]) -> Markup {
    let rows: Vec<Row> = [answers(runs), accuracy::verdict(runs), chains(runs)].concat();
    html! {
        div.whole { div.scroll tabindex="0" role="region" aria-label="Verdict" {
            table {
                caption { "What came out of each run" }
                thead { tr { th scope="col" { "Measure" } @for run in runs { th.run scope="col" { (run.name) } } } }
                tbody {
                    @for (name, values) in rows.iter().filter(|(_, values)| values.iter().any(Option::is_some)) {
                        tr {
                            th scope="row" { (name) }
                            @for value in values { td { @if let Some(value) = value { (value) } @else { "–" } } }
                        }
                    }
                }
            }
        } }
    }
}

fn row(name: impl Into<String>, runs: &[Run], value: impl Fn(&Run) -> Option<String>) -> Row {
    (name.into(), runs.iter().map(value).collect())
}

fn answers(runs: &[Run]) -> Vec<Row> {
    let mut rows = vec![row("Clean accuracy", runs, |run| {
        let seen = &run.answers.as_ref()?.clean;
        Some(with_interval(seen.iter().filter(|s| s.is_right()).count() as u64, seen.len() as u64))
    })];
    // The same attack for all runs, or its row would compare what cannot be compared.
    if let Some(first) = answered(runs).iter().find_map(|(_, answers)| answers.attacked.as_ref()) {
        let name =
            format!("Accuracy under {}, {} radius {}", first.attack, norm(&first.norm), short(first.radius));
        rows.push(row(name, runs, |run| {
            let attacked = run.answers.as_ref()?.attacked.as_ref()?;
            let same = (&attacked.attack, &attacked.norm, attacked.radius)
                == (&first.attack, &first.norm, first.radius);
            let right = attacked.seen.iter().filter(|s| s.is_right()).count() as u64;
            same.then(|| with_interval(right, attacked.seen.len() as u64))
        }));
    }
    let calibration = |run: &Run| {
        let seen = run.answers.as_ref()?.clean.iter();
        Calibration::of(&seen.map(|s| s.answer.clone()).collect::<Vec<Answer>>())
    };
    rows.push(row("Expected calibration error, clean", runs, |run| Some(short(calibration(run)?.ece))));
    rows.push(row("Negative log-likelihood, clean [nats]", runs, |run| Some(short(calibration(run)?.nll))));
    rows.push(row("Attacked told from clean by entropy (AUROC)", runs, |run| {
        let answers = run.answers.as_ref()?;
        let entropy = |seen: &[crate::Seen]| seen.iter().map(|s| s.predictive_entropy).collect::<Vec<_>>();
        auroc(&entropy(&answers.attacked.as_ref()?.seen), &entropy(&answers.clean)).map(short)
    }));
    rows.push(row("Accuracy on held-out training images", runs, |run| run.record.held_out.map(percent)));
    rows
}

fn chains(runs: &[Run]) -> Vec<Row> {
    let summary = |run: &Run| run.record.diagnostics.clone();
    vec![
        row("Greatest R-hat of held-out log-probabilities", runs, |run| {
            let r_hat = summary(run)?.r_hat?;
            Some(short(r_hat.max) + &r_hat.left_out())
        }),
        row("Least effective sample size of the same [draws]", runs, |run| {
            let ess = summary(run)?.ess?;
            Some(short(ess.min) + &ess.left_out())
        }),
        row("Training time", runs, |run| Some(duration(run.record.wall_seconds))),
    ]
}
