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
mod carlini_wagner;
mod cw_one_step;
mod deepfool;
mod error;
mod fab;
mod fgsm;
mod fmn;
mod gradient;
mod hop_skip_jump;
mod ifgsm;
mod in_ball;
mod logits;
mod margin;
mod named;
mod nearest;
mod norm;
mod pgd;
mod radii;
mod range;
mod robustness;
mod settings;
mod standing;
mod step_size;
#[cfg(test)]
mod tests;

pub use ascent::Ascent;
pub use attack::Attack;
pub use attack_name::AttackName;
pub use ball::Ball;
pub use carlini_wagner::{CarliniWagner, CarliniWagnerSettings, Target};
pub use cw_one_step::CwOneStep;
pub use deepfool::{DeepFool, DeepFoolSettings};
pub use error::AttackError;
pub use fab::{Fab, FabSettings};
pub use fgsm::Fgsm;
pub use fmn::{Fmn, FmnSettings};
pub use gradient::{loss, loss_gradient};
pub use hop_skip_jump::{HopSkipJump, HopSkipJumpSettings};
pub use ifgsm::Ifgsm;
pub use in_ball::InBall;
pub use logits::predicted_classes;
pub use named::named;
pub use norm::Norm;
pub use pgd::Pgd;
pub use radii::Radii;
pub use robustness::{AccuracyCurve, EvaluationProgress, Protocol, Reached, evaluate};
pub use settings::AttackSettings;
pub use step_size::StepSize;
