//! The questions that are asked beside the paper's figures, each with its models.

use bal_page::plot::{Colour, Look, Marker};

/// Some models under one strong attack. The first is what the others are compared with.
#[derive(Debug)]
pub(crate) struct Question {
    /// What pages call its table.
    pub(crate) name: &'static str,
    /// What `reproduce` calls what it belongs to.
    pub(crate) figure: &'static str,
    /// The folder among results that has its models and its figure.
    pub(super) folder: &'static str,
    /// The file of its figure, without the ending.
    pub(super) drawing: &'static str,
    /// Above its figure.
    pub(super) title: &'static str,
    pub(super) dataset: &'static str,
    pub(super) strong: Strong,
    /// The radius of the paired differences.
    pub(super) radius: f64,
    pub(super) models: &'static [Asked],
}

/// The attack of a question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strong {
    /// As evaluations name it.
    pub(super) attack: &'static str,
    pub(super) file: &'static str,
    /// As readers do.
    pub(super) label: &'static str,
}

/// A model of a question.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Its folder in that of the figure, and the name of its run.
    pub(crate) name: &'static str,
    /// Whether its run is one of Figure 1.
    pub(crate) of_figure_1: bool,
    /// Its experiment, without the ending, where the run is one of the figure.
    pub(crate) experiment: &'static str,
    /// What it changes there.
    pub(crate) settings: &'static [&'static str],
    pub(super) label: &'static str,
    pub(super) look: Look,
}

const APGD_T: Strong = Strong { attack: "apgd-t", file: "apgd-t.json", label: "targeted APGD" };

/// Two forms of the curvature around one network, beside that network and a sampled posterior.
const LAPLACE: Question = Question {
    name: "laplace",
    figure: "variants",
    folder: "variants",
    drawing: "laplace",
    title: "A Gaussian around one network (Laplace) on MNIST",
    dataset: "mnist",
    strong: APGD_T,
    radius: 0.1,
    models: &[
        of_figure_1("erm", "ERM", Colour::Gray, Marker::Circle),
        own("laplace", "mnist-laplace", &[], "Laplace, Kronecker factors", Colour::Blue, Marker::Square),
        own(
            "laplace-wide",
            "mnist-laplace",
            &["laplace.precision=1.0"],
            "the same, a hundredth of the precision",
            Colour::SkyBlue,
            Marker::TriangleUp,
        ),
        own(
            "laplace-diagonal",
            "mnist-laplace-diagonal",
            &[],
            "Laplace, diagonal",
            Colour::BluishGreen,
            Marker::Diamond,
        ),
        of_figure_1("bnn", "BNN", Colour::Orange, Marker::Plus),
        of_figure_1("bal-exact", "BAL exact", Colour::Black, Marker::Pentagon),
    ],
};

/// BAL as an exact sampler under four priors: standard deviation of a weight .1, but for the last, which finds its own.
const PRIORS: Question = Question {
    name: "priors",
    drawing: "priors",
    title: "BAL under four priors of the weights, on MNIST",
    models: &[
        of_figure_1("bal-exact", "Gaussian", Colour::Black, Marker::Pentagon),
        own(
            "prior-laplace",
            "mnist-bal-exact",
            &["bal.parameters.prior={ laplace = 0.0707 }"],
            "Laplace",
            Colour::Blue,
            Marker::Square,
        ),
        own(
            "prior-student-t",
            "mnist-bal-exact",
            &["bal.parameters.prior={ student_t = { scale = 0.0577, degrees = 3.0 } }"],
            "Student's t, 3 degrees",
            Colour::Vermillion,
            Marker::Star,
        ),
        own(
            "prior-hierarchical",
            "mnist-bal-exact",
            &["bal.parameters.prior={ hierarchical = { shape = 1.0, rate = 0.01 } }"],
            "hierarchical Gaussian",
            Colour::BluishGreen,
            Marker::Diamond,
        ),
    ],
    ..LAPLACE
};

/// One architecture or two in a posterior.
const NETWORKS: Question = Question {
    name: "networks",
    drawing: "networks",
    title: "One architecture or two in BAL's posterior, on MNIST",
    models: &[
        of_figure_1("bal-exact", "five chains of the CNN", Colour::Black, Marker::Pentagon),
        own(
            "bal-mixed",
            "mnist-bal-mixed",
            &[],
            "three of the CNN, two of an MLP",
            Colour::Vermillion,
            Marker::Star,
        ),
    ],
    ..LAPLACE
};

/// Training on the adversarial images of other networks, beside training on one's own.
const OTHERS: Question = Question {
    name: "others",
    drawing: "others",
    title: "Training on adversarial images of other networks, on MNIST",
    models: &[
        of_figure_1("erm", "ERM", Colour::Gray, Marker::Circle),
        of_figure_1("pgd", "PGD training", Colour::BluishGreen, Marker::Square),
        own(
            "ensemble-adversarial",
            "mnist-ensemble-adversarial-light",
            &[],
            "ensemble adversarial training",
            Colour::Blue,
            Marker::TriangleUp,
        ),
        of_figure_1("bal-paper", "BAL paper", Colour::DarkVermillion, Marker::Cross),
    ],
    ..LAPLACE
};

const AUTOATTACK: Strong = Strong { attack: "autoattack", file: "autoattack.json", label: "AutoAttack" };

/// BAL made for robustness beside its controls at as many gradients.
const ROBUST: Question = Question {
    name: "robust-mnist-0.3",
    figure: "robust",
    folder: "robust/mnist-linf-0.3",
    drawing: "robust",
    title: "BAL made for robustness on MNIST, L-infinity .3, beside its controls",
    dataset: "mnist",
    strong: AUTOATTACK,
    radius: 0.3,
    models: &[
        made("one-network-long", "one network, twice as long", Colour::Gray, Marker::Circle),
        made("bal", "BAL, two chains", Colour::Vermillion, Marker::Star),
        made("ensemble", "plain ensemble of two", Colour::Blue, Marker::Plus),
        made("wide", "one wider network", Colour::BluishGreen, Marker::Square),
        made("member", "one network", Colour::SkyBlue, Marker::TriangleUp),
    ],
};

const ROBUST_LESS: Question = Question {
    name: "robust-mnist-0.15",
    folder: "robust/mnist-linf-0.15",
    title: "BAL made for robustness on MNIST, L-infinity .15, beside its controls",
    radius: 0.15,
    ..ROBUST
};

const ROBUST_FASHION: Question = Question {
    name: "robust-fashion-0.1",
    folder: "robust/fashion-linf-0.1",
    title: "BAL made for robustness on Fashion-MNIST, L-infinity .1, beside its controls",
    dataset: "fashion-mnist",
    radius: 0.1,
    ..ROBUST
};

const ROBUST_SIGNS: Question = Question {
    name: "robust-gtsrb-8-255",
    folder: "robust/gtsrb-linf-8-255",
    title: "BAL made for robustness on GTSRB, L-infinity 8/255, beside its controls",
    dataset: "gtsrb-paper",
    radius: 8.0 / 255.0,
    ..ROBUST
};

impl Question {
    /// All of them.
    pub(crate) const ALL: [&'static Self; 8] =
        [&LAPLACE, &PRIORS, &NETWORKS, &OTHERS, &ROBUST, &ROBUST_LESS, &ROBUST_FASHION, &ROBUST_SIGNS];

    /// Those of a figure.
    pub(crate) fn of(figure: &str) -> impl Iterator<Item = &'static Self> {
        Self::ALL.into_iter().filter(move |question| question.figure == figure)
    }

    /// The models of a figure's questions, each once.
    pub(crate) fn models_of(figure: &str) -> Vec<&'static Asked> {
        let mut all: Vec<&'static Asked> = Vec::new();
        for model in Self::of(figure).flat_map(|question| question.models) {
            if !all.iter().any(|other| other.name == model.name) {
                all.push(model);
            }
        }
        all
    }
}

const fn of_figure_1(name: &'static str, label: &'static str, colour: Colour, marker: Marker) -> Asked {
    Asked { of_figure_1: true, ..own(name, "", &[], label, colour, marker) }
}

/// A run of a comparison that has its runs elsewhere.
const fn made(name: &'static str, label: &'static str, colour: Colour, marker: Marker) -> Asked {
    own(name, "", &[], label, colour, marker)
}

const fn own(
    name: &'static str,
    experiment: &'static str,
    settings: &'static [&'static str],
    label: &'static str,
    colour: Colour,
    marker: Marker,
) -> Asked {
    Asked { name, of_figure_1: false, experiment, settings, label, look: Look::new(colour, marker) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_something_to_compare_with_and_curves_that_can_be_told_apart() {
        for question in Question::ALL {
            assert!(question.models.len() > 1, "{}", question.name);
            let mut looks: Vec<_> = question.models.iter().map(|model| format!("{:?}", model.look)).collect();
            looks.sort_unstable();
            looks.dedup();
            assert_eq!(looks.len(), question.models.len(), "{}", question.name);
        }
    }

    #[test]
    fn a_model_is_the_same_in_every_question() {
        for figure in Question::ALL.map(|question| question.figure) {
            for model in Question::of(figure).flat_map(|question| question.models) {
                let first = Question::models_of(figure).into_iter().find(|other| other.name == model.name);
                let first = first.unwrap();
                assert_eq!((first.experiment, first.settings), (model.experiment, model.settings));
                assert_eq!(first.of_figure_1, model.of_figure_1, "{}", model.name);
            }
        }
    }
}
