//! A training run with the evaluations of it, and how it is named.

use std::path::{Path, PathBuf};

use crate::reproduce::data::{AttackOn, Data};

/// What the run is called that other runs start from.
const START: &str = "erm";

/// What experiments are called that start from initial weights, or from more than one run: one of these is a part of their name.
const WITHOUT_ERM: [&str; 9] =
    ["advgan", "cifar", "dispersed", "ensemble", "erm", "mixed", "resnet", "robust", "scratch"];

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
    /// What it is trained and attacked on.
    pub(super) data: Data,
    /// What it changes in the experiment, as `bal train --set` takes it.
    pub(super) settings: Vec<String>,
    /// The setting that a search has to find first.
    pub(super) tuned: Option<Tuned>,
    /// What it is attacked by, where that is not what the paper attacks runs on its data by.
    pub(super) attacks: Option<&'static [AttackOn]>,
}

/// A setting whose largest harmless value is searched for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tuned {
    /// The setting.
    pub(super) key: &'static str,
    /// The value tried first.
    pub(super) from: f64,
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
            data: Data::of_experiment(experiment),
            settings: Vec::new(),
            tuned: None,
            attacks: None,
        }
    }

    /// The same with settings changed.
    pub(super) fn with(mut self, settings: &[&str]) -> Self {
        self.settings.extend(settings.iter().map(ToString::to_string));
        self
    }

    /// The same on other data than the experiment's, of which `train_images` are trained on.
    pub(super) fn on(self, data: Data, train_images: u32) -> Self {
        let settings = [format!("dataset={:?}", data.name()), format!("train_images={train_images}")];
        Self { data, ..self }.with(&settings.each_ref().map(String::as_str))
    }

    /// The same with a setting that is searched for.
    pub(super) fn tuned(self, tuned: Tuned) -> Self {
        Self { tuned: Some(tuned), ..self }
    }

    /// The same under other attacks than the paper's.
    pub(super) fn attacked_by(self, attacks: &'static [AttackOn]) -> Self {
        Self { attacks: Some(attacks), ..self }
    }

    /// Whether `--only` means it: by its name, which other seeds and splits share, or by its folder.
    pub(super) fn is_called(&self, said: &str) -> bool {
        self.name == said || self.folder == Path::new(said)
    }

    /// Whether `--only` leaves it in: without a word it leaves all.
    pub(super) fn is_among(&self, only: &[String]) -> bool {
        only.is_empty() || only.iter().any(|said| self.is_called(said))
    }

    /// Its experiment file, from the root of the checkout.
    pub(super) fn experiment_file(&self) -> String {
        format!("experiments/{}.toml", self.experiment)
    }

    /// The folder of the run it takes its first weights from: that of empirical risk on its data, of the same seed.
    pub(super) fn start(&self) -> Option<PathBuf> {
        let first = Self::new(self.data.folder_of_erm(), START, &self.experiment, self.seed).folder;
        let without = self.experiment.split('-').any(|part| WITHOUT_ERM.contains(&part));
        (!without).then_some(first)
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

    #[test]
    fn experiments_that_start_from_one_run_are_known_by_their_names() {
        let experiments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        for file in std::fs::read_dir(experiments).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            if name == "quick" {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let starts = Run::new("figure", "run", name, 1).start().is_some();
            assert_eq!(text.contains("\n[start]\n"), starts, "{name}");
        }
    }

    #[test]
    fn a_run_starts_from_the_empirical_risk_of_its_own_data() {
        let fashion = Run::new("appendix-a", "wrm", "fashion-wrm", 1);
        assert_eq!(fashion.start().unwrap(), Path::new("appendix-a/erm"));
        let official = Run::new("fig3/official", "bnn", "gtsrb-bnn", 1).on(Data::Gtsrb, 100);
        assert_eq!(official.start().unwrap(), Path::new("fig3/official/erm"));
        assert_eq!(official.settings, ["dataset=\"gtsrb\"", "train_images=100"]);
    }
}
