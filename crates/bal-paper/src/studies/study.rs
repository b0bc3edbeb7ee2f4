//! The comparisons of methods: a data set, its runs, and the published numbers beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::published::Curve;
use crate::published::Published;
use crate::studies::methods::{self, METHODS, Method};

/// A comparison of methods on one data set.
#[derive(Debug)]
pub(crate) struct Study {
    /// What its files are called: `fig1`.
    pub(crate) name: &'static str,
    /// The folder of its runs among results.
    pub(crate) folder: &'static str,
    /// What the comparison is of, above its figure.
    pub(crate) title: &'static str,
    /// The data set, as evaluations name it.
    pub(crate) dataset: &'static str,
    /// The data set, as readers do.
    pub(crate) label: &'static str,
    /// The one-step CW attack that the published numbers are of.
    pub(crate) cw_one_step: CwOneStep,
    /// The methods in the order of the legend, and the folder of each one's run.
    runs: &'static [(&'static str, &'static str)],
    /// The published accuracies under FGSM and under the one-step CW attack, by method.
    published: fn(&Published) -> PublishedPair<'_>,
}

/// A form of the one-step CW attack, as evaluations name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CwOneStep {
    /// The attack.
    pub(crate) attack: &'static str,
    /// The file of its evaluation.
    pub(crate) file: &'static str,
    /// What readers call it.
    pub(crate) label: &'static str,
}

/// On raw logits, the posterior scored as a whole.
pub(crate) const ON_LOGITS: CwOneStep =
    CwOneStep { attack: "cw-one-step", file: "cw-one-step.json", label: "one-step CW" };

/// As the released code had it on GTSRB: on log-probabilities, the last member scored.
const AS_RELEASED: CwOneStep = CwOneStep {
    attack: "cw-one-step-log-probabilities",
    file: "cw-one-step-as-released.json",
    label: "one-step CW as released",
};

type PublishedPair<'a> = (Option<&'a BTreeMap<String, Curve>>, Option<&'a BTreeMap<String, f64>>);

/// Figure 1: MNIST.
pub(crate) const FIG1: Study = Study {
    name: "fig1",
    folder: "fig1",
    title: "Figure 1 of Bayesian Adversarial Learning, reproduced",
    dataset: "mnist",
    label: "MNIST",
    cw_one_step: ON_LOGITS,
    runs: &[
        ("erm", "erm"),
        ("fgsm", "fgsm"),
        ("ifgsm", "ifgsm"),
        ("pgd", "pgd"),
        ("wrm", "wrm"),
        ("bnn", "bnn"),
        ("bal-released", "bal-released"),
        ("bal-paper", "bal-paper"),
        ("bal-exact", "bal-exact"),
    ],
    published: |p| (Some(&p.fig1a_mnist_fgsm), Some(&p.fig1b_mnist_cw_one_step)),
};

/// The seven methods of the paper, each in the folder of its name.
const SEVEN: &[(&str, &str)] = &[
    ("erm", "erm"),
    ("fgsm", "fgsm"),
    ("ifgsm", "ifgsm"),
    ("pgd", "pgd"),
    ("wrm", "wrm"),
    ("bnn", "bnn"),
    ("bal-released", "bal-released"),
];

/// Appendix A: Fashion-MNIST, with the step size of Adam as released.
pub(crate) const APPENDIX_A: Study = Study {
    name: "appendix-a",
    folder: "appendix-a",
    title: "Appendix A of Bayesian Adversarial Learning, reproduced",
    dataset: "fashion-mnist",
    label: "Fashion-MNIST",
    cw_one_step: ON_LOGITS,
    runs: SEVEN,
    published: |p| (Some(&p.appendix_a_fashion_fgsm), Some(&p.appendix_a_fashion_cw_one_step)),
};

/// The same with Adam at 1e-3 for all who use it, as on MNIST.
pub(crate) const APPENDIX_A_FASTER: Study = Study {
    name: "appendix-a-faster",
    folder: "appendix-a",
    title: "Appendix A, with Adam at 1e-3 for all who use it",
    runs: &[
        ("erm", "erm"),
        ("fgsm", "fgsm-faster"),
        ("ifgsm", "ifgsm-faster"),
        ("pgd", "pgd-faster"),
        ("wrm", "wrm"),
        ("bnn", "bnn"),
        ("bal-released", "bal-released"),
    ],
    ..APPENDIX_A
};

/// Figure 3: GTSRB in the paper's split, with the training radii of the released code.
pub(crate) const FIG3: Study = Study {
    name: "fig3",
    folder: "fig3",
    title: "Figure 3 of Bayesian Adversarial Learning, reproduced",
    dataset: "gtsrb-paper",
    label: "GTSRB",
    cw_one_step: AS_RELEASED,
    runs: SEVEN,
    published: |p| (None, Some(&p.fig3b_gtsrb_cw_one_step)),
};

/// The same with the largest training radii that keep clean accuracy above .94.
pub(crate) const FIG3_TUNED: Study = Study {
    name: "fig3-tuned",
    title: "Figure 3, training radii tuned to 94 % clean accuracy",
    runs: &[
        ("erm", "erm"),
        ("fgsm", "fgsm-tuned"),
        ("ifgsm", "ifgsm-tuned"),
        ("pgd", "pgd-tuned"),
        ("wrm", "wrm-tuned"),
        ("bnn", "bnn"),
        ("bal-released", "bal-released"),
    ],
    ..FIG3
};

/// GTSRB in its official split, which the published numbers are not of.
pub(crate) const FIG3_OFFICIAL: Study = Study {
    name: "fig3-official",
    folder: "fig3/official",
    title: "Figure 3 on the official split of GTSRB",
    dataset: "gtsrb",
    published: |_| (None, None),
    ..FIG3
};

/// What BAL as released is to be measured by: adversarial training with as much perturbation and as many gradients, and BAL from
/// initial weights, trained long. A figure of its own is not made of it; strong attacks are run on it.
pub(crate) const BESIDE_BAL: Study = Study {
    name: "ablation",
    folder: "ablation",
    title: "PGD training at the distance that BAL moves images, one network and five, and BAL from initial weights",
    label: "MNIST, beside BAL as released",
    runs: &[("pgd-linf", "pgd-linf"), ("ensemble-linf", "ensemble-linf"), ("scratch", "scratch")],
    published: |_| (None, None),
    ..FIG1
};

impl Study {
    /// All comparisons.
    pub(crate) const ALL: [&'static Self; 6] =
        [&FIG1, &APPENDIX_A, &APPENDIX_A_FASTER, &FIG3, &FIG3_TUNED, &FIG3_OFFICIAL];

    /// The folders of its runs, in the order of the legend.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &'static str> {
        self.runs.iter().map(|(_, folder)| *folder)
    }

    /// Its methods with the folders of their runs.
    pub(crate) fn methods(&self) -> impl Iterator<Item = (&'static Method, &'static str)> {
        self.runs.iter().filter_map(|(name, folder)| {
            let method = METHODS.iter().chain(&methods::BESIDE_BAL).find(|method| method.run == *name)?;
            Some((method, *folder))
        })
    }

    /// The folder of what strong attacks and calibration found of a run.
    pub(crate) fn robustness_folder(&self, results: &Path, run: &str) -> PathBuf {
        results.join("robustness").join(self.folder).join(run)
    }

    /// Whether one of its runs that no study before it has is in `folder`.
    pub(crate) fn has_own_runs(&self, folder: &Path) -> bool {
        let earlier = Self::ALL.iter().take_while(|study| study.name != self.name);
        let shared: Vec<&str> =
            earlier.filter(|study| study.folder == self.folder).flat_map(|study| study.runs()).collect();
        self.runs().any(|run| !shared.contains(&run) && folder.join(run).join("record.json").is_file())
    }

    /// The published curve of a method's namesake under FGSM.
    pub(super) fn fgsm<'a>(&self, published: &'a Published, method: &Method) -> Option<&'a Curve> {
        (self.published)(published).0?.get(method.published)
    }

    /// The published accuracy of a method's namesake under the one-step CW attack.
    pub(super) fn cw_accuracy(&self, published: &Published, method: &Method) -> Option<f64> {
        (self.published)(published).1?.get(method.published).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_of_a_study_is_of_a_known_method_and_names_are_unique() {
        for study in Study::ALL.into_iter().chain([&BESIDE_BAL]) {
            assert_eq!(study.methods().count(), study.runs.len(), "{}", study.name);
        }
        for study in Study::ALL {
            assert_eq!(Study::ALL.iter().filter(|other| other.name == study.name).count(), 1);
        }
    }
}
