//! Plain ensembles: finished runs attacked as one model.

use anyhow::Result;

use crate::bal::Bal;
use crate::repository::Repository;
use crate::reproduce::evaluation;
use crate::reproduce::figure::ablation::ensembles;
use crate::reproduce::place::Place;
use crate::reproduce::runs::Run;

/// The paper's attacks on every ensemble of the comparison whose members are all finished.
pub(super) fn evaluate(repository: &Repository, bal: &Bal<'_>, place: &Place) -> Result<()> {
    for ensemble in ensembles() {
        let weights: Vec<_> = ensemble
            .members
            .iter()
            .map(|member| place.runs.join(&member.folder).join("posterior.safetensors"))
            .collect();
        if let Some(missing) = weights.iter().find(|path| !repository.root().join(path).is_file()) {
            eprintln!("{}: {} is not trained yet", ensemble.name, missing.display());
            continue;
        }
        let mut model = vec!["--weights".to_owned()];
        model.extend(weights.iter().map(|path| path.display().to_string()));
        // Its results are those of no single run; the last member was trained last.
        let run = Run::new("ablation", ensemble.name, "mnist-pgd", 1);
        let last = repository.root().join(weights.last().expect("an ensemble has members"));
        evaluation::evaluate_model(repository, bal, place, &run, &model, &last)?;
    }
    Ok(())
}
