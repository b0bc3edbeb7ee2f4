//! Gradients against finite differences.

use super::{Finding, Severity};
use crate::{ModelFault, gradient, logits};
use bal_core::{Classifier, NoiseKey, NoiseStream, Purpose, channels_last};
use tch::{Kind, Tensor};

/// Steps of the differences, in each pixel. Long ones cross kinks of `ReLU`s, short ones drown in
/// single precision; a gradient that is right agrees with one of them.
const STEPS: [f64; 3] = [1e-2, 3e-3, 1e-3];

const DIRECTIONS: u64 = 8;

/// The median error that is passed over; right gradients come to 0.001 to 0.05, wrong ones to 0.5 or more.
const TOLERATED: f64 = 0.2;

/// Fires when gradients disagree with central differences along random directions.
///
/// ```text
/// error = |(f(x + h u) - f(x - h u)) / 2h - u grad f(x)| / scale,    u_i = +-1, f = sum_k c_k z_k(x), c ~ N(0, I)
/// ```
///
/// `scale` is the greater of the root mean squares of the two slopes over an image's directions, so
/// that a direction along which nothing changes counts no more than it should. What counts is the
/// median over images and directions, at the step where it is least. Points are the images, `x`:
/// `[n, c, h, w]`, drawn towards grey and with noise on them: an even background is full of ties of
/// maxima, and its pixels lie on the edge of what a model may clip.
///
/// Silent without a gradient, which is [`super::gradients()`]' to report.
///
/// # Errors
/// [`ModelFault::Model`] and [`ModelFault::Logits`] when the model fails.
pub fn differences(model: &dyn Classifier, x: &Tensor, seed: u64) -> Result<Option<Finding>, ModelFault> {
    let rows: Vec<i64> = (0..x.size().first().copied().unwrap_or(0)).collect();
    let key = |chain| NoiseKey { seed, purpose: Purpose::Evaluation, sweep: 1, chain };
    let draw = |chain| NoiseStream::new(key(chain)).for_images(&rows);
    let point = x * 0.6 + draw(0).uniform_like(x) * 0.2 + 0.1;

    let leaf = gradient::leaf(&point);
    let z = logits::combined(model, &leaf)?;
    let weights = draw(1).normal_like(&z.detach().to_kind(Kind::Double));
    let value = |z: &Tensor| (z.to_kind(Kind::Double) * &weights).sum_dim_intlist(-1, false, Kind::Double);
    let slope = match gradient::gradient(&value(&z), &leaf) {
        Ok(slope) => slope,
        Err(ModelFault::NoGradient | ModelFault::NotFinite { .. }) => return Ok(None),
        Err(other) => return Err(other),
    };

    let _guard = tch::no_grad_guard();
    let directions: Vec<Tensor> = (0..DIRECTIONS).map(|d| draw(2 + d).normal_like(&point).sign()).collect();
    let along = |u: &Tensor| (&slope * u).flatten(1, -1).sum_dim_intlist(1, false, Kind::Double);
    let slopes = Tensor::stack(&directions.iter().map(along).collect::<Vec<_>>(), 0);
    let mut least = f64::INFINITY;
    for step in STEPS {
        let at = |u: &Tensor, step: f64| -> Result<Tensor, ModelFault> {
            Ok(value(&logits::combined(model, &channels_last(&(&point + u * step)))?))
        };
        let central = |u: &Tensor| Ok((at(u, step)? - at(u, -step)?) / (2.0 * step));
        let found = directions.iter().map(central).collect::<Result<Vec<_>, ModelFault>>()?;
        if let Some(error) = median_error(&Tensor::stack(&found, 0), &slopes) {
            least = least.min(error);
        }
    }
    Ok((least.is_finite() && least > TOLERATED).then(|| finding(least)))
}

/// The median over directions and images, `[directions, n]` each; `None` where everything is flat.
fn median_error(differences: &Tensor, slopes: &Tensor) -> Option<f64> {
    let size = |t: &Tensor| t.square().mean_dim([0].as_slice(), true, Kind::Double).sqrt();
    let scale = size(differences).maximum(&size(slopes));
    let errors = ((differences - slopes).abs() / scale).reshape([-1]);
    let mut errors: Vec<f64> = Vec::try_from(errors).ok()?;
    // 0/0 of an image on which neither changes anything.
    errors.retain(|error| error.is_finite());
    errors.sort_by(f64::total_cmp);
    errors.get(errors.len() / 2).copied()
}

fn finding(error: f64) -> Finding {
    Finding {
        check: "differences",
        severity: Severity::Fault,
        numbers: vec![("median_relative_error", error), ("tolerated", TOLERATED)],
        sentence: format!(
            "gradients are off from finite differences of the model's outputs by {:.0} % (median): what attacks follow \
             is not how the model changes",
            100.0 * error
        ),
        anchor: "gradients-against-finite-differences",
    }
}
