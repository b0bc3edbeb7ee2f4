//! Regression: how far off values are, clean and attacked, over the published divisions of three tables.

use std::path::Path;

use bal_report::table::Table;
use bal_report::{ReportError, json};
use serde::{Deserialize, Serialize};

/// The methods: their experiments are `uci-yacht-NAME.toml`.
pub(crate) const METHODS: [(&str, &str); 5] = [
    ("erm", "ERM"),
    ("bnn", "BNN"),
    ("pgd", "PGD in the ball"),
    ("bal-ball", "BAL in the ball"),
    ("bal", "BAL, cost"),
];

/// Radii that everything is attacked at, in standard deviations of a feature.
pub(crate) const RADII: [f64; 3] = [0.0, 0.05, 0.1];

/// What was measured on a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnTable {
    /// Whether the runs were quick trials.
    pub(crate) quick: bool,
    /// The radii.
    pub(crate) radii: Vec<f64>,
    /// Each method by its name, split by split.
    pub(crate) methods: std::collections::BTreeMap<String, Vec<OnSplit>>,
}

/// What was measured on a division.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnSplit {
    /// Its number.
    pub(crate) split: usize,
    /// Test rows.
    pub(crate) rows: u64,
    /// Root mean squared error, one per radius, in the unit of the target.
    pub(crate) rmse: Vec<f64>,
    /// Mean negative log-likelihood, one per radius, in nats.
    pub(crate) negative_log_likelihood: Vec<f64>,
    /// Share of rows in the 95 % interval, one per radius.
    pub(crate) coverage: Vec<f64>,
    /// SHA-256 of the posterior.
    pub(crate) weights: String,
    /// Seconds of training.
    pub(crate) wall_seconds: f64,
}

/// A table, and what is published of MC dropout on it: RMSE and log-likelihood, means over the same 20 divisions and standard
/// errors.
///
/// Source: Gal & Ghahramani, ICML 2016, by the results of their code (`yaringal/DropoutUncertaintyExps`).
#[derive(Debug)]
struct Published {
    table: &'static str,
    title: &'static str,
    rmse: &'static str,
    negative_log_likelihood: &'static str,
}

const TABLES: [Published; 3] = [
    Published { table: "yacht", title: "Yacht", rmse: ".67 ± .05", negative_log_likelihood: "1.25 ± .02" },
    Published {
        table: "energy", title: "Energy", rmse: ".54 ± .01", negative_log_likelihood: "1.21 ± .01"
    },
    Published {
        table: "concrete",
        title: "Concrete",
        rmse: "4.83 ± .16",
        negative_log_likelihood: "2.94 ± .02",
    },
];

/// The study of all tables that there are records of.
#[derive(Debug)]
pub(crate) struct Regression(Vec<(&'static Published, OnTable)>);

impl Regression {
    /// Reads `results/regression/`.
    ///
    /// Errors name the file, or say that there is none.
    pub(crate) fn read(results: &Path) -> Result<Self, ReportError> {
        let folder = results.join("regression");
        let mut found = Vec::new();
        for table in &TABLES {
            let file = folder.join(format!("{}.json", table.table));
            if file.is_file() {
                found.push((table, json::read(&file)?));
            }
        }
        if found.is_empty() {
            let expected = TABLES.map(|table| table.table).join(", ");
            return Err(ReportError::NoRuns { folder, file: "yacht.json".into(), expected });
        }
        Ok(Self(found))
    }

    /// A table for each data set: means over divisions with standard errors, and below them paired differences.
    pub(crate) fn tables(&self) -> String {
        let each = self.0.iter().map(|(published, found)| {
            let quick = if found.quick { "**QUICK RUN — not for comparison**\n\n" } else { "" };
            format!("**{}**\n\n{quick}{}", published.title, table(published, found))
        });
        each.collect::<Vec<_>>().join("\n\n")
    }
}

/// Pairs of methods whose difference a claim rests on.
const PAIRS: [(&str, &str); 4] = [("bnn", "erm"), ("bal-ball", "bnn"), ("bal-ball", "pgd"), ("bal", "bnn")];

/// The radius that the table shows, the last.
const LAST: usize = RADII.len() - 1;

/// The columns: clean, then attacked.
const COLUMNS: [fn(&OnSplit) -> f64; 6] = [
    |split| split.rmse[0],
    |split| split.negative_log_likelihood[0],
    |split| split.coverage[0],
    |split| split.rmse[LAST],
    |split| split.negative_log_likelihood[LAST],
    |split| split.coverage[LAST],
];

fn table(published: &Published, found: &OnTable) -> String {
    let head =
        ["", "splits", "RMSE", "NLL", "in 95 %", "RMSE, attacked", "NLL, attacked", "in 95 %, attacked"];
    let mut table = Table::new("lrrrrrrr", head);
    let label =
        |name: &str| METHODS.iter().find(|(method, _)| *method == name).map_or("", |(_, label)| label);
    for (name, label) in METHODS {
        let Some(splits) = found.methods.get(name) else { continue };
        let cells = COLUMNS.map(|of| with_error(&splits.iter().map(of).collect::<Vec<_>>()));
        table.row([label.to_owned(), splits.len().to_string()].into_iter().chain(cells));
    }
    for (one, other) in PAIRS {
        let (Some(one_found), Some(other_found)) = (found.methods.get(one), found.methods.get(other)) else {
            continue;
        };
        let pairs: Vec<(&OnSplit, &OnSplit)> = one_found
            .iter()
            .filter_map(|a| Some((a, other_found.iter().find(|b| b.split == a.split)?)))
            .collect();
        let cells =
            COLUMNS.map(|of| with_error(&pairs.iter().map(|(a, b)| of(a) - of(b)).collect::<Vec<_>>()));
        let name = format!("{} less {}", label(one), label(other));
        table.row([name, pairs.len().to_string()].into_iter().chain(cells));
    }
    let empty = || String::new();
    let dropout = [
        "MC dropout, published".to_owned(),
        "20".into(),
        published.rmse.into(),
        published.negative_log_likelihood.into(),
    ];
    table.row(dropout.into_iter().chain([empty(), empty(), empty(), empty()]));
    table.markdown()
}

/// A mean over divisions with its standard error. Their training rows overlap, so the error is that of the divisions, not of new
/// data.
fn with_error(values: &[f64]) -> String {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let error = (variance / count).sqrt();
    let digits = if mean.abs() < 10.0 { 2 } else { 1 };
    let print = |value: f64| {
        let text = format!("{:.digits$}", value.abs());
        let text = text.strip_prefix("0.").map_or(text.clone(), |rest| format!(".{rest}"));
        if value < 0.0 && text.contains(|c: char| ('1'..='9').contains(&c)) {
            format!("−{text}")
        } else {
            text
        }
    };
    if values.len() < 2 { print(mean) } else { format!("{} ± {}", print(mean), print(error)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(number: usize, rmse: f64) -> OnSplit {
        OnSplit {
            split: number,
            rows: 31,
            rmse: vec![rmse, rmse, 2.0 * rmse],
            negative_log_likelihood: vec![1.0, 1.0, 2.0],
            coverage: vec![0.9, 0.9, 0.5],
            weights: "0".repeat(64),
            wall_seconds: 1.0,
        }
    }

    #[test]
    fn a_table_has_means_errors_and_paired_differences() {
        let methods = [("erm", [1.0, 2.0]), ("bnn", [0.5, 1.7])].map(|(name, rmse)| {
            (
                name.to_owned(),
                rmse.into_iter().enumerate().map(|(number, rmse)| split(number, rmse)).collect(),
            )
        });
        let found = OnTable { quick: false, radii: RADII.into(), methods: methods.into() };
        let text = table(&TABLES[0], &found);
        assert!(text.contains("| ERM | 2 | 1.50 ± .50 | 1.00 ± .00 | .90 ± .00 | 3.00 ± 1.00 |"), "{text}");
        assert!(text.contains("| BNN less ERM | 2 | −.40 ± .10 | .00 ± .00 |"), "{text}");
        assert!(text.contains("| MC dropout, published | 20 | .67 ± .05 | 1.25 ± .02 |"), "{text}");
        assert!(!text.contains("BAL"), "{text}");
    }
}
