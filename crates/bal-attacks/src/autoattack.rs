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

/// A [`Suite`] with settings that are the same for every model; stays in its ball.
///
/// | version | name | attacks |
/// |---|---|---|
/// | standard | `autoattack` | APGD on the cross-entropy, targeted APGD, targeted FAB, Square |
/// | rand | `autoattack-rand` | APGD on the cross-entropy and on the DLR loss, of the mean over passes ([`Eot`]) |
///
/// The paper's budget is 100 steps, one restart, 9 targets, 5000 queries and, in `rand`, 20 passes.
/// Targeted APGD takes at least 4 classes, and the DLR loss 3. In `rand` the suite judges images by the mean
/// over passes too, which [`Eot`] defines; with [`EnsembleGradient::MemberMean`] gradients are averaged
/// as the paper's code does.
///
/// Source: Croce & Hein, ICML 2020, section 5; `rand` is in their code (`flags_doc.md`), for defenses
/// with randomness.
#[derive(Debug)]
pub struct AutoAttack {
    suite: Suite,
    settings: AttackSettings,
    /// How many passes make an answer, in the version for random models.
    repetitions: Option<u64>,
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
        let apgd = |loss| Apgd::new(ball, loss, steps, 1, ensemble_gradient);
        let fab = Fab::new(ball.norm(), FabSettings { steps, targets: TARGETS, ..FabSettings::default() })?;
        let suite = Suite::new(vec![
            Box::new(apgd(ApgdLoss::Untargeted(LossName::CrossEntropy))?),
            Box::new(apgd(ApgdLoss::Targeted(TARGETS))?),
            Box::new(InBall::new(Arc::new(fab), ball.radius())?),
            Box::new(Square::new(ball, queries, SHARE)?),
        ])?;
        let settings = AttackSettings {
            norm: Some(ball.norm()),
            steps: Some(steps),
            queries: Some(queries),
            ensemble_gradient: Some(ensemble_gradient),
            ..AttackSettings::default()
        };
        Ok(Self { suite, settings, repetitions: None })
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
        let apgd = |loss| Apgd::new(ball, ApgdLoss::Untargeted(loss), steps, 1, ensemble_gradient);
        let suite =
            Suite::new(vec![Box::new(apgd(LossName::CrossEntropy)?), Box::new(apgd(LossName::Dlr)?)])?;
        let settings = AttackSettings {
            norm: Some(ball.norm()),
            steps: Some(steps),
            repetitions: Some(repetitions),
            ensemble_gradient: Some(ensemble_gradient),
            ..AttackSettings::default()
        };
        Ok(Self { suite, settings, repetitions: Some(repetitions) })
    }

    /// What `attack` does to the model, or to the mean of its passes.
    fn on<T>(
        &self,
        model: &dyn Classifier,
        attack: impl FnOnce(&dyn Classifier) -> Result<T, AttackError>,
    ) -> Result<T, AttackError> {
        match self.repetitions {
            None => attack(model),
            Some(repetitions) => attack(&Eot::new(model.replicate(), repetitions)?),
        }
    }
}

impl Attack for AutoAttack {
    fn name(&self) -> &'static str {
        if self.repetitions.is_some() { "autoattack-rand" } else { "autoattack" }
    }

    fn ball(&self) -> Option<Ball> {
        self.suite.ball()
    }

    fn parts(&self) -> Vec<&'static str> {
        self.suite.parts()
    }

    fn settings(&self) -> AttackSettings {
        self.settings
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.on(model, |model| self.suite.perturb(model, batch, noise))
    }

    fn at_radius(&self, radius: f64) -> Result<Box<dyn Attack>, AttackError> {
        let Self { suite, settings, repetitions } = self;
        Ok(Box::new(Self { suite: suite.of_radius(radius)?, settings: *settings, repetitions: *repetitions }))
    }

    fn perturb_radii(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radii: &[f64],
        noise: &NoiseStream,
    ) -> Result<Vec<Tensor>, AttackError> {
        self.on(model, |model| self.suite.perturb_radii(model, batch, radii, noise))
    }

    fn perturb_and_tell(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radii: &[f64],
        noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        self.on(model, |model| self.suite.perturb_and_tell(model, batch, radii, noise))
    }
}
