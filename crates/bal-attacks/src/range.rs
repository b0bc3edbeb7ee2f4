//! Checks of settings, for the constructors of attacks.

use crate::AttackError;

/// Refuses a count of zero.
pub(crate) fn counts(counts: &[(&'static str, u64)]) -> Result<(), AttackError> {
    match counts.iter().find(|(_, count)| *count == 0) {
        Some(&(setting, _)) => Err(AttackError::Zero(setting)),
        None => Ok(()),
    }
}

/// Refuses what is not finite and positive.
pub(crate) fn positive(settings: &[(&'static str, f64)]) -> Result<(), AttackError> {
    within(settings, "finite and > 0", |value| value.is_finite() && value > 0.0)
}

/// Refuses what is not finite and at least 0.
pub(crate) fn not_negative(settings: &[(&'static str, f64)]) -> Result<(), AttackError> {
    within(settings, "finite and >= 0", |value| value.is_finite() && value >= 0.0)
}

/// Refuses what is no share of a whole.
pub(crate) fn shares(settings: &[(&'static str, f64)]) -> Result<(), AttackError> {
    within(settings, "> 0 and <= 1", |value| value > 0.0 && value <= 1.0)
}

fn within(
    settings: &[(&'static str, f64)],
    range: &'static str,
    is_in: impl Fn(f64) -> bool,
) -> Result<(), AttackError> {
    match settings.iter().find(|(_, value)| !is_in(*value)) {
        Some(&(setting, value)) => Err(AttackError::OutOfRange { setting, range, value }),
        None => Ok(()),
    }
}
