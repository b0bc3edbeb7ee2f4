//! The JSON of an evaluation of predicted values: how far off they are, clean and under attack.

use std::path::Path;

use bal_diagnostics::NormalMixture;
use serde::{Deserialize, Serialize};

use crate::{Model, ReportError, json};

/// What `bal evaluate` measured of a model that says values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueEvaluation {
    /// The column that is predicted; errors and deviations are in its unit.
    pub target: String,
    /// The attack: `pgd`.
    pub attack: String,
    /// The norm of its ball, `linf` or `l2`.
    pub norm: String,
    /// Its radii, ascending, in standard deviations of a feature; at 0 rows are clean.
    pub radii: Vec<f64>,
    /// Rows.
    pub rows: u64,
    /// Root mean squared error of the members' mean, one per radius.
    pub rmse: Vec<f64>,
    /// Minus the logarithm of the members' mean density of the right value, mean over rows, in nats; one per radius.
    pub negative_log_likelihood: Vec<f64>,
    /// Share of rows whose right value lies in the central 95 % interval of the members' mixture; one per radius.
    pub coverage: Vec<f64>,
    /// The attack's settings.
    pub settings: serde_json::Value,
    /// The same, row by row.
    pub per_row: PerRow,
    /// What was attacked.
    pub model: Model,
    /// The table.
    pub dataset: String,
}

/// What was predicted of each row; lists of lists have one list per radius.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerRow {
    /// The right value.
    pub value: Vec<f64>,
    /// The members' mean.
    pub mean: Vec<Vec<f64>>,
    /// The part of the standard deviation that is noise.
    pub sd_of_noise: Vec<Vec<f64>>,
    /// The part in which members disagree.
    pub sd_of_weights: Vec<Vec<f64>>,
    /// The logarithm of the mean density of the right value.
    pub log_density: Vec<Vec<f64>>,
    /// A character per row: 1 where the right value lies in the interval, else 0.
    pub covered: Vec<String>,
}

/// The share that an interval is to hold.
pub const INTERVAL: f64 = 0.95;

impl PerRow {
    /// Adds what was predicted at a radius, a mixture for each row.
    ///
    /// # Panics
    /// Unless there is one for each.
    pub fn add(&mut self, laws: &[NormalMixture]) {
        assert_eq!(laws.len(), self.value.len(), "a law for each row");
        let each = |of: fn(&NormalMixture) -> f64| laws.iter().map(of).collect();
        self.mean.push(each(NormalMixture::mean));
        self.sd_of_noise.push(each(NormalMixture::sd_of_noise));
        self.sd_of_weights.push(each(NormalMixture::sd_of_means));
        let rows = || laws.iter().zip(&self.value);
        self.log_density.push(rows().map(|(law, value)| law.log_density(*value)).collect());
        let outside = (1.0 - INTERVAL) / 2.0;
        let covers = |(law, value): (&NormalMixture, &f64)| {
            let below = law.cdf(*value);
            if (outside..=1.0 - outside).contains(&below) { '1' } else { '0' }
        };
        self.covered.push(rows().map(covers).collect());
    }

    /// Root mean squared error, mean negative log-density and coverage at each radius.
    pub fn measures(&self) -> [Vec<f64>; 3] {
        let mean =
            |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / self.value.len().max(1) as f64;
        let squares =
            |means: &Vec<f64>| mean(&mut means.iter().zip(&self.value).map(|(m, y)| (m - y).powi(2)));
        let ones = |digits: &String| mean(&mut digits.chars().map(|digit| f64::from(u8::from(digit == '1'))));
        [
            self.mean.iter().map(|means| squares(means).sqrt()).collect(),
            self.log_density.iter().map(|logs| -mean(&mut logs.iter().copied())).collect(),
            self.covered.iter().map(ones).collect(),
        ]
    }
}

impl ValueEvaluation {
    /// The evaluation in a file; the error names the file and the key.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let evaluation: Self = json::read(path)?;
        evaluation.consistent().map_err(|what| ReportError::invalid(path, what))?;
        Ok(evaluation)
    }

    /// Checks the evaluation as [`Self::read`] does and writes it, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        self.consistent().map_err(|what| ReportError::invalid(path, what))?;
        json::write(path, self)
    }

    /// Says what is wrong with it.
    fn consistent(&self) -> Result<(), String> {
        let PerRow { value, mean, sd_of_noise, sd_of_weights, log_density, covered } = &self.per_row;
        let rows = self.rows as usize;
        if value.len() != rows {
            return Err(format!("per_row.value has {} numbers, and rows is {rows}", value.len()));
        }
        for (name, lists) in [
            ("mean", mean),
            ("sd_of_noise", sd_of_noise),
            ("sd_of_weights", sd_of_weights),
            ("log_density", log_density),
        ] {
            if lists.len() != self.radii.len() || lists.iter().any(|list| list.len() != rows) {
                return Err(format!(
                    "per_row.{name} is no list of {rows} numbers for each of {} radii",
                    self.radii.len()
                ));
            }
        }
        let digits = |text: &String| text.len() == rows && text.bytes().all(|b| b == b'0' || b == b'1');
        if covered.len() != self.radii.len() || !covered.iter().all(digits) {
            return Err(format!("per_row.covered is no string of {rows} digits for each radius"));
        }
        let close = |a: &[f64], b: &[f64]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + b.abs()))
        };
        let [rmse, nll, coverage] = self.per_row.measures();
        for (name, said, found) in [
            ("rmse", &self.rmse, rmse),
            ("negative_log_likelihood", &self.negative_log_likelihood, nll),
            ("coverage", &self.coverage, coverage),
        ] {
            if !close(said, &found) {
                return Err(format!("{name} is {said:?}, but the rows say {found:?}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> PerRow {
        let law = |mean, sd| NormalMixture::new(vec![(mean, sd)]).unwrap();
        let mut rows = PerRow { value: vec![1.0, -2.0], ..PerRow::default() };
        rows.add(&[law(1.0, 1.0), law(0.0, 1.0)]);
        rows.add(&[law(4.0, 1.0), law(-2.0, 2.0)]);
        rows
    }

    #[test]
    fn measures_are_those_of_the_rows() {
        let [rmse, nll, coverage] = rows().measures();
        assert_eq!(rmse, [2.0_f64.sqrt(), 4.5_f64.sqrt()]);
        let half = 0.5 * (2.0 * std::f64::consts::PI).ln();
        assert!((nll[0] - (half + 1.0)).abs() < 1e-12, "{nll:?}");
        assert!((nll[1] - (half + 0.5 * (4.5 + 2.0_f64.ln()))).abs() < 1e-12, "{nll:?}");
        // 2 standard deviations off is outside of 1.96.
        assert_eq!(coverage, [0.5, 0.5]);
    }

    #[test]
    fn a_file_whose_sums_are_not_those_of_its_rows_is_refused() {
        let rows = rows();
        let [rmse, negative_log_likelihood, coverage] = rows.measures();
        let model = Model {
            source: "run".into(),
            architecture: None,
            chains: 1,
            prediction: "mean-probability".into(),
            ensemble_gradient: "predictive".into(),
            weights: None,
        };
        let whole = ValueEvaluation {
            target: "price".into(),
            attack: "pgd".into(),
            norm: "linf".into(),
            radii: vec![0.0, 0.1],
            rows: 2,
            rmse,
            negative_log_likelihood,
            coverage,
            settings: serde_json::json!({}),
            per_row: rows,
            model,
            dataset: "houses.csv".into(),
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("found.json");
        whole.write(&file).unwrap();
        assert_eq!(ValueEvaluation::read(&file).unwrap(), whole);
        let wrong = [
            (ValueEvaluation { rmse: vec![1.0, 1.0], ..whole.clone() }, "rmse"),
            (ValueEvaluation { rows: 3, ..whole.clone() }, "rows is 3"),
            (ValueEvaluation { radii: vec![0.0], ..whole.clone() }, "per_row.mean"),
        ];
        for (wrong, words) in wrong {
            let error = wrong.write(&file).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
