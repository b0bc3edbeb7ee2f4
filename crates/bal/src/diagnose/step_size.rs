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

    fn released() -> BalSettings {
        let experiment = Experiment::read(&Origin::BuiltIn, Experiment::built_in(), &[], None).unwrap();
        experiment.chains().unwrap().clone()
    }

    #[test]
    fn a_constant_step_size_is_both_ends() {
        let found = of(&released(), 90).unwrap();
        assert_eq!(found.sampler, "sgadald");
        assert!((found.first - 0.015).abs() < 1e-15 && (found.last - 0.015).abs() < 1e-15);
    }

    #[test]
    fn both_ends_of_a_falling_schedule_are_given() {
        let mut settings = serde_json::to_value(released()).unwrap();
        let parameters = settings["parameters"].as_object_mut().unwrap();
        parameters.remove("sgadald");
        let step_size = serde_json::json!({ "first": 0.1, "ratio": 0.5 });
        let sgld = serde_json::json!({ "step_size": step_size, "temperature": 1e-5 });
        parameters.insert("sgld".into(), sgld);
        parameters.insert("steps".into(), 2.into());
        let found = of(&serde_json::from_value(settings).unwrap(), 2).unwrap();
        assert_eq!(found.sampler, "sgld");
        // Steps 1 to 4 of the chain's life.
        assert!((found.first - 0.1).abs() < 1e-15 && (found.last - 0.1 / 8.0).abs() < 1e-15);
    }
}
