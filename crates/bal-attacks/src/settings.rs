//! The settings of attacks by name, as commands and experiments give them.

use crate::{Ascent, Ball, Norm, StepSize};
use bal_core::EnsembleGradient;
use serde::{Deserialize, Serialize};

/// Settings of an attack but its radius; what an attack does not have is `None`.
///
/// In files, keys are the fields' names and absent where the setting is:
///
/// | key | values |
/// |---|---|
/// | `norm` | `linf`, `l2` |
/// | `steps` | 1, 2, .. |
/// | `step_size` | a number > 0, or `radius/NUMBER` |
/// | `restarts` | 1, 2, .. |
/// | `ensemble_gradient` | `predictive`, `member-mean` |
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackSettings {
    /// Norm of the ball.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub norm: Option<Norm>,
    /// Gradient steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Length of each step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_size: Option<StepSize>,
    /// Random starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts: Option<u64>,
    /// Which loss of an ensemble the attack follows.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "by_name")]
    pub ensemble_gradient: Option<EnsembleGradient>,
}

impl AttackSettings {
    /// These settings, and `others` where nothing is said here.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        Self {
            norm: self.norm.or(others.norm),
            steps: self.steps.or(others.steps),
            step_size: self.step_size.or(others.step_size),
            restarts: self.restarts.or(others.restarts),
            ensemble_gradient: self.ensemble_gradient.or(others.ensemble_gradient),
        }
    }

    pub(crate) fn of_ascent(ball: &Ball, ascent: &Ascent) -> Self {
        Self {
            norm: Some(ball.norm()),
            steps: Some(ascent.steps),
            step_size: Some(ascent.step_size),
            restarts: None,
            ensemble_gradient: Some(ascent.ensemble_gradient),
        }
    }

    /// The first setting that is given here and not in `others`.
    pub(crate) fn not_in(&self, others: &Self) -> Option<&'static str> {
        let pairs = self.given().into_iter().zip(others.given());
        pairs.into_iter().find(|((_, mine), (_, theirs))| *mine && !theirs).map(|((name, _), _)| name)
    }

    fn given(&self) -> [(&'static str, bool); 5] {
        [
            ("norm", self.norm.is_some()),
            ("steps", self.steps.is_some()),
            ("step_size", self.step_size.is_some()),
            ("restarts", self.restarts.is_some()),
            ("ensemble_gradient", self.ensemble_gradient.is_some()),
        ]
    }
}

/// Writes and reads a value that has a name by that name.
mod by_name {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
    use std::{fmt::Display, str::FromStr};

    #[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(super) fn serialize<T: Display, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(ToString::to_string).serialize(to)
    }

    pub(super) fn deserialize<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let name = Option::<String>::deserialize(from)?;
        name.map(|name| name.parse().map_err(Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_written_without_what_is_not_there_and_read_back() {
        let settings = AttackSettings {
            norm: Some(Norm::L2),
            step_size: Some(StepSize::RadiusOver(16.0)),
            ensemble_gradient: Some(EnsembleGradient::MemberMean),
            ..AttackSettings::default()
        };
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(json, r#"{"norm":"l2","step_size":"radius/16","ensemble_gradient":"member-mean"}"#);
        assert_eq!(serde_json::from_str::<AttackSettings>(&json).unwrap(), settings);
        assert_eq!(serde_json::from_str::<AttackSettings>("{}").unwrap(), AttackSettings::default());
    }

    #[test]
    fn files_with_unknown_keys_or_values_are_refused() {
        for (json, part) in [
            (r#"{"step":1}"#, "`step`"),
            (r#"{"norm":"l1"}"#, "known are linf, l2"),
            (r#"{"steps":-1}"#, "-1"),
            (r#"{"ensemble_gradient":"median"}"#, "predictive, member-mean"),
        ] {
            let error = serde_json::from_str::<AttackSettings>(json).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
