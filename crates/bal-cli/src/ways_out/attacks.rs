//! What is wrong with an attack, and what to ask for instead.

use crate::args::Command;
use bal_attacks::{
    AttackError, AttackName, AttackSpec, EvaluationError, Measure, ModelFault, SettingError, SpatialMeasure,
};
use std::error::Error;

/// What is wrong with the settings that were asked for.
pub(crate) fn of_settings(error: &SettingError) -> String {
    match error {
        SettingError::MissingRadius(name) => format!("{error}: --radius {}", radii(name)),
        SettingError::MissingGenerator => {
            format!("{error}: bal evaluate RUN --attack advgan --generator RUN --radius 0.3")
        }
        _ => error.to_string(),
    }
}

/// Radii that an attack of this name may have.
fn radii(attack: &str) -> &'static str {
    let spec = attack.parse::<AttackName>().map(AttackSpec::from);
    let measure = spec.ok().and_then(|spec| spec.build().ok()).and_then(|attack| attack.measure());
    match measure.and_then(Measure::spatial) {
        Some(SpatialMeasure::Flow) => "0,0.1,0.2,0.3, in pixels of displacement",
        Some(SpatialMeasure::Pose) => "0,10,20,30, in degrees",
        _ => "0,0.05,0.1, on pixels in [0, 1]",
    }
}

/// What is wrong with the model, if that is what `cause` says.
pub(super) fn fault<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a ModelFault> {
    let error = cause.downcast_ref::<EvaluationError>().and_then(|error| match error {
        EvaluationError::Attack(error) => Some(error),
        _ => None,
    });
    match error.or_else(|| cause.downcast_ref::<AttackError>()) {
        Some(AttackError::Model(fault)) => Some(fault),
        _ => None,
    }
}

pub(super) fn told(fault: &ModelFault, command: &Command) -> String {
    match (fault, command) {
        (ModelFault::Classes { .. }, Command::Evaluate(flags)) => {
            let instead = if flags.settings.loss.is_some() { "--loss margin" } else { "--attack apgd-t" };
            format!("{fault} ({instead})")
        }
        _ => fault.to_string(),
    }
}
