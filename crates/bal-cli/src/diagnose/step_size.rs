//! The step sizes of a run's sampler.

use bal_baselines::BalSettings;
use bal_report::StepSizes;
use serde_json::Value;

/// From the schedule of the experiment's sampler, which is the same for all chains; `sweeps` were done.
///
/// Read from the settings as they are written, in which exactly one key holds a sampler's table.
pub(super) fn of(settings: &BalSettings, sweeps: u64) -> Option<StepSizes> {
    let Value::Object(parameters) = serde_json::to_value(settings.parameters).ok()? else { return None };
    let (sampler, table) = parameters.iter().find(|(_, table)| table.get("step_size").is_some())?;
    let steps = (sweeps * settings.parameters.steps).saturating_sub(1);
    let size = &table["step_size"];
    let (first, last) = if let Some(size) = size.as_f64() {
        (size, size)
    } else {
        let first = size.get("first")?.as_f64()?;
        (first, first * size.get("ratio")?.as_f64()?.powf(steps as f64))
    };
    Some(StepSizes { sampler: sampler.clone(), first, last })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Experiment, Origin};

    fn step_sizes(set: &[&str], sweeps: u64) -> StepSizes {
        let set: Vec<String> = set.iter().map(ToString::to_string).collect();
        let experiment = Experiment::read(&Origin::BuiltIn, Experiment::built_in(), &set, None).unwrap();
        of(experiment.chains().unwrap(), sweeps).unwrap()
    }

    #[test]
    fn both_ends_of_the_schedule_are_given() {
        let set = ["bal.parameters.steps=2", "bal.parameters.sgadald.step_size={ first = 0.1, ratio = 0.5 }"];
        let found = step_sizes(&set, 2);
        assert_eq!(found.sampler, "sgadald");
        // Steps 0 to 3 of the chain's life.
        assert!((found.first - 0.1).abs() < 1e-15 && (found.last - 0.1 / 8.0).abs() < 1e-15);
        let constant = step_sizes(&["bal.parameters.sgadald.step_size=0.25"], 90);
        assert!((constant.first - 0.25).abs() < 1e-15 && (constant.last - 0.25).abs() < 1e-15);
    }
}
