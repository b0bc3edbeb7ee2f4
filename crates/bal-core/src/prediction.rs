//! How an ensemble's members become one prediction, and one gradient for an attack.

use crate::CoreError;
use std::{fmt, str::FromStr};
use tch::{Kind, Tensor};

/// How the members' raw logits become one prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prediction {
    /// The logarithm of the mean of the members' probabilities (eq. 5).
    MeanProbability,
    /// The mean of the members' logits: what the released code did.
    MeanLogits,
    /// The last member's logits alone: what the released code scored on GTSRB.
    LastMember,
}

impl Prediction {
    /// Combines `member_logits`, `[S, n, classes]`, into `[n, classes]`: in double precision if they are, else in single.
    ///
    /// Mean probability is computed as `logsumexp_s(log_softmax(z_s)) - log S`: rows have logsumexp
    /// 0, and no probability underflows.
    ///
    /// # Errors
    /// [`CoreError::MemberLogits`] for another shape, and without members or classes.
    pub fn combine(self, member_logits: &Tensor) -> Result<Tensor, CoreError> {
        let members = members(member_logits)?;
        let kind = if member_logits.kind() == Kind::Double { Kind::Double } else { Kind::Float };
        Ok(match self {
            Self::MeanProbability => {
                member_logits.log_softmax(-1, kind).logsumexp([0], false) - (members as f64).ln()
            }
            Self::MeanLogits => member_logits.mean_dim(0, false, kind),
            Self::LastMember => member_logits.select(0, -1),
        })
    }
}

/// How many members these logits are of.
pub(crate) fn members(member_logits: &Tensor) -> Result<i64, CoreError> {
    match member_logits.size()[..] {
        [members, _, classes] if members > 0 && classes > 0 => Ok(members),
        _ => Err(CoreError::MemberLogits { found: member_logits.size() }),
    }
}

/// Which loss of an ensemble an attack follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnsembleGradient {
    /// The loss of the ensemble's prediction: the posterior attacked as a whole.
    Predictive,
    /// The mean of the members' losses, so the gradient is the mean of the members' gradients: what
    /// the released code did.
    MemberMean,
}

macro_rules! named {
    ($type:ident, $what:literal, $known:literal, $($variant:ident => $name:literal),+) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $name),+ })
            }
        }

        impl FromStr for $type {
            type Err = CoreError;

            /// Reads the name, with `-` or `_` between words.
            fn from_str(name: &str) -> Result<Self, CoreError> {
                match name.replace('_', "-").as_str() {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(CoreError::UnknownName { what: $what, name: name.into(), known: $known }),
                }
            }
        }
    };
}

named!(Prediction, "prediction", "mean-probability, mean-logits, last-member",
    MeanProbability => "mean-probability", MeanLogits => "mean-logits", LastMember => "last-member");
named!(EnsembleGradient, "ensemble gradient", "predictive, member-mean",
    Predictive => "predictive", MemberMean => "member-mean");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_probability_is_the_log_of_the_mean_softmax() {
        let z = Tensor::from_slice(&[1.0f32, 2.0, 0.5, -1.0, 3.0, 0.0]).reshape([2, 1, 3]);
        let expected = z.softmax(-1, Kind::Float).mean_dim(0, false, Kind::Float).log();
        assert!(Prediction::MeanProbability.combine(&z).unwrap().allclose(&expected, 1e-6, 1e-6, false));
    }

    #[test]
    fn mean_probability_survives_logits_whose_exponentials_do_not() {
        let z = Tensor::from_slice(&[1000.0f32, 0.0, 0.0, 2000.0]).reshape([2, 1, 2]);
        let log =
            Vec::<f32>::try_from(Prediction::MeanProbability.combine(&z).unwrap().reshape([-1])).unwrap();
        assert!(log.iter().all(|p| (p + std::f32::consts::LN_2).abs() < 1e-4), "{log:?}");
    }

    #[test]
    fn one_member_predicts_its_own_class_either_way() {
        let z = Tensor::from_slice(&[0.1f32, 0.9, -3.0, 4.0]).reshape([1, 2, 2]);
        for prediction in [Prediction::MeanProbability, Prediction::MeanLogits, Prediction::LastMember] {
            assert_eq!(
                Vec::<i64>::try_from(prediction.combine(&z).unwrap().argmax(-1, false)).unwrap(),
                [1, 1]
            );
        }
    }

    #[test]
    fn the_last_member_predicts_without_the_others() {
        let z = Tensor::from_slice(&[9.0f32, 0.0, -3.0, 4.0]).reshape([2, 1, 2]);
        let alone = Vec::<f32>::try_from(Prediction::LastMember.combine(&z).unwrap().reshape([-1])).unwrap();
        assert_eq!(alone, [-3.0, 4.0]);
    }

    #[test]
    fn doubles_stay_doubles() {
        let z = Tensor::from_slice(&[1.0f64, 2.0, 0.5, -1.0]).reshape([2, 1, 2]);
        for prediction in [Prediction::MeanProbability, Prediction::MeanLogits, Prediction::LastMember] {
            assert_eq!(prediction.combine(&z).unwrap().kind(), Kind::Double, "{prediction}");
        }
    }

    #[test]
    fn what_is_no_ensemble_s_logits_is_refused_by_its_shape() {
        for shape in [&[][..], &[4], &[2, 3], &[0, 2, 3], &[2, 2, 0], &[1, 2, 3, 4]] {
            let z = Tensor::zeros(shape, (Kind::Float, tch::Device::Cpu));
            for prediction in [Prediction::MeanProbability, Prediction::MeanLogits, Prediction::LastMember] {
                let error = prediction.combine(&z).unwrap_err();
                assert_eq!(error, CoreError::MemberLogits { found: shape.to_vec() }, "{prediction}");
            }
        }
        let none = Tensor::zeros([2, 0, 3], (Kind::Float, tch::Device::Cpu));
        assert_eq!(Prediction::MeanProbability.combine(&none).unwrap().size(), [0, 3]);
    }

    #[test]
    fn names_are_read_with_either_separator_and_nothing_else() {
        assert_eq!("mean_logits".parse(), Ok(Prediction::MeanLogits));
        assert_eq!("member-mean".parse(), Ok(EnsembleGradient::MemberMean));
        assert!(
            "median".parse::<Prediction>().unwrap_err().to_string().contains("mean-probability, mean-logits")
        );
    }
}
