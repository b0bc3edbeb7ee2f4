//! Whether uncertainty tells wrong and attacked images.

use super::{answered, heading};
use crate::Run;
use crate::figure::{Figure, Panel};
use crate::number::{percent, short};
use crate::plot::{Group, Histogram, Look};
use crate::run::{Answers, Seen};
use bal_report::table::Table;
use maud::{Markup, html};

/// Histograms of both measures.
pub(super) fn uncertainty(runs: &[Run]) -> Option<Markup> {
    let answered = answered(runs);
    if answered.is_empty() {
        return None;
    }
    let entropy = figure(
        runs,
        &answered,
        ("entropy", "Predictive entropy", "predictive entropy [nats]"),
        |seen| seen.predictive_entropy,
        |answers| (answers.classes.len() as f64).ln(),
    );
    // A point estimate has no members that could disagree.
    let several: Vec<(&Run, &Answers)> = answered.iter().copied().filter(|(_, a)| a.members > 1).collect();
    let greatest = several.iter().flat_map(|(_, a)| all(a)).map(|s| s.mutual_information).fold(0.0, f64::max);
    let information = figure(
        runs,
        &several,
        ("information", "Mutual information: how much the members disagree", "mutual information [nats]"),
        |seen| seen.mutual_information,
        |_| if greatest > 0.0 { greatest } else { 1.0 },
    );
    Some(html! {
        (entropy.html())
        @if several.is_empty() {
            p { "Mutual information is 0 for a point estimate: there are no members that could disagree." }
        } @else {
            (information.html())
        }
    })
}

fn all(answers: &Answers) -> impl Iterator<Item = &Seen> {
    answers.clean.iter().chain(answers.attacked.iter().flat_map(|a| &a.seen))
}

fn figure(
    runs: &[Run],
    answered: &[(&Run, &Answers)],
    (id, title, axis): (&str, &str, &str),
    of: impl Fn(&Seen) -> f64 + Copy,
    high: impl Fn(&Answers) -> f64,
) -> Figure {
    let head = ["Run", "Images", "From [nats]", "To [nats]", "Share"];
    let mut table = Table::new("lr", head);
    let mut panels = vec![];
    let mut medians = vec![];
    for (run, answers) in answered {
        let groups = groups(answers, of);
        let middles: Vec<String> =
            groups.iter().filter_map(|g| Some(format!("{} {}", short(median(&g.values)?), g.name))).collect();
        medians.push(format!("{}: {}", run.name, middles.join(", ")));
        let histogram = Histogram {
            title: axis.into(),
            high: high(answers),
            groups,
            label: format!("{title} of {} for right, wrong and attacked images", run.name),
        };
        for group in &histogram.groups {
            for (bin, share) in group.shares(histogram.high).into_iter().enumerate().filter(|(_, s)| *s > 0.0)
            {
                let (low, high) = histogram.bin(bin);
                table.rows.push(vec![
                    run.name.clone(),
                    group.name.clone(),
                    short(low),
                    short(high),
                    percent(share),
                ]);
            }
        }
        panels.push(Panel { heading: heading(runs, run), drawing: histogram.draw() });
    }
    let reading = format!("Medians in nats – {}.", medians.join("; "));
    Figure {
        id: id.into(),
        title: title.into(),
        reading,
        key: vec![],
        panels,
        caption: format!("{title}, share of images"),
        table,
    }
}

fn groups(answers: &Answers, of: impl Fn(&Seen) -> f64 + Copy) -> Vec<Group> {
    let (right, wrong): (Vec<&Seen>, Vec<&Seen>) = answers.clean.iter().partition(|s| s.is_right());
    let group = |look: usize, name: &str, seen: Vec<&Seen>| Group {
        look: Look::nth(look),
        name: name.into(),
        values: seen.into_iter().map(of).collect(),
    };
    let attacked = answers.attacked.iter().map(|a| group(3, "attacked", a.seen.iter().collect()));
    [group(0, "right", right), group(1, "wrong", wrong)].into_iter().chain(attacked).collect()
}

/// The middle value, of two the lower.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}
