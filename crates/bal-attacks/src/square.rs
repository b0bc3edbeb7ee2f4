//! Random search with squares, without gradients.

mod l2;
mod linf;
mod schedule;

use crate::found::{Found, select, split, wide};
use crate::{AttackError, Ball, BallAttack, Judgement, Norm, SettingError, attack_settings::settings};
use bal_core::{Batch, Classifier, NoiseStream};
use schedule::{WHOLE, share};
use tch::Tensor;

/// The Square Attack: changes one square window after the other, and keeps what raises the margin;
/// stays in its ball.
///
/// ```text
/// x' = proposal(x),    x <- x' where margin(x') > margin(x)
/// ```
///
/// Only the model's answers are used, so it also attacks models whose gradients are masked or none.
/// L-infinity: vertical stripes of plus or minus the radius, then windows in which each channel is
/// set to plus or minus the radius. L2: a grid of bumps, then windows whose perturbation moves into
/// another one, together with the length that is not used up. Windows cover a share of the image
/// that falls with the queries. What is drawn for an image depends on its number and the query
/// alone. An image is left alone after its first point that fools the model; one that is wrong
/// already is not changed.
///
/// Source: Andriushchenko et al., ECCV 2020, Algorithms 1 to 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Square {
    queries: u64,
    initial_share: f64,
    rescale_schedule: bool,
}

settings! {
    /// Settings of [`Square`] by name.
    SquareSettings optional (rescale_schedule) {
        /// Norm of the ball: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Queries of an attack without gradients for each image, at least 1.
        queries: u64 = 5000,
        /// Share of an image's pixels that a random search changes at first, in `(0, 1]`.
        initial_share: f64 = 0.8,
        /// Whether the windows of a random search shrink in proportion to its queries, or after as many as in 10,000.
        rescale_schedule: bool = true,
    }
}

impl Square {
    /// The attack with this many `queries` of each image: the first for the initial
    /// point. `initial_share` of the pixels are in the first windows, in `(0, 1]`; [`crate::AutoAttack`]'s is 0.8. The
    /// schedule of windows is rescaled to the queries, see [`Square::rescaled`].
    ///
    /// # Errors
    /// [`SettingError::Zero`] without queries, [`SettingError::Share`] for a share out of range.
    pub fn new(queries: u64, initial_share: f64) -> Result<Self, SettingError> {
        if queries == 0 {
            return Err(SettingError::Zero("queries"));
        }
        if !(initial_share > 0.0 && initial_share <= 1.0) {
            return Err(SettingError::Share(initial_share));
        }
        Ok(Self { queries, initial_share, rescale_schedule: true })
    }

    /// The same; windows are halved after 10, 50, 200, 500, 1000, 2000, 4000, 6000 and 8000 of 10,000 queries, and with
    /// another number of queries in proportion where `rescale` says so, else after as many. [`crate::AutoAttack`] does not
    /// rescale, so its 5000 queries end with windows of a 128th of the first share rather than a 512th.
    #[must_use]
    pub fn rescaled(self, rescale: bool) -> Self {
        Self { rescale_schedule: rescale, ..self }
    }

    /// The point of the first query.
    fn initial(ball: &Ball, centre: &Tensor, noise: &mut NoiseStream) -> Tensor {
        let x = match ball.norm() {
            Norm::LInf => linf::initial(centre, ball.radius(), noise),
            Norm::L2 => l2::initial(centre, ball.radius(), noise),
        };
        ball.project(centre, &x).clamp(0.0, 1.0)
    }

    /// The point to ask about next, in place of `x`.
    fn proposal(
        &self,
        ball: &Ball,
        centre: &Tensor,
        x: &Tensor,
        query: u64,
        noise: &mut NoiseStream,
    ) -> Tensor {
        let of = if self.rescale_schedule { self.queries } else { WHOLE };
        let share = share(self.initial_share, query, of);
        let radius = ball.radius();
        let proposed = match ball.norm() {
            Norm::LInf => linf::proposal(centre, x, radius, share, noise),
            Norm::L2 => l2::proposal(centre, x, radius, share, noise),
        };
        ball.project(centre, &proposed).clamp(0.0, 1.0)
    }
}

impl BallAttack for Square {
    fn name(&self) -> &'static str {
        "square"
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let _guard = tch::no_grad_guard();
        let mut found = Found::clean(model, batch)?;
        let mut rows = found.robust();
        if rows.is_empty() {
            return Ok(found.points());
        }
        let Batch { x: mut centre, targets, mut indices } = select(batch, &rows)?;
        let mut y = targets.classes()?.detach();
        let mut x = Self::initial(&ball, &centre, &mut noise.for_images(&indices));
        let judge = |x: &Tensor, y: &Tensor, rows: &[i64]| {
            Judgement::by_margin(model, x, y).map_err(|error| error.of_rows(rows))
        };
        let Judgement { mut margin, mut wrong, .. } = judge(&x, &y, &rows)?;
        for query in 1..=self.queries {
            if let Some([fooled, kept]) = split(&wrong)? {
                let pick = |places: &[i64]| Tensor::from_slice(places).to_device(x.device());
                let rows_of = |places: &[i64]| places.iter().map(|&place| rows[place as usize]).collect();
                let (index, those): (Tensor, Vec<i64>) = (pick(&fooled), rows_of(&fooled));
                let of = |values: &Tensor| values.f_index_select(0, &index);
                found.offer(&those, &of(&x)?, &of(&margin)?, &of(&wrong)?)?;
                let index = pick(&kept);
                rows = rows_of(&kept);
                for values in [&mut centre, &mut y, &mut x, &mut margin, &mut wrong] {
                    *values = values.f_index_select(0, &index)?;
                }
                indices = kept.iter().map(|&place| indices[place as usize]).collect();
            }
            if rows.is_empty() || query == self.queries {
                break;
            }
            let mut streams = noise.for_chain(query).for_images(&indices);
            let proposed = self.proposal(&ball, &centre, &x, query, &mut streams);
            let answer = judge(&proposed, &y, &rows)?;
            let better = answer.margin.f_gt_tensor(&margin)?.f_logical_or(&answer.wrong)?;
            x = proposed.f_where_self(&wide(&better), &x)?;
            margin = answer.margin.f_where_self(&better, &margin)?;
            wrong = answer.wrong;
        }
        if !rows.is_empty() {
            found.offer(&rows, &x, &margin, &wrong)?;
        }
        Ok(found.points())
    }
}

#[cfg(test)]
mod tests;
