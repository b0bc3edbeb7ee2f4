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
/// `HopSkipJump` at its default queries, CW with the usual tenth of the steps of its code.
pub(super) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |attack: Box<dyn NearestAttack>, tolerance| cases.push(Case { attack, tolerance });
    for norm in [Norm::LInf, Norm::L2] {
        add(Box::new(Fab::new(FabSettings { norm, ..FabSettings::default() }).unwrap()), 1e-3);
        add(
            Box::new(DeepFool::new(DeepFoolSettings { norm, ..DeepFoolSettings::default() }).unwrap()),
            0.0201,
        );
        add(Box::new(Fmn::new(FmnSettings::of(norm)).unwrap()), 0.03);
        add(
            Box::new(
                HopSkipJump::new(HopSkipJumpSettings { norm, ..HopSkipJumpSettings::default() }).unwrap(),
            ),
            0.1,
        );
    }
    add(Box::new(CarliniWagner::new(CarliniWagnerSettings::default()).unwrap()), 0.02);
    cases
}

/// The same attacks with fewer steps, for what has nothing to do with how near they come.
pub(super) fn quick() -> Vec<Box<dyn NearestAttack>> {
    let mut attacks: Vec<Box<dyn NearestAttack>> = Vec::new();
    for norm in [Norm::LInf, Norm::L2] {
        let fab = FabSettings { norm, steps: 8, restarts: 2, ..FabSettings::default() };
        attacks.push(Box::new(Fab::new(fab).unwrap()));
        attacks
            .push(Box::new(DeepFool::new(DeepFoolSettings { norm, ..DeepFoolSettings::default() }).unwrap()));
        attacks.push(Box::new(Fmn::new(FmnSettings { steps: 30, ..FmnSettings::of(norm) }).unwrap()));
        let walk = HopSkipJumpSettings { norm, queries: 800, ..HopSkipJumpSettings::default() };
        attacks.push(Box::new(HopSkipJump::new(walk).unwrap()));
    }
    let settings = CarliniWagnerSettings { steps: 40, search_steps: 5, ..CarliniWagnerSettings::default() };
    attacks.push(Box::new(CarliniWagner::new(settings).unwrap()));
    attacks
}
