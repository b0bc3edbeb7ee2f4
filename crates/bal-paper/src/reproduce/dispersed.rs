//! BAL in a ball from dispersed starts, for long: whether its chains meet, and how robust they are together.

use crate::reproduce::data::AttackOn;
use crate::reproduce::runs::Run;

/// At the radius of training and beyond it.
const ATTACKS: &[AttackOn] = &[AttackOn {
    attack: "autoattack",
    flags: &["--radius", "0,0.1,0.15"],
    file: "autoattack.json",
    images: Some(1000),
}];

/// Five chains from initial weights.
pub(super) fn runs() -> Vec<Run> {
    vec![Run::new("dispersed", "bal", "mnist-bal-dispersed", 1).attacked_by(ATTACKS)]
}
