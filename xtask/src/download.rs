//! `download`: data sets into `datasets/`, checked.

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, Result};
use bal_data::download::{Progress, fetch};
use bal_data::{DataError, Manifest, Mirror, Set};
use bal_files::News;
use clap::Args;

use crate::repository::Repository;
use crate::size::readable;

/// Fetch data sets into datasets/
///
/// Every file is checked against datasets/manifest.toml, which also lists its sources; what is there already is not
/// fetched again. MNIST comes with the checkout.
#[derive(Args)]
pub(crate) struct Options {
    /// mnist, fashion-mnist or gtsrb; all of them if none is named
    #[arg(value_name = "SET", value_parser = parse_set)]
    sets: Vec<Set>,
    /// A folder or URL to try first, with the files in SET/FILE; BAL_DATA_MIRROR if not given
    #[arg(long, value_name = "DIR-or-URL")]
    mirror: Option<String>,
}

fn parse_set(name: &str) -> Result<Set, DataError> {
    name.parse()
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let sets = if options.sets.is_empty() { &Set::ALL[..] } else { &options.sets };
    fetch_all(repository, sets, options.mirror.as_deref())
}

/// Fetches what is not there yet of the sets that another chore needs.
pub(crate) fn ensure(repository: &Repository, sets: &[Set]) -> Result<()> {
    fetch_all(repository, sets, None)
}

fn fetch_all(repository: &Repository, sets: &[Set], mirror: Option<&str>) -> Result<()> {
    let root = repository.datasets();
    let manifest = Manifest::read(&root.join("manifest.toml"))?;
    let mirror = Mirror::choose(mirror)?;
    for &set in sets {
        let mut progress = Lines::new();
        let fetched = fetch(&manifest, set, &root, mirror.as_ref(), &mut |event| progress.show(&event))
            .with_context(|| format!("could not get {set}"))?;
        progress.end_line();
        eprintln!("{set} is in {}", repository.relative(&fetched.folder).display());
    }
    Ok(())
}

/// Shows progress: a line for each event, with the percentage running on where there is a terminal.
struct Lines {
    terminal: bool,
    /// What the line that is not ended yet says, if there is one.
    open: Option<String>,
}

impl Lines {
    fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), open: None }
    }

    fn show(&mut self, event: &Progress<'_>) {
        match event {
            Progress::Waiting { folder, holder } => {
                self.line(&News::Waiting { folder, holder }.to_string());
            }
            Progress::NoLocks { folder, reason } => {
                self.line(&News::NoLocks { folder, reason }.to_string());
            }
            Progress::Present { file } => self.line(&format!("{file}: is there already")),
            Progress::Trying { file, source } => self.line(&format!("{file}: from {source}")),
            Progress::Failed { file, source, error } => {
                self.line(&format!("{file}: not from {source}: {error}"));
            }
            Progress::Stored { file, .. } => self.line(&format!("{file}: right, and in place")),
            Progress::Bytes { file, done, total: Some(total) } => {
                self.running(&format!("{file}: {} of {}", readable(*done), readable(*total)));
            }
            Progress::Bytes { file, done, total: None } => {
                self.running(&format!("{file}: {}", readable(*done)));
            }
            Progress::Preparing { part, done, total } => {
                self.running(&format!("{part} images prepared: {done} of {total}"));
            }
            _ => {}
        }
    }

    fn line(&mut self, text: &str) {
        self.end_line();
        eprintln!("{text}");
    }

    /// Writes over the line before, if that ran too; shows nothing where lines cannot be written over.
    fn running(&mut self, text: &str) {
        if !self.terminal || self.open.as_deref() == Some(text) {
            return;
        }
        // The end of a longer text before is wiped out: "erase to the end of the line".
        eprint!("\r{text}\x1b[K");
        // Progress that cannot be shown is no reason to stop.
        let _ = io::stderr().flush();
        self.open = Some(text.to_owned());
    }

    fn end_line(&mut self) {
        if self.open.take().is_some() {
            eprintln!();
        }
    }
}
