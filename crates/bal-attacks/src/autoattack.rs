//! The ensemble of attacks that robust accuracies are compared by.

use crate::{
    Apgd, ApgdLoss, AttackError, Ball, BallAttack, Changed, Eot, Fab, FabSettings, LossName, ModelFault,
    Norm, Part, SettingError, Square, Suite, attack_settings::settings, by_name::ByName,
};
use bal_core::{Batch, Classifier, EnsembleGradient, NoiseStream};
use std::sync::Arc;
use tch::Tensor;

/// Wrong classes that targeted attacks try.
const TARGETS: u64 = 9;
/// The share of the pixels in Square's first windows.
const SHARE: f64 = 0.8;
/// Where runs on the margin begin, beside those on the cross-entropy: with two classes both rise the same way, and
/// from the same points the second would find what the first did.
const OTHER_STARTS: u64 = 1;

/// A [`Suite`] with settings that are the same for every model; stays in its ball.
///
/// | version | name | classes | attacks |
/// |---|---|---|---|
/// | standard | `autoattack` | 4 and more | APGD on the cross-entropy, targeted APGD, targeted FAB, Square |
/// | | | 2, 3 | the same with `apgd-t-margin` for targeted APGD: APGD on `z_t - z_y`, from other random points |
/// | rand | `autoattack-rand` | 3 and more | APGD on the cross-entropy and on the DLR loss, of the mean over passes ([`Eot`]) |
/// | | | 2 | the same with `apgd-margin` for the DLR loss: APGD on `z_j - z_y`, `j` the other class, from other random points |
///
/// The paper's budget is 100 steps, one restart, `min(9, classes - 1)` targets, 5000 queries and, in `rand`, 20 passes.
/// Square's windows shrink after as many queries as they do in 10,000, however few there are, as in the paper's code.
/// The difference of logits ratio divides by the distance of the first logit from the third, the targeted one from the
/// mean of the third and the fourth, so with fewer classes there is none; with three, that of the first from the third
/// would make the ratio towards the least likely class -1 everywhere. The margin needs no divisor: the steps of APGD
/// and what it compares are the same when all logits are multiplied by a positive number.
/// [`BallAttack::for_classes`] gives the version for a model, and each `perturb` takes it.
///
/// In `rand` the suite judges images by the mean
/// over passes too, which [`Eot`] defines; with [`EnsembleGradient::MemberMean`] gradients are averaged
/// as the paper's code does.
///
/// Source: Croce & Hein, ICML 2020, section 5; `rand` is in their code (`flags_doc.md`), for defenses
/// with randomness. Few classes are ours.
#[derive(Clone, Copy, Debug)]
pub struct AutoAttack {
    steps: u64,
    ensemble_gradient: EnsembleGradient,
    version: Version,
    few: bool,
}

#[derive(Clone, Copy, Debug)]
enum Version {
    Standard {
        queries: u64,
        rescale_schedule: bool,
    },
    /// How many passes make an answer.
    Rand {
        repetitions: u64,
    },
}

settings! {
    /// Settings of [`AutoAttack::standard`] by name; the usual ones are the paper's.
    AutoAttackSettings optional (rescale_schedule) {
        /// Norm of the ball: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Steps of the attack, at least 1.
        steps: u64 = 100,
        /// Loss of an ensemble that the attack follows: `predictive`, the loss of the mean probability, or `member-mean`.
        #[serde(with = "ByName")]
        ensemble_gradient: EnsembleGradient = EnsembleGradient::Predictive,
        /// Queries of an attack without gradients for each image, at least 1.
        queries: u64 = 5000,
        /// Whether the windows of a random search shrink in proportion to its queries, or after as many as in 10,000.
        rescale_schedule: bool = false,
    }

    /// Files from before there was a choice of Square's schedule mean the one that is rescaled.
    fn absent(norm: Option<Norm>) -> Self {
        Self { rescale_schedule: true, ..Self::usual(norm) }
    }
}

settings! {
    /// Settings of [`AutoAttack::rand`] by name; the usual ones are those of the paper's code.
    AutoAttackRandSettings {
        /// Norm of the ball: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Steps of the attack, at least 1.
        steps: u64 = 100,
        /// Loss of an ensemble that the attack follows: `predictive`, the loss of the mean probability, or `member-mean`.
        #[serde(with = "ByName")]
        ensemble_gradient: EnsembleGradient = EnsembleGradient::Predictive,
        /// Passes over which a classifier with random outputs is averaged.
        repetitions: u64 = 20,
    }
}

impl AutoAttack {
    /// The version for models that answer alike each time.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without steps or queries.
    pub fn standard(
        steps: u64,
        queries: u64,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<Self, SettingError> {
        Self::new(steps, ensemble_gradient, Version::Standard { queries, rescale_schedule: false })
    }

    /// The same; `rescale` has Square's windows shrink in proportion to the queries, see [`Square::rescaled`]. Nothing is
    /// changed in [`AutoAttack::rand`], which has no Square.
    #[must_use]
    pub fn rescaled(self, rescale: bool) -> Self {
        let Version::Standard { queries, .. } = self.version else { return self };
        Self { version: Version::Standard { queries, rescale_schedule: rescale }, ..self }
    }

    /// The version for models with random answers.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without steps or repetitions.
    pub fn rand(
        steps: u64,
        repetitions: u64,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<Self, SettingError> {
        if repetitions == 0 {
            return Err(SettingError::Zero("repetitions"));
        }
        Self::new(steps, ensemble_gradient, Version::Rand { repetitions })
    }

    fn new(steps: u64, ensemble_gradient: EnsembleGradient, version: Version) -> Result<Self, SettingError> {
        let attack = Self { steps, ensemble_gradient, version, few: false };
        // What its parts refuse is refused here.
        attack.suite(Norm::LInf).map(|_| attack)
    }

    /// What `attack` does to the model, or to the mean of its passes.
    fn on<T>(
        &self,
        model: &dyn Classifier,
        attack: impl FnOnce(&dyn Classifier) -> Result<T, AttackError>,
    ) -> Result<T, AttackError> {
        match self.version {
            Version::Standard { .. } => attack(model),
            Version::Rand { repetitions } => attack(&Eot::new(model.replicate(), repetitions)?),
        }
    }

    /// This attack for models of so many classes.
    fn fitting(&self, classes: i64) -> Result<Self, ModelFault> {
        let (needed, all) = match self.version {
            Version::Standard { .. } => (2, 4),
            Version::Rand { .. } => (2, 3),
        };
        if classes < needed {
            return Err(ModelFault::FewClasses { attack: self.name(), needed, classes });
        }
        Ok(Self { few: classes < all, ..*self })
    }

    fn suite(&self, norm: Norm) -> Result<Suite, SettingError> {
        Suite::named(self.named_parts(norm)?)
    }

    fn named_parts(&self, norm: Norm) -> Result<Vec<(&'static str, Part)>, SettingError> {
        let Self { steps, ensemble_gradient, version, few } = *self;
        let apgd = |loss| Apgd::new(loss, steps, 1, ensemble_gradient);
        let first = apgd(ApgdLoss::Untargeted(LossName::CrossEntropy))?;
        let second = match (version, few) {
            (Version::Standard { .. }, false) => ("apgd-t", apgd(ApgdLoss::Targeted(TARGETS))?),
            (Version::Standard { .. }, true) => {
                ("apgd-t-margin", apgd(ApgdLoss::TargetedMargin(TARGETS))?.starting_at(OTHER_STARTS))
            }
            (Version::Rand { .. }, false) => ("apgd-dlr", apgd(ApgdLoss::Untargeted(LossName::Dlr))?),
            (Version::Rand { .. }, true) => {
                ("apgd-margin", apgd(ApgdLoss::Untargeted(LossName::Margin))?.starting_at(OTHER_STARTS))
            }
        };
        let mut parts = vec![("apgd-ce", Part::in_ball(first)), (second.0, Part::in_ball(second.1))];
        if let Version::Standard { queries, rescale_schedule } = version {
            let settings = FabSettings { norm, steps, targets: TARGETS, ..FabSettings::default() };
            parts.push(("fab", Part::nearest(Fab::new(settings)?)));
            let square = Square::new(queries, SHARE)?.rescaled(rescale_schedule);
            parts.push(("square", Part::in_ball(square)));
        }
        Ok(parts)
    }
}

impl BallAttack for AutoAttack {
    fn name(&self) -> &'static str {
        match self.version {
            Version::Standard { .. } => "autoattack",
            Version::Rand { .. } => "autoattack-rand",
        }
    }

    fn parts(&self) -> Vec<&'static str> {
        // The names are the same in all norms, and `new` saw that parts can be made.
        let parts = self.named_parts(Norm::LInf).unwrap_or_default();
        parts.into_iter().map(|(name, _)| name).collect()
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let suite = self.fitting(model.classes())?.suite(ball.norm())?;
        self.on(model, |model| suite.perturb(model, batch, ball, noise))
    }

    fn perturb_all(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        balls: &[Ball],
        noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        let Some(first) = balls.first() else { return Ok(vec![]) };
        let suite = self.fitting(model.classes())?.suite(first.norm())?;
        self.on(model, |model| suite.perturb_all(model, batch, balls, noise))
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Arc<dyn BallAttack>>, ModelFault> {
        let fitting = self.fitting(classes)?;
        Ok((fitting.few != self.few).then(|| Arc::new(fitting) as Arc<dyn BallAttack>))
    }
}

#[cfg(test)]
mod part_tests;
#[cfg(test)]
mod tests;
