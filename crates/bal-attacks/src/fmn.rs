//! Fast minimum-norm: seeks the nearest adversarial image by a ball that grows and shrinks.

mod schedule;

use crate::{
    AttackError, NearestAttack, Norm, SettingError,
    attack_settings::settings,
    margin,
    nearest::Nearest,
    range, step_size,
    still_robust::{on_still_robust, per_image},
};
use bal_core::{Batch, Classifier, NoiseStream};
use schedule::cosine;
use tch::Tensor;

/// Gradient steps inside a ball around each image whose radius closes in on the boundary; goes to the
/// nearest adversarial image, has no ball of its own.
///
/// ```text
/// L_k   max_{j != y} z_j - z_y at x + d_k,    g = grad L_k
/// e_k+1 where L_k < 0, not adversarial:  before the first success the estimate ||d_k|| - L_k / ||g||_*, if it
///                                        exceeds e_k by more than the share gamma_K; else e_k (1 + gamma_k)
///       where adversarial:               min(e_k (1 - gamma_k), least distance found)
/// d_k+1 clip(x + project(d_k + alpha_k g / ||g||_2, ball of radius e_k+1), 0, 1) - x
/// ```
///
/// The paper's radius before the first success is the estimate `||d_k|| - L_k / ||g||_*` alone. That it grows
/// where the estimate stalls is ours: it ends on the boundary of a linear model, where rounding decides,
/// and short of it where pixels are at a border, and comes no further.
///
/// `gamma_k` and `alpha_k` fall along half a cosine. `L` is minus the paper's loss. Steps have unit
/// Euclidean length in both norms, and `||.||_*` is the dual norm. Each image has its own radius. One
/// forward and one backward pass a step.
///
/// Images are `[n, c, h, w]` in `[0, 1]`; the model is scored by its combined prediction.
///
/// Source: Pintor, Roli, Brendel & Biggio, NeurIPS 2021, algorithm 1, untargeted, from the image itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fmn {
    settings: FmnSettings,
}

settings! {
    /// Settings of [`Fmn`]; the usual ones are the paper's.
    FmnSettings optional (step_size, first_change, last_change) {
        /// Norm of the distance that the attack minimises: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Gradient steps, at least 1.
        steps: u64 = 100,
        /// Euclidean length of the first step, `alpha_0`, > 0; the last is a hundredth of it. In L2 it is usually 1, see
        /// [`FmnSettings::of`].
        #[serde(deserialize_with = "step_size::number")]
        step_size: f64 = 10.0,
        /// How much the radius changes in the first step, as a share, `gamma_0`, in `(0, 1]`.
        first_change: f64 = 0.05,
        /// How much it changes in the last step, `gamma_K`, in `(0, 1]`.
        last_change: f64 = 0.001,
    }

    fn usual(norm: Option<Norm>) -> Self {
        norm.map_or_else(Self::default, Self::of)
    }
}

impl FmnSettings {
    /// The usual settings for a norm: in `LInf` steps of 10, which the ball's projection cuts off.
    pub fn of(norm: Norm) -> Self {
        let step_size = match norm {
            Norm::LInf => 10.0,
            Norm::L2 => 1.0,
        };
        Self { norm, step_size, ..Self::default() }
    }
}

impl Fmn {
    /// FMN with these settings.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without steps, [`SettingError::OutOfRange`] for another setting out of its
    /// range.
    pub fn new(settings: FmnSettings) -> Result<Self, SettingError> {
        range::counts(&[("steps", settings.steps)])?;
        range::positive(&[("step_size", settings.step_size)])?;
        range::shares(&[("first_change", settings.first_change), ("last_change", settings.last_change)])?;
        Ok(Self { settings })
    }

    /// `change` inside the ball of each image's own radius, `[m, 1, 1, 1]`, which may be infinite.
    fn project(&self, change: &Tensor, radius: &Tensor) -> Tensor {
        match self.settings.norm {
            Norm::LInf => change.minimum(radius).maximum(&-radius),
            Norm::L2 => {
                let length = Norm::L2.of_each(change).clamp_min(f64::from(f32::MIN_POSITIVE));
                change * (radius / length).clamp_max(1.0)
            }
        }
    }
}

impl NearestAttack for Fmn {
    fn name(&self) -> &'static str {
        "fmn"
    }

    fn norm(&self) -> Norm {
        self.settings.norm
    }

    fn search(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        _noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let FmnSettings { norm, steps, step_size, first_change, last_change } = self.settings;
        on_still_robust(model, batch, |robust| {
            let clean = &robust.x;
            let mut nearest = Nearest::new(norm, clean);
            let mut x = clean.shallow_clone();
            let mut radius = norm.of_each(clean).zeros_like();
            for step in 0..steps {
                let at = robust.slope(model, &x, |z| margin::best_lead(z, &robust.y))?;
                let fooled = at.logits.argmax(-1, false).ne_tensor(&robust.y);
                nearest.offer(&x, &fooled);
                let gamma = cosine(first_change, last_change, step, steps);
                let change = &x - clean;
                let missing = -per_image(&at.value) / norm.dual_of_each(&at.gradient);
                // At a boundary without a slope 0 / 0 says nothing: the radius stays.
                let estimate = norm.of_each(&change) + missing.nan_to_num(0.0, None, None);
                let stalled = estimate.le_tensor(&(&radius * (1.0 + last_change)));
                let grown = (&radius * (1.0 + gamma))
                    .where_self(&per_image(&nearest.found()).logical_or(&stalled), &estimate);
                let shrunk = (&radius * (1.0 - gamma)).minimum(&per_image(&nearest.distance));
                radius = shrunk.where_self(&per_image(&fooled), &grown);
                let alpha = cosine(step_size, step_size / 100.0, step, steps);
                let stepped = change + Norm::L2.steepest(&at.gradient) * alpha;
                x = (clean + self.project(&stepped, &radius)).clamp(0.0, 1.0);
            }
            nearest.offer(&x, &robust.fooled(model, &x)?);
            Ok(nearest.images)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Scripted, batch, close, images, noise};

    #[test]
    fn settings_out_of_range_are_named() {
        let sound = FmnSettings::of(Norm::LInf);
        let error = |settings| Fmn::new(settings).unwrap_err().to_string();
        assert_eq!(error(FmnSettings { steps: 0, ..sound }), "steps must be at least 1, got 0");
        assert_eq!(error(FmnSettings { step_size: 0.0, ..sound }), "step_size must be finite and > 0, got 0");
        assert_eq!(
            error(FmnSettings { last_change: 2.0, ..sound }),
            "last_change must be > 0 and <= 1, got 2"
        );
    }

    #[test]
    fn each_image_is_projected_into_its_own_ball() {
        let change = images(&[&[3.0, -4.0], &[3.0, -4.0], &[0.0, 0.0]]);
        let radius = images(&[&[1.0], &[f64::INFINITY], &[0.0]]);
        let project = |norm| Fmn::new(FmnSettings::of(norm)).unwrap().project(&change, &radius);
        let kept: [&[f64]; 2] = [&[3.0, -4.0], &[0.0, 0.0]];
        assert!(project(Norm::L2).allclose(&images(&[&[0.6, -0.8], kept[0], kept[1]]), 0.0, 1e-6, false));
        assert!(project(Norm::LInf).allclose(&images(&[&[1.0, -1.0], kept[0], kept[1]]), 0.0, 1e-6, false));
    }

    /// The first radius is the estimate of .1 / 1, the second .1 + .02 / 2, the third more than the second by the share, as
    /// the estimate of .11001 stalls. Then the model errs: the radius shrinks by the share, grows by it three times while the
    /// model is right, and when it errs once more is the least distance that was found, as that shrunk is more. Steps are so
    /// long that every point lies at its radius.
    #[test]
    fn radii_are_estimates_until_an_error_and_then_grow_and_shrink_by_shares_that_fall() {
        noise();
        let answers = [
            (-0.1, [0.6, 0.8]),
            (-0.02, [2.0, 0.0]),
            (-1e-5, [0.0, 1.0]),
            (0.1, [0.6, 0.8]),
            (-0.1, [0.6, 0.8]),
            (-0.1, [0.6, 0.8]),
            (-0.1, [0.6, 0.8]),
            (0.1, [0.6, 0.8]),
        ];
        let first = (-1.0, vec![0.0, 0.0]);
        let script = [first].into_iter().chain(answers.map(|(lead, slope)| (lead, slope.to_vec()))).collect();
        let model = Scripted::new(vec![script]);
        let batch = Batch { x: Scripted::marked(1, &[0.5, 0.5]), ..batch(&[&[0.0]], &[0]) };
        let settings = FmnSettings { steps: 8, ..FmnSettings::of(Norm::L2) };
        let _ = Fmn::new(settings).unwrap().search(&model, &batch, &noise()).unwrap();
        let seen = model.seen().remove(0);
        let told: Vec<[f64; 2]> = seen[1..].iter().map(|x| [x[0] - 0.5, x[1] - 0.5]).collect();
        let falling = |first: f64, last: f64, step: usize| {
            last + (first - last) * 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / 8.0).cos())
        };
        let share = |step| falling(0.05, 0.001, step);
        let third = 0.11 * (1.0 + share(2));
        let fourth = third * (1.0 - share(3));
        let (fifth, sixth) = (fourth * (1.0 + share(4)), fourth * (1.0 + share(4)) * (1.0 + share(5)));
        let seventh = sixth * (1.0 + share(6));
        assert!(seventh * (1.0 - share(7)) > third * 1.005);
        let radii = [0.0, 0.1, 0.11, third, fourth, fifth, sixth, seventh, third];
        close(&told[..9].iter().map(|d| d[0].hypot(d[1])).collect::<Vec<_>>(), &radii);
        // A step has the Euclidean length of its place, along the slope, from where the point was.
        let step = falling(1.0, 0.01, 1);
        let length = (0.06 + step).hypot(0.08);
        close(&told[1], &[0.06, 0.08]);
        close(&told[2], &[(0.06 + step) * 0.11 / length, 0.08 * 0.11 / length]);
    }

    /// The boundary is .1 / 1.4 away, so the ball does not cut off a step of .01 along (.6, .8).
    #[test]
    fn steps_have_a_euclidean_length_in_l_infinity_too() {
        noise();
        let model = Scripted::new(vec![vec![(-1.0, vec![0.0, 0.0]), (-0.1, vec![0.6, 0.8])]]);
        let batch = Batch { x: Scripted::marked(1, &[0.5, 0.5]), ..batch(&[&[0.0]], &[0]) };
        let settings = FmnSettings { steps: 1, step_size: 0.01, ..FmnSettings::of(Norm::LInf) };
        let _ = Fmn::new(settings).unwrap().search(&model, &batch, &noise()).unwrap();
        close(&model.seen()[0][2], &[0.506, 0.508]);
    }
}
