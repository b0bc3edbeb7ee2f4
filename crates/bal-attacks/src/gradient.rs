//! The cross-entropy, which most attacks raise, and gradients with respect to images.

use crate::{ModelFault, Objective, logits, tally};
use bal_core::{Classifier, EnsembleGradient, channels_last};
use tch::Tensor;

/// The gradient of the cross-entropy with respect to the images, shaped as `x`.
///
/// ```text
/// predictive:  grad_x sum_i -log p(y_i | x_i),    p the members' combined prediction
/// member-mean: grad_x sum_i 1/S sum_s -log p_s(y_i | x_i),    p_s = softmax of member s
/// ```
///
/// `x`: `[n, c, h, w]`, `y`: `[n]`. The losses are summed over images, so each image's gradient is
/// its own. For one member both are the same. Of a model that is sure of the label it may be smaller than any number
/// of single precision, and is zero then; attacks follow its direction, which is not.
///
/// # Errors
/// [`ModelFault::Model`] when the model fails; [`ModelFault::Logits`], [`ModelFault::NotFinite`]
/// and [`ModelFault::NoGradient`] when its logits are no use; [`ModelFault::Label`] for labels out
/// of range.
pub fn loss_gradient(
    model: &dyn Classifier,
    x: &Tensor,
    y: &Tensor,
    ensemble_gradient: EnsembleGradient,
) -> Result<Tensor, ModelFault> {
    Ok(Objective::CrossEntropy.differentiate(model, x, y, ensemble_gradient)?.1)
}

/// The cross-entropy of each image, `[n]`, whose sum [`loss_gradient`] differentiates.
///
/// # Errors
/// As [`loss_gradient`], but for the gradient.
pub fn loss(
    model: &dyn Classifier,
    x: &Tensor,
    y: &Tensor,
    ensemble_gradient: EnsembleGradient,
) -> Result<Tensor, ModelFault> {
    Ok(Objective::CrossEntropy.judge(model, x, y, ensemble_gradient)?.loss)
}

/// The entries of `[.., n, classes]` that belong to the labels, `[.., n]`.
pub(crate) fn at_labels(values: &Tensor, y: &Tensor) -> Result<Tensor, ModelFault> {
    Ok(values.f_gather(-1, &label_index(values, y)?, false)?.f_squeeze_dim(-1)?)
}

/// Where those entries are, `[.., n, 1]`.
pub(crate) fn label_index(values: &Tensor, y: &Tensor) -> Result<Tensor, ModelFault> {
    let mut size = values.size();
    if let Some(last) = size.last_mut() {
        *last = 1;
    }
    Ok(y.f_unsqueeze(-1)?.f_expand(&size, false)?)
}

/// Images to differentiate with respect to, laid out as convolutions want them.
pub(crate) fn leaf(x: &Tensor) -> Tensor {
    channels_last(x).detach().set_requires_grad(true)
}

/// The gradient of the sum of `loss` with respect to `leaf`, finite; counted among those that the attack took.
pub(crate) fn gradient(loss: &Tensor, leaf: &Tensor) -> Result<Tensor, ModelFault> {
    let gradient = uncounted(loss, leaf, false)?;
    tally::note(&gradient, None)?;
    Ok(gradient)
}

/// The same, for whoever counts it; `again` where another gradient of the same pass will follow.
pub(crate) fn uncounted(loss: &Tensor, leaf: &Tensor, again: bool) -> Result<Tensor, ModelFault> {
    if !loss.requires_grad() {
        return Err(ModelFault::NoGradient);
    }
    // Gradients of the weights are not asked for, so none are left behind.
    let gradients = Tensor::f_run_backward(&[loss], &[leaf], again, false)?;
    let gradient = gradients.into_iter().find(Tensor::defined).ok_or(ModelFault::NoGradient)?;
    logits::finite("gradient", &gradient)?;
    Ok(gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Linear, close, images, labels, sigmoid, two_class};
    use bal_core::Prediction;
    use tch::Kind;

    const W: [[f64; 3]; 2] = [[1.0, -2.0, 0.5], [-0.5, 3.0, 2.0]];
    const X: [f64; 3] = [0.2, 0.7, 0.4];

    /// Logits of class 1 of the two members; class 0 has logit 0.
    fn scores() -> [f64; 2] {
        W.map(|w| w.iter().zip(X).map(|(w, x)| w * x).sum())
    }

    fn of(model: &Linear, label: i64, ensemble_gradient: EnsembleGradient) -> Vec<f64> {
        let gradient = loss_gradient(model, &images(&[&X]), &labels(&[label]), ensemble_gradient).unwrap();
        assert_eq!(gradient.size(), [1, 1, 1, 3]);
        Vec::try_from(gradient.reshape([-1]).to_kind(Kind::Double)).unwrap()
    }

    #[test]
    fn the_member_mean_gradient_is_the_mean_of_the_members_gradients() {
        let model = two_class(&W, Prediction::MeanLogits);
        let s = scores().map(sigmoid);
        // d/dx log(1 + exp(w x)) = sigmoid(w x) w for label 0; minus (1 - sigmoid) w for label 1.
        let by_hand = |weight: fn(f64) -> f64| -> Vec<f64> {
            (0..3).map(|j| 0.5 * (weight(s[0]) * W[0][j] + weight(s[1]) * W[1][j])).collect()
        };
        close(&of(&model, 0, EnsembleGradient::MemberMean), &by_hand(|s| s));
        close(&of(&model, 1, EnsembleGradient::MemberMean), &by_hand(|s| s - 1.0));
    }

    #[test]
    fn the_predictive_gradient_is_that_of_the_log_of_the_mean_probability() {
        let model = two_class(&W, Prediction::MeanProbability);
        let s = scores().map(sigmoid);
        let p0 = 1.0 - 0.5 * (s[0] + s[1]);
        let slope = s.map(|s| 0.5 * s * (1.0 - s) / p0);
        let by_hand: Vec<f64> = (0..3).map(|j| slope[0] * W[0][j] + slope[1] * W[1][j]).collect();
        close(&of(&model, 0, EnsembleGradient::Predictive), &by_hand);
    }

    #[test]
    fn the_predictive_gradient_of_mean_logits_is_that_of_the_mean_network() {
        let model = two_class(&W, Prediction::MeanLogits);
        let s = sigmoid(0.5 * (scores()[0] + scores()[1]));
        let by_hand: Vec<f64> = (0..3).map(|j| s * 0.5 * (W[0][j] + W[1][j])).collect();
        close(&of(&model, 0, EnsembleGradient::Predictive), &by_hand);
    }

    #[test]
    fn losses_are_per_image_and_their_sum_is_differentiated() {
        let model = two_class(&W, Prediction::MeanProbability);
        let (x, y) = (images(&[&X, &[0.9, 0.1, 0.3]]), labels(&[0, 1]));
        for ensemble_gradient in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
            let both = loss_gradient(&model, &x, &y, ensemble_gradient).unwrap();
            let losses = loss(&model, &x, &y, ensemble_gradient).unwrap();
            assert_eq!(losses.size(), [2]);
            for i in 0..2 {
                let (xi, yi) = (x.narrow(0, i, 1), y.narrow(0, i, 1));
                let alone = loss_gradient(&model, &xi, &yi, ensemble_gradient).unwrap();
                assert!(both.narrow(0, i, 1).allclose(&alone, 1e-6, 1e-7, false));
                let alone = loss(&model, &xi, &yi, ensemble_gradient).unwrap();
                assert!(losses.narrow(0, i, 1).allclose(&alone, 1e-6, 1e-7, false));
            }
        }
        let s = scores().map(sigmoid);
        let by_hand = -(1.0 - 0.5 * (s[0] + s[1])).ln();
        let losses = loss(&model, &x, &y, EnsembleGradient::Predictive).unwrap();
        assert!((losses.double_value(&[0]) - by_hand).abs() < 1e-6);
    }
}
