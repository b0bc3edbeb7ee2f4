//! Random search: the simplest attack that sees outputs only.

use crate::{AttackError, Ball, BallAttack, SettingError, logits};
use bal_core::{Batch, Classifier, NoiseStream, channels_last};
use tch::{Kind, Tensor};

/// Noise, kept where it helps; stays in its ball.
///
/// ```text
/// x_0 = clip(x + r steepest(g)),    g ~ N(0, I)
/// x_k+1 = the one with the lower margin of x_k and clip(project(x_k + 2 r m steepest(g))),    m_i ~ Bernoulli(0.1)
/// ```
///
/// The margin is the label's logit minus the greatest other. In the L-infinity ball proposals are
/// corners. Not meant to be strong: an attack with gradients that is weaker still is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomSearch {
    queries: u64,
}

/// The share of pixels that a proposal changes.
const CHANGED: f64 = 0.1;

impl RandomSearch {
    /// A search that asks the model `queries` times for each image; once is noise.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without queries.
    pub fn new(queries: u64) -> Result<Self, SettingError> {
        if queries == 0 {
            return Err(SettingError::Zero("queries"));
        }
        Ok(Self { queries })
    }
}

impl BallAttack for RandomSearch {
    fn name(&self) -> &'static str {
        "random-search"
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        logits::whole(batch)?;
        logits::labels_fit(batch.classes()?, model.classes())?;
        let _guard = tch::no_grad_guard();
        let radius = ball.radius();
        let mut streams = noise.for_chain(0).for_images(&batch.indices);
        let mut best = (&batch.x + ball.steepest(&streams.normal_like(&batch.x)) * radius).clamp(0.0, 1.0);
        let mut least = margin(model, &best, batch.classes()?)?;
        for query in 1..self.queries {
            let mut streams = noise.for_chain(query).for_images(&batch.indices);
            let step = ball.steepest(&streams.normal_like(&batch.x)) * (2.0 * radius);
            let mask = streams.uniform_like(&batch.x).lt(CHANGED).to_kind(batch.x.kind());
            let x = ball.project(&batch.x, &(&best + step * mask)).clamp(0.0, 1.0);
            let found = margin(model, &x, batch.classes()?)?;
            let better = found.lt_tensor(&least);
            best = x.where_self(&better.reshape([-1, 1, 1, 1]), &best);
            least = found.where_self(&better, &least);
        }
        Ok(best)
    }
}

/// The label's logit minus the greatest other, `[n]`; negative where the model errs.
fn margin(model: &dyn Classifier, x: &Tensor, y: &Tensor) -> Result<Tensor, AttackError> {
    let z = logits::combined(model, &channels_last(x))?.f_to_kind(Kind::Double)?;
    logits::finite("logit", &z)?;
    let index = y.f_unsqueeze(-1)?;
    let own = z.f_gather(-1, &index, false)?.f_squeeze_dim(-1)?;
    let others = z.f_scatter_value(-1, &index, f64::NEG_INFINITY)?.f_amax([-1], false)?;
    Ok(own.f_sub(&others)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Norm,
        tests::{LinearProblem, noise},
    };

    #[test]
    fn more_queries_leave_a_lower_margin_within_the_ball() {
        let problem = LinearProblem::new();
        for norm in [Norm::LInf, Norm::L2] {
            let ball = Ball::new(norm, 0.1).unwrap();
            let after = |queries| {
                let search = RandomSearch::new(queries).unwrap();
                let x = search.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
                assert!(ball.distance(&problem.batch.x, &x).max().double_value(&[]) < 0.1 + 1e-6);
                margin(&problem.model, &x, problem.batch.classes().unwrap()).unwrap()
            };
            let (few, many) = (after(1), after(60));
            assert!(bool::try_from(many.le_tensor(&few).all()).unwrap());
            assert!((few - many).sum(Kind::Double).double_value(&[]) > 0.1);
        }
        assert!(RandomSearch::new(0).is_err());
    }
}
