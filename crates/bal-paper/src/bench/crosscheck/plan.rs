//! What is compared: attacks with the settings of either side, and models.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::Serialize;

use bal_chores::Repository;

/// An attack of ours and its namesake.
pub(super) struct Attack {
    /// Its name in this comparison.
    pub(super) name: &'static str,
    /// Its flags of `bal evaluate`, beside radii, model and images.
    pub(super) ours: &'static [&'static str],
    pub(super) theirs: Theirs,
    pub(super) compared: Compared,
}

/// What the Python side is asked for; the keys of its requests.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Theirs {
    pub(super) library: &'static str,
    pub(super) attack: &'static str,
    pub(super) norm: &'static str,
    /// Gradient steps; of an attack without gradients, the questions that it may ask about an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) steps: Option<u32>,
    /// A step is the radius over this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parts: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) step_size: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) search_steps: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) loss: Option<&'static str>,
}

/// By what the two sides are compared.
pub(super) enum Compared {
    /// The images at this radius.
    Images(f64),
    /// The distances to the nearest errors.
    Distances,
    /// The accuracies at these radii.
    Accuracy(&'static [f64]),
}

impl Compared {
    /// The radii that either side is asked for; none for distances.
    pub(super) fn radii(&self) -> &[f64] {
        match self {
            Self::Images(radius) => std::slice::from_ref(radius),
            Self::Distances => &[],
            Self::Accuracy(radii) => radii,
        }
    }
}

impl Theirs {
    const fn of(library: &'static str, attack: &'static str, norm: &'static str, steps: u32) -> Self {
        let steps = Some(steps);
        Self { library, attack, norm, steps, parts: None, step_size: None, search_steps: None, loss: None }
    }
}

const LINF_RADII: &[f64] = &[0.1, 0.15];
const L2_RADII: &[f64] = &[1.0];
const IMAGES: Compared = Compared::Images(0.1);

/// All attacks, the quickest first. PGD starts at the image, so that both sides have one start.
pub(super) const ATTACKS: [Attack; 15] = [
    Attack {
        name: "fgsm",
        ours: &["--attack", "fgsm", "--ensemble-gradient", "predictive"],
        theirs: Theirs { parts: Some(1.0), ..Theirs::of("torchattacks", "fgsm", "linf", 1) },
        compared: IMAGES,
    },
    Attack {
        name: "pgd",
        ours: &[
            "--attack",
            "ifgsm",
            "--steps",
            "40",
            "--step-size",
            "radius/16",
            "--ensemble-gradient",
            "predictive",
        ],
        theirs: Theirs { parts: Some(16.0), ..Theirs::of("torchattacks", "pgd", "linf", 40) },
        compared: IMAGES,
    },
    Attack {
        name: "deepfool-linf",
        ours: &["--attack", "deepfool", "--norm", "linf", "--steps", "50"],
        theirs: Theirs::of("foolbox", "deepfool", "linf", 50),
        compared: Compared::Distances,
    },
    Attack {
        name: "deepfool-l2",
        ours: &["--attack", "deepfool", "--norm", "l2", "--steps", "50"],
        theirs: Theirs::of("foolbox", "deepfool", "l2", 50),
        compared: Compared::Distances,
    },
    // Ours has the paper's first step by itself: 10 for L-infinity, 1 for L2.
    Attack {
        name: "fmn-linf",
        ours: &["--attack", "fmn", "--norm", "linf", "--steps", "100"],
        theirs: Theirs { step_size: Some(10.0), ..Theirs::of("foolbox", "fmn", "linf", 100) },
        compared: Compared::Distances,
    },
    Attack {
        name: "fmn-l2",
        ours: &["--attack", "fmn", "--norm", "l2", "--steps", "100"],
        theirs: Theirs { step_size: Some(1.0), ..Theirs::of("foolbox", "fmn", "l2", 100) },
        compared: Compared::Distances,
    },
    Attack {
        name: "apgd-ce",
        ours: &["--attack", "apgd-ce", "--steps", "100", "--ensemble-gradient", "predictive"],
        theirs: Theirs { loss: Some("ce"), ..Theirs::of("torchattacks", "apgd", "linf", 100) },
        compared: Compared::Accuracy(LINF_RADII),
    },
    Attack {
        name: "apgd-dlr",
        ours: &["--attack", "apgd-dlr", "--steps", "100", "--ensemble-gradient", "predictive"],
        theirs: Theirs { loss: Some("dlr"), ..Theirs::of("torchattacks", "apgd", "linf", 100) },
        compared: Compared::Accuracy(LINF_RADII),
    },
    Attack {
        name: "apgd-t",
        ours: &["--attack", "apgd-t", "--steps", "100", "--ensemble-gradient", "predictive"],
        theirs: Theirs::of("torchattacks", "apgd-t", "linf", 100),
        compared: Compared::Accuracy(LINF_RADII),
    },
    Attack {
        name: "fab",
        ours: &["--attack", "fab", "--norm", "linf", "--steps", "100"],
        theirs: Theirs::of("torchattacks", "fab", "linf", 100),
        compared: Compared::Accuracy(LINF_RADII),
    },
    Attack {
        name: "square",
        ours: &["--attack", "square", "--norm", "linf", "--queries", "5000"],
        theirs: Theirs::of("torchattacks", "square", "linf", 5000),
        compared: Compared::Accuracy(LINF_RADII),
    },
    Attack {
        name: "cw",
        ours: &["--attack", "cw", "--steps", "1000", "--search-steps", "9", "--step-size", "0.01"],
        theirs: Theirs {
            step_size: Some(0.01),
            search_steps: Some(9),
            ..Theirs::of("foolbox", "cw", "l2", 1000)
        },
        compared: Compared::Distances,
    },
    Attack {
        name: "hop-skip-jump-linf",
        ours: &["--attack", "hop-skip-jump", "--norm", "linf", "--queries", "25000"],
        theirs: Theirs::of("foolbox", "hop-skip-jump", "linf", 25_000),
        compared: Compared::Distances,
    },
    Attack {
        name: "autoattack-linf",
        ours: &[
            "--attack",
            "autoattack",
            "--norm",
            "linf",
            "--steps",
            "100",
            "--ensemble-gradient",
            "predictive",
        ],
        theirs: Theirs::of("torchattacks", "autoattack", "linf", 100),
        compared: Compared::Accuracy(LINF_RADII),
    },
    Attack {
        name: "autoattack-l2",
        ours: &[
            "--attack",
            "autoattack",
            "--norm",
            "l2",
            "--steps",
            "100",
            "--ensemble-gradient",
            "predictive",
        ],
        theirs: Theirs::of("torchattacks", "autoattack", "l2", 100),
        compared: Compared::Accuracy(L2_RADII),
    },
];

/// Weights that are attacked; several members predict by their mean probability.
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) weights: PathBuf,
}

const PUBLISHED: [&str; 3] = ["mnist_erm", "mnist_fgsm", "mnist_bal"];
const OURS: [(&str, &str); 2] = [("erm", "fig1/erm"), ("bal-released", "fig1/bal-released")];

/// The published weights in `reference`, and runs of ours.
pub(super) fn models(repository: &Repository, reference: Option<&Path>) -> Result<Vec<Model>> {
    let published = reference.into_iter().flat_map(|folder| {
        PUBLISHED.map(|name| Model { name, weights: folder.join(format!("{name}.safetensors")) })
    });
    let ours = OURS.map(|(name, folder)| {
        let weights = repository.results().join(folder).join("posterior.safetensors");
        Model { name, weights }
    });
    let models: Vec<Model> = published.chain(ours).collect();
    for Model { name, weights } in &models {
        ensure!(weights.is_file(), "{} is not there: the weights of {name}", weights.display());
    }
    Ok(models)
}

/// The cells that are asked for, model by model: all, or those of `only`, an attack and perhaps a model.
pub(super) fn cells<'a>(models: &'a [Model], only: &[String]) -> Result<Vec<(&'a Model, &'static Attack)>> {
    let attacks: Vec<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
    let names: Vec<&str> = models.iter().map(|model| model.name).collect();
    for (said, known) in only.iter().zip([attacks, names]) {
        ensure!(known.contains(&said.as_str()), "{said:?} is not among {}", known.join(", "));
    }
    let wanted = |number: usize, name: &str| only.get(number).is_none_or(|said| said == name);
    let all = models.iter().flat_map(|model| ATTACKS.iter().map(move |attack| (model, attack)));
    Ok(all.filter(|(model, attack)| wanted(0, attack.name) && wanted(1, model.name)).collect())
}

/// Where a cell comes among all: by model, then by attack.
pub(super) fn place(attack: &str, model: &str) -> (Option<usize>, Option<usize>) {
    let mut models = PUBLISHED.into_iter().chain(OURS.map(|(name, _)| name));
    (models.position(|name| name == model), ATTACKS.iter().position(|known| known.name == attack))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_models() -> Vec<Model> {
        PUBLISHED.map(|name| Model { name, weights: PathBuf::new() }).into()
    }

    #[test]
    fn both_sides_have_the_same_settings() {
        for Attack { name, ours, theirs, .. } in &ATTACKS {
            let said = |flag: &str| {
                ours.iter()
                    .position(|word| *word == flag)
                    .and_then(|at| ours.get(at + 1))
                    .map(ToString::to_string)
            };
            if let Some(steps) = said("--steps").or_else(|| said("--queries")) {
                assert_eq!(Some(steps), theirs.steps.map(|steps| steps.to_string()), "{name}");
            }
            if let Some(norm) = said("--norm") {
                assert_eq!(norm, theirs.norm, "{name}");
            }
            let searches = said("--search-steps");
            assert_eq!(searches, theirs.search_steps.map(|steps| steps.to_string()), "{name}");
            match said("--step-size") {
                Some(size) if size.starts_with("radius/") => {
                    assert_eq!(Some(size), theirs.parts.map(|parts| format!("radius/{parts}")), "{name}");
                }
                Some(size) => assert_eq!(Some(size), theirs.step_size.map(|size| size.to_string()), "{name}"),
                None => {}
            }
        }
    }

    #[test]
    fn an_attack_and_a_model_can_be_asked_for() {
        let models = some_models();
        let names = |only: &[&str]| -> Result<Vec<String>> {
            let only: Vec<String> = only.iter().map(|word| (*word).to_owned()).collect();
            let cells = cells(&models, &only)?;
            Ok(cells.iter().map(|(model, attack)| format!("{} {}", attack.name, model.name)).collect())
        };
        assert_eq!(names(&[]).unwrap().len(), 45);
        assert_eq!(names(&["cw"]).unwrap(), ["cw mnist_erm", "cw mnist_fgsm", "cw mnist_bal"]);
        assert_eq!(names(&["cw", "mnist_bal"]).unwrap(), ["cw mnist_bal"]);
        let error = names(&["cw", "cnn"]).unwrap_err().to_string();
        assert_eq!(error, "\"cnn\" is not among mnist_erm, mnist_fgsm, mnist_bal");
        assert!(names(&["bim"]).unwrap_err().to_string().contains("fgsm, pgd, deepfool-linf"));
    }

    #[test]
    fn missing_weights_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::find().unwrap();
        assert_eq!(models(&repository, None).unwrap().len(), 2);
        let error = models(&repository, Some(folder.path())).err().unwrap().to_string();
        assert!(error.contains("mnist_erm.safetensors is not there"), "{error}");
    }
}
