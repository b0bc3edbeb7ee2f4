//! How sure a posterior is of its predictions, and how much its members disagree.

use crate::{CoreError, prediction::members};
use tch::{Kind, Tensor};

/// Two measures of uncertainty for each image, in nats, on the device of the logits.
///
/// ```text
/// predictive entropy:  H[p] = - sum_k p_k log p_k,                  p = 1/S sum_s p_s
/// mutual information:  I = H[p] - 1/S sum_s H[p_s]
/// ```
///
/// The first is 0 for a sure prediction and `log classes` for none at all; the second is the part of it that comes from the
/// members' disagreement, between 0 and the first, and 0 for a point estimate. Both are of the mean probability (eq. 5),
/// however the members predict together.
///
/// Source: Houlsby et al., arXiv:1112.5745, eq. 2; as here in Smith & Gal, UAI 2018.
#[derive(Debug)]
pub struct Uncertainty {
    /// `[n]`.
    pub predictive_entropy: Tensor,
    /// `[n]`; not below 0.
    pub mutual_information: Tensor,
}

impl Uncertainty {
    /// Of `member_logits`, `[S, n, classes]`, finite; computed in double precision.
    ///
    /// # Errors
    /// [`CoreError::MemberLogits`] for another shape, and without members or classes.
    pub fn of(member_logits: &Tensor) -> Result<Self, CoreError> {
        let members = members(member_logits)? as f64;
        let log = member_logits.to_kind(Kind::Double).log_softmax(-1, Kind::Double);
        let mean = log.logsumexp([0], false) - members.ln();
        let predictive_entropy = entropy(&mean);
        let expected = entropy(&log).mean_dim(0, false, Kind::Double);
        // Rounding may leave a difference of -1e-17.
        let mutual_information = (&predictive_entropy - expected).clamp_min(0.0);
        Ok(Self { predictive_entropy, mutual_information })
    }
}

/// `- sum_k p_k log p_k` over the last dimension of log-probabilities; a probability of 0 adds nothing.
fn entropy(log: &Tensor) -> Tensor {
    let terms = (log.exp() * log.clamp_min(f64::from(f32::MIN))).sum_dim_intlist(-1, false, Kind::Double);
    -terms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(members: &[[f64; 3]]) -> (f64, f64) {
        let logits = Tensor::from_slice(&members.concat()).reshape([members.len() as i64, 1, 3]);
        let Uncertainty { predictive_entropy, mutual_information } = Uncertainty::of(&logits).unwrap();
        (predictive_entropy.double_value(&[0]), mutual_information.double_value(&[0]))
    }

    #[test]
    fn nothing_known_is_the_log_of_the_classes_and_a_point_estimate_never_disagrees() {
        let (entropy, information) = of(&[[0.0; 3]]);
        assert!((entropy - 3f64.ln()).abs() < 1e-12 && information == 0.0);
    }

    #[test]
    fn members_that_are_sure_of_different_classes_differ_by_all_their_entropy() {
        let (entropy, information) = of(&[[2000.0, 0.0, 0.0], [0.0, 2000.0, 0.0]]);
        assert!((entropy - 2f64.ln()).abs() < 1e-12, "{entropy}");
        assert!((information - entropy).abs() < 1e-12, "{information}");
    }

    #[test]
    fn members_that_agree_to_doubt_have_entropy_and_no_information() {
        let (entropy, information) = of(&[[0.3, 0.1, -0.2], [0.3, 0.1, -0.2]]);
        assert!(entropy > 1.0 && information.abs() < 1e-12);
    }

    #[test]
    fn what_is_no_ensemble_s_logits_is_refused_by_its_shape() {
        for shape in [&[][..], &[3], &[2, 3], &[0, 2, 3], &[2, 2, 0]] {
            let error = Uncertainty::of(&Tensor::zeros(shape, (Kind::Float, tch::Device::Cpu))).unwrap_err();
            assert_eq!(error, CoreError::MemberLogits { found: shape.to_vec() });
        }
    }
}
