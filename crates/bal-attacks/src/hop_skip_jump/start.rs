//! Images that the model gets wrong, to begin with.

use super::decisions::Decisions;
use crate::{
    AttackError,
    standing::{Standing, beside, per_image},
};
use bal_core::NoiseStream;
use tch::Tensor;

/// Halvings of the way back from the noise: to a thousandth of it.
const HALVINGS: u64 = 10;

/// Random starts have chains of their own, above those of the rounds.
const CHAINS: u64 = 1 << 32;

/// How many random images are tried, and what has to be left of the queries afterwards.
pub(super) struct Draws {
    pub(super) most: u64,
    pub(super) reserve: u64,
}

impl Draws {
    /// Uniform noise that the model gets wrong, blended with the image as far as it stays wrong: the
    /// rows for which some was found, and the images, `[k, c, h, w]`.
    pub(super) fn find(
        &self,
        decisions: &mut Decisions,
        standing: &Standing,
        noise: &NoiseStream,
    ) -> Result<(Vec<i64>, Tensor), AttackError> {
        let mut start = standing.x.copy();
        let mut pending: Vec<i64> = (0..standing.len()).collect();
        let mut rows = Vec::new();
        for draw in 0..self.most {
            pending.retain(|&row| decisions.left(row) > HALVINGS + self.reserve);
            if pending.is_empty() {
                break;
            }
            let some = standing.only(&pending);
            let x = noise.for_chain(CHAINS + draw).for_images(&some.indices).uniform_like(&some.x);
            let wrong = decisions.ask(&pending, &x)?;
            start = start.index_copy(0, &beside(&x, &pending), &x);
            let (found, rest): (Vec<_>, Vec<_>) = pending.iter().zip(&wrong).partition(|(_, wrong)| **wrong);
            rows.extend(found.into_iter().map(|(row, _)| *row));
            pending = rest.into_iter().map(|(row, _)| *row).collect();
        }
        rows.sort_unstable();
        let index = beside(&start, &rows);
        let (clean, far) = (standing.x.index_select(0, &index), start.index_select(0, &index));
        if rows.is_empty() {
            return Ok((rows, far));
        }
        let blend = |share: &Tensor| &clean + (&far - &clean) * per_image(share);
        let x = halve(decisions, &rows, &far, HALVINGS, blend)?;
        Ok((rows, x))
    }
}

/// Bisection of the share of a way that starts right and ends wrong, at `far`: the wrong end of the
/// last interval.
pub(super) fn halve(
    decisions: &mut Decisions,
    rows: &[i64],
    far: &Tensor,
    halvings: u64,
    at: impl Fn(&Tensor) -> Tensor,
) -> Result<Tensor, AttackError> {
    let options = (tch::Kind::Float, far.device());
    let mut low = Tensor::zeros([rows.len() as i64], options);
    let mut high = low.ones_like();
    let mut x = far.shallow_clone();
    for _ in 0..halvings {
        let middle = (&low + &high) * 0.5;
        let trial = at(&middle);
        let wrong = beside(far, &decisions.ask(rows, &trial)?);
        x = trial.where_self(&per_image(&wrong), &x);
        high = middle.where_self(&wrong, &high);
        low = low.where_self(&wrong, &middle);
    }
    Ok(x)
}
