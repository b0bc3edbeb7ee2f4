//! How far a model is from preferring another class.

use tch::{Kind, Tensor};

/// `z_k - z_y`: `[m]`, for one class per image; positive where class k beats the label.
///
/// `logits`: `[m, classes]`; `k`, `y`: `[m]`.
pub(crate) fn lead(logits: &Tensor, k: &Tensor, y: &Tensor) -> Tensor {
    at(logits, k) - at(logits, y)
}

/// `max_{j != y} z_j - z_y`: `[m]`, positive where the model errs.
pub(crate) fn best_lead(logits: &Tensor, y: &Tensor) -> Tensor {
    without(logits, y).amax(-1, false) - at(logits, y)
}

/// The logits at one class per image: `[m]`.
pub(crate) fn at(logits: &Tensor, class: &Tensor) -> Tensor {
    logits.gather(-1, &class.unsqueeze(-1), false).squeeze_dim(-1)
}

/// The logits with minus infinity at one class per image.
pub(crate) fn without(logits: &Tensor, class: &Tensor) -> Tensor {
    logits.scatter_value(-1, &class.unsqueeze(-1), f64::NEG_INFINITY)
}

/// The `count` most likely wrong classes of each image, best first: `[m, count]`, or as many as there
/// are.
pub(crate) fn rivals(logits: &Tensor, y: &Tensor, count: u64) -> Tensor {
    let others = logits.size().last().map_or(0, |classes| classes - 1);
    let count = i64::try_from(count).unwrap_or(i64::MAX).min(others);
    without(logits, y).topk(count, -1, true, true).1.to_kind(Kind::Int64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_are_differences_to_the_label() {
        let z = Tensor::from_slice(&[1.0f32, 3.0, 2.0, 0.0, -1.0, 5.0]).reshape([2, 3]);
        let y = Tensor::from_slice(&[1i64, 0]);
        assert_eq!(lead(&z, &Tensor::from_slice(&[0i64, 1]), &y), Tensor::from_slice(&[-2.0f32, -1.0]));
        assert_eq!(best_lead(&z, &y), Tensor::from_slice(&[-1.0f32, 5.0]));
        let expected = Tensor::from_slice(&[2i64, 0, 2, 1]).reshape([2, 2]);
        assert_eq!(rivals(&z, &y, 9), expected);
        assert_eq!(rivals(&z, &y, 1), expected.narrow(1, 0, 1));
    }
}
