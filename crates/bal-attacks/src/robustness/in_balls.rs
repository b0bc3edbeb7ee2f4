//! What an attack that stays within each radius, or knows none, says of each.

use super::budget;
use super::made::Made;
use super::outcome::{Attacked, Outcome};
use super::spatial;
use super::task::{Task, chosen, classes};
use crate::{Attack, Ball, Changed, EvaluationError};

/// Lets the attack at images of these `labels` and, as they are, `clean` classes, and looks at what comes back.
pub(super) fn attack(task: &Task, labels: &[i64], clean: &[i64]) -> Result<Attacked, EvaluationError> {
    let Task { model, batch, attack, radii, noise } = task;
    let parts = attack.parts();
    let told_of = |Changed { x, broken_by }: Changed| (Made::images(x), broken_by);
    let changed: Vec<(Made, Option<Vec<_>>)> = match attack {
        Attack::InBalls(norm, attack) => {
            let balls = radii.iter().copied().flatten().map(|radius| Ball::new(*norm, radius));
            let balls = balls.collect::<Result<Vec<_>, _>>()?;
            attack.perturb_all(*model, batch, &balls, noise)?.into_iter().map(told_of).collect()
        }
        Attack::Nearest(attack) => vec![told_of(attack.search(*model, batch, noise)?.into())],
        Attack::Fixed(attack) => vec![told_of(attack.perturb(*model, batch, noise)?.into())],
        Attack::Spatial(attack) => {
            let within = |radius| Ok((spatial::within(task, &**attack, radius)?, None));
            radii.iter().copied().flatten().map(within).collect::<Result<_, EvaluationError>>()?
        }
    };
    if changed.len() != radii.len() {
        let (expected, found) = (radii.len(), changed.len());
        return Err(EvaluationError::Count { attack: attack.name().into(), expected, found });
    }
    let mut attacked = Attacked { outcomes: vec![], x: vec![], witness: vec![], distances: None };
    for ((made, told), &radius) in changed.into_iter().zip(*radii) {
        let moved = budget::kept(attack.name(), attack.measure(), radius, batch, &made)?;
        let predicted = classes(*model, &made.x)?;
        // Where there is one part, who broke an image is no question.
        let told = told.filter(|_| parts.len() > 1);
        let told = told.map(|told| places(attack, &parts, batch.len(), &told)).transpose()?;
        let broken_by = (0..batch.len()).map(|row| {
            // This pass decides, whatever the attack believed.
            let broken = clean[row] == labels[row] && predicted[row] != labels[row];
            if broken { told.as_ref().map_or(Some(0), |told| told[row]) } else { None }
        });
        let broken_by = broken_by.collect();
        let (l2, linf, size) = (moved.l2, moved.linf, moved.size);
        attacked.outcomes.push(Outcome { predicted, broken_by, l2, linf, size });
        attacked.x.push(made.x);
        attacked.witness.extend(made.witness);
    }
    if parts.len() > 1 {
        carry(labels, &mut attacked)?;
    }
    Ok(attacked)
}

/// The account with names replaced by their places among the attack's parts.
fn places(
    attack: &Attack,
    parts: &[&str],
    images: usize,
    told: &[Option<&'static str>],
) -> Result<Vec<Option<usize>>, EvaluationError> {
    let wrong = |problem| EvaluationError::Account { attack: attack.name().into(), problem };
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
fn carry(labels: &[i64], attacked: &mut Attacked) -> Result<(), EvaluationError> {
    let Attacked { outcomes, x, .. } = attacked;
    for radius in 1..outcomes.len() {
        let (before, after) = outcomes.split_at_mut(radius);
        let (Some(inner), Some(outer)) = (before.last(), after.first_mut()) else { continue };
        let mut taken = vec![false; labels.len()];
        for (row, &label) in labels.iter().enumerate() {
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
            x[radius] = chosen(&taken, &x[radius - 1], &x[radius])?;
        }
    }
    Ok(())
}
