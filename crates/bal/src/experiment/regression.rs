//! `[regression]`: rows of a table, and a value to say of each.

use super::Experiment;
use anyhow::{Result, bail, ensure};
use bal_data::UciTable;
use bal_models::ValueNoise;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[regression]` of an experiment: its data set is then a table of numbers, and its network says one of the columns.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegressionSettings {
    /// Column that is predicted, of a table of your own; absent for tables that the program knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Columns of your own table that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// Standard deviation of values around what the network says, in units of the standardised target: `"sampled"` with the
    /// weights, or `{ fixed = 0.1 }`.
    pub noise: NoiseSettings,
    /// Rows to test on: `{ split = 0 }`, one of the 20 published divisions of a table that the program knows, or
    /// `{ share = 0.1, seed = 0 }`, drawn.
    pub test: TestSettings,
}

/// How far values are from what a network says.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseSettings {
    /// Sampled, or learnt, with the weights.
    Sampled,
    /// Fixed; above 0.
    Fixed(f64),
}

/// Which rows are tested on.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestSettings {
    /// Number of a published division, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<usize>,
    /// Share of the rows that are tested on, above 0 and below 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// What draws them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// How rows are divided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Division {
    /// As published.
    Split(usize),
    /// Drawn.
    Drawn { share: f64, seed: u64 },
}

impl TestSettings {
    /// The division that they say.
    ///
    /// # Errors
    /// When they say two, or none.
    pub(crate) fn division(self) -> Result<Division> {
        match self {
            Self { split: Some(split), share: None, seed: None } if split < UciTable::SPLITS => {
                Ok(Division::Split(split))
            }
            Self { split: Some(split), share: None, seed: None } => {
                bail!("regression.test.split is {split}; there are {} divisions, from 0", UciTable::SPLITS)
            }
            Self { split: None, share: Some(share), seed: Some(seed) } => {
                ensure!(
                    share > 0.0 && share < 1.0,
                    "regression.test.share is {share}; it must be above 0 and below 1"
                );
                Ok(Division::Drawn { share, seed })
            }
            _ => bail!("regression.test is either {{ split = 0 }} or {{ share = 0.1, seed = 0 }}"),
        }
    }
}

impl RegressionSettings {
    /// The noise of its networks.
    pub(crate) fn noise(&self) -> ValueNoise {
        match self.noise {
            NoiseSettings::Sampled => ValueNoise::Sampled,
            NoiseSettings::Fixed(sd) => ValueNoise::Fixed(sd),
        }
    }
}

impl Experiment {
    /// Refuses what is not defined for tables.
    pub(super) fn check_regression(&self) -> Result<()> {
        let Some(regression) = &self.regression else { return Ok(()) };
        let known = self.dataset.parse::<UciTable>().is_ok();
        match (known, &regression.target) {
            (true, Some(_)) => bail!("regression.target is for tables of your own; {} has one", self.dataset),
            (false, None) => bail!("regression.target is missing: the column that is predicted"),
            _ => {}
        }
        match regression.test.division()? {
            Division::Split(_) if !known => {
                bail!(
                    "regression.test.split is for tables that the program knows; take {{ share = 0.1, seed = 0 }}"
                )
            }
            _ => {}
        }
        ensure!(!known || regression.ignore.is_empty(), "regression.ignore is for tables of your own");
        ensure!(self.images.is_none(), "[images] and [regression] exclude each other");
        ensure!(
            self.erm.is_some() || self.bnn.is_some() || self.bal.is_some(),
            "values are learnt by [erm], [bnn] and [bal]; in a ball and without noise [bal] is adversarial training"
        );
        let data = self.chains().and_then(|chains| chains.data);
        ensure!(
            data.and_then(|data| data.flow).is_none(),
            "rows of a table have no pixels to move; leave bal.data.flow out"
        );
        ensure!(
            !data.and_then(|data| data.support).is_some_and(|support| support.unit_box),
            "standardised features have no box; set bal.data.support.unit_box to false"
        );
        Ok(())
    }
}
