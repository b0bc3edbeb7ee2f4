//! What a check found.

use std::fmt;

/// How much a finding takes away from an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Look at it: the accuracy may be too high.
    Warning,
    /// Gradient attacks do not measure this model: the accuracy is no bound on anything.
    Fault,
}

/// A sign that a model's accuracy under attack is not what it looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The check's name: `probabilities`.
    pub check: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was measured, by name.
    pub numbers: Vec<(&'static str, f64)>,
    /// What was seen, in one sentence.
    pub sentence: String,
    /// Where in `docs/evaluation.md` its cause and remedy are.
    pub anchor: &'static str,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Fault => "fault",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (docs/evaluation.md#{})", self.severity, self.sentence, self.anchor)
    }
}
