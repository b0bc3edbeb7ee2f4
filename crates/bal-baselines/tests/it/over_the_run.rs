//! What changes over a run of BAL: the radius of a support, and the step size.

use crate::{
    bal_settings::{bal, settings, with_sampler},
    methods::{fit, weights},
};
use bal_baselines::{Bal, BalSettings, StepCycle};

/// A radius that grows, and a step size that falls and starts again.
pub(crate) const CHANGING: [(&str, &str); 3] = [
    ("start = \"clean\"", "start = \"uniform\""),
    (
        "cost_weight = 0.5",
        "cost_weight = 0.0\nsupport = { norm = \"linf\", radius = 0.1, unit_box = true, boundary = \"project\", ramp = 4 }",
    ),
    ("reduction = \"mean\"", "reduction = \"mean\"\nstep_cycle = { period = 4, last = 0.1 }"),
];

#[test]
fn both_are_kept_in_files_and_absent_where_they_are_not_said() {
    let settings_there = settings(&CHANGING);
    let again: BalSettings = toml::from_str(&toml::to_string(&settings_there).unwrap()).unwrap();
    assert_eq!(again.data, settings_there.data);
    assert_eq!(again.parameters.step_cycle, Some(StepCycle { period: 4, last: 0.1 }));
    let text = toml::to_string(&settings(&[])).unwrap();
    assert!(!text.contains("ramp") && !text.contains("step_cycle"), "{text}");
}

#[test]
fn images_move_as_far_as_the_radius_of_their_sweep() {
    let mut seen = Vec::new();
    fit(&bal(&CHANGING).unwrap(), 1, None, &mut seen);
    let moved: Vec<f64> = seen.iter().map(|seen| seen.0.linf.unwrap()).collect();
    for (linf, radius) in moved.iter().zip([0.025, 0.05, 0.075, 0.1, 0.1, 0.1]) {
        assert!(*linf <= radius * (1.0 + 1e-5) && *linf > 0.8 * radius, "{moved:?}");
    }
    assert_eq!(moved.len(), 6);
}

#[test]
fn a_cycle_changes_the_steps_and_one_that_does_not_fall_leaves_them() {
    let descent = |step_size: f64, step_cycle| {
        let table = format!("[parameters.sgld]\nstep_size = {step_size:?}\ntemperature = 0.0\n");
        let mut settings = with_sampler(&table).unwrap();
        settings.schedule.epochs = 1;
        settings.parameters.step_cycle = step_cycle;
        weights(&fit(&Bal::new(settings).unwrap(), 1, None, &mut vec![]))
    };
    let constant = descent(0.01, None);
    assert_eq!(descent(0.01, Some(StepCycle { period: 1, last: 0.0 })), constant, "a cycle of one sweep");
    assert_eq!(
        descent(0.01, Some(StepCycle { period: 7, last: 1.0 })),
        constant,
        "a cycle that does not fall"
    );
    assert_ne!(descent(0.01, Some(StepCycle { period: 7, last: 0.0 })), constant);
}

#[test]
fn a_cycle_out_of_its_range_is_refused() {
    for (cycle, name) in [
        ("{ period = 0, last = 0.1 }", "parameters.step_cycle.period"),
        ("{ period = 4, last = 1.1 }", "parameters.step_cycle.last"),
    ] {
        let with = format!("reduction = \"mean\"\nstep_cycle = {cycle}");
        let error = bal(&[("reduction = \"mean\"", &with)]).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn langevin_steps_too_long_to_reflect_in_an_l2_ball_of_many_pixels_are_refused() {
    let reflecting = |temperature: &str, boundary: &str| {
        let support = format!(
            "cost_weight = 0.0\nsupport = {{ norm = \"l2\", radius = 0.5, unit_box = true, boundary = \"{boundary}\" }}"
        );
        let bal =
            bal(&[("cost_weight = 0.5", support.as_str()), ("temperature = 1e-3", temperature)]).unwrap();
        crate::methods::try_fit(&bal, 1, None, &mut vec![])
    };
    let error = reflecting("temperature = 0.1", "reflect").unwrap_err().to_string();
    assert!(error.contains("data.support.boundary") && error.contains("project"), "{error}");
    assert!(!error.contains("  "), "{error}");
    assert!(reflecting("temperature = 0.1", "project").is_ok());
    assert!(reflecting("temperature = 1e-3", "reflect").is_ok());
}
