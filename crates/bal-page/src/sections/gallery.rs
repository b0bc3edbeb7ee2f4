//! Images before and after an attack, and what they are taken for.

use super::{answered, heading, norm};
use crate::figure::values;
use crate::moved::moved;
use crate::number::{percent, short};
use crate::picture::Pictures;
use crate::plot::bars;
use crate::run::{Answers, Attacked, Example};
use crate::{PageError, Run, Seen};
use bal_report::table::Table;
use maud::{Markup, html};

/// Classes whose probabilities are shown.
const CLASSES: usize = 4;

/// A figure for each run that has examples.
pub(super) fn gallery(runs: &[Run]) -> Result<Option<Markup>, PageError> {
    let mut figures = vec![];
    for (place, (run, answers)) in answered(runs).into_iter().enumerate() {
        if let Some(attacked) = answers.attacked.as_ref().filter(|a| !a.examples.is_empty()) {
            figures.push(figure(place, runs, run, answers, attacked)?);
        }
    }
    Ok((!figures.is_empty()).then(|| html! { @for figure in &figures { (figure) } }))
}

fn figure(
    place: usize,
    runs: &[Run],
    run: &Run,
    answers: &Answers,
    attacked: &Attacked,
) -> Result<Markup, PageError> {
    let id = format!("gallery-{place}");
    let cards = attacked.examples.iter().map(|e| card(run, answers, e)).collect::<Result<Vec<_>, _>>()?;
    let above = heading(runs, run);
    let title = if above.is_empty() {
        "Images before and after the attack".into()
    } else {
        format!("Images attacked in {above}")
    };
    let changed =
        attacked.examples.iter().filter(|e| e.clean_seen.is_right() && !e.attacked_seen.is_right()).count();
    Ok(html! {
        figure #(id) aria-labelledby={ (id) "-title" } aria-describedby={ (id) "-reading" } {
            figcaption {
                h3 #{ (id) "-title" } { (title) }
                p #{ (id) "-reading" } {
                    "Chosen to show both outcomes, not a sample: " (attacked.attack) ", " (norm(&attacked.norm)) " radius " (short(attacked.radius)) ", turns " (changed)
                    " of these " (attacked.examples.len()) " images; the upper bar is the image's probability as it is, the "
                    "lower the attacked one's."
                }
            }
            ul.gallery { @for card in &cards { li { (card) } } }
            (values(&title, "Probabilities of every class", &table(answers, attacked)))
        }
    })
}

fn card(run: &Run, answers: &Answers, example: &Example) -> Result<Markup, PageError> {
    let Pictures { clean, attacked, difference, factor, greatest } = Pictures::of(&run.name, example)?;
    let (before, after) = (&example.clean_seen, &example.attacked_seen);
    let own = before.answer.label;
    let name = |class: usize| &answers.classes[class];
    let what = format!("image {}, class {}", example.number, name(own));
    Ok(html! {
        p {
            "Image " (example.number) ", class " (name(own)) ": read as " (read(before, answers)) ", then as "
            span.wrong[!after.is_right()] { (read(after, answers)) @if !after.is_right() { ", wrong" } }
        }
        div.pictures {
            div { img src=(clean) alt={ (what) ", as it is" }; "as it is" }
            div { img src=(attacked) alt={ (what) ", attacked" }; "attacked" }
            @if let Some(of) = &example.moved { div { (moved(of, example.shape)) } }
            div { img src=(difference) alt={ "change of " (what) ", at most " (short(greatest)) }; "change × " (format!("{factor:.1}")) }
        }
        (bars(&rows(answers, example), &format!("Probabilities of {what}")).svg())
    })
}

fn read(seen: &Seen, answers: &Answers) -> String {
    let class = seen.class();
    format!("{} ({})", answers.classes[class], percent(seen.answer.probabilities[class]))
}

/// The image's own class, and those that are likeliest before or after.
fn rows(answers: &Answers, example: &Example) -> Vec<(String, f64, f64, bool)> {
    let (before, after) = (&example.clean_seen.answer, &example.attacked_seen.answer);
    let most = |class: &usize| before.probabilities[*class].max(after.probabilities[*class]);
    let mut classes: Vec<usize> = (0..answers.classes.len()).collect();
    classes.sort_by(|a, b| (*b == before.label).cmp(&(*a == before.label)).then(most(b).total_cmp(&most(a))));
    classes.truncate(CLASSES);
    let row = |class: usize| {
        let name = answers.classes[class].clone();
        (name, before.probabilities[class], after.probabilities[class], class == before.label)
    };
    classes.into_iter().map(row).collect()
}

fn table(answers: &Answers, attacked: &Attacked) -> Table {
    let fixed = ["Image", "Class", "Form"].map(String::from).into_iter();
    let mut table = Table::new("lr", fixed.chain(answers.classes.iter().map(|c| format!("p({c})"))));
    for example in &attacked.examples {
        for (form, seen) in [("as it is", &example.clean_seen), ("attacked", &example.attacked_seen)] {
            let own = answers.classes[seen.answer.label].clone();
            let cells = [example.number.to_string(), own, form.into()];
            let p = seen.answer.probabilities.iter().map(|&p| format!("{p:.4}"));
            table.rows.push(cells.into_iter().chain(p).collect());
        }
    }
    table
}
