//! Where runs, records and figures go.

use std::path::{Path, PathBuf};

/// Paths from the root of the checkout, since what is run there writes them into its records.
pub(super) struct Place {
    pub(super) quick: bool,
    /// A folder per run, with its weights and checkpoints.
    pub(super) runs: PathBuf,
    /// A folder per run, with its record and evaluations; the figure beside them.
    pub(super) results: PathBuf,
}

impl Place {
    /// Figure 1; a quick one touches nothing that is committed.
    pub(super) fn figure_1(quick: bool) -> Self {
        if quick {
            let root = Path::new("runs/quick");
            Self { quick, runs: root.join("fig1"), results: root.join("results/fig1") }
        } else {
            Self { quick, runs: "runs/fig1".into(), results: "results/fig1".into() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_quick_run_stays_out_of_the_committed_results() {
        let place = Place::figure_1(true);
        for path in [&place.runs, &place.results] {
            assert!(path.starts_with("runs/quick"), "{}", path.display());
        }
    }
}
