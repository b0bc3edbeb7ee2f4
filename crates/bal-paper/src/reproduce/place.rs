//! Where runs, records and figures go.

use std::path::PathBuf;

/// Paths from the root of the checkout, since what is run there writes them into its records.
pub(super) struct Place {
    pub(super) quick: bool,
    /// A folder per run, with its weights and checkpoints.
    pub(super) runs: PathBuf,
    /// A folder per run, with its record and evaluations; the figures beside them.
    pub(super) results: PathBuf,
}

impl Place {
    /// A quick reproduction touches nothing that is committed.
    pub(super) fn new(quick: bool) -> Self {
        if quick {
            Self { quick, runs: "runs/quick".into(), results: "runs/quick/results".into() }
        } else {
            Self { quick, runs: "runs".into(), results: "results".into() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_quick_run_stays_out_of_the_committed_results() {
        let place = Place::new(true);
        for path in [&place.runs, &place.results] {
            assert!(path.starts_with("runs/quick"), "{}", path.display());
        }
    }
}
