//! The paper's attacks on a finished model.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::radii;
use crate::reproduce::data::{AttackOn, Data};
use crate::reproduce::model::Model;
use crate::reproduce::place::Place;
use bal_chores::Bal;
use bal_chores::Repository;

/// Images in a quick evaluation.
const QUICK_IMAGES: u32 = 500;

/// Runs the attacks whose results are not there, or of other weights.
pub(super) fn evaluate(repository: &Repository, bal: &Bal<'_>, place: &Place, model: &Model) -> Result<()> {
    let results = place.results.join(&model.folder);
    let made = repository.root().join(&results);
    fs::create_dir_all(&made).with_context(|| format!("cannot make {}", made.display()))?;
    for attack in model.attacks {
        let file = results.join(attack.file);
        if model.has(&file, repository.root())? {
            eprintln!("{}: evaluated already", attack.attack);
            continue;
        }
        bal.run(&arguments(&model.arguments, model.data, attack, &file, place.quick))?;
    }
    Ok(())
}

/// The command line of `bal evaluate`.
fn arguments(model: &[String], data: Data, attack: &AttackOn, json: &Path, quick: bool) -> Vec<String> {
    let mut arguments: Vec<String> = vec!["evaluate".into()];
    arguments.extend_from_slice(model);
    arguments.extend(["--dataset", data.name(), "--attack", attack.attack].map(Into::into));
    if attack.attack == "fgsm" {
        arguments.extend(["--radius".into(), radii::list(data.fgsm_radii())]);
    }
    arguments.extend(attack.flags.iter().map(ToString::to_string));
    arguments.extend(["--json".into(), json.display().to_string()]);
    if let Some(images) = if quick { Some(QUICK_IMAGES) } else { attack.images } {
        arguments.extend(["--limit".into(), images.to_string()]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_attacks_with_a_radius_are_given_one() {
        let lines = |data: Data, quick| -> Vec<String> {
            let line = |attack| arguments(&["runs/erm".into()], data, attack, Path::new("x.json"), quick);
            data.attacks().iter().map(|attack| line(attack).join(" ")).collect()
        };
        assert!(lines(Data::Mnist, false)[0].contains("--attack fgsm --radius 0,"));
        assert_eq!(
            lines(Data::Mnist, true)[1],
            "evaluate runs/erm --dataset mnist --attack cw-one-step --json x.json --limit 500"
        );
        let signs = lines(Data::GtsrbPaper, false);
        assert!(signs[0].contains("--dataset gtsrb-paper --attack fgsm --radius 0,0.01,"), "{signs:?}");
        assert!(
            signs[2].contains("cw-one-step-log-probabilities --prediction last-member --json"),
            "{signs:?}"
        );
    }
}
