//! Which images an attack leaves rightly classified, to compare attacks image by image.

use super::chance;
use crate::{Attack, EvaluationError, Protocol, Radii, evaluate};
use bal_core::{Classifier, Images, Workers};

/// What an attack left, one entry per image in data set order.
#[derive(Clone, Debug, PartialEq)]
pub struct Survivors {
    /// The attack's name.
    pub attack: String,
    /// Whether the changed image is classified rightly.
    pub correct: Vec<bool>,
}

impl Survivors {
    /// Attacks the first `limit` images in a ball of `radius`; the attack has to have one.
    ///
    /// # Errors
    /// Those of [`evaluate`].
    pub fn of(
        model: &dyn Classifier,
        images: &Images,
        attack: &Attack,
        radius: f64,
        (limit, seed): (u64, u64),
        workers: &Workers,
    ) -> Result<Self, EvaluationError> {
        let radii = Radii::new(vec![radius])?;
        let protocol = Protocol { attack, radii: Some(&radii), limit: Some(limit), seed };
        let mut curve = evaluate(model, images, &protocol, workers, &|_| {})?;
        Ok(Self { attack: curve.attack, correct: curve.correct.pop().unwrap_or_default() })
    }

    /// The share that survives, in `[0, 1]`.
    pub fn accuracy(&self) -> f64 {
        self.right() as f64 / self.correct.len().max(1) as f64
    }

    pub(super) fn right(&self) -> usize {
        self.correct.iter().filter(|&&right| right).count()
    }

    /// Whether fewer survive here than with `stronger`, beyond what chance explains.
    ///
    /// Of the images on which the two differ, as many would be lost to the one as to the other if they
    /// were equally strong: a sign test, on the images that both were given.
    pub(super) fn beats(&self, stronger: &Self) -> bool {
        let pairs = || self.correct.iter().zip(&stronger.correct);
        let only_here = pairs().filter(|(here, there)| !**here && **there).count();
        let differ = pairs().filter(|(here, there)| here != there).count();
        only_here > 0 && chance::at_least(only_here, differ, 0.5) < chance::LEVEL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survivors(right: impl Fn(usize) -> bool) -> Survivors {
        Survivors { attack: "test".into(), correct: (0..100).map(right).collect() }
    }

    #[test]
    fn an_attack_beats_another_only_beyond_chance() {
        let strong = survivors(|i| i < 50);
        assert!(survivors(|i| i < 30).beats(&strong));
        assert!(!survivors(|i| i < 45).beats(&strong), "5 of 5 differences are chance in 1 of 32");
        assert!(!strong.beats(&survivors(|i| i < 30)));
        assert!(!strong.beats(&strong));
        assert!(!survivors(|i| i >= 40).beats(&strong), "60 right, others than the 50");
        assert!((strong.accuracy() - 0.5).abs() < 1e-12);
    }
}
