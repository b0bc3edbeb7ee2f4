//! The ensemble of attacks that robust accuracies are compared by.

use crate::{
    Apgd, ApgdLoss, Attack, AttackError, AttackSettings, Ball, Changed, Eot, Fab, FabSettings, InBall,
    LossName, Square, Suite,
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
/// [`Attack::for_classes`] gives the version for a model, and each `perturb` takes it.
///
/// In `rand` the suite judges images by the mean
/// over passes too, which [`Eot`] defines; with [`EnsembleGradient::MemberMean`] gradients are averaged
/// as the paper's code does.
///
/// Source: Croce & Hein, ICML 2020, section 5; `rand` is in their code (`flags_doc.md`), for defenses
/// with randomness. Few classes are ours.
#[derive(Debug)]
pub struct AutoAttack {
    suite: Suite,
    plan: Plan,
    few: bool,
}

/// What the parts are made with.
#[derive(Clone, Copy, Debug)]
struct Plan {
    steps: u64,
    ensemble_gradient: EnsembleGradient,
    version: Version,
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

impl AutoAttack {
    /// The version for models that answer alike each time.
    ///
    /// # Errors
    /// [`AttackError::Zero`] without steps or queries.
    pub fn standard(
        ball: Ball,
        steps: u64,
        queries: u64,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<Self, AttackError> {
        Self::new(ball, steps, ensemble_gradient, Version::Standard { queries, rescale_schedule: false })
    }

    /// The same; `rescale` has Square's windows shrink in proportion to the queries, see [`Square::rescaled`].
    ///
    /// # Errors
    /// Those of [`AutoAttack::standard`], and of [`AutoAttack::rand`] of that version, which has no Square.
    pub fn rescaled(self, rescale: bool) -> Result<Self, AttackError> {
        let Version::Standard { queries, .. } = self.plan.version else { return Ok(self) };
        let version = Version::Standard { queries, rescale_schedule: rescale };
        Self::new(self.suite.of(), self.plan.steps, self.plan.ensemble_gradient, version)
    }

    /// The version for models with random answers.
    ///
    /// # Errors
    /// [`AttackError::Zero`] without steps or repetitions.
    pub fn rand(
        ball: Ball,
        steps: u64,
        repetitions: u64,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<Self, AttackError> {
        if repetitions == 0 {
            return Err(AttackError::Zero("repetitions"));
        }
        Self::new(ball, steps, ensemble_gradient, Version::Rand { repetitions })
    }

    fn new(
        ball: Ball,
        steps: u64,
        ensemble_gradient: EnsembleGradient,
        version: Version,
    ) -> Result<Self, AttackError> {
        let plan = Plan { steps, ensemble_gradient, version };
        Ok(Self { suite: plan.suite(ball, false)?, plan, few: false })
    }

    /// What `attack` does to the model, or to the mean of its passes.
    fn on<T>(
        &self,
        model: &dyn Classifier,
        attack: impl FnOnce(&dyn Classifier) -> Result<T, AttackError>,
    ) -> Result<T, AttackError> {
        match self.plan.version {
            Version::Standard { .. } => attack(model),
            Version::Rand { repetitions } => attack(&Eot::new(model.replicate(), repetitions)?),
        }
    }

    /// This attack for models of so many classes; `None` where it is that.
    fn fitting(&self, classes: i64) -> Result<Option<Self>, AttackError> {
        let (needed, all) = match self.plan.version {
            Version::Standard { .. } => (2, 4),
            Version::Rand { .. } => (2, 3),
        };
        if classes < needed {
            return Err(AttackError::FewClasses { attack: self.name(), needed, classes });
        }
        let few = classes < all;
        if few == self.few {
            return Ok(None);
        }
        Ok(Some(Self { suite: self.plan.suite(self.suite.of(), few)?, plan: self.plan, few }))
    }
}

impl Plan {
    fn suite(&self, ball: Ball, few: bool) -> Result<Suite, AttackError> {
        let Self { steps, ensemble_gradient, version } = *self;
        let apgd = |loss| Apgd::new(ball, loss, steps, 1, ensemble_gradient);
        let first: Box<dyn Attack> = Box::new(apgd(ApgdLoss::Untargeted(LossName::CrossEntropy))?);
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
        let mut parts = vec![("apgd-ce", first), (second.0, Box::new(second.1) as Box<dyn Attack>)];
        if let Version::Standard { queries, rescale_schedule } = version {
            let settings = FabSettings { steps, targets: TARGETS, ..FabSettings::default() };
            let fab = Arc::new(Fab::new(ball.norm(), settings)?);
            parts.push(("fab", Box::new(InBall::new(fab, ball.radius())?)));
            let square = Square::new(ball, queries, SHARE)?.rescaled(rescale_schedule);
            parts.push(("square", Box::new(square)));
        }
        Suite::named(parts)
    }
}

impl Attack for AutoAttack {
    fn name(&self) -> &'static str {
        match self.plan.version {
            Version::Standard { .. } => "autoattack",
            Version::Rand { .. } => "autoattack-rand",
        }
    }

    fn ball(&self) -> Option<Ball> {
        self.suite.ball()
    }

    fn parts(&self) -> Vec<&'static str> {
        self.suite.parts()
    }

    fn settings(&self) -> AttackSettings {
        let Plan { steps, ensemble_gradient, version } = self.plan;
        let common = AttackSettings {
            norm: self.suite.norm(),
            steps: Some(steps),
            ensemble_gradient: Some(ensemble_gradient),
            ..AttackSettings::default()
        };
        match version {
            Version::Standard { queries, rescale_schedule } => {
                AttackSettings { queries: Some(queries), rescale_schedule: Some(rescale_schedule), ..common }
            }
            Version::Rand { repetitions } => AttackSettings { repetitions: Some(repetitions), ..common },
        }
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        if let Some(fitting) = self.fitting(model.classes())? {
            return fitting.perturb(model, batch, noise);
        }
        self.on(model, |model| self.suite.perturb(model, batch, noise))
    }

    fn at_radius(&self, radius: f64) -> Result<Box<dyn Attack>, AttackError> {
        let Self { suite, plan, few } = self;
        Ok(Box::new(Self { suite: suite.of_radius(radius)?, plan: *plan, few: *few }))
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Box<dyn Attack>>, AttackError> {
        Ok(self.fitting(classes)?.map(|fitting| Box::new(fitting) as Box<dyn Attack>))
    }

    fn perturb_radii(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radii: &[f64],
        noise: &NoiseStream,
    ) -> Result<Vec<Tensor>, AttackError> {
        if let Some(fitting) = self.fitting(model.classes())? {
            return fitting.perturb_radii(model, batch, radii, noise);
        }
        self.on(model, |model| self.suite.perturb_radii(model, batch, radii, noise))
    }

    fn perturb_and_tell(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radii: &[f64],
        noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        if let Some(fitting) = self.fitting(model.classes())? {
            return fitting.perturb_and_tell(model, batch, radii, noise);
        }
        self.on(model, |model| self.suite.perturb_and_tell(model, batch, radii, noise))
    }
}

#[cfg(test)]
mod tests;
