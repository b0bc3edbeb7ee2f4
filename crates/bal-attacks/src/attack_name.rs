//! The names of the attacks.

use crate::{AttackError, AttackSettings, Norm, StepSize};
use bal_core::EnsembleGradient;
use std::{fmt, str::FromStr};

/// An attack that commands and experiments can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttackName {
    /// [`crate::Fgsm`].
    Fgsm,
    /// [`crate::Ifgsm`].
    Ifgsm,
    /// [`crate::Pgd`].
    Pgd,
    /// [`crate::CwOneStep::Logits`].
    CwOneStep,
    /// [`crate::CwOneStep::LogProbabilities`].
    CwOneStepLogProbabilities,
}

impl AttackName {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Fgsm, Self::Ifgsm, Self::Pgd, Self::CwOneStep, Self::CwOneStepLogProbabilities];

    /// The name, as [`crate::Attack::name`] has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fgsm => "fgsm",
            Self::Ifgsm => "ifgsm",
            Self::Pgd => "pgd",
            Self::CwOneStep => "cw-one-step",
            Self::CwOneStepLogProbabilities => "cw-one-step-log-probabilities",
        }
    }

    /// All settings that the attack has, with the values to take where a user says nothing.
    ///
    /// IFGSM's steps just reach the rim. PGD's 40 may go back and forth: together they are 2.5 radii
    /// long, as Madry et al. (ICLR 2018, appendix) have it for the L2 ball.
    pub fn defaults(self) -> AttackSettings {
        let fgsm = AttackSettings {
            norm: Some(Norm::LInf),
            ensemble_gradient: Some(EnsembleGradient::Predictive),
            ..AttackSettings::default()
        };
        let climb = |steps, parts| AttackSettings {
            steps: Some(steps),
            step_size: Some(StepSize::RadiusOver(parts)),
            ..fgsm
        };
        match self {
            Self::Fgsm => fgsm,
            Self::Ifgsm => climb(10, 10.0),
            Self::Pgd => AttackSettings { restarts: Some(1), ..climb(40, 16.0) },
            Self::CwOneStep | Self::CwOneStepLogProbabilities => AttackSettings::default(),
        }
    }
}

impl fmt::Display for AttackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AttackName {
    type Err = AttackError;

    fn from_str(name: &str) -> Result<Self, AttackError> {
        Self::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| AttackError::UnknownAttack {
            name: name.into(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}
