//! Small classifiers whose gradients are known.

use bal_core::{Classifier, ClassifierError, Prediction};
use tch::{Kind, TchError, Tensor};

/// An ensemble of linear classifiers: `z_s = W_s x + b_s`.
#[derive(Debug)]
pub(crate) struct Linear {
    /// `[S, classes, pixels]`; requires a gradient, as the weights of a network being trained do.
    pub(crate) weights: Tensor,
    /// `[S, 1, classes]`.
    pub(crate) bias: Tensor,
    pub(crate) prediction: Prediction,
}

impl Linear {
    pub(crate) fn new(weights: &Tensor, bias: &Tensor, prediction: Prediction) -> Self {
        Self {
            weights: weights.to_kind(Kind::Float).set_requires_grad(true),
            bias: bias.to_kind(Kind::Float).unsqueeze(1),
            prediction,
        }
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let pixels = x.f_flatten(1, -1)?.f_unsqueeze(0)?;
        pixels.f_matmul(&self.weights.f_transpose(1, 2)?)?.f_add(&self.bias)
    }
}

impl Classifier for Linear {
    fn classes(&self) -> i64 {
        self.weights.size()[1]
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        self.apply(x).map_err(|source| ClassifierError::Refused { shape: x.size(), source })
    }

    fn prediction(&self) -> Prediction {
        self.prediction
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self {
            weights: self.weights.detach(),
            bias: self.bias.detach(),
            prediction: self.prediction,
        })
    }
}

/// The linear ensemble with these weights and biases.
pub(crate) fn linear<const K: usize, const D: usize>(
    weights: &[[[f64; D]; K]],
    bias: &[[f64; K]],
    prediction: Prediction,
) -> Linear {
    let [members, classes] = [weights.len() as i64, K as i64];
    let weights = Tensor::from_slice(&weights.concat().concat()).reshape([members, classes, -1]);
    Linear::new(&weights, &Tensor::from_slice(&bias.concat()).reshape([members, classes]), prediction)
}

/// Members with logits `(0, w_s x)`.
pub(crate) fn two_class<const D: usize>(weights: &[[f64; D]], prediction: Prediction) -> Linear {
    let weights: Vec<[[f64; D]; 2]> = weights.iter().map(|&w| [[0.0; D], w]).collect();
    linear(&weights, &vec![[0.0; 2]; weights.len()], prediction)
}

/// One member with logits `(0, sum_j sin(25 x_j), sum_j cos(9 x_j) / 2 - 6, sum_j sin(14 x_j) / 3 - 7)`:
/// several maxima in a ball. The last two classes are never the first.
#[derive(Debug)]
pub(crate) struct Bumpy;

impl Classifier for Bumpy {
    fn classes(&self) -> i64 {
        4
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let sum = |x: Tensor| x.flatten(1, -1).sum_dim_intlist(-1, false, Kind::Float);
        let z = sum((x * 25.0).sin());
        let (third, fourth) = (sum((x * 9.0).cos()) / 2.0 - 6.0, sum((x * 14.0).sin()) / 3.0 - 7.0);
        Ok(Tensor::stack(&[z.zeros_like(), z, third, fourth], -1).unsqueeze(0))
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanProbability
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self)
    }
}

/// A model whose answers have no gradient.
pub(crate) struct Detached(pub(crate) Box<dyn Classifier>);

impl Classifier for Detached {
    fn classes(&self) -> i64 {
        self.0.classes()
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        Ok(self.0.member_logits(x)?.detach())
    }

    fn prediction(&self) -> Prediction {
        self.0.prediction()
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self(self.0.replicate()))
    }
}
