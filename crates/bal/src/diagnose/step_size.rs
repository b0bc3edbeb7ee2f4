//! The step sizes of a run's sampler.

use bal_baselines::BalSettings;
use bal_report::StepSizes;

/// From the schedule of the experiment's sampler, which is the same for all chains; `sweeps` were done.
pub(super) fn of(settings: &BalSettings, sweeps: u64) -> StepSizes {
    let sampler = settings.parameters.sampler;
    let steps = (sweeps * settings.parameters.steps).saturating_sub(1);
    let (first, last) = (sampler.step_size().largest(), sampler.step_size().after(steps));
    StepSizes { sampler: sampler.name().into(), first, last }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Experiment, Origin};
    use bal_samplers::{Sampler, SgldSettings, StepSize};

    fn released() -> BalSettings {
        let experiment = Experiment::read(&Origin::BuiltIn, Experiment::built_in(), &[], None).unwrap();
        experiment.chains().unwrap().clone()
    }

    #[test]
    fn a_constant_step_size_is_both_ends() {
        let found = of(&released(), 90);
        assert_eq!(found.sampler, "sgadald");
        assert!((found.first - 0.015).abs() < 1e-15 && (found.last - 0.015).abs() < 1e-15);
    }

    #[test]
    fn both_ends_of_a_falling_schedule_are_given() {
        let mut settings = released();
        let step_size = StepSize::Geometric { first: 0.1, ratio: 0.5 };
        settings.parameters.sampler = Sampler::Sgld(SgldSettings { step_size, temperature: 1e-5 });
        settings.parameters.steps = 2;
        let found = of(&settings, 2);
        assert_eq!(found.sampler, "sgld");
        // Steps 1 to 4 of the chain's life.
        assert!((found.first - 0.1).abs() < 1e-15 && (found.last - 0.1 / 8.0).abs() < 1e-15);
    }
}
