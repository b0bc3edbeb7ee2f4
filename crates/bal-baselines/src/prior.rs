//! The law of the weights before any data.

use crate::settings::check;
use bal_core::{Position, TrainError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// The law of the weights before any data: independent, and the same for each; or with a precision for each tensor of weights,
/// which is sampled too.
///
/// | prior | density of a weight | energy |
/// |---|---|---|
/// | flat | constant, improper | 0 |
/// | `gaussian` | normal, standard deviation s | `w^2 / (2 s^2)` |
/// | `laplace` | `exp(-|w|/b) / (2 b)`, standard deviation `2^1/2 b` | `|w| / b` |
/// | `student_t` | t with nu degrees of freedom, times s | `(nu + 1)/2 log(1 + w^2 / (nu s^2))` |
/// | `hierarchical` | normal of precision beta, which each tensor has for itself, `beta ~ Gamma(a, b)` | `beta w^2 / 2` |
///
/// At 0 the Laplace density has a kink, where the gradient is taken as 0. With few degrees of freedom the t has no variance (nu of 2 or
/// less); a Gaussian is its limit for many.
///
/// With the precisions integrated out, the weights of a tensor are jointly t with 2a degrees of freedom and scale `(b/a)^1/2`.
///
/// Source: Ye & Zhu, NeurIPS 2018, section 2 (`p(w)` and its hyperparameter); Laplace and t as in Fortuin et al., ICLR 2022;
/// precisions of layers as in Neal, Bayesian Learning for Neural Networks, 1996, section 3.2.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prior {
    /// None. Improper on a network with `ReLU`s: layers can be scaled against each other.
    Flat,
    /// Each weight normal with this standard deviation, above 0.
    Gaussian(f64),
    /// Each weight Laplace with this scale b, above 0.
    Laplace(f64),
    /// Each weight Student's t.
    StudentT(StudentT),
    /// Each weight normal; its precision is that of its tensor, has a Gamma prior, and is drawn after each sweep.
    Hierarchical(GammaPrior),
}

/// The prior of a precision: density proportional to `beta^(a - 1) exp(-b beta)`, of mean a/b.
///
/// A rate of .01 and a shape of 1 have precisions about 100, weights about .1.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GammaPrior {
    /// Shape a, above 1/2: a precision then has a likeliest value at any temperature, whatever the weights.
    pub shape: f64,
    /// Rate b, above 0.
    pub rate: f64,
}

/// A scaled Student's t distribution.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudentT {
    /// Scale s, above 0.
    pub scale: f64,
    /// Degrees of freedom nu, above 0.
    pub degrees: f64,
}

impl Prior {
    /// Refuses scales that are not finite and above 0.
    pub(crate) fn check(&self) -> Result<(), TrainError> {
        let above_0 = |name: &str, value: f64| {
            let good = value.is_finite() && value > 0.0;
            check(&format!("parameters.prior.{name}"), value, good, "it must be finite and above 0")
        };
        match *self {
            Self::Flat => Ok(()),
            Self::Gaussian(scale) => above_0("gaussian", scale),
            Self::Laplace(scale) => above_0("laplace", scale),
            Self::StudentT(StudentT { scale, degrees }) => {
                above_0("student_t.scale", scale)?;
                above_0("student_t.degrees", degrees)
            }
            Self::Hierarchical(GammaPrior { shape, rate }) => {
                let good = shape.is_finite() && shape > 0.5;
                check("parameters.prior.hierarchical.shape", shape, good, "it must be finite and above 0.5")?;
                above_0("hierarchical.rate", rate)
            }
        }
    }
}

/// Minus the logarithm of the prior's density over the number of training images N: its part of the mean over the images.
#[derive(Clone, Debug)]
pub struct PriorEnergy {
    law: Law,
    images: f64,
}

#[derive(Clone, Debug)]
enum Law {
    /// Of the weights alone.
    Of(Prior),
    /// Normal, given the precision of each tensor.
    Given(Vec<f64>),
}

impl PriorEnergy {
    /// The part of `prior` in the energy of a mean over so many training images, at least 1. Of a hierarchical prior the precisions
    /// are integrated out: the tensors of weights are then independent multivariate t.
    pub fn new(prior: Prior, images: u64) -> Self {
        Self { law: Law::Of(prior), images: images as f64 }
    }

    /// The part of a hierarchical prior given the precision of each tensor of weights, in their order.
    pub fn given(precisions: Vec<f64>, images: u64) -> Self {
        Self { law: Law::Given(precisions), images: images as f64 }
    }

    /// No prior.
    pub fn none() -> Self {
        Self::new(Prior::Flat, 1)
    }

    /// Whether it is nowhere anything but 0.
    pub(crate) fn is_none(&self) -> bool {
        matches!(self.law, Law::Of(Prior::Flat))
    }

    /// `-log p(w) / N` up to a constant: `[]`, differentiable in `at`.
    pub fn energy(&self, at: &Position) -> Tensor {
        let sum = |of: &dyn Fn(usize, &Tensor) -> Tensor| {
            let parts = at.tensors().iter().enumerate().map(|(group, w)| of(group, w).sum(Kind::Float));
            parts.reduce(|a, b| a + b).unwrap_or_default()
        };
        let prior = match &self.law {
            Law::Of(prior) => *prior,
            Law::Given(precisions) => {
                return sum(&|group, w| w.square() * (0.5 * precisions[group] / self.images));
            }
        };
        match prior {
            Prior::Flat => Tensor::zeros([], (Kind::Float, at.first().device())),
            Prior::Gaussian(scale) => sum(&|_, w| w.square()) * (0.5 * self.precision(scale)),
            Prior::Laplace(scale) => sum(&|_, w| w.abs()) / (scale * self.images),
            Prior::StudentT(t) => {
                let spread = t.degrees * t.scale.powi(2);
                sum(&|_, w| (w.square() / spread).log1p()) * (0.5 * (t.degrees + 1.0) / self.images)
            }
            Prior::Hierarchical(GammaPrior { shape, rate }) => sum(&|_, w| {
                let power = shape + 0.5 * w.numel() as f64;
                (w.square().sum(Kind::Float) / (2.0 * rate)).log1p() * (power / self.images)
            }),
        }
    }

    /// Adds the gradient of [`Self::energy`] to `gradient`.
    pub fn add_gradient(&self, at: &Position, gradient: &mut Position) {
        for (group, (g, w)) in gradient.tensors_mut().iter_mut().zip(at.tensors()).enumerate() {
            if let Some(mine) = self.slope(group, w) {
                let _ = g.g_add_(&mine);
            }
        }
    }

    /// The energies of several chains at a stack of their weights, `[S]`; their gradients are added to `gradient`. `None` where all
    /// are 0.
    pub(crate) fn of_all(priors: &[Self], at: &Position, gradient: &mut Position) -> Option<Tensor> {
        let first = priors.first().filter(|first| !first.is_none())?;
        if let Law::Of(Prior::Gaussian(_) | Prior::Laplace(_) | Prior::StudentT(_)) = first.law {
            // The same for each weight, whichever chain it is of.
            first.add_gradient(at, gradient);
            return Some(first.energies(at));
        }
        let chains = priors.iter().zip(0..).map(|(prior, chain)| {
            let here = at.row(chain);
            prior.add_gradient(&here, &mut gradient.row(chain));
            prior.energy(&here).to_kind(Kind::Double)
        });
        Some(Tensor::stack(&chains.collect::<Vec<_>>(), 0))
    }

    /// [`Self::energy`] of each chain of a stack, `[S]`, under a law that is the same for each weight.
    fn energies(&self, at: &Position) -> Tensor {
        let each = |w: &Tensor| match &self.law {
            Law::Of(Prior::Gaussian(scale)) => w.square() * (0.5 * self.precision(*scale)),
            Law::Of(Prior::Laplace(scale)) => w.abs() / (scale * self.images),
            Law::Of(Prior::StudentT(t)) => {
                (w.square() / (t.degrees * t.scale.powi(2))).log1p() * (0.5 * (t.degrees + 1.0) / self.images)
            }
            Law::Of(Prior::Flat | Prior::Hierarchical(_)) | Law::Given(_) => w.zeros_like(),
        };
        Position::new(at.tensors().iter().map(each).collect()).sums()
    }

    fn slope(&self, group: usize, w: &Tensor) -> Option<Tensor> {
        let prior = match &self.law {
            Law::Of(prior) => prior,
            Law::Given(precisions) => return Some(w * (precisions[group] / self.images)),
        };
        Some(match *prior {
            Prior::Flat => return None,
            Prior::Gaussian(scale) => w * self.precision(scale),
            Prior::Laplace(scale) => w.sign() / (scale * self.images),
            Prior::StudentT(t) => {
                let spread = t.degrees * t.scale.powi(2);
                w * ((t.degrees + 1.0) / self.images) / (w.square() + spread)
            }
            Prior::Hierarchical(GammaPrior { shape, rate }) => {
                let power = shape + 0.5 * w.numel() as f64;
                w * (power / self.images) / (w.square().sum(Kind::Float) * 0.5 + rate)
            }
        })
    }

    fn precision(&self, scale: f64) -> f64 {
        1.0 / (scale * scale * self.images)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::gradients;

    const PRIORS: [Prior; 5] = [
        Prior::Flat,
        Prior::Gaussian(0.3),
        Prior::Laplace(0.2),
        Prior::StudentT(StudentT { scale: 0.4, degrees: 3.0 }),
        Prior::Hierarchical(GammaPrior { shape: 1.5, rate: 0.24 }),
    ];

    fn position() -> Position {
        Position::new(vec![Tensor::from_slice(&[0.5f32, -1.25]), Tensor::from_slice(&[0.0f32, 2.0, -0.1])])
    }

    #[test]
    fn the_gradient_is_that_of_the_energy() {
        let given = PriorEnergy::given(vec![2.0, 7.0], 10);
        for energy in PRIORS.map(|prior| PriorEnergy::new(prior, 10)).into_iter().chain([given]) {
            let leaves: Vec<Tensor> =
                position().tensors().iter().map(|w| w.copy().set_requires_grad(true)).collect();
            let at = Position::of_leaves(leaves.iter().map(Tensor::shallow_clone).collect());
            let expected = gradients(&energy.energy(&at), &leaves);
            let mut found = position().full_like(1.0);
            energy.add_gradient(&position(), &mut found);
            for (found, expected) in found.tensors().iter().zip(expected) {
                assert!(found.allclose(&(expected + 1.0), 1e-6, 1e-7, false), "{energy:?}");
            }
        }
    }

    #[test]
    fn energies_are_minus_the_logarithms_of_the_densities() {
        let at = |w: f32| Position::new(vec![Tensor::from_slice(&[w])]);
        let difference = |prior| {
            let energy = |w| PriorEnergy::new(prior, 1).energy(&at(w)).double_value(&[]);
            energy(1.5) - energy(0.5)
        };
        // By hand: (1.5^2 - .5^2) / (2 .3^2), 1/.2, and 2 log((1 + 1.5^2/.48) / (1 + .5^2/.48)).
        let t = 2.0 * ((1.0 + 2.25 / 0.48) / (1.0f64 + 0.25 / 0.48)).ln();
        // Of one weight with its precision integrated out: t with 2a = 3 degrees and scale squared b/a = .16.
        for (prior, expected) in PRIORS.into_iter().zip([0.0, 2.0 / 0.18, 5.0, t, t]) {
            assert!((difference(prior) - expected).abs() < 1e-5, "{prior:?}: {}", difference(prior));
        }
    }

    #[test]
    fn scales_that_are_not_above_0_are_named() {
        for (prior, name) in [
            (Prior::Gaussian(-1.0), "parameters.prior.gaussian"),
            (Prior::Laplace(0.0), "parameters.prior.laplace"),
            (Prior::StudentT(StudentT { scale: f64::NAN, degrees: 3.0 }), "parameters.prior.student_t.scale"),
            (Prior::StudentT(StudentT { scale: 1.0, degrees: 0.0 }), "parameters.prior.student_t.degrees"),
            (
                Prior::Hierarchical(GammaPrior { shape: 0.5, rate: 1.0 }),
                "parameters.prior.hierarchical.shape",
            ),
            (Prior::Hierarchical(GammaPrior { shape: 1.0, rate: 0.0 }), "parameters.prior.hierarchical.rate"),
        ] {
            let error = prior.check().unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
