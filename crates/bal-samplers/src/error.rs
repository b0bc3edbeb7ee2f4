//! What can be wrong with a sampler's settings.

/// A setting that is out of its range, or two that do not go together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SamplerError {
    /// A number out of its range.
    #[error("{setting} must be {range}, got {value}")]
    OutOfRange {
        /// The setting, as in experiment files.
        setting: &'static str,
        /// What it may be.
        range: &'static str,
        /// What it is.
        value: f64,
    },
    /// A setting under which tau cannot be chosen automatically.
    #[error("tau = \"automatic\" needs {needs}, got {found}")]
    AutomaticTau {
        /// What it needs.
        needs: &'static str,
        /// What it was given instead.
        found: String,
    },
    /// No sampler, or several.
    #[error("exactly one of the tables sgld, psgld, sghmc, sgadald, sgadahmc is needed, got {0}")]
    Tables(usize),
}

/// `Ok` when `holds`, else the error that `setting` is out of `range`.
pub(crate) fn require(
    holds: bool,
    setting: &'static str,
    range: &'static str,
    value: f64,
) -> Result<(), SamplerError> {
    if holds { Ok(()) } else { Err(SamplerError::OutOfRange { setting, range, value }) }
}

/// Refuses what is not a finite number above 0.
pub(crate) fn require_positive(setting: &'static str, value: f64) -> Result<(), SamplerError> {
    require(value.is_finite() && value > 0.0, setting, "finite and > 0", value)
}

/// Refuses what is not a finite number of at least 0.
pub(crate) fn require_non_negative(setting: &'static str, value: f64) -> Result<(), SamplerError> {
    require(value.is_finite() && value >= 0.0, setting, "finite and >= 0", value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_setting_its_range_and_the_number_given() {
        let error = require_non_negative("temperature", -1.5).unwrap_err();
        assert_eq!(error.to_string(), "temperature must be finite and >= 0, got -1.5");
        let error = require_positive("step_size", f64::NAN).unwrap_err();
        assert_eq!(error.to_string(), "step_size must be finite and > 0, got NaN");
    }
}
