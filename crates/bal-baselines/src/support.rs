//! Where adversarial images may be: a ball around the clean image, and the box of pixels.

use bal_attacks::{Ball, Norm};
use bal_core::NoiseStream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// The set in which an adversarial image has a density, and what a chain does at its rim.
///
/// ```text
/// K(x) = { z : |z - x|_p <= r },    intersected with [0, 1]^d where there is a box
/// ```
///
/// | boundary | a step to z' outside K | law of a chain with steps of e |
/// |---|---|---|
/// | reflect | folds back at the rim | that of K up to O(e) |
/// | reject | is not made, by the whole image | that of the chain without K, restricted to K |
/// | project | ends at the nearest point of the ball, then of the box | has atoms of mass O(e^1/2) on the rim |
///
/// Reflection in L-infinity and at the box folds each pixel, `u = (z' - lo) mod 2h`, `z = lo + min(u, 2h - u)` in an
/// interval `[lo, lo + h]`. In L2 it turns the distance `rho` into `2r - rho`, and 0 beyond `2r`, along the same
/// direction; the box comes after the ball, and leaves it nowhere, as x is in the box.
///
/// Sources: Bubeck, Eldan & Lehec, NeurIPS 2015, projected Langevin Monte Carlo; Bossy, Gobet & Talay, J. Appl. Probab. 2004,
/// the symmetrised Euler scheme (reflection).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Support {
    ball: Ball,
    unit_box: bool,
    boundary: Boundary,
    ramp: Option<u64>,
}

/// What a chain does where a step leaves its support.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boundary {
    /// Folds back at the rim.
    Reflect,
    /// Does not make the step, by the whole image. For an L2 ball without a box: in a box, or in an L-infinity ball, one
    /// of an image's many pixels nearly always steps out.
    Reject,
    /// Ends at the nearest point of the ball, clipped to the box: what adversarial training by PGD does. Pixels gather on
    /// the rim.
    Project,
}

/// The settings of a [`Support`]; an experiment file gives all of them.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupportSettings {
    /// Norm of the ball around the clean image: `linf` or `l2`.
    #[schemars(with = "String")]
    pub norm: Norm,
    /// Radius of the ball, for pixels in [0, 1]; above 0.
    pub radius: f64,
    /// Whether pixels stay in [0, 1], too.
    pub unit_box: bool,
    /// What a chain does where a step leaves the support.
    pub boundary: Boundary,
    /// Batches over which the radius grows linearly to its full size, at least 1. Absent: it has it from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<u64>,
}

impl Support {
    /// The support of these settings.
    ///
    /// # Errors
    /// The name of the setting that is out of its range, and why.
    pub fn new(settings: SupportSettings) -> Result<Self, (&'static str, String)> {
        let SupportSettings { norm, radius, unit_box, boundary, ramp } = settings;
        let ball = Ball::new(norm, radius).map_err(|error| ("radius", error.to_string()))?;
        if radius == 0.0 {
            return Err(("radius", "a ball of radius 0 is a point; it must be above 0".into()));
        }
        if boundary == Boundary::Reject && (unit_box || norm == Norm::LInf) {
            let why = "`reject` is for an L2 ball without a box: elsewhere one of an image's pixels nearly always \
                       steps out, and the chain stands still; use `reflect`";
            return Err(("boundary", why.into()));
        }
        if ramp == Some(0) {
            return Err(("ramp", "a ramp has at least 1 batch; leave it out for none".into()));
        }
        Ok(Self { ball, unit_box, boundary, ramp })
    }

    /// The support in sweep number `sweep`, counted from 1, while its radius grows to `r`:
    ///
    /// ```text
    /// r_k = r k / ramp,    k < ramp
    /// ```
    ///
    /// `None` from then on, and without a ramp.
    pub fn in_sweep(&self, sweep: u64) -> Option<Self> {
        let ramp = self.ramp.filter(|ramp| sweep < *ramp)?;
        let radius = self.ball.radius() * sweep as f64 / ramp as f64;
        let ball = Ball::new(self.ball.norm(), radius).ok()?;
        Some(Self { ball, ramp: None, ..*self })
    }

    /// What a chain does at the rim.
    pub fn boundary(&self) -> Boundary {
        self.boundary
    }

    /// The ball, without the box.
    pub fn ball(&self) -> Ball {
        self.ball
    }

    /// A point uniform in the support around each image `x`, `[n, c, h, w]`; `noise` has a stream for each image.
    ///
    /// In an L2 ball with a box, one uniform in the ball, folded back into the box.
    pub fn uniform(&self, x: &Tensor, noise: &mut NoiseStream) -> Tensor {
        match self.interval(x) {
            Some((low, high)) => &low + noise.uniform_like(x) * (&high - &low),
            None => self.boxed(&self.ball.uniform(x, noise)),
        }
    }

    /// The nearest point of the ball, clipped to the box.
    pub fn project(&self, x: &Tensor, z: &Tensor) -> Tensor {
        let z = self.ball.project(x, z);
        if self.unit_box { z.clamp(0.0, 1.0) } else { z }
    }

    /// Where a step from `before` to `after` ends, around the clean images `x`; all `[n, c, h, w]`.
    ///
    /// What is inside stays to the bit.
    pub fn confine(&self, x: &Tensor, before: &Tensor, after: &Tensor) -> Tensor {
        match self.boundary {
            Boundary::Project => self.project(x, after),
            Boundary::Reject => {
                let inside = self.ball.norm().of_each(&(after - x)).le(self.ball.radius());
                after.where_self(&inside, before)
            }
            // Rounding must not leave the ball.
            Boundary::Reflect => match self.interval(x) {
                Some((low, high)) => fold(after, &low, &high),
                None => self.boxed(&self.ball.project(x, &self.radially(x, after))),
            },
        }
    }

    /// The interval of each pixel, where pixels do not see each other.
    fn interval(&self, x: &Tensor) -> Option<(Tensor, Tensor)> {
        let radius = self.ball.radius();
        let (low, high) = (x - radius, x + radius);
        match (self.ball.norm(), self.unit_box) {
            (Norm::LInf, true) => Some((low.clamp_min(0.0), high.clamp_max(1.0))),
            (Norm::LInf, false) => Some((low, high)),
            (Norm::L2, _) => None,
        }
    }

    fn radially(&self, x: &Tensor, z: &Tensor) -> Tensor {
        let change = z - x;
        let length = self.ball.norm().of_each(&change);
        let outside = length.gt(self.ball.radius());
        let reflected = (2.0 * self.ball.radius() - &length).clamp_min(0.0) / &length;
        (x + change * reflected).where_self(&outside, z)
    }

    fn boxed(&self, z: &Tensor) -> Tensor {
        if self.unit_box { fold(z, &z.zeros_like(), &z.ones_like()) } else { z.shallow_clone() }
    }
}

/// `z` folded back into `[low, high]`, pixel by pixel.
fn fold(z: &Tensor, low: &Tensor, high: &Tensor) -> Tensor {
    let width = high - low;
    let twice = &width * 2.0;
    // In an interval of width 0 there is nothing to fold.
    let u = (z - low).remainder_tensor(&twice.clamp_min(f64::from(f32::MIN_POSITIVE)));
    let folded = (low + u.minimum(&(&twice - &u))).maximum(low).minimum(high);
    let inside = z.ge_tensor(low).logical_and(&z.le_tensor(high));
    z.where_self(&inside, &folded)
}

#[cfg(test)]
mod tests;
