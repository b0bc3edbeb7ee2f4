//! What a network has to fit: images and classes.

use crate::ModelError;
use bal_core::Architecture;

/// Sizes of a network's images and the number of its classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Channels, height and width of an image.
    pub input: [i64; 3],
    /// Classes.
    pub classes: i64,
}

/// Channels, pixels of a side and classes above which a number is taken for a mistake: beyond them sizes overflow.
const GREATEST: i64 = 1 << 16;

impl Sizes {
    /// Those of `network`.
    pub fn of(network: &dyn Architecture) -> Self {
        Self { input: network.input(), classes: network.classes() }
    }

    /// The same, if network `name` can be made for them, whose images have sides of `least` pixels or more.
    pub(crate) fn checked(self, name: &str, least: i64) -> Result<Self, ModelError> {
        let Self { input: [channels, height, width], classes } = self;
        let problem = |problem: String| Err(ModelError::Sizes { name: name.into(), problem });
        let sides = least..=GREATEST;
        if !sides.contains(&height) || !sides.contains(&width) {
            return problem(format!(
                "sides of at least {least} pixels are wanted, images are {height}x{width}"
            ));
        }
        if !(1..=GREATEST).contains(&channels) {
            return problem(format!("{channels} channels are none that an image has"));
        }
        if !(2..=GREATEST).contains(&classes) {
            return problem(format!("{classes} classes are nothing to tell apart; two or more are"));
        }
        Ok(self)
    }
}
