//! What an attack raises, image by image.

use crate::gradient::{at_labels, label_index, leaf};
use crate::pass::{Pass, Rise};
use crate::{Judgement, ModelFault, logits};
use bal_core::{Classifier, EnsembleGradient, channels_last};
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
/// targeted margin: z_t - z_y
/// confident:      max_{j != y} log softmax(z)_j
/// ```
///
/// `z` are logits, `[n, classes]`, `y` labels, `t` targets and `pi` the order of the logits, greatest
/// first. Of an ensemble, [`EnsembleGradient::Predictive`] takes the loss of the combined prediction
/// (log mean probabilities, or mean logits), and [`EnsembleGradient::MemberMean`] the mean over the
/// members of the loss of each. Raw logits and log probabilities give the same. The two with a
/// spread below them do not change when logits are scaled either; a spread of zero is taken as 1e-12. Margin and dlr
/// are positive exactly where the model is wrong.
///
/// Losses and their gradients with respect to the logits are computed in double precision ([`Classifier::loss_kind`]),
/// and neither vanishes for a model that is sure, whose cross-entropy is smaller than any number there: with the
/// log-odds `m` against what is to be less likely, attacks climb its logarithm,
///
/// ```text
/// cross-entropy = log(1 + e^m),    m = logsumexp_{j != y} log p_j - log p_y
/// ```
///
/// which rises along the same way, and follow its gradient scaled to the size of 1 at the logits.
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
    /// By how much a class of each image, `[n]`, leads; takes 2 classes.
    TargetedMargin(&'a Tensor),
    /// The log-probability of the likeliest wrong class; takes 2 classes.
    Confident,
}

impl Objective<'_> {
    /// The fewest classes for which there is a targeted difference of logits ratio.
    pub(crate) const TARGETED_DLR_CLASSES: i64 = 4;

    /// The loss of each image, `[n]`, and what the model makes of it, without a graph.
    ///
    /// `x`: `[n, c, h, w]`, `y`: `[n]`.
    ///
    /// # Errors
    /// [`ModelFault::Model`] when the model fails; [`ModelFault::Logits`] and
    /// [`ModelFault::NotFinite`] when its logits are no use; [`ModelFault::Label`] for labels out of
    /// range; [`ModelFault::Classes`] when the model has fewer classes than the loss takes.
    pub fn judge(
        &self,
        model: &dyn Classifier,
        x: &Tensor,
        y: &Tensor,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<Judgement, ModelFault> {
        let _guard = tch::no_grad_guard();
        let (pass, height) = self.height(model, &channels_last(x), y, ensemble_gradient)?;
        self.judgement(&pass, &height, y)
    }

    /// The same, and the gradient of the sum of the losses with respect to `x`, shaped as `x`: one
    /// forward pass gives all.
    ///
    /// # Errors
    /// Those of [`Objective::judge`]; [`ModelFault::NoGradient`] when no gradient reaches the images.
    pub fn differentiate(
        &self,
        model: &dyn Classifier,
        x: &Tensor,
        y: &Tensor,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<(Judgement, Tensor), ModelFault> {
        let (judgement, rise) = self.rise(model, x, y, ensemble_gradient)?;
        let gradient = rise.gradient(self.slope(&judgement.height).as_ref());
        Ok((judgement, gradient))
    }

    /// The same, with a positive multiple of each image's gradient that does not vanish where the model is sure: all
    /// that a step of a given length asks for.
    pub(crate) fn ascend(
        &self,
        model: &dyn Classifier,
        x: &Tensor,
        y: &Tensor,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<(Judgement, Tensor), ModelFault> {
        let (judgement, rise) = self.rise(model, x, y, ensemble_gradient)?;
        Ok((judgement, rise.direction))
    }

    fn rise(
        &self,
        model: &dyn Classifier,
        x: &Tensor,
        y: &Tensor,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<(Judgement, Rise), ModelFault> {
        let (pass, height) = self.height(model, &leaf(x), y, ensemble_gradient)?;
        let judgement = self.judgement(&pass, &height, y)?;
        let rise = pass.rise(&height, false, Some(&judgement.wrong))?;
        Ok((judgement, rise))
    }

    /// What a judgement's height is, `[n]` with its graph, and the pass that it is of.
    fn height(
        &self,
        model: &dyn Classifier,
        x: &Tensor,
        y: &Tensor,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<(Pass, Tensor), ModelFault> {
        logits::labels_fit(y, model.classes())?;
        self.classes_suffice(model.classes())?;
        let pass = Pass::over(model, x)?;
        let height = match ensemble_gradient {
            EnsembleGradient::Predictive => self.of_logits(&pass.combined()?, y)?,
            EnsembleGradient::MemberMean => self.mean(&self.of_logits(pass.members(), y)?)?,
        };
        logits::finite("loss", &height)?;
        Ok((pass, height))
    }

    fn judgement(&self, pass: &Pass, height: &Tensor, y: &Tensor) -> Result<Judgement, ModelFault> {
        let height = height.detach();
        Judgement::new(self.loss(&height), height, pass.answer()?, y)
    }

    /// The height of each image, `[.., n]`, of logits `[.., n, classes]`; in single precision the loss.
    fn of_logits(&self, z: &Tensor, y: &Tensor) -> Result<Tensor, ModelFault> {
        match self {
            Self::CrossEntropy if z.kind() == Kind::Double => {
                log_surprise(&(others(z, y)?.f_logsumexp([-1i64].as_slice(), false)? - at_labels(z, y)?))
            }
            Self::Confident if z.kind() == Kind::Double => {
                let likeliest = others(z, y)?.f_argmax(-1, false)?;
                let rest = others_of_each(z, &likeliest)?.f_logsumexp([-1i64].as_slice(), false)?;
                Ok(-log_surprise(&(rest - at_each(z, &likeliest)?))?)
            }
            _ => self.loss_of_logits(z, y),
        }
    }

    /// The height of the mean over members of losses with these heights, `[S, n]`.
    fn mean(&self, heights: &Tensor) -> Result<Tensor, ModelFault> {
        let members = heights.size()[0] as f64;
        let log_mean = |logs: &Tensor| Ok(logs.f_logsumexp([0i64].as_slice(), false)? - members.ln());
        match (self, heights.kind()) {
            (Self::CrossEntropy, Kind::Double) => log_mean(heights),
            (Self::Confident, Kind::Double) => Ok(-log_mean(&heights.f_neg()?)?),
            (_, kind) => Ok(heights.f_mean_dim(0, false, kind)?),
        }
    }

    /// The losses of these heights.
    fn loss(&self, height: &Tensor) -> Tensor {
        match (self, height.kind()) {
            (Self::CrossEntropy, Kind::Double) => height.exp(),
            (Self::Confident, Kind::Double) => -(-height).exp(),
            _ => height.shallow_clone(),
        }
    }

    /// How fast the loss rises with its height, `[n]`; `None` where they are the same.
    fn slope(&self, height: &Tensor) -> Option<Tensor> {
        match (self, height.kind()) {
            (Self::CrossEntropy | Self::Confident, Kind::Double) => Some(self.loss(height).abs()),
            _ => None,
        }
    }

    /// The loss itself, `[.., n]`.
    fn loss_of_logits(&self, z: &Tensor, y: &Tensor) -> Result<Tensor, ModelFault> {
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
            Self::TargetedMargin(targets) => Ok(at_labels(z, targets)? - at_labels(z, y)?),
            Self::Confident => Ok(others(&z.f_log_softmax(-1, Kind::Float)?, y)?.f_amax([-1], false)?),
        }
    }

    /// Refuses models with fewer classes than the loss orders.
    pub(crate) fn classes_suffice(&self, classes: i64) -> Result<(), ModelFault> {
        let (loss, needed) = match self {
            Self::CrossEntropy => ("cross-entropy", 2),
            Self::Margin => ("margin", 2),
            Self::Dlr => ("dlr", 3),
            Self::TargetedDlr(_) => ("targeted dlr", Self::TARGETED_DLR_CLASSES),
            Self::TargetedMargin(_) => ("targeted margin", 2),
            Self::Confident => ("confident", 2),
        };
        if classes < needed { Err(ModelFault::Classes { loss, needed, classes }) } else { Ok(()) }
    }
}

/// `max_{j != y} z_j - z_y`: `[.., n]` of `[.., n, classes]`.
pub(crate) fn margin(z: &Tensor, y: &Tensor) -> Result<Tensor, ModelFault> {
    Ok(others(z, y)?.f_amax([-1], false)? - at_labels(z, y)?)
}

/// The logarithm of `log(1 + exp(m))`, which is the surprise at a class against which the odds are `exp(m)`.
///
/// Below -30 it is `m` to the last bit of double precision, and the surprise soon smaller than any number.
fn log_surprise(m: &Tensor) -> Result<Tensor, ModelFault> {
    const SURE: f64 = -30.0;
    let surprise = m.f_clamp_min(SURE)?.f_neg()?.f_log_sigmoid()?.f_neg()?;
    Ok(surprise.f_log()?.f_where_self(&m.f_gt(SURE)?, m)?)
}

/// The entries of `[.., n, classes]` at one class each, `[.., n]`.
fn at_each(z: &Tensor, class: &Tensor) -> Result<Tensor, ModelFault> {
    Ok(z.f_gather(-1, &class.f_unsqueeze(-1)?, false)?.f_squeeze_dim(-1)?)
}

/// Those with minus infinity at one class each.
fn others_of_each(z: &Tensor, class: &Tensor) -> Result<Tensor, ModelFault> {
    Ok(z.f_scatter_value(-1, &class.f_unsqueeze(-1)?, f64::NEG_INFINITY)?)
}

/// The logits with minus infinity at the labels.
pub(crate) fn others(z: &Tensor, y: &Tensor) -> Result<Tensor, ModelFault> {
    Ok(z.f_scatter_value(-1, &label_index(z, y)?, f64::NEG_INFINITY)?)
}

#[cfg(test)]
mod tests;
