//! Models and data that are not what they should be.

use super::{Bumpy, complete, linear, minimal, noise, perturb, shades, with};
use crate::{Attack, AttackName, AttackSpec, Settings, loss, predicted_classes};
use bal_core::{Batch, Classifier, ClassifierError, EnsembleGradient, Prediction, Targets};
use tch::{Kind, Tensor};

/// Ways in which a model of four classes can be broken.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Broken {
    NotANumber,
    FiveLogits,
    FewerImages,
    IgnoresItsInput,
    OutsideOfTheGraph,
    InfiniteSlope,
    Refuses,
}

impl Classifier for Broken {
    fn classes(&self) -> i64 {
        4
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let sum = x.flatten(1, -1).sum_dim_intlist(-1, true, Kind::Float);
        let sound = [sum.zeros_like(), sum.shallow_clone(), &sum * 0.3 - 3.0, &sum * 0.2 - 4.0];
        let sound = Tensor::cat(&sound, -1).unsqueeze(0);
        Ok(match self {
            // Only in the second image: what is reported has to name it.
            Self::NotANumber => {
                let second =
                    Tensor::arange(sum.size()[0], (Kind::Int64, sum.device())).eq(1).reshape([1, -1, 1]);
                sound.masked_fill(&second, f64::NAN)
            }
            Self::FiveLogits => Tensor::cat(&[sound, sum.unsqueeze(0)], -1),
            Self::FewerImages => sound.narrow(1, 0, sum.size()[0] - 1),
            Self::IgnoresItsInput => sound.zeros_like().detach().set_requires_grad(true),
            Self::OutsideOfTheGraph => sound.detach(),
            // The root has an infinite slope where its argument is 0.
            Self::InfiniteSlope => (&sound - sound.detach()).abs().sqrt(),
            Self::Refuses => {
                let reason = || sound.f_matmul(&sound.narrow(1, 0, 1)).unwrap_err();
                return Err(ClassifierError::Refused { shape: x.size(), source: reason() });
            }
        })
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanProbability
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(*self)
    }
}

/// The attack with its defaults, but few queries and draws.
fn attack(name: AttackName) -> Attack {
    with(name, &Settings::default().with("queries", 20u64).with("draws", 5u64)).build().unwrap()
}

/// All attacks; those that seek the nearest image with every norm that they have.
fn all() -> impl Iterator<Item = Attack> {
    let others = complete().map(attack);
    let others = others.filter(|attack| !matches!(attack, Attack::Nearest(_)));
    others.chain(minimal::quick().into_iter().map(|search| Attack::Nearest(search.into())))
}

/// What an attack says of a broken model; `None` where it can do without what is broken.
fn expects(attack: &Attack, model: Broken) -> Option<&'static str> {
    let answers_only = ["square", "uniform-noise", "gaussian-noise", "hop-skip-jump", "pose"];
    let (part, of_gradient) = match model {
        Broken::NotANumber if matches!(attack, Attack::Nearest(_)) => {
            ("the model gives image 1 of the batch a logit", false)
        }
        Broken::NotANumber => ("the model gives image 1 of the batch a lo", false),
        Broken::FiveLogits | Broken::FewerImages => ("the model gave logits of shape", false),
        Broken::IgnoresItsInput | Broken::OutsideOfTheGraph => {
            ("no gradient with respect to the images", true)
        }
        Broken::InfiniteSlope => ("gives image 0 of the batch a gradient that is not finite", true),
        Broken::Refuses => ("the model cannot classify images of shape [4, 1, 2, 3]", false),
    };
    (!(of_gradient && answers_only.contains(&attack.name()))).then_some(part)
}

fn error(attack: &Attack, model: &dyn Classifier, batch: &Batch) -> String {
    perturb(attack, 0.1, model, batch, &noise()).unwrap_err().to_string()
}

#[test]
fn every_attack_says_what_is_wrong_with_a_broken_model() {
    for attack in all() {
        for model in [
            Broken::NotANumber,
            Broken::FiveLogits,
            Broken::FewerImages,
            Broken::IgnoresItsInput,
            Broken::OutsideOfTheGraph,
            Broken::InfiniteSlope,
            Broken::Refuses,
        ] {
            // The hinge of CW is not active at zero logits: there is no slope to be infinite.
            if (attack.name(), model) == ("cw-one-step", Broken::InfiniteSlope) {
                continue;
            }
            let batch = shades(4);
            let found = perturb(&attack, 0.1, &model, &batch, &noise());
            match (expects(&attack, model), found) {
                (Some(part), Err(error)) => {
                    assert!(error.to_string().contains(part), "{attack:?} on {model:?}: {error}");
                }
                // Classes are enough for a search, and these are the same for all images.
                (None, Ok(x)) if matches!(attack, Attack::Nearest(_)) => assert_eq!(x, batch.x, "{model:?}"),
                (None, Ok(_)) => {}
                (expected, found) => panic!("{attack:?} on {model:?}: {found:?} for {expected:?}"),
            }
        }
    }
}

#[test]
fn both_losses_of_an_ensemble_are_checked() {
    let batch = shades(4);
    for ensemble_gradient in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
        for model in [Broken::NotANumber, Broken::FiveLogits, Broken::FewerImages] {
            assert!(
                loss(&model, &batch.x, batch.classes().unwrap(), ensemble_gradient).is_err(),
                "{model:?}"
            );
        }
    }
}

#[test]
fn predictions_are_not_made_of_logits_that_are_not_finite() {
    let error = predicted_classes(&Broken::NotANumber, &shades(4).x).unwrap_err().to_string();
    assert_eq!(error, "the model gives image 1 of the batch a logit that is not finite");
}

#[test]
fn labels_that_are_no_classes_are_named() {
    for attack in all() {
        for label in [4, -1] {
            let y = Tensor::from_slice(&[0, 1, label, 0]);
            let error = error(&attack, &Bumpy, &Batch { targets: Targets::Classes(y), ..shades(4) });
            let expected =
                format!("image 2 of the batch has label {label}, but the model has 4 classes (from 0)");
            assert_eq!(error, expected, "{attack:?}");
        }
    }
}

#[test]
fn images_that_have_values_instead_of_classes_are_refused() {
    let values = || Targets::Values(shades(4).x.flatten(1, -1));
    for attack in all() {
        let error = error(&attack, &Bumpy, &Batch { targets: values(), ..shades(4) });
        assert!(
            error.contains("a classifier knows classes, but the images have values"),
            "{attack:?}: {error}"
        );
    }
}

#[test]
fn a_batch_whose_parts_do_not_fit_is_refused() {
    let cases = || {
        [
            Batch { indices: vec![0, 1], ..shades(4) },
            Batch { targets: Targets::Classes(Tensor::from_slice(&[0i64])), ..shades(4) },
            Batch { x: shades(4).x.flatten(1, -1), ..shades(4) },
            Batch {
                x: shades(1).x.narrow(0, 0, 0),
                targets: Targets::Classes(Tensor::from_slice::<i64>(&[])),
                indices: vec![],
            },
        ]
    };
    for attack in all() {
        for batch in cases() {
            let error = error(&attack, &Bumpy, &batch);
            assert!(error.starts_with("a batch needs images [n, c, h, w]"), "{attack:?}: {error}");
        }
    }
}

#[test]
fn no_settings_at_all_are_refused_by_every_attack_that_has_some() {
    let none = Settings::default();
    for name in AttackName::ALL.into_iter().filter(|&name| AttackSpec::from(name).settings() != none) {
        assert!(name.of_file(&none).is_err());
    }
}

#[test]
fn a_broken_row_has_its_number_in_the_batch_also_after_rows_are_dropped() {
    // Image 0 is wrong from the start; the third of those that stand is image 3.
    #[derive(Debug)]
    struct Steep;
    impl Classifier for Steep {
        fn classes(&self) -> i64 {
            4
        }
        fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
            let sum = x.flatten(1, -1).sum_dim_intlist(-1, true, Kind::Float);
            // Only a graph sees the slope: the answers themselves are sound.
            let steep = ((&sum - sum.detach()).abs() + sum.le(5.0)).sqrt();
            Ok(Tensor::cat(&[&sum * 0.0, steep + 1.0, &sum * 0.0, &sum * 0.0 - 1.0], -1).unsqueeze(0))
        }
        fn prediction(&self) -> Prediction {
            Prediction::MeanLogits
        }
        fn replicate(&self) -> Box<dyn Classifier> {
            Box::new(Self)
        }
    }
    let mut batch = shades(4);
    batch.x = Tensor::stack(&[batch.x.get(0), batch.x.get(1), batch.x.get(2), batch.x.get(3).ones_like()], 0);
    batch.targets = Targets::Classes(Tensor::from_slice(&[0i64, 1, 1, 1]));
    for name in [AttackName::ApgdCe, AttackName::AutoAttack, AttackName::Suite] {
        let error = perturb(&attack(name), 0.01, &Steep, &batch, &noise()).unwrap_err();
        assert_eq!(error.to_string(), "the model gives image 3 of the batch a gradient that is not finite");
    }
}

#[test]
fn a_model_of_one_class_is_never_wrong() {
    let model = linear(&[[[1.0; 6]]], &[[0.0]], Prediction::MeanLogits);
    let batch = Batch { targets: Targets::Classes(Tensor::from_slice(&[0i64; 4])), ..shades(4) };
    for attack in minimal::quick() {
        assert_eq!(attack.search(&model, &batch, &noise()).unwrap(), batch.x, "{attack:?}");
    }
    let stadv = attack(AttackName::StAdv);
    assert_eq!(perturb(&stadv, 0.1, &model, &batch, &noise()).unwrap(), batch.x);
}
