//! Adversarial images that are made once and shown to several models.

use crate::{
    Attack, AttackError, Ball, BallAttack, Changed, FixedAttack, ModelFault, NearestAttack, Norm,
    SettingError, SpatialAttack, SpatialMeasure,
    tally::{self, Counts},
};
use bal_core::{Batch, Classifier, Images, NoiseStream};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tch::Tensor;

/// An attack that gives back what it made of a batch when it is asked for that batch again; of the same kind as the attack.
///
/// A batch is known by the numbers of its images, and the radii. Everything else has to be the same each time: the model that
/// is attacked, the images behind the numbers, and the noise. As the attack of a [`crate::Transfer`] to one surrogate it makes
/// images once, however many models they are shown to; evaluations of those give what they give without it, bit by bit, the
/// counted gradients included.
///
/// All images stay in memory: pixels in single precision, once for each radius.
pub struct Remembered<A: ?Sized> {
    attack: Arc<A>,
    memory: Arc<Mutex<HashMap<Key, Kept>>>,
}

/// The numbers of images, and the bits of the radii.
type Key = (Vec<i64>, Vec<u64>);

/// What was made for each radius, and the gradients that it took.
struct Kept {
    made: Vec<Changed>,
    counts: Counts,
}

impl Kept {
    /// The same for another thread.
    fn replicate(&self) -> Self {
        let changed =
            |Changed { x, broken_by }: &Changed| Changed { x: x.detach(), broken_by: broken_by.clone() };
        Self { made: self.made.iter().map(changed).collect(), counts: self.counts.clone() }
    }
}

impl Remembered<dyn BallAttack> {
    /// `attack`, which from now on remembers.
    pub fn of(attack: Attack) -> Attack {
        match attack {
            Attack::InBalls(norm, attack) => Attack::in_balls(norm, Remembered::new(attack)),
            Attack::Nearest(attack) => Attack::nearest(Remembered::new(attack)),
            Attack::Fixed(attack) => Attack::fixed(Remembered::new(attack)),
            Attack::Spatial(attack) => Attack::spatial(Remembered::new(attack)),
        }
    }
}

impl<A: ?Sized> Remembered<A> {
    fn new(attack: Arc<A>) -> Self {
        Self { attack, memory: Arc::default() }
    }

    /// Another attack with the same memory: what it makes of a batch is what this one would.
    fn with(&self, attack: Arc<A>) -> Self {
        Self { attack, memory: self.memory.clone() }
    }

    /// What was made of the batch, or is made now.
    fn recalled(
        &self,
        name: &'static str,
        batch: &Batch,
        radii: &[f64],
        make: impl FnOnce() -> Result<Vec<Changed>, AttackError>,
    ) -> Result<Vec<Changed>, AttackError> {
        let key = (batch.indices.clone(), radii.iter().map(|radius| radius.to_bits()).collect());
        let memory = || self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let known = memory().get(&key).map(Kept::replicate);
        let Kept { made, counts } = if let Some(known) = known {
            known
        } else {
            let (made, counts) = tally::of(name, make);
            let kept = Kept { made: made?, counts };
            memory().insert(key, kept.replicate());
            kept
        };
        tally::add(&counts);
        Ok(made)
    }

    /// The same where one thing is made.
    fn recalled_one(
        &self,
        name: &'static str,
        batch: &Batch,
        radius: Option<f64>,
        make: impl FnOnce() -> Result<Tensor, AttackError>,
    ) -> Result<Tensor, AttackError> {
        let mut made = self.recalled(name, batch, radius.as_slice(), || Ok(vec![make()?.into()]))?;
        Ok(made.remove(0).x)
    }
}

impl<A: ?Sized + std::fmt::Debug> std::fmt::Debug for Remembered<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remembered").field("attack", &self.attack).finish_non_exhaustive()
    }
}

impl BallAttack for Remembered<dyn BallAttack> {
    fn name(&self) -> &'static str {
        self.attack.name()
    }

    fn parts(&self) -> Vec<&'static str> {
        self.attack.parts()
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let make = || self.attack.perturb(model, batch, ball, noise);
        self.recalled_one(self.name(), batch, Some(ball.radius()), make)
    }

    fn perturb_all(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        balls: &[Ball],
        noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        let radii: Vec<f64> = balls.iter().map(Ball::radius).collect();
        let make = || self.attack.perturb_all(model, batch, balls, noise);
        self.recalled(self.name(), batch, &radii, make)
    }

    fn knows(&self, norm: Norm) -> Result<(), SettingError> {
        self.attack.knows(norm)
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Arc<dyn BallAttack>>, ModelFault> {
        let fitted = self.attack.for_classes(classes)?;
        Ok(fitted.map(|attack| Arc::new(self.with(attack)) as Arc<dyn BallAttack>))
    }
}

impl NearestAttack for Remembered<dyn NearestAttack> {
    fn name(&self) -> &'static str {
        self.attack.name()
    }

    fn norm(&self) -> Norm {
        self.attack.norm()
    }

    fn search(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.recalled_one(self.name(), batch, None, || self.attack.search(model, batch, noise))
    }

    fn starting_among(
        &self,
        model: &dyn Classifier,
        images: &Images,
    ) -> Result<Option<Arc<dyn NearestAttack>>, ModelFault> {
        let started = self.attack.starting_among(model, images)?;
        Ok(started.map(|attack| Arc::new(self.with(attack)) as Arc<dyn NearestAttack>))
    }
}

impl FixedAttack for Remembered<dyn FixedAttack> {
    fn name(&self) -> &'static str {
        self.attack.name()
    }

    fn batch_size(&self) -> Option<usize> {
        self.attack.batch_size()
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.recalled_one(self.name(), batch, None, || self.attack.perturb(model, batch, noise))
    }
}

impl SpatialAttack for Remembered<dyn SpatialAttack> {
    fn name(&self) -> &'static str {
        self.attack.name()
    }

    fn measure(&self) -> SpatialMeasure {
        self.attack.measure()
    }

    fn seeks_nearest(&self) -> bool {
        self.attack.seeks_nearest()
    }

    fn transform(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radius: f64,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let make = || self.attack.transform(model, batch, radius, noise);
        self.recalled_one(self.name(), batch, Some(radius), make)
    }

    fn suits_classes(&self, classes: i64) -> Result<(), ModelFault> {
        self.attack.suits_classes(classes)
    }

    fn suits_images(&self, shape: &[i64]) -> Result<(), SettingError> {
        self.attack.suits_images(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Bumpy, complete, data, linear, with};
    use crate::{AttackName, AttackSpec, Evaluated, NoStore, Protocol, Radii, Settings, evaluate_with_store};
    use bal_core::{ClassifierError, Prediction, Workers};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Every attack, in a few steps.
    fn specs() -> Vec<AttackSpec> {
        let few = Settings::default()
            .with("steps", 4u64)
            .with("restarts", 2u64)
            .with("targets", 2u64)
            .with("queries", 40u64)
            .with("draws", 3u64)
            .with("repetitions", 2u64)
            .with("search_steps", 2u64)
            .with("rotations", 3u64)
            .with("translations", 3u64);
        complete().map(|name| with(name, &few)).collect()
    }

    /// Another model of four classes.
    fn other() -> Box<dyn Classifier> {
        let weights = [[
            [0.4, -1.2, 0.3, 0.8, -0.5, 0.1],
            [1.1, 0.2, -0.7, 0.3, 0.6, -0.9],
            [-0.2, 0.5, 1.4, -1.0, 0.2, 0.7],
            [0.3, -0.6, 0.9, 0.2, -0.8, -0.3],
        ]];
        Box::new(linear(&weights, &[[-1.5, -2.1, -1.8, -2.4]], Prediction::MeanProbability))
    }

    fn evaluated(model: &dyn Classifier, attack: &Attack, images: &Images) -> Evaluated {
        let radii: Radii = "0,0.05,0.1".parse().unwrap();
        let radii = attack.measure().map(|_| &radii);
        let protocol = Protocol { attack, radii, limit: None, seed: 5 };
        let (workers, store) = (Workers::new(2).unwrap(), NoStore { images: true });
        evaluate_with_store(model, images, &protocol, &workers, &store, &|_| {}).unwrap()
    }

    /// Counts how often it is asked.
    struct Counting(Box<dyn Classifier>, Arc<AtomicUsize>);

    impl Classifier for Counting {
        fn classes(&self) -> i64 {
            self.0.classes()
        }

        fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.member_logits(x)
        }

        fn prediction(&self) -> Prediction {
            self.0.prediction()
        }

        fn replicate(&self) -> Box<dyn Classifier> {
            Box::new(Self(self.0.replicate(), self.1.clone()))
        }
    }

    #[test]
    fn evaluations_are_what_they_are_without_a_memory_and_ask_the_surrogate_once() {
        let images = data(80);
        for spec in specs() {
            let attack = spec.build().unwrap();
            let asked = Arc::new(AtomicUsize::new(0));
            let surrogate = || Box::new(Counting(Box::new(Bumpy), asked.clone()));
            let remembered = Remembered::of(attack.clone());
            // On the attacked model itself.
            let (plain, with_memory) =
                (evaluated(&Bumpy, &attack, &images), evaluated(&Bumpy, &remembered, &images));
            assert_eq!(plain.curve, with_memory.curve, "{spec:?}");
            assert_eq!(plain.x, with_memory.x, "{spec:?}");
            // On another one, to which the same images are shown.
            let expected = evaluated(&*other(), &crate::Transfer::of(surrogate(), attack.clone()), &images);
            asked.store(0, Ordering::Relaxed);
            let shown = evaluated(&*other(), &crate::Transfer::of(surrogate(), remembered), &images);
            assert_eq!(expected.curve, shown.curve, "{spec:?}");
            assert_eq!(expected.x, shown.x, "{spec:?}");
            // HopSkipJump looks at the whole data set for images to begin at.
            let again = asked.load(Ordering::Relaxed);
            assert!(again == 0 || spec.name() == AttackName::HopSkipJump, "{spec:?}: {again}");
        }
    }
}
