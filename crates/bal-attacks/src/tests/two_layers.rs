//! A network of two layers in a ball so small that the best point is one of its corners.

use super::shades;
use crate::{Judgement, LossName, predicted_classes};
use bal_core::{Batch, Classifier, ClassifierError, EnsembleGradient, Prediction};
use tch::{Kind, TchError, Tensor};

/// Four classes of images of 1 x 2 x 3 pixels, by five ReLUs.
#[derive(Debug)]
pub(crate) struct Network {
    first: Tensor,
    first_bias: Tensor,
    second: Tensor,
}

impl Network {
    fn new() -> Self {
        // Numbers without a pattern; frac(k * golden ratio) is as good as random.
        let numbers = |count: usize, seed: f64| -> Tensor {
            let value = |k: usize| ((k as f64 + seed) * 0.618_033_988_75).fract() * 4.0 - 2.0;
            Tensor::from_slice(&(1..=count).map(value).collect::<Vec<_>>()).to_kind(Kind::Float)
        };
        Self {
            first: numbers(30, 0.3).reshape([5, 6]),
            first_bias: numbers(5, 7.1) * 0.3,
            second: numbers(20, 3.7).reshape([4, 5]),
        }
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let hidden = x.f_flatten(1, -1)?.f_linear(&self.first, Some(&self.first_bias))?.f_relu()?;
        hidden.f_linear(&self.second, None::<Tensor>)?.f_unsqueeze(0)
    }
}

impl Classifier for Network {
    fn classes(&self) -> i64 {
        4
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        self.apply(x).map_err(|source| ClassifierError::Refused { shape: x.size(), source })
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanLogits
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        let Self { first, first_bias, second } = self;
        Box::new(Self { first: first.detach(), first_bias: first_bias.detach(), second: second.detach() })
    }
}

/// The network, and images that it has right and that no point of the ball changes.
pub(crate) struct TwoLayers {
    pub(crate) model: Network,
    pub(crate) batch: Batch,
}

impl TwoLayers {
    /// Radius of the L-infinity ball.
    pub(crate) const RADIUS: f64 = 0.002;

    pub(crate) fn new() -> Self {
        let model = Network::new();
        let batch = shades(12);
        let y = predicted_classes(&model, &batch.x).unwrap();
        let problem = Self { model, batch: Batch { y, ..batch } };
        let wrong =
            |corner| problem.at(&problem.corner(corner), LossName::Margin).wrong.any().int64_value(&[]);
        assert!((0..64).all(|corner| wrong(corner) == 0), "the ball is too large");
        problem
    }

    /// One of the 64 corners of every image's ball: the largest value of a convex loss on it, and the
    /// network is linear there.
    fn corner(&self, number: i64) -> Tensor {
        let signs: Vec<f32> = (0..6).map(|pixel| if number >> pixel & 1 == 1 { 1.0 } else { -1.0 }).collect();
        &self.batch.x + Tensor::from_slice(&signs).reshape([1, 1, 2, 3]) * Self::RADIUS
    }

    fn at(&self, x: &Tensor, loss: LossName) -> Judgement {
        loss.objective().judge(&self.model, x, &self.batch.y, EnsembleGradient::Predictive).unwrap()
    }

    /// Checks that the loss of every image has risen by at least this share of what the best corner
    /// gives, and by no more than all of it.
    pub(crate) fn assert_best_corner(&self, loss: LossName, x: &Tensor, share: f64) {
        let of = |x: &Tensor| self.at(x, loss).loss;
        let clean = of(&self.batch.x);
        let corners: Vec<Tensor> = (0..64).map(|corner| of(&self.corner(corner)) - &clean).collect();
        let best = Tensor::stack(&corners, 0).amax(&[0i64][..], false);
        let shares = Vec::<f64>::try_from(((of(x) - &clean) / &best).to_kind(Kind::Double)).unwrap();
        assert!(shares.iter().all(|&s| s > share - 2e-3 && s < 1.0 + 2e-3), "{shares:?}");
    }
}
