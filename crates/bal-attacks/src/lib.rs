//! Adversarial attacks on any classifier, and the robust accuracy under them.
//!
//! An attack is a value with its settings; the model, the images and the noise are arguments. It
//! knows classifiers only, no network and no training, and leaves the classifier unchanged. Losses
//! are summed over images, never averaged, so that what happens to an image does not depend on its
//! neighbours in the batch; [`CwOneStep`] is the one exception, as its paper has it. Attacks that
//! stop at an image's first error ([`Apgd`], [`Square`], [`RandomNoise`], [`Suite`]) compute only with the
//! images that still stand.

#![deny(missing_docs)]

mod apgd;
mod ascent;
mod attack;
mod attack_name;
mod autoattack;
mod ball;
mod cw_one_step;
mod eot;
mod error;
mod fgsm;
mod found;
mod gradient;
mod ifgsm;
mod judgement;
mod logits;
mod loss_name;
mod mi_fgsm;
mod named;
mod norm;
mod objective;
mod pgd;
mod radii;
mod random_noise;
mod robustness;
mod settings;
mod square;
mod step_size;
mod suite;
#[cfg(test)]
mod tests;
mod transfer;

pub use apgd::{Apgd, ApgdLoss};
pub use ascent::Ascent;
pub use attack::{Attack, Changed};
pub use attack_name::AttackName;
pub use autoattack::AutoAttack;
pub use ball::Ball;
pub use cw_one_step::CwOneStep;
pub use eot::Eot;
pub use error::AttackError;
pub use fgsm::Fgsm;
pub use gradient::{loss, loss_gradient};
pub use ifgsm::Ifgsm;
pub use judgement::Judgement;
pub use logits::predicted_classes;
pub use loss_name::LossName;
pub use mi_fgsm::MiFgsm;
pub use named::named;
pub use norm::Norm;
pub use objective::Objective;
pub use pgd::Pgd;
pub use radii::Radii;
pub use random_noise::{NoiseLaw, RandomNoise};
pub use robustness::{AccuracyCurve, EvaluationProgress, Protocol, Reached, evaluate};
pub use settings::AttackSettings;
pub use square::Square;
pub use step_size::StepSize;
pub use suite::Suite;
pub use transfer::Transfer;
