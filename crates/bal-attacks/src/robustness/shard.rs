//! A piece of the data set under attack: the unit of work of an evaluation.

use super::EvaluationProgress;
use super::budget;
use super::nearest;
use crate::{Attack, AttackError, logits, predicted_classes};
use bal_core::{Batch, Classifier, NoiseStream};
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
    /// The changed images, `[radii, n, c, h, w]`, where they were asked for.
    pub x: Option<Tensor>,
}

/// What became of images at one radius, image by image.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The model's classes for the changed images.
    pub predicted: Vec<i64>,
    /// Which of [`Attack::parts`] broke an image; `None` for one that stands or was wrong from the start.
    pub broken_by: Vec<Option<usize>>,
    /// Euclidean length of the change, in double precision.
    pub l2: Vec<f64>,
    /// Greatest change of a pixel, in double precision.
    pub linf: Vec<f64>,
}

/// Images to attack, and how.
pub(super) struct Task<'a> {
    pub(super) model: &'a dyn Classifier,
    pub(super) batch: &'a Batch,
    pub(super) attack: &'a dyn Attack,
    pub(super) radii: &'a [Option<f64>],
    pub(super) noise: &'a NoiseStream,
}

impl Shard {
    /// Attacks the images at each radius and looks at what comes back; `images` says whether to hand it over.
    pub(super) fn attacked(task: &Task, images: bool) -> Result<Self, AttackError> {
        let Task { batch, attack, .. } = task;
        let attacked = || {
            sound(task.model, batch)?;
            let labels = Vec::try_from(&batch.y)?;
            let clean = classes(task.model, &batch.x)?;
            let mut shard = Self {
                indices: batch.indices.clone(),
                labels,
                clean,
                outcomes: vec![],
                distances: None,
                x: None,
            };
            let x = match attack.minimises() {
                Some(norm) => nearest::attack(task, norm, &mut shard)?,
                None => in_balls(task, &mut shard)?,
            };
            shard.x = if images { Some(Tensor::f_stack(&x, 0)?) } else { None };
            Ok(shard)
        };
        attacked().map_err(|source| AttackError::During {
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
    pub(super) fn fits(&self, indices: &[i64], radii: usize, images: bool) -> bool {
        let n = indices.len();
        let whole = |o: &Outcome| [o.predicted.len(), o.broken_by.len(), o.l2.len(), o.linf.len()] == [n; 4];
        self.indices == indices
            && [self.labels.len(), self.clean.len()] == [n; 2]
            && self.outcomes.len() == radii
            && self.outcomes.iter().all(whole)
            && self.distances.as_ref().is_none_or(|distances| distances.len() == n)
            && self.x.is_some() == images
    }
}

impl Outcome {
    /// Whether each image is classified rightly.
    pub(super) fn correct<'a>(&'a self, labels: &'a [i64]) -> impl Iterator<Item = bool> + 'a {
        self.predicted.iter().zip(labels).map(|(predicted, label)| predicted == label)
    }
}

/// Refuses images and labels that cannot be attacked.
pub(super) fn sound(model: &dyn Classifier, batch: &Batch) -> Result<(), AttackError> {
    logits::whole(batch)?;
    logits::labels_fit(&batch.y, model.classes())?;
    budget::are_images(batch)
}

/// The model's classes for images.
pub(super) fn classes(model: &dyn Classifier, x: &Tensor) -> Result<Vec<i64>, AttackError> {
    Ok(Vec::try_from(predicted_classes(model, x)?)?)
}

/// Changed images of one radius, and the attack's account of who broke them.
type Told = (Tensor, Option<Vec<Option<&'static str>>>);

/// Lets an attack at the images that stays in balls, or knows no radius; returns the changed ones.
fn in_balls(task: &Task, shard: &mut Shard) -> Result<Vec<Tensor>, AttackError> {
    let Task { model, batch, attack, radii, noise } = task;
    let parts = attack.parts();
    let of_balls: Vec<f64> = radii.iter().copied().flatten().collect();
    let changed: Vec<Told> = if of_balls.is_empty() {
        vec![(attack.perturb(*model, batch, noise)?, None)]
    } else if parts.len() == 1 {
        // Who broke an image is no question, and the attack's own account would cost passes of the model.
        attack.perturb_radii(*model, batch, &of_balls, noise)?.into_iter().map(|x| (x, None)).collect()
    } else {
        let changed = attack.perturb_and_tell(*model, batch, &of_balls, noise)?;
        changed.into_iter().map(|changed| (changed.x, Some(changed.broken_by))).collect()
    };
    if changed.len() != radii.len() {
        let (expected, found) = (radii.len(), changed.len());
        return Err(AttackError::Count { attack: attack.name().into(), expected, found });
    }
    let mut images = Vec::with_capacity(changed.len());
    for ((x, told), &radius) in changed.into_iter().zip(*radii) {
        let moved = budget::kept(attack.name(), attack.norm(), radius, batch, &x)?;
        let predicted = classes(*model, &x)?;
        let told = told.map(|told| places(*attack, &parts, batch.len(), &told)).transpose()?;
        let broken_by = (0..batch.len()).map(|row| {
            // This pass decides, whatever the attack believed.
            let broken = shard.clean[row] == shard.labels[row] && predicted[row] != shard.labels[row];
            if broken { told.as_ref().map_or(Some(0), |told| told[row]) } else { None }
        });
        let broken_by = broken_by.collect();
        shard.outcomes.push(Outcome { predicted, broken_by, l2: moved.l2, linf: moved.linf });
        images.push(x);
    }
    if parts.len() > 1 {
        carry(shard, &mut images)?;
    }
    Ok(images)
}

/// The account with names replaced by their places among the attack's parts.
fn places(
    attack: &dyn Attack,
    parts: &[&str],
    images: usize,
    told: &[Option<&'static str>],
) -> Result<Vec<Option<usize>>, AttackError> {
    let wrong = |problem| AttackError::Account { attack: attack.name().into(), problem };
    if told.len() != images {
        return Err(wrong(format!("{} entries for {images} images", told.len())));
    }
    let place = |name: &&str| {
        let place = parts.iter().position(|part| part == name);
        place.ok_or_else(|| wrong(format!("`{name}` is none of {}", parts.join(", "))))
    };
    told.iter().map(|name| name.as_ref().map(place).transpose()).collect()
}

/// Takes an error inside a ball into the larger ones around it.
///
/// A suite does so by itself; here it is made sure of for images so near to a boundary that the suite's
/// pass, over fewer images, and the one that counts disagree.
fn carry(shard: &mut Shard, images: &mut [Tensor]) -> Result<(), AttackError> {
    for radius in 1..shard.outcomes.len() {
        let (before, after) = shard.outcomes.split_at_mut(radius);
        let (Some(inner), Some(outer)) = (before.last(), after.first_mut()) else { continue };
        let mut taken = vec![false; shard.labels.len()];
        for (row, &label) in shard.labels.iter().enumerate() {
            if inner.predicted[row] == label || outer.predicted[row] != label {
                continue;
            }
            taken[row] = true;
            outer.predicted[row] = inner.predicted[row];
            outer.broken_by[row] = inner.broken_by[row];
            outer.l2[row] = inner.l2[row];
            outer.linf[row] = inner.linf[row];
        }
        if taken.contains(&true) {
            images[radius] = chosen(&taken, &images[radius - 1], &images[radius])?;
        }
    }
    Ok(())
}

/// The rows of `x` where `taken`, and those of `others` elsewhere.
pub(super) fn chosen(taken: &[bool], x: &Tensor, others: &Tensor) -> Result<Tensor, AttackError> {
    let taken = Tensor::f_from_slice(taken)?.f_to_device(x.device())?.f_reshape([-1, 1, 1, 1])?;
    Ok(x.f_where_self(&taken, others)?)
}
