//! Several attacks as one: the worst that any of them can do to an image.

use crate::found::{Found, select};
use crate::{
    Apgd, ApgdLoss, Ascent, AttackError, Ball, BallAttack, Changed, Judgement, LossName, ModelFault,
    NearestAttack, Norm, Pgd, SettingError, StepSize, attack_settings::settings, still_robust::per_image,
    tally,
};
use bal_core::{Batch, Classifier, EnsembleGradient, NoiseStream};
use std::sync::Arc;
use tch::Tensor;

/// Attacks in one ball, one after the other, each on the images that still stand; stays in the ball.
///
/// Gives back each image's first point that fools the model. One that none of them fools comes back
/// at the point with the highest margin that any part ended at, and one that is wrong already is not
/// changed. All parts get the same noise, so that a part does to an image what it does alone; the
/// accuracy under a suite is then never above that under one of its parts.
///
/// Over several balls ([`BallAttack::perturb_all`]) an image that is broken in one is broken in all
/// larger ones, by the same point: the balls are nested. A part that seeks the nearest error runs on an image once, at
/// the smallest radius that its turn comes at, and counts in the balls that hold what it found.
///
/// Source: Croce & Hein, ICML 2020, section 5, where it is the worst case over attacks.
#[derive(Clone, Debug)]
pub struct Suite {
    parts: Vec<(&'static str, Part)>,
}

/// One of the attacks of a [`Suite`].
#[derive(Clone, Debug)]
pub enum Part {
    /// An attack in a ball.
    InBall(Arc<dyn BallAttack>),
    /// A search for the nearest error, in the ball's norm.
    Nearest(Arc<dyn NearestAttack>),
}

impl Part {
    /// An attack in a ball.
    pub fn in_ball(attack: impl BallAttack + 'static) -> Self {
        Self::InBall(Arc::new(attack))
    }

    /// A search for the nearest error.
    pub fn nearest(attack: impl NearestAttack + 'static) -> Self {
        Self::Nearest(Arc::new(attack))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::InBall(attack) => attack.name(),
            Self::Nearest(attack) => attack.name(),
        }
    }

    fn knows(&self, norm: Norm) -> Result<(), SettingError> {
        match self {
            Self::InBall(attack) => attack.knows(norm),
            Self::Nearest(attack) if attack.norm() == norm => Ok(()),
            Self::Nearest(attack) => {
                Err(SettingError::OtherNorm { attack: attack.name(), known: attack.norm(), norm })
            }
        }
    }
}

settings! {
    /// Settings of [`Suite::posterior`] by name.
    SuiteSettings {
        /// Norm of the ball: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Steps of the attack, at least 1.
        steps: u64 = 100,
        /// Random starts, at least 1.
        restarts: u64 = 1,
    }
}

impl Suite {
    /// These attacks, in this order.
    ///
    /// # Errors
    /// [`SettingError::NoParts`] without attacks.
    pub fn new(parts: Vec<Part>) -> Result<Self, SettingError> {
        Self::named(parts.into_iter().map(|part| (part.name(), part)).collect())
    }

    /// The same, under names that tell alike attacks apart.
    ///
    /// # Errors
    /// Those of [`Suite::new`].
    pub fn named(parts: Vec<(&'static str, Part)>) -> Result<Self, SettingError> {
        if parts.is_empty() {
            return Err(SettingError::NoParts);
        }
        Ok(Self { parts })
    }

    /// The posterior attacked as a whole: APGD and PGD, on the cross-entropy and on the margin, of the
    /// predictive distribution and of the mean over members.
    ///
    /// PGD's steps are together 2.5 radii long. A point estimate has one member, for which the last
    /// four parts do again what the first four did.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without steps or restarts.
    pub fn posterior(steps: u64, restarts: u64) -> Result<Self, SettingError> {
        use {
            EnsembleGradient::MemberMean, EnsembleGradient::Predictive, LossName::CrossEntropy,
            LossName::Margin,
        };
        let pgd = |loss, ensemble_gradient| -> Result<Part, SettingError> {
            let step_size = StepSize::RadiusOver(steps as f64 / 2.5);
            let ascent = Ascent { steps, step_size, loss, ensemble_gradient };
            Ok(Part::in_ball(Pgd::new(ascent, restarts)?))
        };
        let apgd = |loss, ensemble_gradient| -> Result<Part, SettingError> {
            let loss = ApgdLoss::Untargeted(loss);
            Ok(Part::in_ball(Apgd::new(loss, steps, restarts, ensemble_gradient)?))
        };
        Self::named(vec![
            ("apgd-ce-predictive", apgd(CrossEntropy, Predictive)?),
            ("apgd-margin-predictive", apgd(Margin, Predictive)?),
            ("pgd-ce-predictive", pgd(CrossEntropy, Predictive)?),
            ("pgd-margin-predictive", pgd(Margin, Predictive)?),
            ("apgd-ce-member-mean", apgd(CrossEntropy, MemberMean)?),
            ("apgd-margin-member-mean", apgd(Margin, MemberMean)?),
            ("pgd-ce-member-mean", pgd(CrossEntropy, MemberMean)?),
            ("pgd-margin-member-mean", pgd(Margin, MemberMean)?),
        ])
    }

    /// Lets the parts at the images that still stand.
    fn run(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
        account: &mut Account,
    ) -> Result<(), AttackError> {
        for ((name, part), searched) in self.parts.iter().zip(&mut account.searched) {
            let rows = account.found.robust();
            if rows.is_empty() {
                break;
            }
            tally::part(name);
            let robust = select(batch, &rows)?;
            let mapped = |error: AttackError| error.of_rows(&rows);
            let x = match part {
                Part::InBall(attack) => {
                    shaped(name, &robust, attack.perturb(model, &robust, ball, noise).map_err(mapped)?)?
                }
                Part::Nearest(attack) => {
                    let index = Tensor::from_slice(&rows).to_device(batch.x.device());
                    // Whatever stands in a ball stood in the smaller ones: the images of the first search are all that
                    // is asked for later.
                    let all = if let Some(all) = searched {
                        all
                    } else {
                        let x = attack.search(model, &robust, noise).map_err(mapped)?;
                        let x = shaped(name, &robust, x)?;
                        searched.insert(batch.x.detach().f_index_copy(0, &index, &x)?)
                    };
                    cut(&ball, &robust.x, &all.f_index_select(0, &index)?)
                }
            };
            let Judgement { margin, wrong, .. } =
                Judgement::by_margin(model, &x, robust.classes().map_err(ModelFault::from)?)
                    .map_err(|fault| fault.of_rows(&rows))?;
            account.found.offer(&rows, &x, &margin, &wrong)?;
            for (&row, wrong) in rows.iter().zip(Vec::<bool>::try_from(&wrong)?) {
                account.broken_by[row as usize] = wrong.then_some(*name);
            }
        }
        Ok(())
    }
}

/// Images in a ball, clean ones where `x` is outside; distances in double precision.
fn cut(ball: &Ball, clean: &Tensor, x: &Tensor) -> Tensor {
    let inside = ball.distance(clean, x).le(ball.radius());
    x.where_self(&per_image(&inside), &clean.detach())
}

/// Refuses points that are not shaped as the images.
fn shaped(attack: &str, images: &Batch, x: Tensor) -> Result<Tensor, AttackError> {
    let (expected, found) = (images.x.size(), x.size());
    if expected == found { Ok(x) } else { Err(AttackError::Shape { attack: attack.into(), expected, found }) }
}

/// What became of each image so far.
struct Account {
    found: Found,
    broken_by: Vec<Option<&'static str>>,
    /// Of each part that seeks the nearest error, what it found: all images of the batch, as they came where the part was
    /// not let at them.
    searched: Vec<Option<Tensor>>,
}

impl Account {
    fn of(model: &dyn Classifier, batch: &Batch, parts: usize) -> Result<Self, ModelFault> {
        let searched = (0..parts).map(|_| None).collect();
        Ok(Self { found: Found::clean(model, batch)?, broken_by: vec![None; batch.len()], searched })
    }
}

impl BallAttack for Suite {
    fn name(&self) -> &'static str {
        "suite"
    }

    fn parts(&self) -> Vec<&'static str> {
        self.parts.iter().map(|(name, _)| *name).collect()
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.knows(ball.norm())?;
        let mut account = Account::of(model, batch, self.parts.len())?;
        self.run(model, batch, ball, noise, &mut account)?;
        Ok(account.found.points())
    }

    fn perturb_all(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        balls: &[Ball],
        noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        balls.iter().try_for_each(|ball| self.knows(ball.norm()))?;
        let mut order: Vec<usize> = (0..balls.len()).collect();
        order.sort_by(|&a, &b| balls[a].radius().total_cmp(&balls[b].radius()));
        let mut account = Account::of(model, batch, self.parts.len())?;
        let mut changed = Vec::with_capacity(balls.len());
        for place in order {
            // What is in a ball of radius 0 has been looked at.
            if balls[place].radius() != 0.0 {
                self.run(model, batch, balls[place], noise, &mut account)?;
            }
            let broken_by = Some(account.broken_by.clone());
            changed.push((place, Changed { x: account.found.points(), broken_by }));
        }
        changed.sort_by_key(|(place, _)| *place);
        Ok(changed.into_iter().map(|(_, changed)| changed).collect())
    }

    fn knows(&self, norm: Norm) -> Result<(), SettingError> {
        self.parts.iter().try_for_each(|(_, part)| part.knows(norm))
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Arc<dyn BallAttack>>, ModelFault> {
        let mut suite = self.clone();
        let mut changed = false;
        for (_, part) in &mut suite.parts {
            let Part::InBall(attack) = part else { continue };
            if let Some(fitted) = attack.for_classes(classes)? {
                *attack = fitted;
                changed = true;
            }
        }
        Ok(changed.then(|| Arc::new(suite) as Arc<dyn BallAttack>))
    }
}

#[cfg(test)]
mod tests;
