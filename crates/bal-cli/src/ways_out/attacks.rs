//! What is wrong with an attack, and what to ask for instead.

use crate::args::Command;
use bal_attacks::AttackError;

/// What is wrong with the settings that were asked for.
pub(crate) fn of_settings(error: &AttackError) -> String {
    match error {
        AttackError::MissingRadius(_) => format!("{error}: --radius 0,0.05,0.1, on pixels in [0, 1]"),
        _ => error.to_string(),
    }
}

pub(super) fn told(error: &AttackError, command: &Command) -> String {
    match (error, command) {
        (AttackError::Classes { .. }, Command::Evaluate(flags)) => {
            let instead = if flags.settings.loss.is_some() { "--loss margin" } else { "--attack apgd-t" };
            format!("{error} ({instead})")
        }
        _ => error.to_string(),
    }
}
