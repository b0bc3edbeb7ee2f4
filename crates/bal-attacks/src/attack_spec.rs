//! The attacks by name: the one list of them, and how one is made of its settings.

use crate::{
    AdvGan, AdvGanSettings, Apgd, ApgdLoss, ApgdSettings, ApgdTSettings, Ascent, Attack, AutoAttack,
    AutoAttackRandSettings, AutoAttackSettings, BallAttack, CarliniWagner, CarliniWagnerSettings, CwOneStep,
    CwOneStepSettings, DeepFool, DeepFoolSettings, Fab, FabSettings, Fgsm, FgsmSettings, FlowPgd,
    FlowPgdSettings, Fmn, FmnSettings, HopSkipJump, HopSkipJumpSettings, Ifgsm, IfgsmSettings, LossName,
    MiFgsm, MiFgsmSettings, NoiseLaw, Norm, Pgd, PgdSettings, PoseSearch, PoseSettings, RandomNoise,
    RandomNoiseSettings, SettingError, Settings, Square, SquareSettings, StAdv, StAdvSettings, Suite,
    SuiteSettings, attack_settings::AttackSettings,
};
use bal_core::EnsembleGradient;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// The setting of most attacks that follows from the model, where nothing is said.
const ENSEMBLE_GRADIENT: &str = "ensemble_gradient";

/// Makes [`AttackName`] and [`AttackSpec`] of the list of all attacks. A line: the variant, the name, the settings, and the
/// attack that is made of them.
macro_rules! attacks {
    ($($(#[$about:meta])* $attack:ident $name:literal ($settings:ty) |$s:ident| $made:expr;)*) => {
        /// An attack that commands and experiments can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum AttackName { $($(#[$about])* $attack),* }

        /// An attack by name, with all its settings but the radius.
        ///
        /// In files its settings are a table, whose keys are the names of the fields. Not written are a loss that is the
        /// cross-entropy, a random step of FGSM that is none, a schedule of Square that is rescaled, and those settings of an attack to the nearest error that
        /// are its own and as usual; they may be absent, and mean the same then.
        #[derive(Clone, Copy, Debug, PartialEq, JsonSchema)]
        #[schemars(untagged)]
        pub enum AttackSpec { $($(#[$about])* $attack($settings)),* }

        impl AttackName {
            /// All of them.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$attack),*];

            /// The name, as [`crate::Attack::name`] has it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$attack => $name),* }
            }

            /// What a user says of the settings, and the usual ones where nothing is said.
            ///
            /// # Errors
            /// [`SettingError::ForeignSetting`] for a setting that the attack does not have, [`SettingError::WrongSetting`]
            /// for one of a wrong type.
            pub fn with(self, said: &Settings) -> Result<AttackSpec, SettingError> {
                Ok(match self { $(Self::$attack => {
                    AttackSpec::$attack(<$settings>::said(said).read($name)?)
                })* })
            }

            /// The settings of a file, which has all of them but those that are not written.
            ///
            /// # Errors
            /// Those of [`AttackName::with`], and [`SettingError::MissingSetting`].
            pub fn of_file(self, said: &Settings) -> Result<AttackSpec, SettingError> {
                Ok(match self { $(Self::$attack => {
                    AttackSpec::$attack(<$settings>::completed(said).read($name)?)
                })* })
            }
        }

        impl From<AttackName> for AttackSpec {
            /// The attack with its usual settings.
            fn from(name: AttackName) -> Self {
                match name { $(AttackName::$attack => Self::$attack(AttackSettings::usual(None))),* }
            }
        }

        impl AttackSpec {
            /// The name of the attack.
            pub fn name(&self) -> AttackName {
                match self { $(Self::$attack(_) => AttackName::$attack),* }
            }

            /// The settings, as files have them.
            pub fn settings(&self) -> Settings {
                match self { $(Self::$attack(settings) => settings.written()),* }
            }

            /// The attack.
            ///
            /// # Errors
            /// Those of the attack's own `new`.
            pub fn build(&self) -> Result<Attack, SettingError> {
                match *self { $(Self::$attack($s) => $made),* }
            }
        }
    };
}

/// An attack in balls.
fn in_balls(
    norm: Norm,
    attack: Result<impl BallAttack + 'static, SettingError>,
) -> Result<Attack, SettingError> {
    Ok(Attack::in_balls(norm, attack?))
}

/// The climb of an attack by its settings.
macro_rules! ascent {
    ($s:ident) => {{
        let (steps, step_size) = ($s.steps, $s.step_size);
        Ascent { steps, step_size, loss: $s.loss, ensemble_gradient: $s.ensemble_gradient }
    }};
}

/// APGD on this loss.
macro_rules! apgd {
    ($s:ident, $loss:expr) => {
        Apgd::new($loss, $s.steps, $s.restarts, $s.ensemble_gradient)
    };
}

attacks! {
    /// [`crate::Fgsm`].
    Fgsm "fgsm" (FgsmSettings) |s|
        in_balls(s.norm, Fgsm::new(s.ensemble_gradient).after_a_random_step(s.random_step));
    /// [`crate::Ifgsm`].
    Ifgsm "ifgsm" (IfgsmSettings) |s| in_balls(s.norm, Ifgsm::new(ascent!(s)));
    /// [`crate::Pgd`].
    Pgd "pgd" (PgdSettings) |s| in_balls(s.norm, Pgd::new(ascent!(s), s.restarts));
    /// [`crate::CwOneStep::Logits`].
    CwOneStep "cw-one-step" (CwOneStepSettings) |_s| Ok(Attack::fixed(CwOneStep::Logits));
    /// [`crate::CwOneStep::LogProbabilities`].
    CwOneStepLogProbabilities "cw-one-step-log-probabilities" (CwOneStepSettings) |_s|
        Ok(Attack::fixed(CwOneStep::LogProbabilities));
    /// [`crate::MiFgsm`].
    MiFgsm "mi-fgsm" (MiFgsmSettings) |s| in_balls(s.norm, MiFgsm::new(ascent!(s), s.decay));
    /// [`crate::Apgd`] on the cross-entropy.
    ApgdCe "apgd-ce" (ApgdSettings) |s|
        in_balls(s.norm, apgd!(s, ApgdLoss::Untargeted(LossName::CrossEntropy)));
    /// [`crate::Apgd`] on the difference of logits ratio.
    ApgdDlr "apgd-dlr" (ApgdSettings) |s|
        in_balls(s.norm, apgd!(s, ApgdLoss::Untargeted(LossName::Dlr)));
    /// [`crate::Apgd`] on the probability of the likeliest wrong class; like all of its kind it leaves an image alone
    /// once it is wrong, where [`crate::Pgd`] with that loss goes on until the model is sure.
    ApgdConfident "apgd-confident" (ApgdSettings) |s|
        in_balls(s.norm, apgd!(s, ApgdLoss::Untargeted(LossName::Confident)));
    /// [`crate::Apgd`] towards the likeliest wrong classes.
    ApgdT "apgd-t" (ApgdTSettings) |s| in_balls(s.norm, apgd!(s, ApgdLoss::Targeted(s.targets)));
    /// [`crate::Square`].
    Square "square" (SquareSettings) |s|
        in_balls(s.norm, Square::new(s.queries, s.initial_share).map(|all| all.rescaled(s.rescale_schedule)));
    /// [`crate::AutoAttack::standard`].
    AutoAttack "autoattack" (AutoAttackSettings) |s| in_balls(
        s.norm,
        AutoAttack::standard(s.steps, s.queries, s.ensemble_gradient).map(|all| all.rescaled(s.rescale_schedule)),
    );
    /// [`crate::AutoAttack::rand`].
    AutoAttackRand "autoattack-rand" (AutoAttackRandSettings) |s|
        in_balls(s.norm, AutoAttack::rand(s.steps, s.repetitions, s.ensemble_gradient));
    /// [`crate::Suite::posterior`].
    Suite "suite" (SuiteSettings) |s| in_balls(s.norm, Suite::posterior(s.steps, s.restarts));
    /// [`crate::RandomNoise`], uniform.
    UniformNoise "uniform-noise" (RandomNoiseSettings) |s|
        in_balls(s.norm, RandomNoise::new(NoiseLaw::Uniform, s.draws));
    /// [`crate::RandomNoise`], Gaussian.
    GaussianNoise "gaussian-noise" (RandomNoiseSettings) |s|
        in_balls(s.norm, RandomNoise::new(NoiseLaw::Gaussian, s.draws));
    /// [`crate::Fab`].
    Fab "fab" (FabSettings) |s| Fab::new(s).map(Attack::nearest);
    /// [`crate::CarliniWagner`].
    CarliniWagner "cw" (CarliniWagnerSettings) |s| CarliniWagner::new(s).map(Attack::nearest);
    /// [`crate::DeepFool`].
    DeepFool "deepfool" (DeepFoolSettings) |s| DeepFool::new(s).map(Attack::nearest);
    /// [`crate::Fmn`].
    Fmn "fmn" (FmnSettings) |s| Fmn::new(s).map(Attack::nearest);
    /// [`crate::HopSkipJump`].
    HopSkipJump "hop-skip-jump" (HopSkipJumpSettings) |s| HopSkipJump::new(s).map(Attack::nearest);
    /// [`crate::FlowPgd`].
    FlowPgd "flow-pgd" (FlowPgdSettings) |s| FlowPgd::new(s).map(Attack::spatial);
    /// [`crate::StAdv`].
    StAdv "stadv" (StAdvSettings) |s| StAdv::new(s).map(Attack::spatial);
    /// [`crate::PoseSearch`].
    Pose "pose" (PoseSettings) |s| PoseSearch::new(s).map(Attack::spatial);
    /// [`crate::AdvGan`], which needs a generator beside its settings.
    AdvGan "advgan" (AdvGanSettings) |_s| in_balls(Norm::LInf, Ok(AdvGan::default()));
}

impl AttackSpec {
    /// Refuses an attack that settings alone do not make.
    ///
    /// # Errors
    /// [`SettingError::MissingGenerator`] for [`AttackName::AdvGan`], which [`crate::AdvGan::by`] makes.
    pub fn complete(&self) -> Result<(), SettingError> {
        if self.name() == AttackName::AdvGan { Err(SettingError::MissingGenerator) } else { Ok(()) }
    }

    /// The norm of its balls, or of the distance that it makes small, if it has one.
    pub fn norm(&self) -> Option<Norm> {
        if self.name() == AttackName::AdvGan {
            return Some(Norm::LInf);
        }
        self.settings().word("norm")
    }

    /// The gradient of an ensemble that it follows, if it follows one.
    pub fn ensemble_gradient(&self) -> Option<EnsembleGradient> {
        self.settings().word(ENSEMBLE_GRADIENT)
    }

    /// The same attack following this gradient.
    ///
    /// # Errors
    /// [`SettingError::ForeignSetting`] for one that follows none.
    pub fn following(&self, gradient: EnsembleGradient) -> Result<Self, SettingError> {
        self.name().of_file(&self.settings().with(ENSEMBLE_GRADIENT, gradient))
    }

    /// The settings as a record has them of an evaluation on a model of so many classes, for which the attack may be
    /// another one (see [`Attack::for_classes`]).
    pub fn recorded(&self, classes: i64) -> Settings {
        match self {
            Self::ApgdT(settings) => settings.recorded(classes),
            _ => self.settings(),
        }
    }
}

impl Serialize for AttackSpec {
    /// Its settings, without the name.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.settings().serialize(to)
    }
}

impl fmt::Display for AttackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for AttackName {
    type Err = SettingError;

    fn from_str(name: &str) -> Result<Self, SettingError> {
        Self::ALL.into_iter().find(|known| known.name() == name).ok_or_else(|| SettingError::UnknownAttack {
            name: name.into(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

#[cfg(test)]
mod tests;
