//! Images that survive an attack that may do anything.

use super::{Finding, Severity, Survivors, chance};

/// Fires when more images survive at radius 1 of L-infinity than guessing among `classes` gets right,
/// beyond what chance explains (a binomial test at 0.001).
///
/// At that radius the attack may turn any image into any other: there is nothing left to be robust to.
pub fn unbounded(at_radius_1: &Survivors, classes: i64) -> Option<Finding> {
    let guess = 1.0 / classes.max(2) as f64;
    let fires = chance::at_least(at_radius_1.right(), at_radius_1.correct.len(), guess) < chance::LEVEL;
    let accuracy = at_radius_1.accuracy();
    fires.then(|| Finding {
        check: "unbounded",
        severity: Severity::Fault,
        numbers: vec![("accuracy", accuracy), ("chance", guess)],
        sentence: format!(
            "{} may turn any image into any other at radius 1, and still leaves {:.1} % of them right, where guessing \
             gets {:.1} %: it does not find what is there",
            at_radius_1.attack,
            100.0 * accuracy,
            100.0 * guess
        ),
        anchor: "accuracy-at-radius-1",
    })
}
