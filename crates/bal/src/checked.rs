//! What checks for masked gradients find.

use bal_attacks::Norm;

/// What was found, and on what.
#[derive(Clone, Debug)]
pub struct Checked {
    /// How many images were looked at.
    pub images: u64,
    /// The norm of the balls.
    pub norm: Norm,
    /// Their radius.
    pub radius: f64,
    /// Each finding in a sentence; none where nothing is suspicious.
    pub findings: Vec<String>,
}
