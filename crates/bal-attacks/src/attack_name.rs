//! The names of the attacks.

use crate::{AttackError, AttackSettings, LossName, Norm, StepSize};
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
    /// [`crate::CwOneStep`].
    CwOneStep,
    /// [`crate::MiFgsm`].
    MiFgsm,
    /// [`crate::Apgd`] on the cross-entropy.
    ApgdCe,
    /// [`crate::Apgd`] on the difference of logits ratio.
    ApgdDlr,
    /// [`crate::Apgd`] towards the likeliest wrong classes.
    ApgdT,
    /// [`crate::Square`].
    Square,
    /// [`crate::AutoAttack::standard`].
    AutoAttack,
    /// [`crate::AutoAttack::rand`].
    AutoAttackRand,
    /// [`crate::Suite::posterior`].
    Suite,
    /// [`crate::RandomNoise`], uniform.
    UniformNoise,
    /// [`crate::RandomNoise`], Gaussian.
    GaussianNoise,
}

impl AttackName {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Fgsm,
        Self::Ifgsm,
        Self::Pgd,
        Self::CwOneStep,
        Self::MiFgsm,
        Self::ApgdCe,
        Self::ApgdDlr,
        Self::ApgdT,
        Self::Square,
        Self::AutoAttack,
        Self::AutoAttackRand,
        Self::Suite,
        Self::UniformNoise,
        Self::GaussianNoise,
    ];

    /// The name, as [`crate::Attack::name`] has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fgsm => "fgsm",
            Self::Ifgsm => "ifgsm",
            Self::Pgd => "pgd",
            Self::CwOneStep => "cw-one-step",
            Self::MiFgsm => "mi-fgsm",
            Self::ApgdCe => "apgd-ce",
            Self::ApgdDlr => "apgd-dlr",
            Self::ApgdT => "apgd-t",
            Self::Square => "square",
            Self::AutoAttack => "autoattack",
            Self::AutoAttackRand => "autoattack-rand",
            Self::Suite => "suite",
            Self::UniformNoise => "uniform-noise",
            Self::GaussianNoise => "gaussian-noise",
        }
    }

    /// All settings that the attack has, with the values to take where a user says nothing.
    ///
    /// IFGSM's steps just reach the rim. PGD's 40 may go back and forth: together they are 2.5 radii
    /// long, as Madry et al. (ICLR 2018, appendix) have it for the L2 ball. Those of [`crate::AutoAttack`]
    /// and its parts are the paper's.
    pub fn defaults(self) -> AttackSettings {
        let fgsm = AttackSettings {
            norm: Some(Norm::LInf),
            ensemble_gradient: Some(EnsembleGradient::Predictive),
            ..AttackSettings::default()
        };
        let climb = |steps, parts| AttackSettings {
            steps: Some(steps),
            step_size: Some(StepSize::RadiusOver(parts)),
            loss: Some(LossName::CrossEntropy),
            ..fgsm
        };
        let apgd = AttackSettings { steps: Some(100), restarts: Some(1), ..fgsm };
        let of_answers = AttackSettings { ensemble_gradient: None, ..fgsm };
        match self {
            Self::Fgsm => fgsm,
            Self::Ifgsm => climb(10, 10.0),
            Self::Pgd => AttackSettings { restarts: Some(1), ..climb(40, 16.0) },
            Self::CwOneStep => AttackSettings::default(),
            Self::MiFgsm => AttackSettings { decay: Some(1.0), ..climb(10, 10.0) },
            Self::ApgdCe | Self::ApgdDlr => apgd,
            Self::ApgdT => AttackSettings { targets: Some(9), ..apgd },
            Self::Square => AttackSettings { queries: Some(5000), initial_share: Some(0.8), ..of_answers },
            Self::AutoAttack => AttackSettings { steps: Some(100), queries: Some(5000), ..fgsm },
            Self::AutoAttackRand => AttackSettings { steps: Some(100), repetitions: Some(20), ..fgsm },
            Self::Suite => AttackSettings { steps: Some(100), restarts: Some(1), ..of_answers },
            Self::UniformNoise | Self::GaussianNoise => AttackSettings { draws: Some(100), ..of_answers },
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
