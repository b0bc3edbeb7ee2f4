//! Several attacks as one: the worst that any of them can do to an image.

mod reused;

use crate::found::{Found, select};
use crate::{
    Apgd, ApgdLoss, Ascent, Attack, AttackError, AttackSettings, Ball, Changed, Judgement, LossName, Pgd,
    StepSize, tally,
};
use bal_core::{Batch, Classifier, EnsembleGradient, NoiseStream};
use reused::Reused;
use tch::Tensor;

/// Attacks in one ball, one after the other, each on the images that still stand; stays in the ball.
///
/// Gives back each image's first point that fools the model. One that none of them fools comes back
/// at the point with the highest margin that any part ended at, and one that is wrong already is not
/// changed. All parts get the same noise, so that a part does to an image what it does alone; the
/// accuracy under a suite is then never above that under one of its parts.
///
/// Over several radii ([`Attack::perturb_radii`]) an image that is broken at one is broken at all
/// larger ones, by the same point: the balls are nested. A part that serves all radii at once
/// ([`Attack::serves_all_radii`]) is let at an image once, at the smallest radius that its turn comes at.
///
/// Source: Croce & Hein, ICML 2020, section 5, where it is the worst case over attacks.
#[derive(Debug)]
pub struct Suite {
    ball: Ball,
    parts: Vec<Part>,
    settings: AttackSettings,
}

/// An attack, and what it is called in the account of who broke what.
#[derive(Debug)]
struct Part {
    name: &'static str,
    attack: Box<dyn Attack>,
}

impl Suite {
    /// These attacks, in this order.
    ///
    /// # Errors
    /// [`AttackError::NoParts`] without attacks; [`AttackError::MissingRadius`] for one without a ball,
    /// [`AttackError::Balls`] for one in another ball than the first.
    pub fn new(attacks: Vec<Box<dyn Attack>>) -> Result<Self, AttackError> {
        Self::named(attacks.into_iter().map(|attack| (attack.name(), attack)).collect())
    }

    /// The same, under names that tell alike attacks apart.
    ///
    /// # Errors
    /// Those of [`Suite::new`].
    pub fn named(attacks: Vec<(&'static str, Box<dyn Attack>)>) -> Result<Self, AttackError> {
        let ball_of = |attack: &dyn Attack| attack.ball().ok_or(AttackError::MissingRadius(attack.name()));
        let Some((first, attack)) = attacks.first() else { return Err(AttackError::NoParts) };
        let ball = ball_of(&**attack)?;
        let written = |ball: Ball| format!("{} radius {}", ball.norm(), ball.radius());
        for (name, attack) in &attacks {
            let other = ball_of(&**attack)?;
            if other != ball {
                let (found, expected) = (written(other), written(ball));
                return Err(AttackError::Balls { attack: name, found, first, expected });
            }
        }
        let parts = attacks.into_iter().map(|(name, attack)| Part { name, attack }).collect();
        let settings = AttackSettings { norm: Some(ball.norm()), ..AttackSettings::default() };
        Ok(Self { ball, parts, settings })
    }

    /// The posterior attacked as a whole: APGD and PGD, on the cross-entropy and on the margin, of the
    /// predictive distribution and of the mean over members.
    ///
    /// PGD's steps are together 2.5 radii long. A point estimate has one member, for which the last
    /// four parts do again what the first four did.
    ///
    /// # Errors
    /// [`AttackError::Zero`] without steps or restarts.
    pub fn posterior(ball: Ball, steps: u64, restarts: u64) -> Result<Self, AttackError> {
        use {
            EnsembleGradient::MemberMean, EnsembleGradient::Predictive, LossName::CrossEntropy,
            LossName::Margin,
        };
        let pgd = |loss, ensemble_gradient| -> Result<Box<dyn Attack>, AttackError> {
            let step_size = StepSize::RadiusOver(steps as f64 / 2.5);
            let ascent = Ascent { steps, step_size, loss, ensemble_gradient };
            Ok(Box::new(Pgd::new(ball, ascent, restarts)?))
        };
        let apgd = |loss, ensemble_gradient| -> Result<Box<dyn Attack>, AttackError> {
            let loss = ApgdLoss::Untargeted(loss);
            Ok(Box::new(Apgd::new(ball, loss, steps, restarts, ensemble_gradient)?))
        };
        let suite = Self::named(vec![
            ("apgd-ce-predictive", apgd(CrossEntropy, Predictive)?),
            ("apgd-margin-predictive", apgd(Margin, Predictive)?),
            ("pgd-ce-predictive", pgd(CrossEntropy, Predictive)?),
            ("pgd-margin-predictive", pgd(Margin, Predictive)?),
            ("apgd-ce-member-mean", apgd(CrossEntropy, MemberMean)?),
            ("apgd-margin-member-mean", apgd(Margin, MemberMean)?),
            ("pgd-ce-member-mean", pgd(CrossEntropy, MemberMean)?),
            ("pgd-margin-member-mean", pgd(Margin, MemberMean)?),
        ])?;
        let settings = AttackSettings { steps: Some(steps), restarts: Some(restarts), ..suite.settings };
        Ok(Self { settings, ..suite })
    }

    /// The ball of all parts.
    pub(crate) fn of(&self) -> Ball {
        self.ball
    }

    /// The suite in a ball of another radius.
    pub(crate) fn of_radius(&self, radius: f64) -> Result<Self, AttackError> {
        let ball = Ball::new(self.ball.norm(), radius)?;
        let at = |part: &Part| Ok(Part { name: part.name, attack: part.attack.at_radius(radius)? });
        let parts = self.parts.iter().map(at).collect::<Result<_, AttackError>>()?;
        Ok(Self { ball, parts, settings: self.settings })
    }

    /// Lets the parts at the images that still stand, in balls of the suite's own radius, the first of those `ahead`.
    fn run(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ahead: &[f64],
        noise: &NoiseStream,
        account: &mut Account,
    ) -> Result<(), AttackError> {
        for (part, Part { name, attack }) in self.parts.iter().enumerate() {
            let rows = account.found.standing();
            if rows.is_empty() {
                break;
            }
            tally::part(name);
            let standing = select(batch, &rows)?;
            let mapped = |error: AttackError| error.of_rows(&rows);
            let x = match &mut account.reused[part] {
                Some(reused) => reused.at(ahead, &rows)?,
                none if attack.serves_all_radii() => {
                    let of = Reused::of(&**attack, model, batch, (&rows, &standing), ahead, noise);
                    none.insert(of.map_err(mapped)?).at(ahead, &rows)?
                }
                None => {
                    let x = attack.perturb(model, &standing, noise).map_err(mapped)?;
                    reused::shape(name, &standing, &x)?;
                    x
                }
            };
            let Judgement { margin, wrong, .. } =
                Judgement::by_margin(model, &x, &standing.y).map_err(mapped)?;
            account.found.offer(&rows, &x, &margin, &wrong)?;
            for (&row, wrong) in rows.iter().zip(Vec::<bool>::try_from(&wrong)?) {
                account.broken_by[row as usize] = wrong.then_some(*name);
            }
        }
        Ok(())
    }
}

/// What became of each image so far.
struct Account {
    found: Found,
    broken_by: Vec<Option<&'static str>>,
    /// Of each part that needs one run for all radii, what that made.
    reused: Vec<Option<Reused>>,
}

impl Account {
    fn of(model: &dyn Classifier, batch: &Batch, parts: usize) -> Result<Self, AttackError> {
        let reused = (0..parts).map(|_| None).collect();
        Ok(Self { found: Found::clean(model, batch)?, broken_by: vec![None; batch.len()], reused })
    }

    fn changed(&self) -> Changed {
        Changed { x: self.found.points(), broken_by: self.broken_by.clone() }
    }
}

impl Attack for Suite {
    fn name(&self) -> &'static str {
        "suite"
    }

    fn ball(&self) -> Option<Ball> {
        Some(self.ball)
    }

    fn parts(&self) -> Vec<&'static str> {
        self.parts.iter().map(|part| part.name).collect()
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
        let mut account = Account::of(model, batch, self.parts.len())?;
        self.run(model, batch, &[self.ball.radius()], noise, &mut account)?;
        Ok(account.found.points())
    }

    fn at_radius(&self, radius: f64) -> Result<Box<dyn Attack>, AttackError> {
        Ok(Box::new(self.of_radius(radius)?))
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Box<dyn Attack>>, AttackError> {
        let fitted = |part: &Part| part.attack.for_classes(classes);
        let fitted = self.parts.iter().map(fitted).collect::<Result<Vec<_>, _>>()?;
        if fitted.iter().all(Option::is_none) {
            return Ok(None);
        }
        let mut suite = self.of_radius(self.ball.radius())?;
        for (part, fitted) in suite.parts.iter_mut().zip(fitted) {
            if let Some(attack) = fitted {
                part.attack = attack;
            }
        }
        Ok(Some(Box::new(suite)))
    }

    fn perturb_radii(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radii: &[f64],
        noise: &NoiseStream,
    ) -> Result<Vec<Tensor>, AttackError> {
        let changed = self.perturb_and_tell(model, batch, radii, noise)?;
        Ok(changed.into_iter().map(|changed| changed.x).collect())
    }

    fn perturb_and_tell(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radii: &[f64],
        noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        let suites = radii.iter().map(|&radius| self.of_radius(radius)).collect::<Result<Vec<_>, _>>()?;
        let mut order: Vec<usize> = (0..radii.len()).collect();
        order.sort_by(|&a, &b| radii[a].total_cmp(&radii[b]));
        let ascending: Vec<f64> = order.iter().map(|&place| radii[place]).collect();
        let mut account = Account::of(model, batch, self.parts.len())?;
        let mut changed = Vec::with_capacity(radii.len());
        for (behind, place) in order.into_iter().enumerate() {
            // What is in a ball of radius 0 has been looked at.
            if radii[place] != 0.0 {
                suites[place].run(model, batch, &ascending[behind..], noise, &mut account)?;
            }
            changed.push((place, account.changed()));
        }
        changed.sort_by_key(|(place, _)| *place);
        Ok(changed.into_iter().map(|(_, changed)| changed).collect())
    }
}

#[cfg(test)]
mod tests;
