//! Images that the model gets wrong, to begin with.

use super::{decisions::Decisions, elsewhere::Elsewhere};
use crate::{
    ModelFault, Norm,
    still_robust::{StillRobust, beside, per_image},
};
use bal_core::NoiseStream;
use tch::Tensor;

/// Halvings of the way back from the noise: to a thousandth of it.
const HALVINGS: u64 = 10;

/// Random starts have chains of their own, above those of the rounds.
const CHAINS: u64 = 1 << 32;

/// How many random images are tried, and what has to be left of the queries afterwards.
pub(super) struct Draws<'a> {
    pub(super) most: u64,
    pub(super) reserve: u64,
    /// What to begin at where no noise is wrong, nearest in this norm first.
    pub(super) elsewhere: Option<&'a Elsewhere>,
    pub(super) norm: Norm,
}

impl Draws<'_> {
    /// Uniform noise that the model gets wrong, or else an image of another class, blended with the image as far as it
    /// stays wrong: the rows for which some was found, and the images, `[k, c, h, w]`.
    pub(super) fn find(
        &self,
        decisions: &mut Decisions,
        robust: &StillRobust,
        noise: &NoiseStream,
    ) -> Result<(Vec<i64>, Tensor), ModelFault> {
        let mut start = robust.x.copy();
        let mut pending: Vec<i64> = (0..robust.len()).collect();
        let mut rows = Vec::new();
        // One question is kept for an image of another class.
        let kept = HALVINGS + self.reserve + u64::from(self.elsewhere.is_some());
        for draw in 0..self.most {
            pending.retain(|&row| decisions.left(row) > kept);
            if pending.is_empty() {
                break;
            }
            let some = robust.only(&pending);
            let x = noise.for_chain(CHAINS + draw).for_images(&some.indices).uniform_like(&some.x);
            let wrong = decisions.ask(&pending, &x)?;
            start = start.index_copy(0, &beside(&x, &pending), &x);
            let (found, rest): (Vec<_>, Vec<_>) = pending.iter().zip(&wrong).partition(|(_, wrong)| **wrong);
            rows.extend(found.into_iter().map(|(row, _)| *row));
            pending = rest.into_iter().map(|(row, _)| *row).collect();
        }
        if let Some(elsewhere) = self.elsewhere {
            for row in (0..robust.len()).filter(|row| !rows.contains(row)).collect::<Vec<_>>() {
                if let Some(x) = self.of_another_class(elsewhere, decisions, robust, row)? {
                    start = start.index_copy(0, &beside(&x, &[row]), &x);
                    rows.push(row);
                }
            }
        }
        rows.sort_unstable();
        let index = beside(&start, &rows);
        let (clean, far) = (robust.x.index_select(0, &index), start.index_select(0, &index));
        if rows.is_empty() {
            return Ok((rows, far));
        }
        let blend = |share: &Tensor| &clean + (&far - &clean) * per_image(share);
        let x = halve(decisions, &rows, &far, HALVINGS, blend)?;
        Ok((rows, x))
    }
}

impl Draws<'_> {
    /// The nearest image of another class that is still wrong when it is asked about alone.
    fn of_another_class(
        &self,
        elsewhere: &Elsewhere,
        decisions: &mut Decisions,
        robust: &StillRobust,
        row: i64,
    ) -> Result<Option<Tensor>, ModelFault> {
        let image = robust.x.narrow(0, row, 1);
        let label = robust.y.int64_value(&[row]);
        for x in elsewhere.of_other_classes(self.norm, &image, label)? {
            if decisions.left(row) <= HALVINGS + self.reserve {
                break;
            }
            if decisions.ask(&[row], &x)?.contains(&true) {
                return Ok(Some(x));
            }
        }
        Ok(None)
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
) -> Result<Tensor, ModelFault> {
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
