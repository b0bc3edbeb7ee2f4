//! `bench crosscheck`: our attacks beside those of Python libraries, by bench/crosscheck/crosscheck.py.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use bal_files::Lock;
use clap::Args;

use super::sides::cores;
use crate::crosscheck::{Crosscheck, Side};
use crate::figures;
use crate::tables as table;
use bal_chores::Bal;
use bal_chores::Repository;
use bal_chores::processor;
use bal_chores::python;
use bal_chores::reference;
use bal_chores::stage;

/// Run our attacks and those of torchattacks and foolbox on the same networks and images, one after the other
///
/// Compares images, distances or robust accuracies, and times. The networks are runs in results/, and with BAL_REFERENCE
/// set to their folder the published weights. The Python libraries are installed into target/, unless --python has them:
/// several GB. Finished cells go on record one by one, and pieces of them are kept: interrupted, the same command goes on.
/// The tables in docs/evaluation.md are made at the end, or by `figures`.
#[derive(Args)]
pub(crate) struct Options {
    /// The first so many test images
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    images: u64,
    /// Seeds of either side, 0 and on, for attacks that begin at random: accuracies are compared as means over them
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=10))]
    seeds: u64,
    /// Beside the code of AutoAttack's authors (pyautoattack) instead: Square, targeted APGD, AutoAttack
    #[arg(long)]
    authors: bool,
    /// Only this attack, and only on this model
    #[arg(long, value_name = "NAME", num_args = 1..=2, value_names = ["ATTACK", "MODEL"])]
    only: Vec<String>,
    /// A Python that has what bench/pytorch/requirements.txt names
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// Where the pieces are kept: copied to another machine with such a processor, they count there
    /// [default: target/crosscheck, or target/crosscheck-authors]
    #[arg(long, value_name = "FOLDER")]
    kept: Option<PathBuf>,
    /// Threads of either side [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    threads: Option<u32>,
}

/// Images from which on a comparison is put on record.
const ENOUGH: u64 = 1000;

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let published = reference::folder()?;
    if published.is_none() {
        eprintln!("{} names no folder of published weights: they are left out", reference::VARIABLE);
    }
    let python = match &options.python {
        Some(python) => python.clone(),
        None => stage("PyTorch", || python::ensure(repository))?,
    };
    let bal = Bal::beside(repository)?;
    let is_enough = options.images >= ENOUGH;
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let folder = if is_enough { repository.results().join("crosscheck") } else { scratch.path().to_owned() };
    // Each cell is put beside those that were read: of two comparisons at once, one would undo the other.
    let _lock = Lock::take(&folder, &mut |news| eprintln!("{news}"))?;
    let side = if options.authors { Side::Authors } else { Side::Libraries };
    let record = folder.join(side.record());
    let kept = options.kept.clone().unwrap_or_else(|| repository.root().join("target").join(side.section()));

    let mut command = Command::new(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg(repository.root().join("bench/crosscheck/crosscheck.py"));
    command.arg("--bal").arg(bal.executable());
    command.arg("--mnist").arg(repository.datasets().join("mnist"));
    command.arg("--results").arg(repository.results());
    command.arg("--cpu").arg(processor());
    command.arg("--kept").arg(kept);
    command.arg("--record").arg(&record);
    command.arg("--plan").arg(side.plan());
    command.arg("--threads").arg(options.threads.unwrap_or_else(cores).to_string());
    command.arg("--images").arg(options.images.to_string());
    command.arg("--seeds").arg(options.seeds.to_string());
    if let Some(published) = published {
        command.arg("--reference").arg(published);
    }
    command.arg("--only").args(&options.only);
    stage("crosscheck", || bal_chores::run(&mut command))?;

    // Read as the tables read it: a record that cannot be is refused here.
    let found = Crosscheck::read(&record)?;
    println!("{}", table::crosscheck(&found));
    if is_enough {
        found.write(&record)?;
        figures::crosscheck(repository)?;
    } else {
        eprintln!("{} images are too few to be put on record: {ENOUGH} are wanted", options.images);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the script says of plans, pieces and records, with Python's own library alone.
    #[test]
    fn the_claims_about_the_script_hold() {
        let folder = Repository::find().unwrap().root().join("bench/crosscheck");
        let mut command = Command::new("python3");
        let output = match command.args(["-B", "-m", "unittest", "-v"]).current_dir(folder).output() {
            Ok(output) => output,
            Err(error) => {
                eprintln!("python3: {error}: the claims about bench/crosscheck were not tested");
                return;
            }
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("Ran 11 tests"), "{said}");
    }
}
