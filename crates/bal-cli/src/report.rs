//! `bal report`: runs side by side on one HTML page.

mod attacked;
mod inputs;
mod labels;
mod same_images;
mod seen;

use crate::{
    args::{Report, usage},
    chosen::{Chosen, Wanted},
    console::say,
    dataset, diagnose,
    output::{self, can_be_written},
    run_folder::RunFolder,
    subject::{Source, Subject},
    versions::versions,
};
use anyhow::{Context, Result};
use bal_core::Workers;
use bal_diagnostics::Quantity;
use bal_page::{Answers, Page, Run, Trace};
use bal_report::{Record, Split, metrics};
use inputs::Input;

/// Reads the runs, shows them images, and writes the page.
pub(crate) fn report(flags: &Report) -> Result<()> {
    if flags.runs.len() > bal_page::MOST_RUNS {
        let (most, found) = (bal_page::MOST_RUNS, flags.runs.len());
        return Err(usage(format!("a page shows at most {most} runs, got {found}; make several pages")));
    }
    if !(flags.radius > 0.0 && flags.radius <= 1.0) {
        let radius = flags.radius;
        let hint = if radius > 1.0 && radius <= 255.0 {
            format!(", and pixels are in [0, 1]: {radius} of 255 levels of grey are {radius}/255")
        } else {
            String::new()
        };
        return Err(usage(format!("--radius has to be above 0 and at most 1, got {radius}{hint}")));
    }
    can_be_written([flags.out.as_path()])?;
    let inputs = inputs::read(flags)?;
    let first = inputs.first().context("no run was named")?;
    let sources: Vec<&Source> = inputs.iter().map(|input| &input.source).collect();
    let wanted = Wanted { dataset: flags.dataset.as_deref(), split: Split::Test, by_name: None };
    let all = Chosen::all(&wanted, &flags.machine, &sources)?;
    all.remarks.iter().for_each(|remark| say(remark));
    same_images::check(&inputs, &all, &flags.machine)?;
    let drawn = dataset::sample_with_first(all.images.len(), flags.images, flags.attacked, flags.seed);
    let classes = first.source.labels()?;
    let shown = all.only(&drawn);
    let workers = flags.machine.workers()?;
    // Whatever does not fit the images is found before the first run is attacked.
    let subjects = inputs.into_iter().map(|input| {
        let Input { name, record, folder, evaluations, source } = input;
        let evaluations: Vec<_> = evaluations.into_iter().map(|(_, evaluation)| evaluation).collect();
        Ok((name, record, folder, evaluations, source.classifier(shown.shown(None))?))
    });
    let mut runs = vec![];
    for (name, record, folder, evaluations, subject) in subjects.collect::<Result<Vec<_>>>()? {
        say(&format!(
            "{name}: classifying {} images and attacking {}",
            shown.numbers.len(),
            attacked::count(flags, &shown)
        ));
        let (answers, measured) =
            answers(flags, &subject, (&shown, &classes), &workers, evaluations.is_empty())
                .with_context(|| name.clone())?;
        let evaluations = if flags.evaluation.is_empty() { measured } else { evaluations };
        let accuracy =
            metrics::read(&folder.metrics())?.iter().filter_map(|l| Some((l.sweep, l.accuracy?))).collect();
        runs.push(Run {
            name,
            training_accuracy: accuracy,
            traces: traces(&folder, &record)?,
            record,
            evaluations,
            answers: Some(answers),
        });
    }
    let page = Page {
        title: title(&runs),
        command: command(),
        made_by: versions()
            .into_iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect::<Vec<_>>()
            .join(", "),
        runs,
    };
    output::write(&flags.out, page.html()?.as_bytes())?;
    output::written(&flags.out);
    Ok(())
}

/// What a run says of the images, and its accuracies under fgsm and pgd, where nothing else is known of them.
fn answers(
    flags: &Report,
    subject: &Subject,
    (shown, classes): (&Chosen, &[String]),
    workers: &Workers,
    measure: bool,
) -> Result<(Answers, Vec<bal_report::Evaluation>)> {
    let Subject { classifier, model } = subject;
    let clean = seen::of_images(&**classifier, &shown.images, workers)?;
    let measure = measure && flags.evaluation.is_empty();
    let (attacked, evaluations) = attacked::attacked(flags, subject, shown, &clean, workers, measure)?;
    let images = format!("{} test images of {}, drawn by seed {}", clean.len(), shown.dataset, flags.seed);
    let answers =
        Answers { images, classes: classes.to_vec(), members: model.chains, clean, attacked: Some(attacked) };
    Ok((answers, evaluations))
}

/// The traces of held-out log-probabilities that agree least, where the run kept them.
fn traces(folder: &RunFolder, record: &Record) -> Result<Vec<Trace>> {
    const MOST: usize = 6;
    if !folder.traces().is_file() {
        return Ok(vec![]);
    }
    let all = folder.read_traces(record)?.log_probability;
    let (_, _, images) = all.size3()?;
    let trace = |image: i64| -> Result<Trace> {
        let draws = diagnose::draws(&all.select(2, image))?;
        let Quantity { r_hat, bulk, tail, .. } = Quantity::measure("", &draws);
        let number = |value: f64| value.is_finite().then_some(value);
        Ok(Trace {
            name: format!("log p(y | x) of held-out image {image} [nats]"),
            chains: draws.chains().to_vec(),
            r_hat: (!r_hat.is_nan()).then_some(r_hat),
            ess_bulk: number(bulk),
            ess_tail: number(tail),
        })
    };
    let mut traces = (0..images).map(trace).collect::<Result<Vec<_>>>()?;
    traces.sort_by(|a, b| b.r_hat.unwrap_or(0.0).total_cmp(&a.r_hat.unwrap_or(0.0)));
    traces.truncate(MOST);
    Ok(traces)
}

fn title(runs: &[Run]) -> String {
    runs.iter().map(|run| run.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The command as it was given.
fn command() -> String {
    let quoted = |word: String| {
        let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./,=:".contains(c));
        if plain { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    let words = std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned()));
    std::iter::once("bal".to_string()).chain(words).collect::<Vec<_>>().join(" ")
}
