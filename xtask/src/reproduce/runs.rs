//! A training run with the evaluations of it, and how it is named.

use std::path::{Path, PathBuf};

/// The experiment that every other run starts from.
const START: &str = "mnist-erm";

/// Runs whose weights are small enough, and interesting enough, to be committed.
const WITH_WEIGHTS: [&str; 2] = ["fig1/erm", "fig1/bal-released"];

/// A training run with the evaluations of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    /// What `--only` calls it.
    pub(super) name: String,
    /// Its folder among runs, and among results.
    pub(super) folder: PathBuf,
    /// Its file in experiments/, without the ending.
    pub(super) experiment: String,
    pub(super) seed: u64,
    /// What it changes in the experiment, as `bal train --set` takes it.
    pub(super) settings: Vec<String>,
}

impl Run {
    /// Run `name` of a figure, as its experiment is written. The first seed's folder does not name it.
    pub(super) fn new(figure: &str, name: &str, experiment: &str, seed: u64) -> Self {
        let folder = Path::new(figure);
        let folder = if seed == 1 { folder.to_path_buf() } else { folder.join(format!("seed-{seed}")) };
        Self {
            name: name.into(),
            folder: folder.join(name),
            experiment: experiment.into(),
            seed,
            settings: Vec::new(),
        }
    }

    /// The same with settings changed.
    pub(super) fn with(mut self, settings: &[&str]) -> Self {
        self.settings.extend(settings.iter().map(ToString::to_string));
        self
    }

    /// Its experiment file, from the root of the checkout.
    pub(super) fn experiment_file(&self) -> String {
        format!("experiments/{}.toml", self.experiment)
    }

    /// The folder of the run it takes its first weights from: Figure 1's of the same seed.
    pub(super) fn start(&self) -> Option<PathBuf> {
        (self.experiment != START).then(|| Self::new("fig1", "erm", START, self.seed).folder)
    }

    /// Whether its weights are committed beside its record.
    pub(super) fn keeps_weights(&self) -> bool {
        WITH_WEIGHTS.iter().any(|folder| self.folder == Path::new(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_seed_is_not_in_a_name_and_others_are() {
        let run = |seed| Run::new("fig2", "sw-3", "mnist-bal-released", seed);
        assert_eq!(run(1).folder, Path::new("fig2/sw-3"));
        assert_eq!(run(1).start().unwrap(), Path::new("fig1/erm"));
        assert_eq!(run(2).folder, Path::new("fig2/seed-2/sw-3"));
        assert_eq!(run(2).start().unwrap(), Path::new("fig1/seed-2/erm"));
        assert_eq!(Run::new("fig1", "erm", "mnist-erm", 2).start(), None);
    }
}
