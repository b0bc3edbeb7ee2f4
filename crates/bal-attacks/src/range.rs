//! Checks of settings, for the constructors of attacks.

use crate::SettingError;

/// Refuses a count of zero.
pub(crate) fn counts(counts: &[(&'static str, u64)]) -> Result<(), SettingError> {
    match counts.iter().find(|(_, count)| *count == 0) {
        Some(&(setting, _)) => Err(SettingError::Zero(setting)),
        None => Ok(()),
    }
}

/// Refuses what is not finite and positive.
pub(crate) fn positive(settings: &[(&'static str, f64)]) -> Result<(), SettingError> {
    within(settings, "finite and > 0", |value| value.is_finite() && value > 0.0)
}

/// Refuses what is not finite and at least 0.
pub(crate) fn not_negative(settings: &[(&'static str, f64)]) -> Result<(), SettingError> {
    within(settings, "finite and >= 0", |value| value.is_finite() && value >= 0.0)
}

/// Refuses what is no share of a whole.
pub(crate) fn shares(settings: &[(&'static str, f64)]) -> Result<(), SettingError> {
    within(settings, "> 0 and <= 1", |value| value > 0.0 && value <= 1.0)
}

/// Refuses what is no share, or is the whole.
pub(crate) fn below_one(settings: &[(&'static str, f64)]) -> Result<(), SettingError> {
    within(settings, ">= 0 and < 1", |value| (0.0..1.0).contains(&value))
}

fn within(
    settings: &[(&'static str, f64)],
    range: &'static str,
    is_in: impl Fn(f64) -> bool,
) -> Result<(), SettingError> {
    match settings.iter().find(|(_, value)| !is_in(*value)) {
        Some(&(setting, value)) => Err(SettingError::OutOfRange { setting, range, value }),
        None => Ok(()),
    }
}
