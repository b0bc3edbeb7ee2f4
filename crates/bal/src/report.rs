//! Runs side by side on one HTML page.

mod attacked;
mod inputs;
mod labels;
mod request;
mod same_images;
mod seen;

use crate::{
    Note, Refusal, Session, dataset, diagnose,
    image_selection::{Selected, Wanted},
    model_source::{LoadedModel, ReadyModel},
    outputs::{self, can_be_written},
    run_folder::RunFolder,
    versions::versions,
};
use anyhow::{Context, Result};
use bal_diagnostics::Quantity;
use bal_page::{Answers, Page, Run, Trace};
use bal_report::{Record, Split, metrics};
use inputs::Input;
pub use request::ReportRequest;

/// Reads the runs, shows them images, and writes the page.
///
/// # Errors
/// When a run or an evaluation cannot be read, they are not of the same images, or the page cannot be written.
pub fn report(request: &ReportRequest, session: &Session) -> Result<()> {
    if request.runs.len() > bal_page::MOST_RUNS {
        let (most, found) = (bal_page::MOST_RUNS, request.runs.len());
        let fault = format!("a page shows at most {most} runs, got {found}; make several pages");
        return Err(Refusal::of_request(fault).into());
    }
    let attack = attacked::attack(request)?;
    if !(request.radius > 0.0 && (request.radius <= 1.0 || attack.norm().is_none())) {
        let radius = request.radius;
        let hint = if radius > 1.0 && radius <= 255.0 {
            format!(", and pixels are in [0, 1]: {radius} of 255 levels of grey are {radius}/255")
        } else {
            String::new()
        };
        let fault = format!("the radius has to be above 0 and at most 1, got {radius}{hint}");
        return Err(Refusal::of_request(fault).into());
    }
    can_be_written([request.out.as_path()])?;
    let inputs = inputs::read(request, session)?;
    let first = inputs.first().context("no run was named")?;
    let sources: Vec<&LoadedModel> = inputs.iter().map(|input| &input.source).collect();
    let wanted = Wanted { dataset: request.dataset.as_deref(), split: Split::Test, or_training: false };
    let all = Selected::all(&wanted, session, &sources)?;
    session.note_all(&all.remarks);
    same_images::check(&inputs, &all, session)?;
    let drawn = dataset::sample_with_first(all.images.len(), request.images, request.attacked, request.seed);
    let classes = first.source.labels()?;
    let shown = all.only(&drawn);
    // Whatever does not fit the images, or cannot be read, is found before the first run is attacked.
    let subjects = inputs.into_iter().map(|input| {
        let Input { name, record, folder, evaluations, source } = input;
        let run = Run {
            name,
            training_accuracy: training_accuracy(&folder)?,
            traces: traces(&folder, &record)?,
            record,
            evaluations: evaluations.into_iter().map(|(_, evaluation)| evaluation).collect(),
            answers: None,
        };
        Ok((run, source.classifier(shown.shown(None), session)?))
    });
    let mut runs = vec![];
    for (mut run, subject) in subjects.collect::<Result<Vec<_>>>()? {
        session.observer().note(&Note::news(format!(
            "{}: classifying {} images and attacking {}",
            run.name,
            shown.numbers.len(),
            attacked::count(request, &shown)
        )));
        let (answers, measured) =
            answers(request, &subject, (&shown, &classes), session, run.evaluations.is_empty())
                .with_context(|| run.name.clone())?;
        run.answers = Some(answers);
        if request.evaluations.is_empty() {
            run.evaluations = measured;
        }
        runs.push(run);
    }
    let page = Page {
        title: title(&runs),
        command: request.made_with.clone(),
        made_by: versions()
            .into_iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect::<Vec<_>>()
            .join(", "),
        runs,
    };
    outputs::write(&request.out, page.html()?.as_bytes())
}

/// What a run says of the images, and its accuracies under fgsm and pgd, where nothing else is known of them.
fn answers(
    request: &ReportRequest,
    subject: &ReadyModel,
    (shown, classes): (&Selected, &[String]),
    session: &Session,
    measure: bool,
) -> Result<(Answers, Vec<bal_report::Evaluation>)> {
    let ReadyModel { classifier, model } = subject;
    let clean = seen::of_images(&**classifier, &shown.images, &session.workers)?;
    let measure = measure && request.evaluations.is_empty();
    let (attacked, evaluations) = attacked::attacked(request, subject, shown, &clean, session, measure)?;
    let images = format!("{} test images of {}, drawn by seed {}", clean.len(), shown.dataset, request.seed);
    let answers =
        Answers { images, classes: classes.to_vec(), members: model.chains, clean, attacked: Some(attacked) };
    Ok((answers, evaluations))
}

/// Training accuracy by sweep, where the run's folder still has its metrics: a record that was copied elsewhere has none
/// beside it.
fn training_accuracy(folder: &RunFolder) -> Result<Vec<(u64, f64)>> {
    if !folder.metrics().is_file() {
        return Ok(vec![]);
    }
    Ok(metrics::read(&folder.metrics())?.iter().filter_map(|l| Some((l.sweep, l.accuracy?))).collect())
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
