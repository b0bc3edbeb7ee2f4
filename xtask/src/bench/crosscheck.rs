//! `bench crosscheck`: our attacks beside those of torchattacks and foolbox.

mod kept;
mod on_record;
mod ours;
mod plan;
mod theirs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bal_report::crosscheck::{Accuracy, Cell, Crosscheck, Distances, Found, Seconds};
use bal_report::{Evaluation, table};
use clap::Args;
use serde_json::json;

use self::kept::Kept;
use self::on_record::OnRecord;
use self::ours::Command;
use self::plan::{Attack, Compared, Model};
use self::theirs::Answer;
use super::process::Process;
use super::sides::cores;
use super::{processor, python};
use crate::bal::Bal;
use crate::figures;
use crate::reference;
use crate::repository::Repository;
use crate::setup;
use crate::stage::stage;

/// Run our attacks and those of torchattacks and foolbox on the same networks and images, one after the other
///
/// Compares images, distances or robust accuracies, and times. The networks are runs in results/, and with BAL_REFERENCE
/// set to their folder the published weights. The Python libraries are installed into target/, unless --python has them:
/// several GB. Finished cells go on record one by one, and are kept in target/crosscheck: interrupted, the same command goes on.
#[derive(Args)]
pub(crate) struct Options {
    /// The first so many test images
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    images: u64,
    /// Only this attack, and only on this model
    #[arg(long, value_name = "NAME", num_args = 1..=2, value_names = ["ATTACK", "MODEL"])]
    only: Vec<String>,
    /// A Python that has what bench/pytorch/requirements.txt names
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// Threads of either side [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    threads: Option<u32>,
}

/// The load from which on times are no measurement.
const BUSY: f64 = 0.5;

/// Images from which on a comparison is put on record.
const ENOUGH: u64 = 1000;

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let load = load();
    warn_of(load);
    let published = reference::folder()?;
    if published.is_none() {
        eprintln!("{} names no folder of published weights: they are left out", reference::VARIABLE);
    }
    let models = plan::models(repository, published.as_deref())?;
    let cells = plan::cells(&models, &options.only)?;
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    let python = match &options.python {
        Some(python) => python.clone(),
        None => stage("PyTorch", || python::ensure(repository))?,
    };
    let bal = stage("build", || Bal::build(repository, libtorch))?;
    let threads = options.threads.unwrap_or_else(cores);
    let mut other = theirs::start(repository, &python, threads)?;
    let versions: BTreeMap<String, String> =
        serde_json::from_value(other.ask(&json!({"do": "versions"}))?).context("Python told no versions")?;

    let kept = Kept::at(repository.root().join("target/crosscheck"))?;
    let command = Command { bal: &bal, images: options.images, threads };
    let mut record =
        Crosscheck { cpu: processor(), threads, images: options.images, versions, cells: Vec::new() };
    let mut on_record =
        (options.images >= ENOUGH).then(|| OnRecord::open(repository, &record)).transpose()?;
    let sources = theirs::sources(repository)?;
    for (model, attack) in cells {
        let made_of = json!({
            "images": options.images,
            "threads": threads,
            "versions": record.versions,
            "weights": kept::state(&model.weights)?,
            "program": kept::state(bal.executable())?,
            "attack": [json!(attack.ours), json!(attack.theirs), json!(attack.compared.radii())],
            "libraries": sources,
        });
        let finished = kept.get(attack.name, model.name, &made_of);
        let cell = if let Some(cell) = finished.filter(|cell| stands(cell.load, load)) {
            cell
        } else {
            let name = format!("{} on {}", attack.name, model.name);
            let cell = stage(&name, || compare(&command, &mut other, attack, model, load))?;
            kept.put(&cell, &made_of)?;
            cell
        };
        if let Some(on_record) = &mut on_record {
            on_record.put(&cell)?;
            figures::crosscheck(repository)?;
        }
        record.cells.push(cell);
    }
    println!("{}", table::crosscheck(&record));
    if on_record.is_none() {
        eprintln!("{} images are too few to be put on record: {ENOUGH} are wanted", options.images);
    } else if options.only.is_empty() {
        kept.clear()?;
    }
    Ok(())
}

/// One cell: ours, then theirs, each alone on the machine.
fn compare(
    command: &Command<'_>,
    other: &mut Process,
    attack: &Attack,
    model: &Model,
    load: Option<f64>,
) -> Result<Cell> {
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let beside = command.beside(model)?;
    let (evaluation, seconds) = command.attack(attack, model, scratch.path())?;
    let images = matches!(attack.compared, Compared::Images(_)).then(|| scratch.path().join(ours::IMAGES));
    let answer = theirs::attack(other, attack, model, command.images, images.as_deref())?;
    Ok(Cell {
        attack: attack.name.into(),
        model: model.name.into(),
        library: attack.theirs.library.into(),
        load,
        seconds: Seconds { ours: seconds, ours_beside: beside, theirs: answer.seconds },
        found: found(attack, &evaluation, answer)?,
    })
}

/// What the two sides found, in the way in which this attack is compared.
fn found(attack: &Attack, ours: &Evaluation, theirs: Answer) -> Result<Found> {
    Ok(match attack.compared {
        Compared::Images(_) => {
            Found::Images(theirs.images.context("Python answered without a comparison of images")?)
        }
        Compared::Distances => {
            let nearest = ours.nearest.as_ref().context("bal evaluate wrote no distances")?;
            let theirs = theirs.distances.context("Python answered without distances")?;
            let found = Distances::of(&nearest.distances, &theirs);
            Found::Distances(found.context("the two sides attacked different numbers of images")?)
        }
        Compared::Accuracy(radii) => Found::Accuracy(Accuracy {
            norm: attack.theirs.norm.into(),
            radii: radii.to_vec(),
            ours: ours.accuracy.clone(),
            theirs: theirs.accuracy(),
        }),
    })
}

/// Whether a cell that was finished at one load need not be timed again at another: what a busy machine timed does not
/// stand on a quiet one.
fn stands(then: Option<f64>, now: Option<f64>) -> bool {
    then.is_none_or(|then| then <= BUSY) || now.is_none_or(|now| now > BUSY)
}

/// The mean number of processes that wanted a processor in the last minute.
fn load() -> Option<f64> {
    load_of(&fs::read_to_string(Path::new("/proc/loadavg")).ok()?)
}

fn load_of(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

fn warn_of(load: Option<f64>) {
    let why = match load {
        Some(load) if load > BUSY => format!("the load of this machine is {load:.2}, above {BUSY}"),
        Some(_) => return,
        None => "the load of this machine is not known".to_owned(),
    };
    eprintln!("warning: {why}: where others are at work, times mean little");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_busy_machine_timed_is_timed_again_on_a_quiet_one() {
        assert!(!stands(Some(3.0), Some(0.1)));
        for (then, now) in
            [(Some(0.1), Some(3.0)), (Some(3.0), Some(2.0)), (Some(0.1), Some(0.2)), (None, Some(0.1))]
        {
            assert!(stands(then, now), "{then:?}, {now:?}");
        }
    }

    #[test]
    fn the_load_is_the_first_number() {
        assert_eq!(load_of("0.52 1.10 2.00 3/400 1234\n"), Some(0.52));
        assert_eq!(load_of(""), None);
    }
}
