//! A piece of the data set under attack: the unit of work of an evaluation.

use super::EvaluationProgress;
use super::budget::{self, Moved};
use super::nearest;
use crate::{Attack, AttackError, logits, predicted_classes};
use bal_core::{Batch, Classifier, NoiseStream};
use tch::Tensor;

/// What became of some images, one outcome per radius.
pub(super) struct Shard {
    pub(super) outcomes: Vec<Outcome>,
    /// How far the nearest errors are, of an attack that seeks them.
    pub(super) distances: Option<Vec<Option<f64>>>,
}

/// What became of them at one radius.
pub(super) struct Outcome {
    pub(super) correct: Vec<bool>,
    pub(super) moved: Moved,
}

impl Shard {
    /// Attacks `batch` at each radius and looks at what comes back.
    pub(super) fn attacked(
        model: &dyn Classifier,
        batch: &Batch,
        attack: &dyn Attack,
        radii: &[Option<f64>],
        noise: &NoiseStream,
    ) -> Result<Self, AttackError> {
        let shard = match attack.minimises() {
            Some(norm) => nearest::shard(model, batch, attack, norm, radii, noise),
            None => outcomes(model, batch, attack, radii, noise)
                .map(|outcomes| Self { outcomes, distances: None }),
        };
        shard.map_err(|source| AttackError::During {
            attack: attack.name().into(),
            first: batch.indices.first().copied().unwrap_or(0),
            last: batch.indices.last().copied().unwrap_or(0),
            source: Box::new(source),
        })
    }

    /// Adds this shard to what is known, and passes that on.
    pub(super) fn tell(&self, state: &mut EvaluationProgress, progress: &dyn Fn(&EvaluationProgress)) {
        state.images += self.outcomes.first().map_or(0, |outcome| outcome.correct.len());
        for (sum, outcome) in state.correct.iter_mut().zip(&self.outcomes) {
            *sum += outcome.correct.iter().filter(|&&right| right).count();
        }
        progress(state);
    }
}

/// Refuses images and labels that cannot be attacked.
pub(super) fn sound(model: &dyn Classifier, batch: &Batch) -> Result<(), AttackError> {
    logits::whole(batch)?;
    logits::labels_fit(&batch.y, model.classes())?;
    budget::are_images(batch)
}

fn outcomes(
    model: &dyn Classifier,
    batch: &Batch,
    attack: &dyn Attack,
    radii: &[Option<f64>],
    noise: &NoiseStream,
) -> Result<Vec<Outcome>, AttackError> {
    sound(model, batch)?;
    let of_ball: Vec<f64> = radii.iter().copied().flatten().collect();
    let changed = if of_ball.is_empty() {
        vec![attack.perturb(model, batch, noise)?]
    } else {
        attack.perturb_radii(model, batch, &of_ball, noise)?
    };
    if changed.len() != radii.len() {
        return Err(AttackError::Count {
            attack: attack.name().into(),
            expected: radii.len(),
            found: changed.len(),
        });
    }
    let outcome = |(x, &radius): (&Tensor, &Option<f64>)| {
        let moved = budget::kept(attack, radius, batch, x)?;
        let correct = Vec::try_from(predicted_classes(model, x)?.f_eq_tensor(&batch.y)?)?;
        Ok(Outcome { correct, moved })
    };
    changed.iter().zip(radii).map(outcome).collect()
}
