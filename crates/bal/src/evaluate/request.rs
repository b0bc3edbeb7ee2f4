//! What is asked of an evaluation.

use crate::{ImageSelection, ModelSource, Outputs};
use bal_attacks::{Attack, AttackName, AttackSpec, Radii, SettingError};
use std::path::PathBuf;

/// Which model is attacked, how, and on which images.
#[derive(Clone, Debug)]
pub struct EvaluateRequest {
    /// The model.
    pub model: ModelSource,
    /// The images.
    pub images: ImageSelection,
    /// The attack with its settings. The gradient of an ensemble that it follows is the model's.
    pub attack: AttackSpec,
    /// Radii, ascending: of its ball on pixels in [0, 1], or of how far it moves pixels; an attack to the nearest error takes
    /// none, or some to report at.
    pub radii: Option<Radii>,
    /// Another model that the attack runs on; its images are shown to the first.
    pub surrogate: Option<Surrogate>,
    /// The run or file of weights of a generator, for the attack `advgan`, which needs one.
    pub generator: Option<PathBuf>,
    /// Whether the model is first looked at for signs of masked gradients, on at most 256 images.
    pub check: bool,
    /// Files to write. Beside the first that is one, finished parts are kept, and an interrupted evaluation goes on there.
    pub outputs: Outputs,
    /// The seed of random starts and of a sample of images.
    pub seed: u64,
    /// How many seeds the attack is run with, at least 1: this one and those that follow it. With several an image is right
    /// only if it is right with each.
    pub seeds: u64,
    /// Files of other evaluations, which this one is compared with image by image.
    pub against: Vec<PathBuf>,
}

impl EvaluateRequest {
    /// An attack on all test images of the run's data set, else of MNIST; a name alone means the usual settings.
    pub fn new(model: ModelSource, attack: impl Into<AttackSpec>) -> Self {
        Self {
            model,
            images: ImageSelection::default(),
            attack: attack.into(),
            radii: None,
            surrogate: None,
            generator: None,
            check: false,
            outputs: Outputs::default(),
            seed: 0,
            seeds: 1,
            against: vec![],
        }
    }

    /// The same at these radii.
    #[must_use]
    pub fn at(self, radii: Radii) -> Self {
        Self { radii: Some(radii), ..self }
    }

    /// Whether a file is written for which the attacked images are kept.
    pub(crate) fn keeps_images(&self) -> bool {
        self.outputs.save.is_some() || self.outputs.grid.is_some()
    }

    /// The attack.
    ///
    /// # Errors
    /// For settings that the attack cannot have, for a ball without radii, and for a generator that the attack lacks or does
    /// not take.
    pub fn attack(&self) -> Result<Attack, SettingError> {
        match (&self.generator, self.attack.name()) {
            (None, _) => self.attack.complete()?,
            (Some(_), AttackName::AdvGan) => {}
            (Some(_), name) => return Err(SettingError::ForeignGenerator(name.name())),
        }
        let attack = self.attack.build()?;
        attack.takes(self.radii.as_ref().and_then(|radii| radii.as_slice().last().copied()))?;
        Ok(attack)
    }
}

/// Whom the attack runs on.
#[derive(Clone, Debug)]
pub struct Surrogate {
    /// Another model; without it the one that is evaluated, whose other members these are.
    pub at: Option<PathBuf>,
    /// Only these members of it.
    pub members: Vec<usize>,
}
