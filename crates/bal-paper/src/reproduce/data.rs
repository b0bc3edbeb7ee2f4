//! The data sets that runs are trained and attacked on.

use bal_data::Set;

use crate::radii;

/// A data set in a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Mnist,
    FashionMnist,
    /// GTSRB's training images, three quarters to train on and the rest to test on.
    GtsrbPaper,
    /// GTSRB as published.
    Gtsrb,
}

/// What an attack is given: its name for `bal evaluate`, further flags, and the file of its results.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AttackOn {
    pub(super) attack: &'static str,
    pub(super) flags: &'static [&'static str],
    pub(super) file: &'static str,
    /// Test images, the first so many; all where it is not said.
    pub(super) images: Option<u32>,
}

/// The attack of the figures, at their radii.
pub(super) const FGSM: AttackOn = AttackOn { attack: "fgsm", flags: &[], file: "fgsm.json", images: None };
const CW_ONE_STEP: AttackOn =
    AttackOn { attack: "cw-one-step", flags: &[], file: "cw-one-step.json", images: None };
/// On GTSRB the released code attacked log-probabilities of all members, and scored the last member alone.
const CW_AS_RELEASED: AttackOn = AttackOn {
    attack: "cw-one-step-log-probabilities",
    flags: &["--prediction", "last-member"],
    file: "cw-one-step-as-released.json",
    images: None,
};

impl Data {
    /// Its name in experiments and for `bal evaluate`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::GtsrbPaper => "gtsrb-paper",
            Self::Gtsrb => "gtsrb",
        }
    }

    /// Its files.
    pub(super) fn set(self) -> Set {
        match self {
            Self::Mnist => Set::Mnist,
            Self::FashionMnist => Set::FashionMnist,
            Self::GtsrbPaper | Self::Gtsrb => Set::Gtsrb,
        }
    }

    /// The folder of the run that all others on these data start from.
    pub(super) fn folder_of_erm(self) -> &'static str {
        match self {
            Self::Mnist => "fig1",
            Self::FashionMnist => "appendix-a",
            Self::GtsrbPaper => "fig3",
            Self::Gtsrb => "fig3/official",
        }
    }

    /// The paper's attacks.
    pub(super) fn attacks(self) -> &'static [AttackOn] {
        match self {
            Self::Mnist | Self::FashionMnist => &[FGSM, CW_ONE_STEP],
            Self::GtsrbPaper | Self::Gtsrb => &[FGSM, CW_ONE_STEP, CW_AS_RELEASED],
        }
    }

    /// The radii of the paper's FGSM curves.
    pub(super) fn fgsm_radii(self) -> &'static [f64] {
        match self {
            Self::Mnist | Self::FashionMnist => &radii::MNIST_FGSM,
            Self::GtsrbPaper | Self::Gtsrb => &radii::GTSRB_FGSM,
        }
    }

    /// The data of an experiment by the beginning of its name.
    pub(super) fn of_experiment(name: &str) -> Self {
        match name.split('-').next() {
            Some("fashion") => Self::FashionMnist,
            Some("gtsrb") => Self::GtsrbPaper,
            _ => Self::Mnist,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_experiment_s_name_tells_its_data() {
        assert_eq!(Data::of_experiment("mnist-bal-exact"), Data::Mnist);
        assert_eq!(Data::of_experiment("fashion-erm"), Data::FashionMnist);
        assert_eq!(Data::of_experiment("gtsrb-pgd"), Data::GtsrbPaper);
    }
}
