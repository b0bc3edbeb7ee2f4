//! The paper's attacks on a finished run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::bal::Bal;
use crate::radii;
use crate::repository::Repository;
use crate::reproduce::place::Place;
use crate::reproduce::runs::Run;

/// Images in a quick evaluation.
const QUICK_IMAGES: &str = "500";

/// Runs the attacks whose results are not there, or older than the weights.
pub(super) fn evaluate(repository: &Repository, bal: &Bal<'_>, place: &Place, run: &Run) -> Result<()> {
    let folder = place.runs.join(&run.folder);
    let weights = repository.root().join(&folder).join("posterior.safetensors");
    let results = place.results.join(&run.folder);
    let made = repository.root().join(&results);
    fs::create_dir_all(&made).with_context(|| format!("cannot make {}", made.display()))?;
    for attack in ["fgsm", "cw-one-step"] {
        let file = format!("{attack}.json");
        if is_newer(&made.join(&file), &weights) {
            eprintln!("{attack}: evaluated already");
            continue;
        }
        bal.run(&arguments(&folder, attack, &results.join(&file), place.quick))?;
    }
    Ok(())
}

/// Whether `file` is there and was written after `than`.
fn is_newer(file: &Path, than: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
    matches!((modified(file), modified(than)), (Ok(file), Ok(than)) if file >= than)
}

/// The command line of `bal evaluate`.
fn arguments(run: &Path, attack: &str, json: &Path, quick: bool) -> Vec<String> {
    let mut arguments: Vec<String> = vec!["evaluate".into(), run.display().to_string()];
    arguments.extend(["--dataset", "mnist", "--attack", attack].map(Into::into));
    if attack == "fgsm" {
        arguments.extend(["--radius".into(), radii::list(&radii::MNIST_FGSM)]);
    }
    arguments.extend(["--json".into(), json.display().to_string()]);
    if quick {
        arguments.extend(["--limit", QUICK_IMAGES].map(Into::into));
    }
    arguments
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn only_attacks_with_a_radius_are_given_one() {
        let line =
            |attack, quick| arguments(Path::new("runs/erm"), attack, Path::new("x.json"), quick).join(" ");
        assert!(line("fgsm", false).contains("--attack fgsm --radius 0,"));
        assert_eq!(
            line("cw-one-step", true),
            "evaluate runs/erm --dataset mnist --attack cw-one-step --json x.json --limit 500"
        );
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
