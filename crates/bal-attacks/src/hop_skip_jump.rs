//! `HopSkipJump`: seeks the nearest adversarial image by asking for classes alone.

mod boundary;
mod decisions;
mod direction;
mod elsewhere;
mod start;

use crate::{
    AttackError, ModelFault, NearestAttack, Norm, SettingError,
    attack_settings::settings,
    nearest::Nearest,
    range,
    still_robust::{StillRobust, beside, on_still_robust, per_image},
};
use bal_core::{Batch, Classifier, Images, NoiseStream};
use decisions::Decisions;
use direction::Direction;
use elsewhere::Elsewhere;
use start::Draws;
use std::sync::Arc;
use tch::{Kind, Tensor};

/// Most halvings of a step: single precision has no smaller ones.
const HALVINGS: usize = 40;

/// A walk along the boundary that sees predicted classes only; goes to the nearest adversarial image,
/// has no ball.
///
/// ```text
/// x_0    uniform noise that the model gets wrong, or an image of another class, brought to the boundary
/// v_t    the boundary's normal at x_t, estimated from classes around it (L2: v / ||v||, LInf: sign v)
/// step   ||x_t - x|| / sqrt(t), halved until x_t + step v_t is wrong
/// x_t+1  clip(x_t + step v_t, 0, 1), brought to the boundary by bisection
/// ```
///
/// The estimate takes `first_samples sqrt(t)` queries, at most `most_samples`. An image whose queries
/// do not pay for the next round is finished. The bisection goes to `d^(-3/2)` of the way in L2 and
/// `d^-2` in `LInf`, for d pixels, as in the paper, and never less far than to a thousandth.
///
/// A network of two classes may take all noise for one of them, and then no noise is wrong for the images of that class.
/// Such an image starts from the nearest of the images that [`NearestAttack::starting_among`] found in the data set, the first
/// of each class as the model sees them. Without any, as when the attack is used alone, it comes back
/// unchanged: no error was found, which says nothing about how near one is.
///
/// Images are `[n, c, h, w]` in `[0, 1]`. The model may have no gradients and need give nothing but
/// its preferred class; the scores of [`Classifier::logits`] are not used beyond their largest.
///
/// Source: Chen, Jordan & Wainwright, IEEE S&P 2020, algorithms 1 and 2, untargeted.
#[derive(Clone, Debug)]
pub struct HopSkipJump {
    settings: HopSkipJumpSettings,
    elsewhere: Option<Elsewhere>,
}

settings! {
    /// Settings of [`HopSkipJump`].
    HopSkipJumpSettings optional (draws, first_samples, most_samples) {
        /// Norm of the distance that the attack minimises: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Most images that the model is shown for one image, at least 1, the clean one and the final one
        /// not counted; the paper's curves end at 25,000.
        queries: u64 = 25_000,
        /// Most random images tried to begin with, at least 1.
        draws: u64 = 1000,
        /// Queries of the first estimate of a direction, `B_0`, at least 2; 100 in the paper.
        first_samples: u64 = 100,
        /// Most queries of an estimate, at least 2; 10,000 in the authors' code.
        most_samples: u64 = 10_000,
    }
}

impl HopSkipJump {
    /// `HopSkipJump` with these settings.
    ///
    /// # Errors
    /// [`SettingError::Zero`] for a count of zero, [`SettingError::OutOfRange`] for an estimate from one
    /// sample, which has no mean to compare with.
    pub fn new(settings: HopSkipJumpSettings) -> Result<Self, SettingError> {
        let HopSkipJumpSettings { norm: _, queries, draws, first_samples, most_samples } = settings;
        range::counts(&[
            ("queries", queries),
            ("first_samples", first_samples),
            ("most_samples", most_samples),
            ("draws", draws),
        ])?;
        for (setting, value) in [("first_samples", first_samples), ("most_samples", most_samples)] {
            if value < 2 {
                return Err(SettingError::OutOfRange { setting, range: ">= 2", value: value as f64 });
            }
        }
        Ok(Self { settings, elsewhere: None })
    }

    /// Queries of the estimate in round t.
    fn samples(&self, round: u64) -> u64 {
        let wanted = self.settings.first_samples as f64 * (round as f64).sqrt();
        (wanted as u64).clamp(2, self.settings.most_samples)
    }

    /// Goes from `x` along `v` as far as the image stays wrong, each row by its own step.
    ///
    /// `rows`: k rows of the still-robust images; `x`, `v`: `[k, c, h, w]`, `step`: `[k]`. `reserve` queries
    /// are left for what follows.
    fn stride(
        decisions: &mut Decisions,
        rows: &[i64],
        x: &Tensor,
        v: &Tensor,
        step: &Tensor,
        reserve: u64,
    ) -> Result<Tensor, ModelFault> {
        let mut reached = x.copy();
        let mut step = step.copy();
        let mut pending: Vec<usize> = (0..rows.len()).collect();
        for _ in 0..HALVINGS {
            pending.retain(|&at| decisions.left(rows[at]) > reserve);
            if pending.is_empty() {
                break;
            }
            let index = beside(x, &pending.iter().map(|&at| at as i64).collect::<Vec<_>>());
            let of = |values: &Tensor| values.index_select(0, &index);
            let trial = (of(x) + of(v) * per_image(&of(&step))).clamp(0.0, 1.0);
            let asked: Vec<i64> = pending.iter().map(|&at| rows[at]).collect();
            let wrong = decisions.ask(&asked, &trial)?;
            let kept = trial.where_self(&per_image(&beside(x, &wrong)), &of(&reached));
            reached = reached.index_copy(0, &index, &kept);
            let mut wrong = wrong.iter();
            pending.retain(|_| !wrong.next().copied().unwrap_or(true));
            step *= 0.5;
        }
        Ok(reached)
    }

    /// The walk of all still-robust images.
    fn walk(
        &self,
        model: &dyn Classifier,
        robust: &StillRobust,
        noise: &NoiseStream,
    ) -> Result<Tensor, ModelFault> {
        let mut decisions = Decisions::new(model, robust, self.settings.queries);
        let mut nearest = Nearest::new(self.settings.norm, &robust.x);
        let pixels = robust.x.numel() as f64 / robust.len() as f64;
        let halvings = boundary::halvings(self.settings.norm, pixels);
        let elsewhere = self.elsewhere.as_ref();
        let draws =
            Draws { most: self.settings.draws, reserve: halvings, elsewhere, norm: self.settings.norm };
        let (mut rows, mut x) = draws.find(&mut decisions, robust, noise)?;
        if rows.is_empty() {
            return Ok(nearest.images);
        }
        let mut round = 0;
        loop {
            let index = beside(&x, &rows);
            let clean = robust.x.index_select(0, &index);
            x = boundary::approach(&mut decisions, &rows, &clean, &x, self.settings.norm, halvings)?;
            nearest.offer_rows(&index, &x, &index.ones_like().to_kind(Kind::Bool));

            round += 1;
            let samples = self.samples(round);
            let going: Vec<i64> = (0..rows.len() as i64)
                .filter(|&at| decisions.left(rows[at as usize]) > samples + halvings)
                .collect();
            if going.is_empty() {
                return Ok(nearest.images);
            }
            rows = going.iter().map(|&at| rows[at as usize]).collect();
            let going = beside(&x, &going);
            x = x.index_select(0, &going);
            let clean = clean.index_select(0, &going);
            let distance = self.settings.norm.of_each(&(&x - clean)).reshape([-1]);
            let direction = Direction { norm: self.settings.norm, samples, round };
            let v = direction.estimate(&mut decisions, &rows, &x, &(&distance / pixels), noise)?;
            let step = &distance / (round as f64).sqrt();
            x = Self::stride(&mut decisions, &rows, &x, &v, &step, halvings)?;
        }
    }
}

impl NearestAttack for HopSkipJump {
    fn name(&self) -> &'static str {
        "hop-skip-jump"
    }

    fn norm(&self) -> Norm {
        self.settings.norm
    }

    fn search(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        on_still_robust(model, batch, |robust| self.walk(model, robust, noise))
    }

    fn starting_among(
        &self,
        model: &dyn Classifier,
        images: &Images,
    ) -> Result<Option<Arc<dyn NearestAttack>>, ModelFault> {
        let elsewhere = Some(Elsewhere::among(model, images)?);
        Ok(Some(Arc::new(Self { elsewhere, ..self.clone() })))
    }
}

#[cfg(test)]
mod round_tests;
#[cfg(test)]
mod tests;
