//! Adversarial attacks on any classifier, and the robust accuracy under them.
//!
//! An attack is a value with its settings; the model, the images and the noise are arguments. It
//! knows classifiers only, no network and no training, and leaves the classifier unchanged. Losses
//! are summed over images, never averaged, so that what happens to an image does not depend on its
//! neighbours in the batch; [`CwOneStep`] is the one exception, as its paper has it.

#![deny(missing_docs)]

mod ascent;
mod attack;
mod attack_name;
mod ball;
pub mod checks;
mod cw_one_step;
mod error;
mod fgsm;
mod gradient;
mod ifgsm;
mod logits;
mod named;
mod norm;
mod pgd;
mod radii;
mod robustness;
mod settings;
mod step_size;
#[cfg(test)]
mod tests;

pub use ascent::Ascent;
pub use attack::Attack;
pub use attack_name::AttackName;
pub use ball::Ball;
pub use cw_one_step::CwOneStep;
pub use error::AttackError;
pub use fgsm::Fgsm;
pub use gradient::{loss, loss_gradient};
pub use ifgsm::Ifgsm;
pub use logits::predicted_classes;
pub use named::named;
pub use norm::Norm;
pub use pgd::Pgd;
pub use radii::Radii;
pub use robustness::{AccuracyCurve, EvaluationProgress, Protocol, Reached, evaluate};
pub use settings::AttackSettings;
pub use step_size::StepSize;
