//! Evaluation against closed forms, and against attacks that cheat.

use super::*;
use crate::tests::{Bumpy, LinearProblem, data, shades};
use crate::{
    AttackError, AttackName, AttackSpec, AutoAttackSettings, Ball, BallAttack, CwOneStep, FixedAttack, Norm,
    PgdSettings, Settings, Transfer,
};
use bal_core::{Batch, Prediction};
use tch::{Device, Kind, Tensor};

const QUIET: &(dyn Fn(&EvaluationProgress) + Sync) = &|_| ();

fn attack(name: AttackName, norm: Norm) -> Attack {
    name.with(&Settings::default().with("norm", norm)).unwrap().build().unwrap()
}

fn protocol<'a>(attack: &'a Attack, radii: &'a Radii) -> Protocol<'a> {
    Protocol { attack, radii: Some(radii), limit: None, seed: 5 }
}

fn run(images: &Images, protocol: &Protocol) -> Result<AccuracyCurve, EvaluationError> {
    evaluate(&LinearProblem::new().model, images, protocol, &Workers::new(2).unwrap(), QUIET)
}

fn radii(text: &str) -> Radii {
    text.parse().unwrap()
}

#[test]
fn a_linear_classifier_loses_exactly_the_images_within_reach() {
    let problem = LinearProblem { batch: shades(150), ..LinearProblem::new() };
    let wrongness = Vec::<f64>::try_from(problem.wrongness()).unwrap();
    let radii = radii("0,0.02,0.05,0.1");
    for (name, norm) in [
        (AttackName::Fgsm, Norm::LInf),
        (AttackName::Fgsm, Norm::L2),
        (AttackName::Ifgsm, Norm::LInf),
        (AttackName::Pgd, Norm::LInf),
    ] {
        let attack = attack(name, norm);
        let curve = run(&data(150), &protocol(&attack, &radii)).unwrap();
        assert_eq!(
            (curve.attack.as_str(), curve.measure, curve.images()),
            (name.name(), Some(norm.into()), 150)
        );
        for (i, &radius) in radii.as_slice().iter().enumerate() {
            let reach = radius * LinearProblem::slope(norm);
            let survive: Vec<bool> = wrongness.iter().map(|w| w + reach < 0.0).collect();
            assert_eq!(curve.correct[i], survive, "{name} {norm} {radius}");
            let share = survive.iter().filter(|&&s| s).count() as f64 / 150.0;
            assert_eq!((curve.radii[i], curve.accuracy()[i]), (Some(radius), share));
            let reached = match norm {
                Norm::LInf => [curve.reached[i].linf, curve.reached[i].max_linf],
                Norm::L2 => [curve.reached[i].l2, curve.reached[i].max_l2],
            };
            assert!(reached.iter().all(|r| (r - radius).abs() < 1e-6), "{name} {norm} {reached:?}");
        }
        let accuracy = curve.accuracy();
        assert!(accuracy[0] > accuracy[1] && accuracy[1] > accuracy[3], "{accuracy:?} shows nothing");
    }
}

#[test]
fn the_number_of_workers_changes_nothing() {
    let radii = radii("0,0.05,0.1");
    let curve = |attack: &Attack, threads| {
        let radii = attack.norm().map(|_| &radii);
        let protocol = Protocol { attack, radii, limit: None, seed: 5 };
        evaluate(&Bumpy, &data(230), &protocol, &Workers::new(threads).unwrap(), QUIET).unwrap()
    };
    let cw = Attack::fixed(CwOneStep::Logits);
    for attack in [attack(AttackName::Pgd, Norm::L2), attack(AttackName::Fgsm, Norm::LInf), cw] {
        assert_eq!(curve(&attack, 1), curve(&attack, 2), "{attack:?}");
    }
}

#[test]
fn random_starts_follow_the_seed() {
    let (attack, radii, images) = (attack(AttackName::Pgd, Norm::L2), radii("0.1"), data(20));
    let reached = |seed| {
        let protocol = Protocol { seed, ..protocol(&attack, &radii) };
        let workers = Workers::new(1).unwrap();
        evaluate(&Bumpy, &images, &protocol, &workers, QUIET).unwrap().reached
    };
    assert_eq!(reached(1), reached(1));
    assert_ne!(reached(1), reached(2));
}

#[test]
fn an_attack_without_a_radius_gets_its_own_batches_and_one_column() {
    let cw = Attack::fixed(CwOneStep::Logits);
    let protocol = Protocol { attack: &cw, radii: None, limit: Some(130), seed: 5 };
    let curve = run(&data(150), &protocol).unwrap();
    assert_eq!((curve.measure, &curve.radii[..], curve.images()), (None, &[None][..], 130));
    let problem = LinearProblem::new();
    let noise = NoiseStream::new(NoiseKey { seed: 5, purpose: Purpose::Evaluation, sweep: 0, chain: 0 });
    let mut expected = Vec::new();
    let mut lengths = Vec::new();
    for batch in data(150).in_order(100, 130) {
        let x = CwOneStep::Logits.perturb(&problem.model, &batch, &noise).unwrap();
        let right = crate::predicted_classes(&problem.model, &x).unwrap().eq_tensor(batch.classes().unwrap());
        expected.extend(Vec::<bool>::try_from(right).unwrap());
        let length = Ball::new(Norm::L2, 0.0).unwrap().distance(&batch.x, &x);
        lengths.extend(Vec::<f64>::try_from(length).unwrap());
    }
    assert_eq!(curve.correct, [expected]);
    let mean = lengths.iter().sum::<f64>() / 130.0;
    assert!((curve.reached[0].l2 - mean).abs() < 1e-12 && mean > 0.0);
}

#[test]
fn progress_counts_up_to_all_images() {
    let (attack, radii, images) = (attack(AttackName::Fgsm, Norm::LInf), radii("0,0.1"), data(150));
    let seen = Mutex::new(Vec::new());
    let progress = |p: &EvaluationProgress| seen.lock().unwrap().push(p.clone());
    let model = LinearProblem::new().model;
    let workers = Workers::new(2).unwrap();
    let curve = evaluate(&model, &images, &protocol(&attack, &radii), &workers, &progress).unwrap();
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen.windows(2).all(|pair| pair[0].images < pair[1].images));
    let last = seen.last().unwrap();
    assert_eq!((last.images, last.of), (150, 150));
    let counts: Vec<usize> = curve.correct.iter().map(|c| c.iter().filter(|&&c| c).count()).collect();
    assert_eq!(last.correct, counts);
}

/// Ways for an attack to break its promises.
#[derive(Clone, Copy, Debug)]
enum Cheat {
    OutsideTheBall,
    OutsideTheBox,
    NotANumber,
    AnotherShape,
}

impl BallAttack for Cheat {
    fn name(&self) -> &'static str {
        "cheat"
    }

    fn perturb(
        &self,
        _: &dyn Classifier,
        batch: &Batch,
        _: Ball,
        _: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        // Only image 70, in the second shard, is touched.
        let touched = Tensor::from_slice(&batch.indices).eq(70).to_kind(Kind::Float).reshape([-1, 1, 1, 1]);
        Ok(match self {
            Self::OutsideTheBall => &batch.x + touched * 0.041,
            Self::OutsideTheBox => &batch.x + touched * 2.0,
            Self::NotANumber => &batch.x + touched.log() * 0.0,
            Self::AnotherShape => batch.x.narrow(2, 0, 1),
        })
    }
}

#[test]
fn an_attack_that_cheats_is_an_error_that_names_it_and_the_image() {
    let radii = radii("0.1");
    for (cheat, part) in [
        // Six pixels moved by .041: a distance of .1004.
        (
            Cheat::OutsideTheBall,
            "cheat on images 64 to 127: the attack cheat left its l2 ball on image 70: distance 0.100",
        ),
        (Cheat::OutsideTheBox, "left [0, 1] on image 70"),
        (Cheat::NotANumber, "left [0, 1] on image 0: its pixels reach from NaN"),
        (Cheat::AnotherShape, "shape [64, 1, 1, 3] for one of shape [64, 1, 2, 3]"),
    ] {
        let error =
            run(&data(150), &protocol(&Attack::in_balls(Norm::L2, cheat), &radii)).unwrap_err().to_string();
        assert!(error.contains(part), "{cheat:?}: {error}");
    }
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    let attack = attack(AttackName::Fgsm, Norm::LInf);
    let radii = radii("0,0.1");
    let sound = protocol(&attack, &radii);
    let error = |images: &Images, protocol: &Protocol| run(images, protocol).unwrap_err().to_string();
    let none = data(10).subset(&[]);
    assert!(error(&none, &sound).contains("the data set has 0 and the limit is none"));
    assert!(error(&data(10), &Protocol { limit: Some(0), ..sound }).contains("has 10 and the limit is 0"));
    assert!(error(&data(10), &Protocol { radii: None, ..sound }).contains("fgsm needs a radius"));
    let cw = Attack::fixed(CwOneStep::Logits);
    let cw = Protocol { attack: &cw, ..sound };
    assert!(error(&data(10), &cw).contains("cw-one-step has no radius"));

    let batch = shades(70);
    let (x, y) = (&batch.x, batch.classes().unwrap());
    let bright = Images::new(x * 255.0, y, Device::Cpu).unwrap();
    assert!(error(&bright, &sound).contains("image 0 of the data set has pixels outside [0, 1]"));
    let mislabelled = Images::new(x.detach(), &(y + 1), Device::Cpu).unwrap();
    assert!(error(&mislabelled, &sound).contains("has label 2, but the model has 2 classes"));
}

/// A model that fails on clean images already: radius 0 needs no gradient, but logits it needs.
#[derive(Debug)]
struct Dumb;

impl Classifier for Dumb {
    fn classes(&self) -> i64 {
        2
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, bal_core::ClassifierError> {
        Ok(Tensor::full([1, x.size()[0], 2], f64::NAN, (Kind::Float, Device::Cpu)))
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanLogits
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self)
    }
}

#[test]
fn a_model_without_finite_logits_has_no_accuracy_not_even_a_clean_one() {
    let (attack, radii) = (attack(AttackName::Pgd, Norm::LInf), radii("0"));
    let workers = Workers::new(2).unwrap();
    let error =
        evaluate(&Dumb, &data(10), &protocol(&attack, &radii), &workers, QUIET).unwrap_err().to_string();
    assert_eq!(
        error,
        "pgd on images 0 to 9: the model gives image 0 of the batch a logit that is not finite"
    );
}

/// Sees images in black and white; rounding has no slope.
struct Rounds(LinearProblem);

impl Classifier for Rounds {
    fn classes(&self) -> i64 {
        2
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, bal_core::ClassifierError> {
        self.0.model.member_logits(&x.round())
    }

    fn prediction(&self) -> bal_core::Prediction {
        bal_core::Prediction::MeanLogits
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self(LinearProblem::new()))
    }
}

#[test]
fn gradients_are_counted_by_part_on_any_number_of_threads() {
    let radii = radii("0,0.05,0.1");
    let counted = |model: &dyn Classifier, attack: &Attack, threads| {
        let protocol = protocol(attack, &radii);
        evaluate(model, &data(150), &protocol, &Workers::new(threads).unwrap(), QUIET).unwrap()
    };
    let pgd = attack(AttackName::Pgd, Norm::LInf);
    let all = PgdSettings::default().steps * 150 * 2;
    let sound = counted(&LinearProblem::new().model, &pgd, 1);
    // An image that is wrong does not count any more.
    assert!((all / 10..all).contains(&sound.gradients[0].taken), "{:?}", sound.gradients);
    assert_eq!((sound.gradients.len(), sound.gradients[0].zero), (1, 0));
    let deaf = counted(&Rounds(LinearProblem::new()), &pgd, 2);
    assert_eq!(deaf.gradients, counted(&Rounds(LinearProblem::new()), &pgd, 1).gradients);
    assert!(deaf.gradients[0].taken > all / 10, "{:?}", deaf.gradients);
    assert_eq!(deaf.gradients[0].share_zero(), Some(1.0));
    let surrogate = Transfer::of(LinearProblem::new().model.replicate(), pgd);
    let shown = counted(&LinearProblem::new().model, &surrogate, 1);
    assert_eq!(shown.gradients, sound.gradients);

    let small = AutoAttackSettings { steps: 5, queries: 20, ..AutoAttackSettings::default() };
    let suite = AttackSpec::AutoAttack(small).build().unwrap();
    // So small that images are left to every part.
    let radii = self::radii("0,0.002,0.004");
    let counted = |threads| {
        let protocol = protocol(&suite, &radii);
        evaluate(&Bumpy, &data(150), &protocol, &Workers::new(threads).unwrap(), QUIET).unwrap()
    };
    let (one, two) = (counted(1), counted(2));
    assert_eq!(one, two);
    assert_eq!(one.parts, ["apgd-ce", "apgd-t", "fab", "square"]);
    assert!(one.gradients[..2].iter().all(|part| part.taken > 0 && part.zero == 0), "{:?}", one.gradients);
    // FAB ends with the plane at the best image: there is none where nothing was found.
    assert!(one.gradients[2].share_zero().is_some_and(|share| share < 0.02), "{:?}", one.gradients);
    assert_eq!(one.gradients[3].share_zero(), None);
    // APGD takes a gradient less than it has steps of an image that it does not break, and stops at one that it does.
    let most = 150 * 2 * 5;
    assert!(one.gradients[0].taken <= most, "{:?}", one.gradients);
}

#[test]
fn radii_beyond_all_images_are_refused_before_anything_is_attacked() {
    let refused = |name: AttackName, norm, list: &str| {
        let attack = attack(name, norm);
        run(&data(5), &protocol(&attack, &radii(list))).unwrap_err().to_string()
    };
    for name in [AttackName::Fgsm, AttackName::DeepFool] {
        assert_eq!(
            refused(name, Norm::LInf, "0.1,8"),
            "the linf radius 8 is more than 1, and pixels are in [0, 1]: a ball as large holds every image; \
             8 of 255 levels of grey are 8/255"
        );
        // Six pixels.
        let error = refused(name, Norm::L2, "0.1,2.5");
        assert!(
            error.starts_with("the l2 radius 2.5 is more than 2.4495, and pixels are in [0, 1]"),
            "{error}"
        );
    }
    let whole = attack(AttackName::Fgsm, Norm::L2);
    assert!(run(&data(5), &protocol(&whole, &radii("2.449"))).is_ok());
    // By name, as commands and experiments ask, also where no images are known.
    for name in [AttackName::Pgd, AttackName::Fab] {
        let error = AttackSpec::from(name).build().unwrap().takes(Some(8.0)).unwrap_err().to_string();
        assert!(error.contains("8/255"), "{error}");
    }
}
