//! A piece of the data set under attack: the unit of work of an evaluation.

use super::EvaluationProgress;
use super::in_balls;
use super::nearest;
use super::outcome::{Attacked, Outcome};
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
}

impl Shard {
    /// Attacks the images at each radius and looks at what comes back; `images` says whether to hand it over.
    pub(super) fn attacked(task: &Task, images: bool) -> Result<Self, EvaluationError> {
        let Task { batch, attack, .. } = task;
        let attacked = || {
            sound(task.model, batch)?;
            let labels: Vec<i64> = Vec::try_from(batch.classes()?)?;
            let clean = classes(task.model, &batch.x)?;
            let (attacked, counts) = tally::of(attack.name(), || match attack {
                Attack::Nearest(search) => nearest::attack(task, &**search, &labels, &clean),
                Attack::InBalls(..) | Attack::Fixed(_) => in_balls::attack(task, &labels, &clean),
            });
            let Attacked { outcomes, x, distances } = attacked?;
            let gradients = by_part(&attack.parts(), &counts);
            let x = if images { Some(Tensor::f_stack(&x, 0)?) } else { None };
            Ok(Self { indices: batch.indices.clone(), labels, clean, outcomes, distances, gradients, x })
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
    pub(super) fn fits(&self, indices: &[i64], radii: usize, parts: usize, images: bool) -> bool {
        let n = indices.len();
        let whole = |o: &Outcome| [o.predicted.len(), o.broken_by.len(), o.l2.len(), o.linf.len()] == [n; 4];
        self.indices == indices
            && [self.labels.len(), self.clean.len()] == [n; 2]
            && self.outcomes.len() == radii
            && self.outcomes.iter().all(whole)
            && self.distances.as_ref().is_none_or(|distances| distances.len() == n)
            && self.gradients.len() == parts
            && self.x.is_some() == images
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
