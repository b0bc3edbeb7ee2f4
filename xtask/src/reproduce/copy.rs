//! What is kept of a run: its record, and for some its weights, beside the evaluations.

use std::fs;

use anyhow::{Context, Result};
use bal_report::atomic;

use crate::repository::Repository;
use crate::reproduce::place::Place;
use crate::reproduce::runs::Run;

/// Copies the files of a finished run that belong with the results.
pub(super) fn keep(repository: &Repository, place: &Place, run: &Run) -> Result<()> {
    let mut files = vec!["record.json"];
    if run.keeps_weights() && !place.quick {
        files.push("posterior.safetensors");
    }
    for file in files {
        let from = repository.root().join(&place.runs).join(&run.folder).join(file);
        let to = repository.root().join(&place.results).join(&run.folder).join(file);
        let bytes = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        // A file that is the same keeps its date.
        if !fs::read(&to).is_ok_and(|there| there == bytes) {
            atomic::write(&to, &bytes)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str, quick: bool) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let repository = Repository::at(folder.path()).unwrap();
        let place = Place::new(quick);
        let trained = Run::new("fig1", name, &format!("mnist-{name}"), 1);
        let run = folder.path().join(&place.runs).join(&trained.folder);
        let results = folder.path().join(&place.results).join(&trained.folder);
        fs::create_dir_all(&run).unwrap();
        fs::create_dir_all(&results).unwrap();
        fs::write(run.join("record.json"), "{}").unwrap();
        fs::write(run.join("posterior.safetensors"), "weights").unwrap();
        keep(&repository, &place, &trained).unwrap();
        let mut names: Vec<_> = fs::read_dir(results)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn records_are_kept_of_all_runs_and_weights_of_two() {
        assert_eq!(kept("erm", false), ["posterior.safetensors", "record.json"]);
        assert_eq!(kept("bal-released", false), ["posterior.safetensors", "record.json"]);
        assert_eq!(kept("wrm", false), ["record.json"]);
        assert_eq!(kept("erm", true), ["record.json"]);
    }
}
