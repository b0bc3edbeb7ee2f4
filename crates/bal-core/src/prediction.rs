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
    /// Combines `member_logits`, `[S, n, classes]`, into `[n, classes]`.
    ///
    /// Mean probability is computed as `logsumexp_s(log_softmax(z_s)) - log S`: rows have logsumexp
    /// 0, and no probability underflows.
    pub fn combine(self, member_logits: &Tensor) -> Tensor {
        match self {
            Self::MeanProbability => {
                let members = member_logits.size()[0] as f64;
                member_logits.log_softmax(-1, Kind::Float).logsumexp([0], false) - members.ln()
            }
            Self::MeanLogits => member_logits.mean_dim(0, false, Kind::Float),
            Self::LastMember => member_logits.select(0, -1),
        }
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
        assert!(Prediction::MeanProbability.combine(&z).allclose(&expected, 1e-6, 1e-6, false));
    }

    #[test]
    fn mean_probability_survives_logits_whose_exponentials_do_not() {
        let z = Tensor::from_slice(&[1000.0f32, 0.0, 0.0, 2000.0]).reshape([2, 1, 2]);
        let log = Vec::<f32>::try_from(Prediction::MeanProbability.combine(&z).reshape([-1])).unwrap();
        assert!(log.iter().all(|p| (p + std::f32::consts::LN_2).abs() < 1e-4), "{log:?}");
    }

    #[test]
    fn one_member_predicts_its_own_class_either_way() {
        let z = Tensor::from_slice(&[0.1f32, 0.9, -3.0, 4.0]).reshape([1, 2, 2]);
        for prediction in [Prediction::MeanProbability, Prediction::MeanLogits, Prediction::LastMember] {
            assert_eq!(Vec::<i64>::try_from(prediction.combine(&z).argmax(-1, false)).unwrap(), [1, 1]);
        }
    }

    #[test]
    fn the_last_member_predicts_without_the_others() {
        let z = Tensor::from_slice(&[9.0f32, 0.0, -3.0, 4.0]).reshape([2, 1, 2]);
        let alone = Vec::<f32>::try_from(Prediction::LastMember.combine(&z).reshape([-1])).unwrap();
        assert_eq!(alone, [-3.0, 4.0]);
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
