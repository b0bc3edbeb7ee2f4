//! The settings of attacks by name, as commands and experiments give them.

use crate::{Ascent, LossName, Norm, StepSize};
use bal_core::EnsembleGradient;
use schemars::JsonSchema;
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
/// | `loss` | `cross-entropy` (which is not written), `margin`, `dlr`, `confident` |
/// | `decay` | a number >= 0 |
/// | `targets` | 1, 2, .. |
/// | `queries` | 1, 2, .. |
/// | `initial_share` | a number in `(0, 1]` |
/// | `rescale_schedule` | `true` (which is not written), `false` |
/// | `draws` | 1, 2, .. |
/// | `repetitions` | 1, 2, .. |
///
/// Records from before there was a choice of loss have none, and mean the cross-entropy; those from before there was one
/// of Square's schedule mean the one that is rescaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackSettings {
    /// Norm of the ball, or of the distance that the attack minimises: `linf` or `l2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub norm: Option<Norm>,
    /// Steps of the attack, at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Length of a step in the norm of the ball, on pixels in [0, 1]: a number, or `radius/NUMBER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub step_size: Option<StepSize>,
    /// Random starts, at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarts: Option<u64>,
    /// Loss of an ensemble that the attack follows: `predictive`, the loss of the mean probability, or `member-mean`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "by_name")]
    #[schemars(with = "Option<String>")]
    pub ensemble_gradient: Option<EnsembleGradient>,
    /// Loss that the attack raises: `cross-entropy`, `margin`, `dlr` or `confident`.
    #[serde(default, skip_serializing_if = "is_cross_entropy_or_none", with = "by_name")]
    #[schemars(with = "Option<String>")]
    pub loss: Option<LossName>,
    /// Share of its momentum that the attack keeps from step to step; >= 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decay: Option<f64>,
    /// Wrong classes that a targeted attack tries on each image, the likeliest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<u64>,
    /// Queries of an attack without gradients for each image, at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries: Option<u64>,
    /// Share of an image's pixels that a random search changes at first, in `(0, 1]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_share: Option<f64>,
    /// Whether the windows of a random search shrink in proportion to its queries, or after as many as in 10,000.
    #[serde(default, skip_serializing_if = "is_rescaled_or_none")]
    pub rescale_schedule: Option<bool>,
    /// Random points that are tried on each image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draws: Option<u64>,
    /// Passes over which a classifier with random outputs is averaged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repetitions: Option<u64>,
    /// Descents of an attack that searches for the weight of its loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_steps: Option<u64>,
    /// Logits by which a wrong class has to lead; >= 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
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
            loss: self.loss.or(others.loss),
            decay: self.decay.or(others.decay),
            targets: self.targets.or(others.targets),
            queries: self.queries.or(others.queries),
            initial_share: self.initial_share.or(others.initial_share),
            rescale_schedule: self.rescale_schedule.or(others.rescale_schedule),
            draws: self.draws.or(others.draws),
            repetitions: self.repetitions.or(others.repetitions),
            search_steps: self.search_steps.or(others.search_steps),
            confidence: self.confidence.or(others.confidence),
        }
    }

    pub(crate) fn of_ascent(ascent: &Ascent) -> Self {
        Self {
            steps: Some(ascent.steps),
            step_size: Some(ascent.step_size),
            ensemble_gradient: Some(ascent.ensemble_gradient),
            loss: Some(ascent.loss),
            ..Self::default()
        }
    }

    /// The first setting that is given here and not in `others`.
    pub(crate) fn not_in(&self, others: &Self) -> Option<&'static str> {
        let pairs = self.given().into_iter().zip(others.given());
        pairs.into_iter().find(|((_, mine), (_, theirs))| *mine && !theirs).map(|((name, _), _)| name)
    }

    fn given(&self) -> [(&'static str, bool); 15] {
        [
            ("norm", self.norm.is_some()),
            ("steps", self.steps.is_some()),
            ("step_size", self.step_size.is_some()),
            ("restarts", self.restarts.is_some()),
            ("ensemble_gradient", self.ensemble_gradient.is_some()),
            ("loss", self.loss.is_some()),
            ("decay", self.decay.is_some()),
            ("targets", self.targets.is_some()),
            ("queries", self.queries.is_some()),
            ("initial_share", self.initial_share.is_some()),
            ("rescale_schedule", self.rescale_schedule.is_some()),
            ("draws", self.draws.is_some()),
            ("repetitions", self.repetitions.is_some()),
            ("search_steps", self.search_steps.is_some()),
            ("confidence", self.confidence.is_some()),
        ]
    }
}

/// The cross-entropy is not written: records keep the bytes they had when there was no other loss.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
fn is_cross_entropy_or_none(loss: &Option<LossName>) -> bool {
    matches!(loss, None | Some(LossName::CrossEntropy))
}

/// Neither is the schedule that was the only one.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
fn is_rescaled_or_none(rescaled: &Option<bool>) -> bool {
    rescaled.unwrap_or(true)
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
    fn the_cross_entropy_leaves_no_trace_in_a_file_and_other_losses_do() {
        let of = |loss| serde_json::to_string(&AttackSettings { loss, ..AttackSettings::default() }).unwrap();
        assert_eq!(of(Some(LossName::CrossEntropy)), "{}");
        assert_eq!(of(Some(LossName::Dlr)), r#"{"loss":"dlr"}"#);
    }

    #[test]
    fn files_with_unknown_keys_or_values_are_refused() {
        for (json, part) in [
            (r#"{"step":1}"#, "`step`"),
            (r#"{"norm":"l1"}"#, "known are linf, l2"),
            (r#"{"steps":-1}"#, "-1"),
            (r#"{"ensemble_gradient":"median"}"#, "predictive, member-mean"),
            (r#"{"loss":"hinge"}"#, "known are cross-entropy, margin, dlr, confident"),
        ] {
            let error = serde_json::from_str::<AttackSettings>(json).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
