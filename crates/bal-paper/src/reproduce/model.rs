//! What attacks and calibration are made of: a finished run, or several as one model.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use bal_data::Content;
use serde_json::Value;

use crate::reproduce::ablation::Ensemble;
use crate::reproduce::data::{AttackOn, Data};
use crate::reproduce::place::Place;
use crate::reproduce::runs::Run;

/// The file of a run's weights in its folder.
pub(super) const WEIGHTS: &str = "posterior.safetensors";

/// A finished run, or several as one model.
pub(super) struct Model {
    /// What it is called among others of its figure.
    pub(super) name: String,
    /// Its folder among results.
    pub(super) folder: PathBuf,
    pub(super) data: Data,
    /// What it is attacked by.
    pub(super) attacks: &'static [AttackOn],
    /// What `bal` knows it by: the folder of its run, or files of weights.
    pub(super) arguments: Vec<String>,
    /// The files of its weights, from the root of the checkout.
    pub(super) weights: Vec<PathBuf>,
}

impl Model {
    pub(super) fn of_run(run: &Run, place: &Place) -> Self {
        let trained = place.runs.join(&run.folder);
        Self {
            name: run.name.clone(),
            folder: run.folder.clone(),
            data: run.data,
            attacks: run.attacks.unwrap_or(run.data.attacks()),
            arguments: vec![trained.display().to_string()],
            weights: vec![trained.join(WEIGHTS)],
        }
    }

    /// Its members as one model.
    pub(super) fn of_ensemble(ensemble: &Ensemble, place: &Place) -> Self {
        let first = ensemble.members.first();
        let data = first.map_or(Data::Mnist, |member| member.data);
        let members = ensemble.members.iter();
        let weights: Vec<PathBuf> =
            members.map(|member| place.runs.join(&member.folder).join(WEIGHTS)).collect();
        let files = weights.iter().map(|path| path.display().to_string());
        Self {
            name: ensemble.name.into(),
            folder: Path::new(ensemble.figure).join(ensemble.name),
            data,
            attacks: first.and_then(|member| member.attacks).unwrap_or(data.attacks()),
            arguments: ["--weights".to_owned()].into_iter().chain(files).collect(),
            weights,
        }
    }

    /// The first of its files that is not there.
    pub(super) fn missing(&self, root: &Path) -> Option<&Path> {
        self.weights.iter().map(PathBuf::as_path).find(|path| !root.join(path).is_file())
    }

    /// Whether the result in `file`, from `root`, is there and of these weights: as it says itself, else, where it does not,
    /// by its being written after them.
    ///
    /// # Errors
    /// When the weights cannot be read.
    pub(super) fn has(&self, file: &Path, root: &Path) -> Result<bool> {
        let file = root.join(file);
        let mut weights = self.weights.iter().map(|weights| root.join(weights));
        let Some(said) = said(&file) else { return Ok(weights.all(|weights| is_newer(&file, &weights))) };
        let digests = weights.map(|weights| Ok(Content::of_file(&weights)?.sha256.to_string()));
        Ok(digests.collect::<Result<Vec<String>>>()? == said)
    }
}

/// The digests of the weights that a result says it is of.
fn said(file: &Path) -> Option<Vec<String>> {
    let result: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    serde_json::from_value(result["model"]["weights"].clone()).ok()
}

/// Whether `file` is there and was written after `than`.
fn is_newer(file: &Path, than: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    matches!((modified(file), modified(than)), (Ok(file), Ok(than)) if file >= than)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::reproduce::ablation::ensembles;

    #[test]
    fn an_ensemble_is_all_files_of_its_members_and_as_new_as_the_newest() {
        let [ensemble, _] = ensembles();
        let model = Model::of_ensemble(&ensemble, &Place::new(false));
        assert_eq!(model.folder, Path::new("ablation/ensemble-linf"));
        assert_eq!(model.arguments.len(), 6);
        assert_eq!(model.arguments[2], "runs/ablation/seed-2/member-linf/posterior.safetensors");

        let root = tempfile::tempdir().unwrap();
        let result = Path::new("result.json");
        for path in &model.weights {
            assert_eq!(model.missing(root.path()), Some(path.as_path()));
            fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
            fs::write(root.path().join(path), "").unwrap();
        }
        assert_eq!(model.missing(root.path()), None);
        assert!(!model.has(result, root.path()).unwrap());
        fs::write(root.path().join(result), "").unwrap();
        assert!(model.has(result, root.path()).unwrap());
        let newer = fs::File::options().write(true).open(root.path().join(&model.weights[3])).unwrap();
        newer.set_modified(SystemTime::now() + Duration::from_mins(1)).unwrap();
        assert!(!model.has(result, root.path()).unwrap());
    }

    #[test]
    fn a_result_that_names_its_weights_counts_by_them_whatever_its_age() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| fs::write(root.path().join(file), text).unwrap();
        let model = Model {
            name: "erm".into(),
            folder: "fig1/erm".into(),
            data: Data::Mnist,
            attacks: &[],
            arguments: vec![],
            weights: vec!["weights".into()],
        };
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        write("result.json", &format!(r#"{{"model": {{"weights": ["{abc}"]}}}}"#));
        write("weights", "abc");
        let result = fs::File::options().write(true).open(root.path().join("result.json")).unwrap();
        result.set_modified(SystemTime::now() - Duration::from_mins(1)).unwrap();
        let has = || model.has(Path::new("result.json"), root.path());
        assert!(has().unwrap(), "of these weights, though it is older");
        write("weights", "abd");
        result.set_modified(SystemTime::now() + Duration::from_mins(1)).unwrap();
        assert!(!has().unwrap(), "of others, though it is newer");
        fs::remove_file(root.path().join("weights")).unwrap();
        assert!(has().is_err());
    }

    #[test]
    fn a_result_counts_only_when_it_is_as_new_as_the_weights() {
        let folder = tempfile::tempdir().unwrap();
        let (weights, result) = (folder.path().join("weights"), folder.path().join("result"));
        assert!(!is_newer(&result, &weights));
        fs::write(&weights, "").unwrap();
        assert!(!is_newer(&result, &weights));
        fs::write(&result, "").unwrap();
        assert!(is_newer(&result, &weights));
        let earlier = SystemTime::now() - Duration::from_mins(1);
        fs::File::options().write(true).open(&result).unwrap().set_modified(earlier).unwrap();
        assert!(!is_newer(&result, &weights));
    }
}
