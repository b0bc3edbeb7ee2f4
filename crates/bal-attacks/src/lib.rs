//! Adversarial attacks on any classifier, and the robust accuracy under them.
//!
//! An attack is a value with its settings; the model, the images, the ball and the noise are arguments. It
//! knows classifiers only, no network and no training, and leaves the classifier unchanged. Losses
//! are summed over images, never averaged, so that what happens to an image does not depend on its
//! neighbours in the batch; [`CwOneStep`] is the one exception, as its paper has it. Attacks that
//! stop at an image's first error ([`Apgd`], [`Square`], [`RandomNoise`], [`Suite`]) compute only with the
//! images that still stand.

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod adam;
mod advgan;
mod apgd;
mod ascent;
mod attack;
mod attack_error;
mod attack_settings;
mod attack_spec;
mod autoattack;
mod ball;
mod by_name;
mod carlini_wagner;
pub mod checks;
mod cw_one_step;
mod deepfool;
mod end_point;
mod eot;
mod evaluation_error;
mod fab;
mod fgsm;
mod fmn;
mod found;
mod gradient;
mod hop_skip_jump;
mod ifgsm;
mod judgement;
mod length;
mod logits;
mod loss_name;
mod margin;
mod measure;
mod mi_fgsm;
mod model_fault;
mod nearest;
mod norm;
mod objective;
mod pass;
mod pgd;
mod radii;
mod radius;
mod random_noise;
mod range;
mod remembered;
mod robustness;
mod setting_error;
mod settings;
mod spatial;
mod square;
mod step_size;
mod still_robust;
mod suite;
mod tally;
#[cfg(test)]
mod tests;
mod transfer;
mod value_pgd;
mod within;

pub use advgan::{AdvGan, AdvGanSettings};
pub use apgd::{Apgd, ApgdLoss, ApgdSettings, ApgdTSettings};
pub use ascent::Ascent;
pub use attack::{Attack, BallAttack, Changed, FixedAttack, NearestAttack};
pub use attack_error::AttackError;
pub use attack_spec::{AttackName, AttackSpec};
pub use autoattack::{AutoAttack, AutoAttackRandSettings, AutoAttackSettings};
pub use ball::Ball;
pub use carlini_wagner::{CarliniWagner, CarliniWagnerSettings, Target};
pub use cw_one_step::{CwOneStep, CwOneStepSettings};
pub use deepfool::{DeepFool, DeepFoolSettings};
pub use eot::Eot;
pub use evaluation_error::EvaluationError;
pub use fab::{Fab, FabSettings};
pub use fgsm::{Fgsm, FgsmSettings};
pub use fmn::{Fmn, FmnSettings};
pub use gradient::{loss, loss_gradient};
pub use hop_skip_jump::{HopSkipJump, HopSkipJumpSettings};
pub use ifgsm::{Ifgsm, IfgsmSettings};
pub use judgement::Judgement;
pub use logits::predicted_classes;
pub use loss_name::LossName;
pub use measure::Measure;
pub use mi_fgsm::{MiFgsm, MiFgsmSettings};
pub use model_fault::ModelFault;
pub use norm::Norm;
pub use objective::Objective;
pub use pgd::{Pgd, PgdSettings};
pub use radii::Radii;
pub use radius::Radius;
pub use random_noise::{NoiseLaw, RandomNoise, RandomNoiseSettings};
pub use remembered::Remembered;
pub use robustness::{
    AccuracyCurve, Changes, Evaluated, EvaluationProgress, NoStore, Outcome, Protocol, Reached, SHARD, Shard,
    ShardStore, StoreError, classify_again, evaluate, evaluate_with_store, make_shards,
};
pub use setting_error::SettingError;
pub use settings::{Settings, Value};
pub use spatial::{
    FlowCost, FlowPgd, FlowPgdSettings, PoseSearch, PoseSettings, SpatialAttack, SpatialMeasure, StAdv,
    StAdvSettings, warp,
};
pub use square::{Square, SquareSettings};
pub use step_size::StepSize;
pub use suite::{Part, Suite, SuiteSettings};
pub use tally::Gradients;
pub use transfer::Transfer;
pub use value_pgd::{ValueLoss, ValuePgd};
pub use within::Within;
