//! A piece of the data set under attack: the unit of work of an evaluation.

use super::EvaluationProgress;
use super::in_balls;
use super::made::Made;
use super::nearest;
use super::outcome::{Attacked, Outcome};
use super::spatial;
use super::task::{Task, classes, sound};
use crate::{Attack, EvaluationError, Gradients, tally};
use tch::Tensor;

/// What became of some images, one outcome per radius.
#[derive(Debug)]
pub struct Shard {
    /// The images' numbers in their data set.
    pub indices: Vec<i64>,
    /// Their labels.
    pub labels: Vec<i64>,
    /// The model's classes for them as they are.
    pub clean: Vec<i64>,
    /// One per radius.
    pub outcomes: Vec<Outcome>,
    /// How far the nearest errors are, of an attack that seeks them; see [`crate::AccuracyCurve::distances`].
    pub distances: Option<Vec<Option<f64>>>,
    /// The gradients that each of [`crate::Attack::parts`] took.
    pub gradients: Vec<Gradients>,
    /// The changed images, `[radii, n, c, h, w]`, where they were asked for.
    pub x: Option<Tensor>,
    /// What moved their pixels, `[radii, n, ..]`, with the images of an attack that moves them.
    pub witness: Option<Tensor>,
}

/// What belongs to each shard of an evaluation.
pub(super) struct Wanted {
    pub(super) radii: usize,
    pub(super) parts: usize,
    /// Whether shards hold the changed images.
    pub(super) images: bool,
    /// Whether the attack moves pixels.
    pub(super) spatial: bool,
}

impl Shard {
    /// Attacks the images at each radius and looks at what comes back; `images` says whether to hand it over.
    pub(super) fn attacked(task: &Task, images: bool) -> Result<Self, EvaluationError> {
        let Task { model, batch, attack, noise, .. } = task;
        let attacked = || {
            sound(task.model, batch)?;
            let labels: Vec<i64> = Vec::try_from(batch.classes()?)?;
            let clean = classes(task.model, &batch.x)?;
            let (attacked, counts) = tally::of(attack.name(), || match attack {
                Attack::Nearest(search) => {
                    let made = Made::images(search.search(*model, batch, noise)?);
                    nearest::read_off(task, &made, search.norm().into(), &labels, &clean)
                }
                Attack::Spatial(search) if search.seeks_nearest() => {
                    let made = spatial::within(task, &**search, f64::INFINITY)?;
                    nearest::read_off(task, &made, search.measure().into(), &labels, &clean)
                }
                Attack::InBalls(..) | Attack::Fixed(_) | Attack::Spatial(_) => {
                    in_balls::attack(task, &labels, &clean)
                }
            });
            let Attacked { outcomes, x, witness, distances } = attacked?;
            let gradients = by_part(&attack.parts(), &counts);
            let stacked = |of: &[Tensor]| {
                if images && !of.is_empty() { Tensor::f_stack(of, 0).map(Some) } else { Ok(None) }
            };
            let (x, witness) = (stacked(&x)?, stacked(&witness)?);
            let indices = batch.indices.clone();
            Ok(Self { indices, labels, clean, outcomes, distances, gradients, x, witness })
        };
        attacked().map_err(|source| EvaluationError::During {
            attack: attack.name().into(),
            first: batch.indices.first().copied().unwrap_or(0),
            last: batch.indices.last().copied().unwrap_or(0),
            source: Box::new(source),
        })
    }

    /// Adds this shard to what is known, and passes that on.
    pub(super) fn tell(&self, state: &mut EvaluationProgress, progress: &dyn Fn(&EvaluationProgress)) {
        state.images += self.labels.len();
        for (sum, outcome) in state.correct.iter_mut().zip(&self.outcomes) {
            *sum += outcome.correct(&self.labels).filter(|&right| right).count();
        }
        progress(state);
    }

    /// Whether this is a shard of these images, with all that belongs to it.
    pub(super) fn fits(&self, indices: &[i64], wanted: &Wanted) -> bool {
        let Wanted { radii, parts, images, spatial } = *wanted;
        let n = indices.len();
        let sized = |o: &Outcome| o.size.as_ref().map(Vec::len) == spatial.then_some(n);
        let whole = |o: &Outcome| [o.predicted.len(), o.broken_by.len(), o.l2.len(), o.linf.len()] == [n; 4];
        self.indices == indices
            && [self.labels.len(), self.clean.len()] == [n; 2]
            && self.outcomes.len() == radii
            && self.outcomes.iter().all(|outcome| whole(outcome) && sized(outcome))
            && self.distances.as_ref().is_none_or(|distances| distances.len() == n)
            && self.gradients.len() == parts
            && self.x.is_some() == images
            && self.witness.is_some() == (images && spatial)
    }
}

/// What was counted under the parts' names, in their order; what is no part's is the first's.
fn by_part(parts: &[&str], counts: &[(&str, Gradients)]) -> Vec<Gradients> {
    let mut gradients = vec![Gradients::default(); parts.len()];
    for (name, count) in counts {
        let place = parts.iter().position(|part| part == name).unwrap_or(0);
        if let Some(sum) = gradients.get_mut(place) {
            *sum += *count;
        }
    }
    gradients
}
