//! A network of two layers in a ball so small that the best point is one of its corners.

use super::shades;
use crate::{Judgement, Objective, predicted_classes};
use bal_core::{Batch, Classifier, ClassifierError, EnsembleGradient, Prediction, Targets};
use tch::{Kind, TchError, Tensor};

/// Four classes of images of 1 x 2 x 3 pixels, by five rectifiers.
#[derive(Debug)]
pub(crate) struct Network {
    first: Tensor,
    first_bias: Tensor,
    second: Tensor,
}

impl Network {
    fn new() -> Self {
        // Numbers without a pattern.
        let numbers = |count: usize, seed: f64| -> Tensor {
            let value =
                |k: usize| ((k as f64 + seed) * 12.9898).sin().mul_add(999.0, 1000.0).fract() * 4.0 - 2.0;
            Tensor::from_slice(&(1..=count).map(value).collect::<Vec<_>>()).to_kind(Kind::Float)
        };
        Self {
            first: numbers(30, 0.3).reshape([5, 6]),
            first_bias: numbers(5, 7.1) * 0.3,
            second: numbers(20, 3.7).reshape([4, 5]) * 0.4,
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

/// The network, and images that it has right, with one runner-up, in all of the ball.
pub(crate) struct TwoLayers {
    pub(crate) model: Network,
    pub(crate) batch: Batch,
}

impl TwoLayers {
    /// Radius of the L-infinity ball.
    pub(crate) const RADIUS: f64 = 0.002;

    pub(crate) fn new() -> Self {
        let model = Network::new();
        let batch = shades(40);
        let y = predicted_classes(&model, &batch.x).unwrap();
        let problem = Self { model, batch: Batch { targets: Targets::Classes(y), ..batch } };
        // Where the second class changes within the ball, the margin has a bend that single pixels
        // do not get over.
        let at = |corner| {
            let Judgement { wrong, logits, .. } = problem.at(&problem.corner(corner), Objective::Margin);
            (wrong, logits.topk(2, -1, true, true).1.select(1, 1))
        };
        let (mut bad, second) = at(0);
        // Where a rectifier bends in the ball, the logits at opposite corners do not have their mean in
        // the middle.
        let logits = |x: &Tensor| problem.at(x, Objective::Margin).logits;
        for corner in 0..32 {
            let sum = logits(&problem.corner(corner)) + logits(&problem.corner(63 - corner));
            let bend = (sum - logits(&problem.batch.x) * 2.0).abs().amax([1], false);
            bad = bad.logical_or(&bend.gt(1e-5));
        }
        for (wrong, other) in (1..64).map(at) {
            bad = bad.logical_or(&wrong).logical_or(&other.ne_tensor(&second));
        }
        let kept: Vec<i64> = (0..40).filter(|&row| bad.int64_value(&[row]) == 0).collect();
        assert!(kept.len() > 15, "the ball is too large");
        let batch = crate::found::select(&problem.batch, &kept).unwrap();
        Self { batch, ..problem }
    }

    /// One of the 64 corners of every image's ball. The network is linear there, and of a linear function,
    /// a convex one of it or a ratio of two the greatest value is at a corner.
    fn corner(&self, number: i64) -> Tensor {
        let signs: Vec<f32> = (0..6).map(|pixel| if number >> pixel & 1 == 1 { 1.0 } else { -1.0 }).collect();
        &self.batch.x + Tensor::from_slice(&signs).reshape([1, 1, 2, 3]) * Self::RADIUS
    }

    /// The class that is second on each image.
    pub(crate) fn runner_up(&self) -> Tensor {
        self.at(&self.batch.x, Objective::Margin).logits.topk(2, -1, true, true).1.select(1, 1)
    }

    fn at(&self, x: &Tensor, loss: Objective) -> Judgement {
        loss.judge(&self.model, x, self.batch.classes().unwrap(), EnsembleGradient::Predictive).unwrap()
    }

    /// Checks that the loss of every image has risen by what the best corner gives.
    pub(crate) fn assert_best_corner(&self, loss: Objective, x: &Tensor) {
        let of = |x: &Tensor| self.at(x, loss).loss;
        let clean = of(&self.batch.x);
        let corners: Vec<Tensor> = (0..64).map(|corner| of(&self.corner(corner)) - &clean).collect();
        let best = Tensor::stack(&corners, 0).amax(&[0i64][..], false);
        let shares = Vec::<f64>::try_from(((of(x) - &clean) / &best).to_kind(Kind::Double)).unwrap();
        assert!(shares.iter().all(|&s| s > 1.0 - 2e-3 && s < 1.0 + 2e-3), "{loss:?}: {shares:?}");
    }
}
