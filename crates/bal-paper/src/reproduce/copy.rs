//! What is kept of a run beside its evaluations: its record, the digest of its weights, and of two runs the weights.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use bal_data::Content;

use crate::reproduce::brief::brief;
use crate::reproduce::model::WEIGHTS;
use crate::reproduce::place::Place;
use crate::reproduce::runs::Run;
use bal_chores::Repository;

/// The runs whose weights are committed: tests, benchmarks and the tutorial read them. All others are trained again.
const COMMITTED: [&str; 2] = ["fig1/erm", "fig1/bal-released"];

const RECORD: &str = "record.json";

/// The digest of a run's weights, in the form that `sha256sum --check` reads.
const DIGEST: &str = "posterior.safetensors.sha256";

/// How the weights of a run compare with what is on record of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weights {
    /// None are on record.
    New,
    /// The same bits.
    Same,
    /// Other bits, which now are on record.
    Changed,
}

impl Weights {
    /// What the user is told; nothing of a run that is new.
    pub(super) fn told(self) -> Option<&'static str> {
        match self {
            Self::New => None,
            Self::Same => Some("its weights are on record, bit for bit"),
            Self::Changed => Some(
                "its weights are not the bits on record: another processor, LibTorch or version of this code \
                 trained those; the record now is of these",
            ),
        }
    }
}

/// Copies the files of a finished run that belong with the results, and compares its weights with the record.
///
/// # Errors
/// When a file cannot be read or written.
pub(super) fn keep(repository: &Repository, place: &Place, run: &Run) -> Result<Weights> {
    let (trained, kept) = folders(repository, place, run);
    let weights = trained.join(WEIGHTS);
    let digest = format!("{}  {WEIGHTS}\n", Content::of_file(&weights)?.sha256);
    let compared = match fs::read_to_string(kept.join(DIGEST)) {
        Ok(there) if there == digest => Weights::Same,
        Ok(_) => Weights::Changed,
        Err(_) => Weights::New,
    };
    let record = trained.join(RECORD);
    let whole = fs::read(&record).with_context(|| format!("cannot read {}", record.display()))?;
    put(&brief(&whole).with_context(|| format!("cannot read {}", record.display()))?, &kept.join(RECORD))?;
    put(digest.as_bytes(), &kept.join(DIGEST))?;
    if !place.quick && COMMITTED.iter().any(|folder| run.folder == Path::new(folder)) {
        copy(&weights, &kept.join(WEIGHTS))?;
    }
    Ok(compared)
}

/// Takes a run from the results, if its weights are committed there and it is not trained here; whether it did.
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

fn copy(from: &Path, to: &Path) -> Result<()> {
    put(&fs::read(from).with_context(|| format!("cannot read {}", from.display()))?, to)
}

/// A file that is the same keeps its date.
fn put(bytes: &[u8], to: &Path) -> Result<()> {
    if !fs::read(to).is_ok_and(|there| there == bytes) {
        bal_files::write(to, bytes).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trained run in a checkout of its own.
    fn trained(place: &Place, name: &str) -> (tempfile::TempDir, Repository, Run) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let repository = Repository::at(folder.path()).unwrap();
        let run = Run::new("fig1", name, &format!("mnist-{name}"), 1);
        let (trained, kept) = folders(&repository, place, &run);
        fs::create_dir_all(&trained).unwrap();
        fs::create_dir_all(kept).unwrap();
        fs::write(trained.join(RECORD), "{}").unwrap();
        fs::write(trained.join(WEIGHTS), "abc").unwrap();
        (folder, repository, run)
    }

    fn kept(name: &str, quick: bool) -> Vec<String> {
        let place = Place::new(quick);
        let (_folder, repository, run) = trained(&place, name);
        keep(&repository, &place, &run).unwrap();
        let mut names: Vec<_> = fs::read_dir(folders(&repository, &place, &run).1)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn records_and_digests_are_kept_of_all_runs_and_weights_of_two() {
        assert_eq!(kept("erm", false), [WEIGHTS, DIGEST, RECORD]);
        assert_eq!(kept("wrm", false), [DIGEST, RECORD]);
        assert_eq!(kept("erm", true), [DIGEST, RECORD]);
    }

    #[test]
    fn weights_trained_again_are_compared_with_the_record() {
        let place = Place::new(false);
        let (_folder, repository, run) = trained(&place, "wrm");
        let (trained, kept) = folders(&repository, &place, &run);
        assert_eq!(keep(&repository, &place, &run).unwrap(), Weights::New);
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(fs::read_to_string(kept.join(DIGEST)).unwrap(), format!("{abc}  {WEIGHTS}\n"));
        assert_eq!(keep(&repository, &place, &run).unwrap(), Weights::Same);
        fs::write(trained.join(WEIGHTS), "abd").unwrap();
        assert_eq!(keep(&repository, &place, &run).unwrap(), Weights::Changed);
        assert_eq!(keep(&repository, &place, &run).unwrap(), Weights::Same, "the record is of the new ones");
    }

    #[test]
    fn a_run_whose_weights_are_committed_is_taken_from_there_but_never_over_another() {
        let place = Place::new(false);
        let (_folder, repository, run) = trained(&place, "erm");
        keep(&repository, &place, &run).unwrap();
        assert!(!restore(&repository, &place, &run).unwrap(), "it is there");
        let (trained, kept) = folders(&repository, &place, &run);
        fs::remove_dir_all(&trained).unwrap();
        assert!(restore(&repository, &place, &run).unwrap());
        assert_eq!(fs::read(trained.join(WEIGHTS)).unwrap(), b"abc");
        let changed = |folder: &Path| fs::metadata(folder.join(WEIGHTS)).unwrap().modified().unwrap();
        assert!(changed(&trained) < changed(&kept));
        fs::remove_dir_all(&trained).unwrap();
        fs::remove_file(kept.join(WEIGHTS)).unwrap();
        assert!(!restore(&repository, &place, &run).unwrap(), "its weights are not committed");
        assert!(!trained.exists());
    }
}
