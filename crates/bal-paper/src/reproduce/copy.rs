//! What is kept of a run: its record, and for some its weights, beside the evaluations.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};

use crate::reproduce::model::WEIGHTS;
use crate::reproduce::place::Place;
use crate::reproduce::runs::Run;
use bal_chores::Repository;

/// Weights of more bytes are not kept: they would swell the repository.
const MOST: u64 = 3_000_000;

const RECORD: &str = "record.json";

/// Copies the files of a finished run that belong with the results.
pub(super) fn keep(repository: &Repository, place: &Place, run: &Run) -> Result<()> {
    let (trained, kept) = folders(repository, place, run);
    let size = fs::metadata(trained.join(WEIGHTS)).map_or(u64::MAX, |data| data.len());
    let files = if size <= MOST && !place.quick { vec![RECORD, WEIGHTS] } else { vec![RECORD] };
    files.into_iter().try_for_each(|file| copy(&trained.join(file), &kept.join(file)))
}

/// Takes a run from the results, if its weights are kept there and it is not trained here; whether it did.
///
/// What was measured of it counts as newer than these weights.
pub(super) fn restore(repository: &Repository, place: &Place, run: &Run) -> Result<bool> {
    let (trained, kept) = folders(repository, place, run);
    if trained.exists() || ![RECORD, WEIGHTS].iter().all(|file| kept.join(file).is_file()) {
        return Ok(false);
    }
    fs::create_dir_all(&trained).with_context(|| format!("cannot make {}", trained.display()))?;
    for file in [WEIGHTS, RECORD] {
        let to = trained.join(file);
        copy(&kept.join(file), &to)?;
        let old = File::options().write(true).open(&to).and_then(|copy| copy.set_modified(UNIX_EPOCH));
        old.with_context(|| format!("cannot set the time of {}", to.display()))?;
    }
    Ok(true)
}

/// Where the run is trained, and where its results are.
fn folders(repository: &Repository, place: &Place, run: &Run) -> (PathBuf, PathBuf) {
    let root = repository.root();
    (root.join(&place.runs).join(&run.folder), root.join(&place.results).join(&run.folder))
}

/// A file that is the same keeps its date.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if !fs::read(to).is_ok_and(|there| there == bytes) {
        bal_files::write(to, &bytes).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of `weights` bytes in a checkout of its own.
    fn trained(place: &Place, weights: usize) -> (tempfile::TempDir, Repository, Run) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let repository = Repository::at(folder.path()).unwrap();
        let run = Run::new("fig1", "wrm", "mnist-wrm", 1);
        let (trained, kept) = folders(&repository, place, &run);
        fs::create_dir_all(&trained).unwrap();
        fs::create_dir_all(kept).unwrap();
        fs::write(trained.join(RECORD), "{}").unwrap();
        fs::write(trained.join(WEIGHTS), vec![7; weights]).unwrap();
        (folder, repository, run)
    }

    fn kept(weights: usize, quick: bool) -> Vec<String> {
        let place = Place::new(quick);
        let (_folder, repository, run) = trained(&place, weights);
        keep(&repository, &place, &run).unwrap();
        let mut names: Vec<_> = fs::read_dir(folders(&repository, &place, &run).1)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn records_are_kept_of_all_runs_and_weights_where_they_are_small() {
        assert_eq!(kept(443_264, false), [WEIGHTS, RECORD]);
        assert_eq!(kept(12_000_000, false), [RECORD]);
        assert_eq!(kept(443_264, true), [RECORD]);
    }

    #[test]
    fn a_run_whose_weights_are_kept_is_taken_from_there_but_never_over_another() {
        let place = Place::new(false);
        let (_folder, repository, run) = trained(&place, 10);
        keep(&repository, &place, &run).unwrap();
        assert!(!restore(&repository, &place, &run).unwrap(), "it is there");
        let (trained, kept) = folders(&repository, &place, &run);
        fs::remove_dir_all(&trained).unwrap();
        assert!(restore(&repository, &place, &run).unwrap());
        assert_eq!(fs::read(trained.join(WEIGHTS)).unwrap(), [7; 10]);
        let changed = |folder: &Path| fs::metadata(folder.join(WEIGHTS)).unwrap().modified().unwrap();
        assert!(changed(&trained) < changed(&kept));
        fs::remove_dir_all(&trained).unwrap();
        fs::remove_file(kept.join(WEIGHTS)).unwrap();
        assert!(!restore(&repository, &place, &run).unwrap(), "only its record is kept");
        assert!(!trained.exists());
    }
}
