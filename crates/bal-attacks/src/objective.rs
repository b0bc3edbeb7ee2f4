//! What an attack raises, image by image.

use crate::gradient::{at_labels, gradient, label_index, leaf};
use crate::{AttackError, Judgement, logits};
use bal_core::{Classifier, ClassifierError, EnsembleGradient, channels_last};
use tch::{Kind, Tensor};

/// What keeps the losses that divide by a spread of logits finite where logits are equal.
const FLOOR: f64 = 1e-12;

/// A loss of each image, which grows as the model gets it more wrong.
///
/// ```text
/// cross-entropy:  -log softmax(z)_y
/// margin:         max_{j != y} z_j - z_y
/// dlr:            -(z_y - max_{j != y} z_j) / (z_pi1 - z_pi3)
/// targeted dlr:   -(z_y - z_t) / (z_pi1 - (z_pi3 + z_pi4) / 2)
/// confident:      max_{j != y} log softmax(z)_j
/// ```
///
/// `z` are logits, `[n, classes]`, `y` labels, `t` targets and `pi` the order of the logits, greatest
/// first. Of an ensemble, [`EnsembleGradient::Predictive`] takes the loss of the combined prediction
/// (log mean probabilities, or mean logits), and [`EnsembleGradient::MemberMean`] the mean over the
/// members of the loss of each. Raw logits and log probabilities give the same. The two with a
/// spread below them do not change when logits are scaled either, and so cannot vanish for a
/// confident model; a spread of zero is taken as 1e-12. Margin and dlr are positive exactly where the
/// model is wrong.
///
/// The cross-entropy is satisfied with a model that doubts. The confident loss, minus the cross-entropy
/// towards the likeliest wrong class, goes on until that class has all the probability: of an ensemble
/// under [`EnsembleGradient::Predictive`], until all members are sure of the same error. Its attacks
/// lower the predictive entropy and the mutual information that are to give attacked images away.
///
/// Source: Croce & Hein, ICML 2020, eq. 6 (dlr) and eq. 8 (targeted); the margin is that of Carlini &
/// Wagner, IEEE S&P 2017; attacks that also lower the uncertainty are asked for by Carlini & Wagner,
/// Artificial Intelligence and Security 2017, and Tramer et al., NeurIPS 2020: a defence that detects is part of what is attacked.
#[derive(Clone, Copy, Debug)]
pub enum Objective<'a> {
    /// The surprise at the label.
    CrossEntropy,
    /// By how much the best wrong class leads; takes 2 classes.
    Margin,
    /// The difference of logits ratio; takes 3 classes.
    Dlr,
    /// The same towards a class of each image, `[n]`, integers in `0..classes`; takes 4 classes.
    TargetedDlr(&'a Tensor),
    /// The log-probability of the likeliest wrong class; takes 2 classes.
    Confident,
}

impl Objective<'_> {
    /// The loss of each image, `[n]`, and what the model makes of it, without a graph.
    ///
    /// `x`: `[n, c, h, w]`, `y`: `[n]`.
    ///
    /// # Errors
    /// [`AttackError::Model`] when the model fails; [`AttackError::Logits`] and
    /// [`AttackError::NotFinite`] when its logits are no use; [`AttackError::Label`] for labels out of
    /// range; [`AttackError::Classes`] when the model has fewer classes than the loss takes.
    pub fn judge(
        &self,
        model: &dyn Classifier,
        x: &Tensor,
        y: &Tensor,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<Judgement, AttackError> {
        let _guard = tch::no_grad_guard();
        let (loss, logits) = self.forward(model, &channels_last(x), y, ensemble_gradient)?;
        Judgement::new(loss, logits, y)
    }

    /// The same, and the gradient of the sum of the losses with respect to `x`, shaped as `x`: one
    /// forward pass gives all.
    ///
    /// # Errors
    /// Those of [`Objective::judge`]; [`AttackError::NoGradient`] when no gradient reaches the images.
    pub fn differentiate(
        &self,
        model: &dyn Classifier,
        x: &Tensor,
        y: &Tensor,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<(Judgement, Tensor), AttackError> {
        let x = leaf(x);
        let (loss, logits) = self.forward(model, &x, y, ensemble_gradient)?;
        let gradient = gradient(&loss, &x)?;
        Ok((Judgement::new(loss.detach(), logits.detach(), y)?, gradient))
    }

    /// The loss of each image, `[n]`, and the combined prediction, `[n, classes]`.
    pub(crate) fn forward(
        &self,
        model: &dyn Classifier,
        x: &Tensor,
        y: &Tensor,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<(Tensor, Tensor), AttackError> {
        logits::labels_fit(y, model.classes())?;
        self.classes_suffice(model.classes())?;
        let (loss, logits) = match ensemble_gradient {
            EnsembleGradient::Predictive => {
                let logits = logits::combined(model, x)?;
                (self.of_logits(&logits, y)?, logits)
            }
            EnsembleGradient::MemberMean => {
                let members = logits::of_members(model, x)?;
                let loss = self.of_logits(&members, y)?.f_mean_dim(0, false, Kind::Float)?;
                let logits = model.prediction().combine(&members.detach());
                (loss, logits.map_err(ClassifierError::from)?)
            }
        };
        logits::finite("loss", &loss)?;
        Ok((loss, logits))
    }

    /// `[.., n]` of logits `[.., n, classes]`.
    fn of_logits(&self, z: &Tensor, y: &Tensor) -> Result<Tensor, AttackError> {
        match self {
            Self::CrossEntropy => Ok(-at_labels(&z.f_log_softmax(-1, Kind::Float)?, y)?),
            Self::Margin => margin(z, y),
            Self::Dlr => {
                let top = z.f_topk(3, -1, true, true)?.0;
                let spread = top.f_select(-1, 0)? - top.f_select(-1, 2)?;
                Ok(margin(z, y)? / (spread + FLOOR))
            }
            Self::TargetedDlr(targets) => {
                let top = z.f_topk(4, -1, true, true)?.0;
                let below = (top.f_select(-1, 2)? + top.f_select(-1, 3)?) / 2.0;
                let spread = top.f_select(-1, 0)? - below;
                Ok((at_labels(z, targets)? - at_labels(z, y)?) / (spread + FLOOR))
            }
            Self::Confident => Ok(others(&z.f_log_softmax(-1, Kind::Float)?, y)?.f_amax([-1], false)?),
        }
    }

    /// Refuses models with fewer classes than the loss orders.
    pub(crate) fn classes_suffice(&self, classes: i64) -> Result<(), AttackError> {
        let (loss, needed) = match self {
            Self::CrossEntropy => return Ok(()),
            Self::Margin => ("margin", 2),
            Self::Dlr => ("dlr", 3),
            Self::TargetedDlr(_) => ("targeted dlr", 4),
            Self::Confident => ("confident", 2),
        };
        if classes < needed { Err(AttackError::Classes { loss, needed, classes }) } else { Ok(()) }
    }
}

/// `max_{j != y} z_j - z_y`: `[.., n]` of `[.., n, classes]`.
pub(crate) fn margin(z: &Tensor, y: &Tensor) -> Result<Tensor, AttackError> {
    Ok(others(z, y)?.f_amax([-1], false)? - at_labels(z, y)?)
}

/// The logits with minus infinity at the labels.
pub(crate) fn others(z: &Tensor, y: &Tensor) -> Result<Tensor, AttackError> {
    Ok(z.f_scatter_value(-1, &label_index(z, y)?, f64::NEG_INFINITY)?)
}

#[cfg(test)]
mod tests;
