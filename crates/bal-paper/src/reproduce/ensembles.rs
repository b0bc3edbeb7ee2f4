//! Plain ensembles: finished runs attacked as one model.

use anyhow::Result;

use crate::reproduce::ablation::Ensemble;
use crate::reproduce::evaluation;
use crate::reproduce::model::Model;
use crate::reproduce::place::Place;
use bal_chores::Bal;
use bal_chores::Repository;

/// What its members are attacked by, on every ensemble of these whose members are all finished.
pub(super) fn evaluate(
    repository: &Repository,
    bal: &Bal<'_>,
    place: &Place,
    ensembles: impl IntoIterator<Item = Ensemble>,
) -> Result<()> {
    for ensemble in ensembles {
        let model = Model::of_ensemble(&ensemble, place);
        if let Some(missing) = model.missing(repository.root()) {
            eprintln!("{}: {} is not trained yet", model.name, missing.display());
            continue;
        }
        evaluation::evaluate(repository, bal, place, &model)?;
    }
    Ok(())
}
