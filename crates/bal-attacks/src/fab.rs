//! The fast adaptive boundary attack: seeks the nearest adversarial image.

mod projection;

use crate::{
    AttackError, ModelFault, NearestAttack, Norm, SettingError,
    attack_settings::settings,
    margin,
    nearest::Nearest,
    range,
    still_robust::{StillRobust, on_still_robust, per_image, sum_of_each},
};
use bal_core::{Batch, Classifier, NoiseStream};
use projection::onto_plane;
use tch::Tensor;

/// Steps of the last search between the clean image and the best one.
const SEARCH_STEPS: u64 = 3;

/// How far that search goes past a boundary it computes, as a share of the way from the clean image: a
/// point on the boundary is decided by rounding.
const PAST: f64 = 1e-4;

/// Projections onto the plane where the model, taken as linear, prefers one wrong class; goes to the
/// nearest adversarial image, has no ball.
///
/// ```text
/// pi    the plane  z_t(x_i) - z_y(x_i) + grad (z_t - z_y)(x_i) (x - x_i) = 0
/// d     the way from x_i to pi in [0, 1]^d, shortest in the norm;    d_0 that from the clean image x
/// a     min(||d|| / (||d|| + ||d_0||), a_max)
/// x_i+1 clip((1 - a) (x_i + eta d) + a (x + eta d_0), 0, 1)
///       where that is adversarial it is remembered, and x_i+1 <- x + beta (x_i+1 - x)
/// ```
///
/// This is the targeted version: the loop runs for each of the `targets` most likely wrong classes of
/// the clean image, so a step costs one gradient, however many classes there are; any wrong class
/// counts. The first restart begins at the image, the others at random points at half the distance
/// found, or half the size of the paper's balls (.3 in `LInf`, 1 in L2) where nothing was found. A
/// search of 3 steps along the line from the clean image ends it, and one last projection of the clean
/// image, which is ours: at pixels in a border the line from `x + eta d` is not the shortest way.
///
/// Images are `[n, c, h, w]` in `[0, 1]`; the model is scored by its combined prediction.
///
/// Source: Croce & Hein, ICML 2020 (fast adaptive boundary), algorithm 1 and section 3.2; its targeted
/// version is that of Croce & Hein, ICML 2020 (`AutoAttack`), with 9 targets and 100 steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fab {
    settings: FabSettings,
}

settings! {
    /// Settings of [`Fab`].
    ///
    /// | setting | the papers' |
    /// |---|---|
    /// | `steps` | N_iter |
    /// | `restarts` | N_restarts |
    /// | `targets` | target classes |
    /// | `overshoot` | eta - 1 |
    /// | `greatest_pull` | alpha_max |
    /// | `backward` | beta |
    FabSettings optional (overshoot, greatest_pull, backward) {
        /// Norm of the distance that the attack minimises: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Gradient steps for each target class and restart, at least 1.
        steps: u64 = 100,
        /// Starts, at least 1: the clean image, then random ones.
        restarts: u64 = 1,
        /// How many of the most likely wrong classes are tried, at least 1.
        targets: u64 = 9,
        /// How far steps go past the plane, as a share of their length, at least 0.
        overshoot: f64 = 0.05,
        /// Greatest weight of the clean image's own projection, in `(0, 1]`.
        greatest_pull: f64 = 0.1,
        /// The share of the way from the clean image that is kept after a success, in `(0, 1]`.
        backward: f64 = 0.9,
    }
}

impl Fab {
    /// FAB with these settings.
    ///
    /// # Errors
    /// [`SettingError::Zero`] for a count of zero, [`SettingError::OutOfRange`] for another setting out
    /// of its range.
    pub fn new(settings: FabSettings) -> Result<Self, SettingError> {
        let FabSettings { norm: _, steps, restarts, targets, overshoot, greatest_pull, backward } = settings;
        range::counts(&[("steps", steps), ("restarts", restarts), ("targets", targets)])?;
        range::shares(&[("greatest_pull", greatest_pull), ("backward", backward)])?;
        range::not_negative(&[("overshoot", overshoot)])?;
        Ok(Self { settings })
    }

    /// The loop of one target class per image, `[m]`, from `x`.
    fn descend(
        &self,
        model: &dyn Classifier,
        robust: &StillRobust,
        target: &Tensor,
        mut x: Tensor,
        nearest: &mut Nearest,
    ) -> Result<(), ModelFault> {
        let clean = &robust.x;
        let FabSettings { greatest_pull, overshoot, backward, .. } = self.settings;
        let eta = 1.0 + overshoot;
        for _ in 0..self.settings.steps {
            let plane = robust.slope(model, &x, |z| margin::lead(z, target, &robust.y))?;
            let value = per_image(&plane.value);
            let value_of_clean = &value + sum_of_each(&(&plane.gradient * (clean - &x)));
            let d = onto_plane(self.settings.norm, &x, &value, &plane.gradient);
            let d_0 = onto_plane(self.settings.norm, clean, &value_of_clean, &plane.gradient);
            let (near, far) = (self.settings.norm.of_each(&d), self.settings.norm.of_each(&d_0));
            let sum = (&near + far).clamp_min(f64::from(f32::MIN_POSITIVE));
            let pull = (near / sum).clamp_max(greatest_pull);
            x = (x + d * eta).lerp_tensor(&(clean + d_0 * eta), &pull).clamp(0.0, 1.0);
            let fooled = robust.fooled(model, &x)?;
            nearest.offer(&x, &fooled);
            x = (clean + (&x - clean) * backward).where_self(&per_image(&fooled), &x);
        }
        Ok(())
    }

    /// Where a loop begins: at the image, later at random points half as far as the best found.
    fn start(&self, robust: &StillRobust, nearest: &Nearest, noise: &NoiseStream, restart: u64) -> Tensor {
        if restart == 0 {
            return robust.x.shallow_clone();
        }
        let usual = match self.settings.norm {
            Norm::LInf => 0.3,
            Norm::L2 => 1.0,
        };
        let size = nearest.distance.nan_to_num(None, usual, None);
        let mut streams = noise.for_chain(restart).for_images(&robust.indices);
        let direction = match self.settings.norm {
            Norm::LInf => streams.uniform_like(&robust.x) * 2.0 - 1.0,
            Norm::L2 => streams.normal_like(&robust.x),
        };
        let length = self.settings.norm.of_each(&direction).clamp_min(f64::from(f32::MIN_POSITIVE));
        (&robust.x + direction * (per_image(&size) * 0.5 / length)).clamp(0.0, 1.0)
    }

    /// The last search: where the lead of the best image's class, taken as linear, is zero.
    fn bisect(model: &dyn Classifier, robust: &StillRobust, nearest: &mut Nearest) -> Result<(), ModelFault> {
        let clean = &robust.x;
        let way = &nearest.images - clean;
        let at_end = robust.logits_at(model, &nearest.images)?;
        // Where nothing was found the class is the label, all leads are 0 and nothing moves.
        let class = at_end.argmax(-1, false);
        let lead = |z: &Tensor| margin::lead(z, &class, &robust.y);
        let (mut low, mut high) = (nearest.distance.zeros_like(), nearest.distance.ones_like());
        let (mut below, mut above) = (lead(&robust.logits), lead(&at_end));
        for _ in 0..SEARCH_STEPS {
            let slope = (&above - &below).clamp_min(f64::from(f32::MIN_POSITIVE));
            let share = (&low + (&high - &low) * (-&below / slope) + PAST).minimum(&high);
            let x = (clean + &way * per_image(&share)).clamp(0.0, 1.0);
            let z = robust.logits_at(model, &x)?;
            let fooled = z.argmax(-1, false).ne_tensor(&robust.y);
            nearest.offer(&x, &fooled);
            let value = lead(&z);
            // Past the boundary it may be another class that beats the label.
            above = value.clamp_min(0.0).where_self(&fooled, &above);
            below = below.where_self(&fooled, &value.clamp_max(0.0));
            high = share.where_self(&fooled, &high);
            low = low.where_self(&fooled, &share);
        }
        Ok(())
    }

    /// The clean image's own projection onto the plane at the best image.
    fn polish(
        &self,
        model: &dyn Classifier,
        robust: &StillRobust,
        nearest: &mut Nearest,
    ) -> Result<(), ModelFault> {
        let clean = &robust.x;
        let class = robust.logits_at(model, &nearest.images)?.argmax(-1, false);
        let plane = robust.slope(model, &nearest.images, |z| margin::lead(z, &class, &robust.y))?;
        let value = per_image(&plane.value) + sum_of_each(&(&plane.gradient * (clean - &nearest.images)));
        let d = onto_plane(self.settings.norm, clean, &value, &plane.gradient);
        let x = (clean + d * (1.0 + PAST)).clamp(0.0, 1.0);
        nearest.offer(&x, &robust.fooled(model, &x)?);
        Ok(())
    }
}

impl NearestAttack for Fab {
    fn name(&self) -> &'static str {
        "fab"
    }

    fn norm(&self) -> Norm {
        self.settings.norm
    }

    fn search(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        on_still_robust(model, batch, |robust| {
            let targets = margin::rivals(&robust.logits, &robust.y, self.settings.targets);
            let mut nearest = Nearest::new(self.settings.norm, &robust.x);
            for restart in 0..self.settings.restarts {
                for target in targets.unbind(1) {
                    let start = self.start(robust, &nearest, noise, restart);
                    self.descend(model, robust, &target, start, &mut nearest)?;
                }
            }
            Self::bisect(model, robust, &mut nearest)?;
            self.polish(model, robust, &mut nearest)?;
            Ok(nearest.images)
        })
    }
}

#[cfg(test)]
mod tests;
