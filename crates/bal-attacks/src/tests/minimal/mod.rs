//! Attacks that seek the nearest error, all through the same tables.

mod invariants;
mod known_optima;
mod models;

use crate::{
    CarliniWagner, CarliniWagnerSettings, DeepFool, DeepFoolSettings, Fab, FabSettings, Fmn, FmnSettings,
    HopSkipJump, HopSkipJumpSettings, NearestAttack, Norm,
};

/// An attack, and how much further than the optimum it may end, as a share.
pub(super) struct Case {
    pub(super) attack: Box<dyn NearestAttack>,
    pub(super) tolerance: f64,
}

/// Every attack with every norm it has.
///
/// FAB and FMN with their own settings, `DeepFool` exact up to its overshoot of 2 % on linear models,
/// `HopSkipJump` at its default queries, CW with a tenth of its default steps.
pub(super) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |attack: Box<dyn NearestAttack>, tolerance| cases.push(Case { attack, tolerance });
    for norm in [Norm::LInf, Norm::L2] {
        add(Box::new(Fab::new(norm, FabSettings::default()).unwrap()), 1e-3);
        add(Box::new(DeepFool::new(norm, DeepFoolSettings::default()).unwrap()), 0.0201);
        add(Box::new(Fmn::new(norm, FmnSettings::of(norm)).unwrap()), 0.03);
        add(Box::new(HopSkipJump::new(norm, HopSkipJumpSettings::default()).unwrap()), 0.1);
    }
    let settings = CarliniWagnerSettings { steps: 1000, ..CarliniWagnerSettings::default() };
    add(Box::new(CarliniWagner::new(settings).unwrap()), 0.02);
    cases
}

/// The same attacks with fewer steps, for what has nothing to do with how near they come.
pub(super) fn quick() -> Vec<Box<dyn NearestAttack>> {
    let mut attacks: Vec<Box<dyn NearestAttack>> = Vec::new();
    for norm in [Norm::LInf, Norm::L2] {
        let fab = FabSettings { steps: 8, restarts: 2, ..FabSettings::default() };
        attacks.push(Box::new(Fab::new(norm, fab).unwrap()));
        attacks.push(Box::new(DeepFool::new(norm, DeepFoolSettings::default()).unwrap()));
        attacks.push(Box::new(Fmn::new(norm, FmnSettings { steps: 30, ..FmnSettings::of(norm) }).unwrap()));
        let walk = HopSkipJumpSettings { queries: 800, ..HopSkipJumpSettings::default() };
        attacks.push(Box::new(HopSkipJump::new(norm, walk).unwrap()));
    }
    let settings = CarliniWagnerSettings { steps: 40, search_steps: 5, ..CarliniWagnerSettings::default() };
    attacks.push(Box::new(CarliniWagner::new(settings).unwrap()));
    attacks
}
