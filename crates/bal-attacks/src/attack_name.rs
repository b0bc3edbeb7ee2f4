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
    /// [`crate::CwOneStep::Logits`].
    CwOneStep,
    /// [`crate::CwOneStep::LogProbabilities`].
    CwOneStepLogProbabilities,
    /// [`crate::MiFgsm`].
    MiFgsm,
    /// [`crate::Apgd`] on the cross-entropy.
    ApgdCe,
    /// [`crate::Apgd`] on the difference of logits ratio.
    ApgdDlr,
    /// [`crate::Apgd`] on the probability of the likeliest wrong class; like all of its kind it leaves an image alone
    /// once it is wrong, where [`AttackName::Pgd`] with that loss goes on until the model is sure.
    ApgdConfident,
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
    /// [`crate::Fab`].
    Fab,
    /// [`crate::CarliniWagner`].
    CarliniWagner,
    /// [`crate::DeepFool`].
    DeepFool,
    /// [`crate::Fmn`].
    Fmn,
    /// [`crate::HopSkipJump`].
    HopSkipJump,
}

impl AttackName {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::Fgsm,
        Self::Ifgsm,
        Self::Pgd,
        Self::CwOneStep,
        Self::CwOneStepLogProbabilities,
        Self::MiFgsm,
        Self::ApgdCe,
        Self::ApgdDlr,
        Self::ApgdConfident,
        Self::ApgdT,
        Self::Square,
        Self::AutoAttack,
        Self::AutoAttackRand,
        Self::Suite,
        Self::UniformNoise,
        Self::GaussianNoise,
        Self::Fab,
        Self::CarliniWagner,
        Self::DeepFool,
        Self::Fmn,
        Self::HopSkipJump,
    ];

    /// The name, as [`crate::Attack::name`] has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fgsm => "fgsm",
            Self::Ifgsm => "ifgsm",
            Self::Pgd => "pgd",
            Self::CwOneStep => "cw-one-step",
            Self::CwOneStepLogProbabilities => "cw-one-step-log-probabilities",
            Self::MiFgsm => "mi-fgsm",
            Self::ApgdCe => "apgd-ce",
            Self::ApgdDlr => "apgd-dlr",
            Self::ApgdConfident => "apgd-confident",
            Self::ApgdT => "apgd-t",
            Self::Square => "square",
            Self::AutoAttack => "autoattack",
            Self::AutoAttackRand => "autoattack-rand",
            Self::Suite => "suite",
            Self::UniformNoise => "uniform-noise",
            Self::GaussianNoise => "gaussian-noise",
            Self::Fab => "fab",
            Self::CarliniWagner => "cw",
            Self::DeepFool => "deepfool",
            Self::Fmn => "fmn",
            Self::HopSkipJump => "hop-skip-jump",
        }
    }

    /// All settings that the attack has, with the values to take where a user says nothing.
    ///
    /// Those who seek the nearest error take what their papers do, but for CW, whose 10,000 steps of each descent are
    /// 1,000 here. IFGSM's steps just reach the rim. PGD's 40 may go back and forth: together they are 2.5 radii
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
        let search = |steps, restarts| AttackSettings { steps: Some(steps), restarts, ..of_answers };
        match self {
            Self::Fgsm => fgsm,
            Self::Ifgsm => climb(10, 10.0),
            Self::Pgd => AttackSettings { restarts: Some(1), ..climb(40, 16.0) },
            Self::CwOneStep | Self::CwOneStepLogProbabilities => AttackSettings::default(),
            Self::MiFgsm => AttackSettings { decay: Some(1.0), ..climb(10, 10.0) },
            Self::ApgdCe | Self::ApgdDlr | Self::ApgdConfident => apgd,
            Self::ApgdT => AttackSettings { targets: Some(9), ..apgd },
            Self::Square => AttackSettings {
                queries: Some(5000),
                initial_share: Some(0.8),
                rescale_schedule: Some(true),
                ..of_answers
            },
            Self::AutoAttack => AttackSettings {
                steps: Some(100),
                queries: Some(5000),
                rescale_schedule: Some(false),
                ..fgsm
            },
            Self::AutoAttackRand => AttackSettings { steps: Some(100), repetitions: Some(20), ..fgsm },
            Self::Suite => AttackSettings { steps: Some(100), restarts: Some(1), ..of_answers },
            Self::UniformNoise | Self::GaussianNoise => AttackSettings { draws: Some(100), ..of_answers },
            Self::Fab => AttackSettings { targets: Some(9), ..search(100, Some(1)) },
            Self::CarliniWagner => AttackSettings {
                norm: Some(Norm::L2),
                step_size: Some(StepSize::Absolute(0.01)),
                search_steps: Some(9),
                confidence: Some(0.0),
                ..search(1000, None)
            },
            Self::DeepFool => search(50, None),
            Self::Fmn => search(100, None),
            Self::HopSkipJump => AttackSettings { queries: Some(25_000), ..of_answers },
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
