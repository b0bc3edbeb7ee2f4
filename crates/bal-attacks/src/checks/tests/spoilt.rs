//! A network that hides from attacks, in one way or another.

use super::network::Network;
use bal_core::{Classifier, ClassifierError, Prediction};
use tch::{Kind, TchError, Tensor};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// Nothing is wrong with logarithms of probabilities.
    LogSoftmax,
    Softmax,
    /// Noise on the logits, new in each pass.
    Noise,
    /// The mean image of the batch is taken away.
    LessTheBatchsMean,
    /// Images are rounded to black and white; the gradient of rounding is zero.
    Rounds,
    /// The softmax of such logits is 0 and 1 to the last bit of any precision; nothing is wrong with them.
    HugeLogits,
    /// No gradient at all.
    Detached,
    /// The gradient is infinite times zero.
    InfiniteSlope,
    /// Autograd sees the upper half of the image only.
    HalfDetached,
    /// The gradient has the wrong sign.
    Reversed,
    /// The gradient has the wrong sign wherever a pixel is no multiple of 1/255.
    MisleadsAwayFromImages,
}

#[derive(Debug)]
pub(super) struct Spoilt {
    pub(super) network: Network,
    pub(super) fault: Fault,
    pub(super) prediction: Prediction,
}

/// The same numbers with the gradient's sign turned.
fn reversed(x: &Tensor) -> Tensor {
    x.detach() * 2.0 - x
}

impl Spoilt {
    fn apply(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let of = |x: &Tensor| self.network.logits(x);
        Ok(match self.fault {
            Fault::LogSoftmax => of(x)?.f_log_softmax(-1, Kind::Float)?,
            Fault::Softmax => of(x)?.f_softmax(-1, Kind::Float)?,
            Fault::Noise => {
                let z = of(x)?;
                &z + z.randn_like() * 0.1
            }
            Fault::LessTheBatchsMean => of(&(x - x.f_mean_dim([0i64].as_slice(), true, Kind::Float)?))?,
            Fault::Rounds => of(&x.f_round()?)?,
            Fault::HugeLogits => of(x)? * 1e5,
            Fault::Detached => of(&x.detach())?,
            Fault::InfiniteSlope => {
                let z = of(x)?;
                &z + (&z - z.detach()).abs().sqrt()
            }
            Fault::HalfDetached => {
                let (upper, lower) = (x.f_narrow(2, 0, 14)?, x.f_narrow(2, 14, 14)?.detach());
                of(&Tensor::f_cat(&[upper, lower], 2)?)?
            }
            Fault::Reversed => of(&reversed(x))?,
            Fault::MisleadsAwayFromImages => {
                let bytes = x * 255.0;
                let on_grid = (&bytes - bytes.round()).abs().lt(1e-3);
                of(&x.where_self(&on_grid, &reversed(x)))?
            }
        })
    }
}

impl Classifier for Spoilt {
    fn classes(&self) -> i64 {
        10
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let logits = self.apply(x).map_err(|source| ClassifierError::Refused { shape: x.size(), source })?;
        Ok(logits.unsqueeze(0))
    }

    fn prediction(&self) -> Prediction {
        self.prediction
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self { network: Network::ordinary(), ..*self })
    }
}
