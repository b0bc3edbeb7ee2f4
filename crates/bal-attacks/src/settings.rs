//! The settings of attacks by name, as commands and experiments give them.

use crate::{Ascent, LossName, Norm, StepSize, Target};
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
/// | `search_steps` | 1, 2, .. |
/// | `confidence` | a number >= 0 |
///
/// The following are written where they differ from the attack's default, and are the default where they are absent:
///
/// | key | attacks | values |
/// |---|---|---|
/// | `overshoot` | deepfool, fab | a number >= 0 |
/// | `candidates` | deepfool | 1, 2, .. |
/// | `greatest_pull`, `backward` | fab | a number in `(0, 1]` |
/// | `step_size` | fmn | a number > 0 |
/// | `first_change`, `last_change` | fmn | a number in `(0, 1]` |
/// | `target` | cw | `any-error`, `least-likely`, or the number of a class as a string |
/// | `initial_weight` | cw | a number > 0 |
/// | `abort_early` | cw | `true`, `false` |
/// | `first_samples`, `most_samples` | hop-skip-jump | 2, 3, .. |
/// | `draws` | hop-skip-jump | 1, 2, .. |
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
    /// How far steps go past the boundary that they aim at, as a share of their length; >= 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overshoot: Option<f64>,
    /// Wrong classes whose boundaries are compared at each step, the likeliest first, at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<u64>,
    /// Greatest weight of the clean image's own projection, in (0, 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greatest_pull: Option<f64>,
    /// Share of the way from the clean image that is kept after a success, in (0, 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backward: Option<f64>,
    /// Share by which the radius changes in the first step, in (0, 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_change: Option<f64>,
    /// Share by which the radius changes in the last step, in (0, 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_change: Option<f64>,
    /// Class that the attack aims at: `any-error`, `least-likely`, or the number of a class.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "by_name")]
    #[schemars(with = "Option<String>")]
    pub target: Option<Target>,
    /// First weight of the loss beside the distance; > 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_weight: Option<f64>,
    /// Whether descents end that get nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_early: Option<bool>,
    /// Queries of the first estimate of a direction, at least 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_samples: Option<u64>,
    /// Most queries of an estimate of a direction, at least 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_samples: Option<u64>,
}

impl AttackSettings {
    pub(crate) fn of_ascent(ascent: &Ascent) -> Self {
        Self {
            steps: Some(ascent.steps),
            step_size: Some(ascent.step_size),
            ensemble_gradient: Some(ascent.ensemble_gradient),
            loss: Some(ascent.loss),
            ..Self::default()
        }
    }
}

/// What is said of each field, so that none is forgotten.
macro_rules! of_each_field {
    ($($field:ident),* $(,)?) => {
        impl AttackSettings {
            /// These settings, and `others` where nothing is said here.
            #[must_use]
            pub fn or(self, others: &Self) -> Self {
                Self { $($field: self.$field.or(others.$field)),* }
            }

            /// The names of the settings that are given.
            pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
                [$(self.$field.is_some().then_some(stringify!($field))),*].into_iter().flatten()
            }
        }
    };
}

of_each_field!(
    norm,
    steps,
    step_size,
    restarts,
    ensemble_gradient,
    loss,
    decay,
    targets,
    queries,
    initial_share,
    rescale_schedule,
    draws,
    repetitions,
    search_steps,
    confidence,
    overshoot,
    candidates,
    greatest_pull,
    backward,
    first_change,
    last_change,
    target,
    initial_weight,
    abort_early,
    first_samples,
    most_samples,
);

/// A setting as files have it that may lack it: `None` where it is as usual.
pub(crate) fn unusual<T: Copy + PartialEq>(value: T, usual: T) -> Option<T> {
    (value != usual).then_some(value)
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
            (r#"{"target":"cat"}"#, "expected any-error, least-likely or the number of a class"),
        ] {
            let error = serde_json::from_str::<AttackSettings>(json).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
