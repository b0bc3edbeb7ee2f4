//! One pass of a model over images, and the way back through it.

use crate::{ModelFault, gradient, logits, tally};
use bal_core::{Classifier, ClassifierError, Prediction};
use tch::{Kind, Tensor};

/// A model's logits for images, of which functions can be differentiated with respect to the images.
///
/// The network computes in its own precision. What is made of its logits is made in double
/// ([`Classifier::loss_kind`]): for a model that is sure it is differences of numbers next to 0 and 1. Before a
/// gradient goes back through the network, where single precision would round it to nothing, it is scaled image by
/// image, by a power of two, so that its greatest entry at the logits lies in `[1/2, 1)`.
pub(crate) struct Pass {
    x: Tensor,
    /// As the model gives them, with a graph that leads to `x`.
    given: Tensor,
    /// What functions are made of, `[S, n, classes]`.
    members: Tensor,
    prediction: Prediction,
    kind: Kind,
}

/// Which way a function of the logits rises.
pub(crate) struct Rise {
    /// A positive multiple of each image's gradient, shaped as the images, finite.
    pub(crate) direction: Tensor,
    /// For each image, `[n]` in double precision, the number by which that was divided; `None` where it is the gradient
    /// itself.
    pub(crate) length: Option<Tensor>,
}

impl Pass {
    /// Shows `x`, `[n, c, h, w]`, to the model; a leaf, where there is something to differentiate.
    ///
    /// # Errors
    /// [`ModelFault::Model`] when the model fails, [`ModelFault::Logits`] when its logits are no use.
    pub(crate) fn over(model: &dyn Classifier, x: &Tensor) -> Result<Self, ModelFault> {
        let given = logits::of_members(model, x)?;
        let kind = model.loss_kind();
        let members = match kind {
            Kind::Double => given.f_detach()?.f_to_kind(kind)?.f_set_requires_grad(given.requires_grad())?,
            _ => given.shallow_clone(),
        };
        Ok(Self { x: x.shallow_clone(), given, members, prediction: model.prediction(), kind })
    }

    /// Every member's logits, `[S, n, classes]`, in the precision of losses.
    pub(crate) fn members(&self) -> &Tensor {
        &self.members
    }

    /// The combined prediction, `[n, classes]`, in the precision of losses.
    pub(crate) fn combined(&self) -> Result<Tensor, ModelFault> {
        self.combine(&self.members)
    }

    /// The combined prediction as [`Classifier::logits`] has it, `[n, classes]` without a graph: what decides of which
    /// class an image is.
    pub(crate) fn answer(&self) -> Result<Tensor, ModelFault> {
        self.combine(&self.given.f_detach()?)
    }

    fn combine(&self, members: &Tensor) -> Result<Tensor, ModelFault> {
        Ok(self.prediction.combine(members).map_err(ClassifierError::from)?)
    }

    /// Which way `value`, `[n]` made of these logits, rises; `again` where another of its kind will follow.
    ///
    /// The gradients count among those that the attack took, but for the images that are `wrong`, `[n]`, already: what
    /// they are told does not matter any more, and of some losses it is nothing.
    ///
    /// # Errors
    /// [`ModelFault::NoGradient`] where none reaches the images, [`ModelFault::NotFinite`].
    pub(crate) fn rise(
        &self,
        value: &Tensor,
        again: bool,
        wrong: Option<&Tensor>,
    ) -> Result<Rise, ModelFault> {
        let rise = self.uncounted(value, again)?;
        tally::note(&rise.direction, wrong)?;
        Ok(rise)
    }

    fn uncounted(&self, value: &Tensor, again: bool) -> Result<Rise, ModelFault> {
        if self.kind != Kind::Double {
            let direction = gradient::uncounted(value, &self.x, again)?;
            return Ok(Rise { direction, length: None });
        }
        if !self.given.requires_grad() || !value.requires_grad() {
            return Err(ModelFault::NoGradient);
        }
        let at_logits = Tensor::f_run_backward(&[value], &[&self.members], again, false)?;
        let at_logits = at_logits.into_iter().find(Tensor::defined).ok_or(ModelFault::NoGradient)?;
        let greatest = at_logits.f_abs()?.f_amax([0i64, 2].as_slice(), false)?;
        let length = if greatest.device().is_cuda() {
            powers_above(&greatest)?
        } else {
            read_powers_above(&greatest)?
        };
        let scaled = at_logits.f_div(&length.f_reshape([1, -1, 1])?)?.f_to_kind(self.given.kind())?;
        let along = self.given.f_mul(&scaled)?;
        let direction = gradient::uncounted(&along, &self.x, again)?;
        Ok(Rise { direction, length: Some(length) })
    }
}

impl Rise {
    /// The gradient itself, of a function whose slope along the one that was differentiated is `slope`, `[n]`.
    pub(crate) fn gradient(&self, slope: Option<&Tensor>) -> Tensor {
        let factor = match (&self.length, slope) {
            (None, _) => return self.direction.shallow_clone(),
            (Some(length), None) => length.shallow_clone(),
            (Some(length), Some(slope)) => length * slope,
        };
        &self.direction * factor.to_kind(self.direction.kind()).reshape([-1, 1, 1, 1])
    }
}

/// [`power_above`] each of these numbers.
///
/// # Errors
/// [`ModelFault::NotFinite`].
fn read_powers_above(greatest: &Tensor) -> Result<Tensor, ModelFault> {
    let greatest = Vec::<f64>::try_from(greatest)?;
    if let Some(row) = greatest.iter().position(|greatest| !greatest.is_finite()) {
        return Err(ModelFault::NotFinite { what: "gradient", row });
    }
    let lengths: Vec<f64> = greatest.into_iter().map(power_above).collect();
    Ok(Tensor::f_from_slice(&lengths)?)
}

/// The same on a device, which is not waited for: what is not finite is found in the gradient that is made of it.
fn powers_above(greatest: &Tensor) -> Result<Tensor, ModelFault> {
    let (_, exponent) = greatest.f_frexp()?;
    let is_small = exponent.f_le(-1022)?;
    let exponent = exponent.f_masked_fill(&is_small, 0.0)?;
    Ok(greatest.f_ones_like()?.f_ldexp(&exponent)?)
}

/// The least power of two above a finite number >= 0; 1 for 0 and for what is too small to have one.
fn power_above(number: f64) -> f64 {
    let exponent = (number.to_bits() >> 52) as i64 - 1022;
    if exponent <= -1022 { 1.0 } else { 2f64.powi(exponent as i32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_divided_by_the_power_of_two_above_them() {
        for (number, power) in
            [(1.0, 2.0), (0.75, 1.0), (0.5, 1.0), (0.49, 0.5), (3.0, 4.0), (0.0, 1.0), (5e-324, 1.0)]
        {
            assert!((power_above(number) - power).abs() < f64::EPSILON, "{number}: {}", power_above(number));
        }
        let all = [1.0, 0.75, 0.5, 0.49, 3.0, 0.0, 5e-324, 1e-300, 1e300, 7.3e-41, f64::MIN_POSITIVE];
        let on_device = powers_above(&Tensor::from_slice(&all)).unwrap();
        for (found, number) in Vec::<f64>::try_from(on_device).unwrap().into_iter().zip(all) {
            assert!((found / power_above(number) - 1.0).abs() < 1e-15, "{number}: {found}");
        }
        for number in [1e-300, 1e300, 7.3e-41] {
            let share = number / power_above(number);
            assert!((0.5..1.0).contains(&share), "{number}: {share}");
        }
    }
}
