//! One step beating many.

use super::{Finding, Severity, Survivors};

/// Fires when fewer images survive a one-step attack than an iterated one at the same radius, beyond
/// what chance explains (a sign test at 0.001 on the same images).
///
/// The iterated attack could have taken that one step: where it ends worse, gradients away from the
/// images mislead it.
pub fn one_step(one_step: &Survivors, iterated: &Survivors) -> Option<Finding> {
    let (weak, strong) = (one_step.accuracy(), iterated.accuracy());
    one_step.beats(iterated).then(|| Finding {
        check: "one-step",
        severity: Severity::Fault,
        numbers: vec![("one_step_accuracy", weak), ("iterated_accuracy", strong)],
        sentence: format!(
            "{} leaves {:.1} % of the images right and {} leaves {:.1} % at the same radius: gradients away from the \
             images mislead",
            one_step.attack,
            100.0 * weak,
            iterated.attack,
            100.0 * strong
        ),
        anchor: "one-step-beats-iterated",
    })
}
