//! A linear classifier with two classes, and the best that any attack can do to it.

use super::{Linear, shades};
use crate::{Ball, Norm, loss};
use bal_core::{Batch, EnsembleGradient, Prediction, Replicate};
use tch::{Kind, Tensor};

const W: [f64; 6] = [1.5, -0.7, 0.2, -2.0, 0.9, 0.4];
const B: f64 = -0.3;

/// Logits `(0, w x + b)`; images around mid-grey with both labels.
pub(crate) struct LinearProblem {
    pub(crate) model: Linear,
    pub(crate) batch: Batch,
}

impl LinearProblem {
    pub(crate) fn new() -> Self {
        let model = super::linear(&[[[0.0; 6], W]], &[[0.0, B]], Prediction::MeanProbability);
        Self { model, batch: shades(9) }
    }

    /// The same classifier with more images.
    pub(crate) fn of_images(n: i64) -> Self {
        Self { batch: shades(n), ..Self::new() }
    }

    /// `w x + b` for each image where the label is 0, minus that where it is 1: how wrong it is.
    pub(crate) fn wrongness(&self) -> Tensor {
        let x = self.batch.x.to_kind(Kind::Double).flatten(1, -1);
        (x.mv(&Tensor::from_slice(&W)) + B) * self.signs()
    }

    /// The dual norm of w: how much an attack of radius 1 adds to the wrongness.
    pub(crate) fn slope(norm: Norm) -> f64 {
        match norm {
            Norm::LInf => W.iter().map(|w| w.abs()).sum(),
            Norm::L2 => W.iter().map(|w| w * w).sum::<f64>().sqrt(),
        }
    }

    /// The point of the ball with the highest loss: a step of the radius along `sign(w)` or
    /// `w / ||w||`, away from the label.
    pub(crate) fn optimum(&self, ball: &Ball) -> Tensor {
        let step = W.map(|w| match ball.norm() {
            Norm::LInf => w.signum(),
            Norm::L2 => w / Self::slope(Norm::L2),
        });
        let step = Tensor::from_slice(&step).reshape([1, 1, 2, 3]) * ball.radius();
        self.batch.x.to_kind(Kind::Double) + step * self.signs().reshape([-1, 1, 1, 1])
    }

    /// Checks `x` against the best point of the ball, and its loss against the closed form
    /// `log(1 + exp(wrongness + radius ||w||_*))`.
    pub(crate) fn assert_optimal(&self, ball: &Ball, x: &Tensor) {
        let gap = (x - self.optimum(ball)).abs().max().double_value(&[]);
        assert!(gap < 2e-6, "{} {gap}", ball.norm());
        let found =
            loss(&self.model, x, self.batch.classes().unwrap(), EnsembleGradient::Predictive).unwrap();
        let expected = (self.wrongness() + ball.radius() * Self::slope(ball.norm())).softplus();
        let gap = (found - expected).abs().max().double_value(&[]);
        assert!(gap < 1e-5, "{} {gap}", ball.norm());
    }

    /// Checks an attack that stops at an image's first error: images that are wrong already are as
    /// they were, those within reach are broken, and the others' wrongness has risen by at least
    /// this share of what the ball allows. An image is within reach when that share of it suffices.
    pub(crate) fn assert_decided(&self, ball: &Ball, x: &Tensor, share: f64) {
        let most = ball.radius() * Self::slope(ball.norm());
        let clean = Vec::<f64>::try_from(self.wrongness()).unwrap();
        let changed = Self {
            model: Self::new().model,
            batch: Batch { x: x.detach(), targets: self.batch.targets.replicate(), indices: vec![] },
        };
        let changed = Vec::<f64>::try_from(changed.wrongness()).unwrap();
        let mut seen = [0; 3];
        for (image, (&before, &after)) in clean.iter().zip(&changed).enumerate() {
            let case = if before > 0.0 {
                assert_eq!(x.get(image as i64), self.batch.x.get(image as i64), "image {image}");
                0
            } else if before + share * most > 1e-5 {
                assert!(after > -1e-6, "image {image} is within reach: {before} {most} {after}");
                1
            } else {
                let risen = (after - before) / most;
                assert!(after > 0.0 || risen > share - 1e-4, "image {image} rose by {risen} of the most");
                assert!(risen < 1.0 + 1e-4, "image {image} rose by {risen} of the most");
                2
            };
            seen[case] += 1;
        }
        assert!(seen.iter().all(|&count| count > 0), "{seen:?} of the three cases were seen");
    }

    /// 1 where the label is 0, -1 where it is 1.
    fn signs(&self) -> Tensor {
        1.0 - self.batch.classes().unwrap().to_kind(Kind::Double) * 2.0
    }
}
