//! An attack that is not done yet.

use super::{Finding, Severity, Survivors};

/// Fires when twice the steps lower the accuracy by more than `margin`, a difference of shares.
///
/// No test of chance: what more steps find is there, and only its size decides whether it matters.
pub fn steps(once: &Survivors, twice: &Survivors, margin: f64) -> Option<Finding> {
    let (short, long) = (once.accuracy(), twice.accuracy());
    (short - long > margin).then(|| Finding {
        check: "steps",
        severity: Severity::Warning,
        numbers: vec![("accuracy", short), ("accuracy_with_twice_the_steps", long), ("margin", margin)],
        sentence: format!(
            "{} leaves {:.1} % of the images right, and {:.1} % with twice the steps, more than {:.1} points less: it \
             has not converged",
            once.attack,
            100.0 * short,
            100.0 * long,
            100.0 * margin
        ),
        anchor: "more-steps-lower-the-accuracy",
    })
}
