//! What the draws of a finished run say of its chains.

use std::path::Path;

use bal_diagnostics::{Diagnosis, Quantity};
use serde::{Deserialize, Serialize};

use crate::{PriorPrecision, ReportError, SamplerRegime, json};

/// The value of [`RunDiagnosis::format`] that this version writes and reads.
pub const DIAGNOSIS_FORMAT: u32 = 1;

/// The chains of one run, quantity by quantity. Keys of the JSON are the names of the fields; what cannot be measured, or
/// is infinite, is null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunDiagnosis {
    /// The format of this file, [`DIAGNOSIS_FORMAT`].
    pub format: u32,
    /// The run's folder, as it was named.
    pub run: String,
    /// The experiment's name.
    pub name: String,
    /// The training method: `bal` or `bnn`.
    pub method: String,
    /// Parameter chains.
    pub chains: u64,
    /// Sweeps that were done.
    pub sweeps: u64,
    /// How far the chains' steps go.
    pub step_size: Option<StepSizes>,
    /// How hot the sampler ran, as the run's record has it. Absent of runs of before it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<SamplerRegime>,
    /// The precisions of a hierarchical prior, as the run's record has them; empty under another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prior_precisions: Vec<PriorPrecision>,
    /// Quantities of one kind each.
    pub groups: Vec<Group>,
    /// What all of it comes to, in words.
    pub verdict: String,
}

/// The step sizes of the sampler, from its schedule: one for all chains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSizes {
    /// The sampler: `sgadald`, `sghmc`, ..
    pub sampler: String,
    /// In the first step, in the sampler's own unit.
    pub first: f64,
    /// In the last step that was made.
    pub last: f64,
}

/// Quantities of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// By which the quantities are chosen: `log-probabilities`, `weights`, `energies`.
    pub name: String,
    /// What was followed, and how often.
    pub what: String,
    /// What they come to, in words; or why there are none, and what would make some.
    pub verdict: String,
    /// In the order of their names.
    pub quantities: Vec<QuantityRow>,
    /// Places of the quantities, those that are worst off first.
    pub worst_first: Vec<usize>,
}

/// One quantity. `null` stands for what is not measured or not finite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantityRow {
    /// By which it is chosen.
    pub name: String,
    /// Chains.
    pub chains: u64,
    /// Draws of each.
    pub draws: u64,
    /// Mean of all draws.
    pub mean: Option<f64>,
    /// Their standard deviation.
    pub sd: Option<f64>,
    /// Rank-normalised split R-hat, the larger of bulk and tail.
    pub r_hat: Option<f64>,
    /// Bulk effective sample size, of all chains together.
    pub bulk_ess: Option<f64>,
    /// Tail effective sample size, of all chains together.
    pub tail_ess: Option<f64>,
    /// Why there is no R-hat.
    pub obstacle: Option<String>,
}

impl Group {
    /// The quantities of `diagnosis`, with its verdict.
    pub fn of(name: &str, what: String, diagnosis: &Diagnosis) -> Self {
        Self {
            name: name.into(),
            what,
            verdict: diagnosis.verdict.to_string(),
            quantities: diagnosis.quantities.iter().map(QuantityRow::of).collect(),
            worst_first: diagnosis.worst_first(),
        }
    }

    /// A group of nothing, because of `why`.
    pub fn lacking(name: &str, what: &str, why: String) -> Self {
        Self { name: name.into(), what: what.into(), verdict: why, quantities: vec![], worst_first: vec![] }
    }
}

impl QuantityRow {
    fn of(quantity: &Quantity) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        let apart =
            quantity.r_hat.is_infinite().then(|| "each chain stands still at a value of its own".into());
        Self {
            name: quantity.name.clone(),
            chains: quantity.chains as u64,
            draws: quantity.draws as u64,
            mean: finite(quantity.mean),
            sd: finite(quantity.sd),
            r_hat: finite(quantity.r_hat),
            bulk_ess: finite(quantity.bulk),
            tail_ess: finite(quantity.tail),
            obstacle: quantity.obstacle.map(|obstacle| obstacle.to_string()).or(apart),
        }
    }
}

impl RunDiagnosis {
    /// Reads what [`RunDiagnosis::write`] wrote.
    ///
    /// Errors name the file, and the key or place that is wrong.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let diagnosis: Self = json::read(path)?;
        if diagnosis.format != DIAGNOSIS_FORMAT {
            let what = format!("format is {}, this version reads {DIAGNOSIS_FORMAT}", diagnosis.format);
            return Err(ReportError::invalid(path, what));
        }
        let places = |group: &Group| {
            let mut places = group.worst_first.clone();
            places.sort_unstable();
            places.into_iter().eq(0..group.quantities.len())
        };
        match diagnosis.groups.iter().find(|group| !places(group)) {
            Some(group) => {
                let what = format!("worst_first of {} does not name each quantity once", group.name);
                Err(ReportError::invalid(path, what))
            }
            None => Ok(diagnosis),
        }
    }

    /// Writes it, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        json::write(path, self)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use bal_diagnostics::Draws;

    /// Two quantities: one that mixes as far as so few draws can tell, one that stands still apart.
    pub(crate) fn example() -> RunDiagnosis {
        let wave = |phase: f64| (0..40).map(|i| (f64::from(i) * 2.4 + phase).sin()).collect::<Vec<_>>();
        let draws = |chains: [Vec<f64>; 2]| Draws::new(chains.into()).unwrap();
        let quantities = vec![
            Quantity::measure("log-probability:0", &draws([wave(0.0), wave(1.0)])),
            Quantity::measure("log-probability:1", &draws([vec![1.0; 40], vec![2.0; 40]])),
        ];
        let group = Group::of("log-probabilities", "of 2 images".into(), &Diagnosis::of(quantities));
        let lacking = Group::lacking("weights", "single weights", "there are none".into());
        RunDiagnosis {
            format: DIAGNOSIS_FORMAT,
            run: "runs/x".into(),
            name: "x".into(),
            method: "bal".into(),
            chains: 2,
            sweeps: 90,
            step_size: Some(StepSizes { sampler: "sgadald".into(), first: 0.01, last: 0.01 }),
            sampler: None,
            prior_precisions: vec![],
            verdict: group.verdict.clone(),
            groups: vec![group, lacking],
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_infinity_is_null_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.json");
        example().write(&path).unwrap();
        let back = RunDiagnosis::read(&path).unwrap();
        assert_eq!(back, example());
        let [good, still] = &back.groups[0].quantities[..] else { panic!() };
        assert!(good.r_hat.is_some() && good.obstacle.is_none());
        assert_eq!(still.r_hat, None);
        assert!(still.obstacle.as_ref().unwrap().contains("stands still"));
        assert_eq!(back.groups[0].worst_first, [1, 0]);
    }

    #[test]
    fn another_format_and_wrong_places_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.json");
        RunDiagnosis { format: 2, ..example() }.write(&path).unwrap();
        assert!(RunDiagnosis::read(&path).unwrap_err().to_string().contains("format is 2"));
        let mut wrong = example();
        wrong.groups[0].worst_first = vec![0, 7];
        wrong.write(&path).unwrap();
        assert!(RunDiagnosis::read(&path).unwrap_err().to_string().contains("log-probabilities"));
    }
}
