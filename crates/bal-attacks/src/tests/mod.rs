//! Models whose answers are known by hand, and what all attacks have in common.

mod hostile;
mod invariants;
mod minimal;
mod models;
mod problem;
mod scripted;
mod two_layers;

pub(crate) use models::{Bumpy, Detached, Linear, linear, two_class};
pub(crate) use problem::LinearProblem;
pub(crate) use scripted::{Answer, Scripted};
pub(crate) use two_layers::TwoLayers;

use crate::{Attack, AttackError, AttackName, AttackSpec, Ball, Settings, SpatialMeasure};
use bal_core::{Batch, Classifier, Images, NoiseKey, NoiseStream, Purpose, Targets};
use tch::{Kind, Tensor};

/// A stream for tests, which all begin with one.
pub(crate) fn noise() -> NoiseStream {
    // On images of six pixels, threads of LibTorch would only wait for each other.
    tch::set_num_threads(1);
    NoiseStream::new(NoiseKey { seed: 3, purpose: Purpose::Test, sweep: 0, chain: 0 })
}

/// The attack with those of these settings that it has, and else its usual ones.
pub(crate) fn with(name: AttackName, settings: &Settings) -> AttackSpec {
    let has =
        |setting: &str, value: &_| name.with(&Settings::default().with(setting, Clone::clone(value))).is_ok();
    name.with(&settings.clone().only(has)).unwrap()
}

/// Every attack that settings alone make. What holds of the others is tested with them.
pub(crate) fn complete() -> impl Iterator<Item = AttackName> {
    AttackName::ALL.into_iter().filter(|&name| AttackSpec::from(name).complete().is_ok())
}

/// What an attack of any kind makes of a batch; one in balls in that of `radius`.
pub(crate) fn perturb(
    attack: &Attack,
    radius: f64,
    model: &dyn Classifier,
    batch: &Batch,
    noise: &NoiseStream,
) -> Result<Tensor, AttackError> {
    match attack {
        Attack::InBalls(norm, attack) => attack.perturb(model, batch, Ball::new(*norm, radius)?, noise),
        Attack::Nearest(attack) => attack.search(model, batch, noise),
        Attack::Fixed(attack) => attack.perturb(model, batch, noise),
        Attack::Spatial(attack) => {
            let witness = attack.transform(model, batch, spatial_radius(attack.measure(), radius), noise)?;
            Ok(attack.measure().render(&batch.x, &witness))
        }
    }
}

/// A radius in its measure that does about as much as this one of pixels.
pub(crate) fn spatial_radius(measure: SpatialMeasure, radius: f64) -> f64 {
    match measure {
        SpatialMeasure::Flow => 10.0 * radius,
        SpatialMeasure::FlowCost => f64::INFINITY,
        SpatialMeasure::Pose => 200.0 * radius,
    }
}

/// Images of one row of pixels, `[n, 1, 1, d]`.
pub(crate) fn images(rows: &[&[f64]]) -> Tensor {
    Tensor::from_slice(&rows.concat()).to_kind(Kind::Float).reshape([rows.len() as i64, 1, 1, -1])
}

pub(crate) fn labels(labels: &[i64]) -> Tensor {
    Tensor::from_slice(labels)
}

pub(crate) fn batch(rows: &[&[f64]], y: &[i64]) -> Batch {
    Batch { x: images(rows), targets: Targets::Classes(labels(y)), indices: (0..rows.len() as i64).collect() }
}

/// `n` images of 1 x 2 x 3 pixels around mid-grey, with labels 0 and 1 in turn.
pub(crate) fn shades(n: i64) -> Batch {
    let indices: Vec<i64> = (0..n).collect();
    let like = Tensor::zeros([n, 1, 2, 3], (Kind::Float, tch::Device::Cpu));
    let x = noise().for_images(&indices).uniform_like(&like) * 0.3 + 0.35;
    let y = Tensor::arange(n, (Kind::Int64, tch::Device::Cpu)).remainder(2);
    Batch { x, targets: Targets::Classes(y), indices }
}

/// The same as a data set.
pub(crate) fn data(n: i64) -> Images {
    let batch = shades(n);
    Images::new(batch.x.detach(), batch.classes().unwrap(), tch::Device::Cpu).unwrap()
}

pub(crate) fn sigmoid(a: f64) -> f64 {
    1.0 / (1.0 + (-a).exp())
}

/// To the precision of single-precision arithmetic.
pub(crate) fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} for {expected:?}");
}
