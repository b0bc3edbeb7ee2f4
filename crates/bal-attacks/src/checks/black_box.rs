//! Attacks without gradients beating those with.

use super::{Finding, Severity, Survivors};

/// Fires when fewer images survive an attack that sees outputs only than one that sees gradients too,
/// at the same radius and beyond what chance explains (a sign test at 0.001 on the same images).
pub fn black_box(black_box: &Survivors, white_box: &Survivors) -> Option<Finding> {
    let (blind, seeing) = (black_box.accuracy(), white_box.accuracy());
    black_box.beats(white_box).then(|| Finding {
        check: "black-box",
        severity: Severity::Fault,
        numbers: vec![("black_box_accuracy", blind), ("white_box_accuracy", seeing)],
        sentence: format!(
            "{}, which sees no gradient, leaves {:.1} % of the images right and {} leaves {:.1} % at the same radius: \
             gradients are of no help",
            black_box.attack,
            100.0 * blind,
            white_box.attack,
            100.0 * seeing
        ),
        anchor: "black-box-beats-white-box",
    })
}
