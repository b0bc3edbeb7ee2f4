//! What BAL's parts buy, as a table.

use std::path::{Path, PathBuf};

use crate::studies::evaluation;
use bal_report::cost::gradients;
use bal_report::table::{Table, number};
use bal_report::{Evaluation, Record, ReportError};

/// A line of the table: where its evaluations are, what it is called, and the runs it is made of.
struct Line {
    folder: &'static str,
    label: &'static str,
    runs: Runs,
}

/// Whose records say what a line cost.
enum Runs {
    /// Those of the folder itself.
    Own,
    /// Those of this name of seeds 1, 2, ..
    Members(&'static str),
}

const fn own(folder: &'static str, label: &'static str) -> Line {
    Line { folder, label, runs: Runs::Own }
}

const LINES: [Line; 10] = [
    own("fig1/erm", "empirical risk"),
    own("ablation/pgd-linf", "PGD training, L∞ as BAL's images move"),
    own("ablation/pgd-l2", "PGD training, L2 as BAL's images move"),
    Line {
        folder: "ablation/ensemble-linf",
        label: "five such networks, fewer epochs, L∞",
        runs: Runs::Members("member-linf"),
    },
    Line {
        folder: "ablation/ensemble-l2",
        label: "five such networks, fewer epochs, L2",
        runs: Runs::Members("member-l2"),
    },
    own("fig1/bal-released", "BAL as released"),
    own("ablation/no-data-noise", "BAL without noise in the data chains"),
    own("ablation/no-parameter-noise", "BAL without noise in the parameter chains"),
    own("ablation/no-noise", "BAL without either"),
    own("ablation/scratch", "BAL as released, from initial weights"),
];

/// A line for each model: its cost in gradients, accuracies, and how far images moved in its training.
///
/// Reads `results_dir/ablation/` and two runs of `results_dir/fig1/`; lines that have no evaluation yet are left out.
///
/// Errors name the file, or say that there is no run.
pub(crate) fn ablation(results_dir: &Path) -> Result<String, ReportError> {
    let mut table = Table::new(
        "lr",
        ["", "gradients per image", "clean", "FGSM .1", "FGSM .15", "one-step CW", "mean L∞", "mean L2"],
    );
    let mut quick = false;
    for line in &LINES {
        let folder = results_dir.join(line.folder);
        let fgsm = evaluation(&folder.join("fgsm.json"), "fgsm", "mnist")?;
        let cw = evaluation(&folder.join("cw-one-step.json"), "cw-one-step", "mnist")?;
        let (Some(fgsm), Some(cw)) = (fgsm, cw) else { continue };
        let records = line.records(results_dir)?;
        quick |= records.iter().any(|record| record.quick);
        let gradients: Option<f64> = records.iter().map(|record| gradients(&record.experiment)).sum();
        let moved = |name: &str| {
            let means = records.iter().filter_map(|record| mean(record.curves.get(name)?));
            mean(&means.map(|value| (0, value)).collect::<Vec<_>>())
        };
        table.row([
            line.label.into(),
            number(gradients, 0),
            accuracy(&fgsm, Some(0.0)),
            accuracy(&fgsm, Some(0.1)),
            accuracy(&fgsm, Some(0.15)),
            accuracy(&cw, None),
            number(moved("linf"), 4),
            number(moved("l2"), 4),
        ]);
    }
    if table.rows.is_empty() {
        let expected = LINES.map(|line| line.folder).join(", ");
        let folder = results_dir.to_owned();
        return Err(ReportError::NoRuns { folder, file: "fgsm.json".into(), expected });
    }
    let mut blocks = vec![table.markdown()];
    blocks.extend(quick.then(|| "**QUICK RUN — not for comparison**".to_owned()));
    Ok(blocks.join("\n\n"))
}

impl Line {
    fn records(&self, results: &Path) -> Result<Vec<Record>, ReportError> {
        let files: Vec<PathBuf> = match self.runs {
            Runs::Own => vec![results.join(self.folder)],
            Runs::Members(name) => {
                let seeds = (1..).map(|seed| crate::studies::seed_folder(&results.join("ablation"), seed));
                seeds.map(|folder| folder.join(name)).take_while(|folder| folder.is_dir()).collect()
            }
        };
        files.iter().map(|folder| Record::read(&folder.join("record.json"))).collect()
    }
}

fn mean(curve: &[(u64, f64)]) -> Option<f64> {
    let sum: f64 = curve.iter().map(|(_, value)| value).sum();
    (!curve.is_empty()).then(|| sum / curve.len() as f64)
}

fn accuracy(evaluation: &Evaluation, radius: Option<f64>) -> String {
    let near = |at: Option<f64>| match (at, radius) {
        (Some(at), Some(radius)) => (at - radius).abs() < 1e-9,
        (at, radius) => at == radius,
    };
    number(evaluation.points().find(|point| near(point.radius)).map(|point| point.accuracy), 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic::write_run;

    #[test]
    fn lines_that_were_not_run_are_left_out() {
        let results = tempfile::tempdir().unwrap();
        assert!(ablation(results.path()).is_err());
        write_run(&results.path().join("fig1"), "erm", false, 1000, 0.3);
        let text = ablation(results.path()).unwrap();
        assert!(
            text.contains("| empirical risk | – | 0.9920 | 0.8590 | 0.6920 | 0.1700 | 0.0600 |"),
            "{text}"
        );
        assert!(!text.contains("BAL"));
    }
}
