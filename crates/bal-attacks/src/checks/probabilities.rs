//! Probabilities where logits should be.

use super::{Finding, Severity};
use crate::{ModelFault, logits};
use bal_core::{Classifier, channels_last};
use tch::{Kind, Tensor};

/// How far a row of probabilities in single precision may be from summing to 1.
const TOLERANCE: f64 = 1e-4;

/// Fires when a member's outputs are all in `[0, 1]` and each row sums to 1.
///
/// A softmax of probabilities is nearly flat: the loss of ten classes stays between 1.46 and 2.46, and
/// its gradient vanishes where the network is sure. Logarithms of probabilities are logits like others,
/// so these do not fire. `x`: `[n, c, h, w]`, pixels in `[0, 1]`.
///
/// # Errors
/// [`ModelFault::Model`] and [`ModelFault::Logits`] when the model fails.
pub fn probabilities(model: &dyn Classifier, x: &Tensor) -> Result<Option<Finding>, ModelFault> {
    let _guard = tch::no_grad_guard();
    let z = logits::of_members(model, &channels_last(x))?.f_to_kind(Kind::Double)?;
    let off = (z.f_sum_dim_intlist(-1, false, Kind::Double)? - 1.0).f_abs()?.f_amax([1], false)?;
    let (low, high) = (z.f_amin([1, 2], false)?, z.f_amax([1, 2], false)?);
    let like =
        off.f_le(TOLERANCE)?.f_logical_and(&low.f_ge(0.0)?)?.f_logical_and(&high.f_le(1.0 + TOLERANCE)?)?;
    let (members, like) = (z.size()[0], like.f_sum(Kind::Int64)?.int64_value(&[]));
    Ok((like > 0).then(|| Finding {
        check: "probabilities",
        severity: Severity::Fault,
        numbers: vec![("members", members as f64), ("members_with_probabilities", like as f64)],
        sentence: format!(
            "the outputs of {like} of {members} members are probabilities, where attacks take them for logits: \
             a softmax of a softmax has hardly a gradient"
        ),
        anchor: "probabilities-in-place-of-logits",
    }))
}
