//! Which parts make AutoAttack, with which settings, in which order; and models that one part alone breaks.

use super::*;
use crate::tests::{batch, linear, noise};
use crate::{Attack, AttackName, AttackSpec, Judgement};
use bal_core::{ClassifierError, EnsembleGradient::MemberMean, EnsembleGradient::Predictive, Prediction};
use tch::Kind;

const NORMS: [Norm; 2] = [Norm::LInf, Norm::L2];

/// What the parts are called, and all that they consist of.
fn written(parts: &[(&'static str, Part)]) -> Vec<String> {
    parts.iter().map(|(name, part)| format!("{name}: {part:?}")).collect()
}

fn apgd(loss: ApgdLoss, ensemble_gradient: EnsembleGradient) -> Part {
    Part::in_ball(Apgd::new(loss, 100, 1, ensemble_gradient).unwrap())
}

/// The paper's budget, written out: nothing here is taken from the constants or from what settings usually are.
fn standard_parts(norm: Norm) -> Vec<(&'static str, Part)> {
    let fab = FabSettings {
        norm,
        steps: 100,
        restarts: 1,
        targets: 9,
        overshoot: 0.05,
        greatest_pull: 0.1,
        backward: 0.9,
    };
    vec![
        ("apgd-ce", apgd(ApgdLoss::Untargeted(LossName::CrossEntropy), Predictive)),
        ("apgd-t", apgd(ApgdLoss::Targeted(9), Predictive)),
        ("fab", Part::nearest(Fab::new(fab).unwrap())),
        ("square", Part::in_ball(Square::new(5000, 0.8).unwrap().rescaled(false))),
    ]
}

#[test]
fn by_its_name_it_is_the_four_attacks_of_the_paper_in_order_with_the_papers_budget() {
    for norm in NORMS {
        let Attack::InBalls(in_norm, attack) = AttackName::AutoAttack
            .with(&crate::Settings::default().with("norm", norm))
            .unwrap()
            .build()
            .unwrap()
        else {
            panic!("AutoAttack stays in balls")
        };
        assert_eq!(in_norm, norm);
        let by_hand = AutoAttack::standard(100, 5000, Predictive).unwrap();
        assert_eq!(format!("{attack:?}"), format!("{by_hand:?}"));
        assert_eq!(written(&by_hand.named_parts(norm).unwrap()), written(&standard_parts(norm)));
        // What attacks is the suite of these.
        let suite = by_hand.fitting(10).unwrap().suite(norm).unwrap();
        assert_eq!(format!("{suite:?}"), format!("{:?}", Suite::named(standard_parts(norm)).unwrap()));
        assert_eq!(attack.parts(), ["apgd-ce", "apgd-t", "fab", "square"]);
    }
}

#[test]
fn for_few_classes_the_margin_takes_the_place_of_the_ratio_and_all_else_stays() {
    for norm in NORMS {
        let mut parts = standard_parts(norm);
        let margin = Apgd::new(ApgdLoss::TargetedMargin(9), 100, 1, Predictive).unwrap().starting_at(1);
        parts[1] = ("apgd-t-margin", Part::in_ball(margin));
        let few = AutoAttack::standard(100, 5000, Predictive).unwrap().fitting(3).unwrap();
        assert_eq!(written(&few.named_parts(norm).unwrap()), written(&parts));
    }
}

#[test]
fn by_its_name_the_version_for_random_models_is_two_attacks_on_20_passes() {
    let Attack::InBalls(_, attack) = AttackSpec::from(AttackName::AutoAttackRand).build().unwrap() else {
        panic!("AutoAttack stays in balls")
    };
    let by_hand = AutoAttack::rand(100, 20, Predictive).unwrap();
    assert_eq!(format!("{attack:?}"), format!("{by_hand:?}"));
    for norm in NORMS {
        for gradient in [Predictive, MemberMean] {
            let expected = [
                ("apgd-ce", apgd(ApgdLoss::Untargeted(LossName::CrossEntropy), gradient)),
                ("apgd-dlr", apgd(ApgdLoss::Untargeted(LossName::Dlr), gradient)),
            ];
            let found = AutoAttack::rand(100, 20, gradient).unwrap().named_parts(norm).unwrap();
            assert_eq!(written(&found), written(&expected));
        }
    }
}

/// Every image is of class 0, and in a ball of radius 1/8 about grey, in which the first pixel decides.
const RADIUS: f64 = 0.125;

fn ball() -> Ball {
    Ball::new(Norm::LInf, RADIUS).unwrap()
}

/// Four times the same image, with starting points and queries of its own each.
fn grey() -> Batch {
    batch(&[[0.5; 3].as_slice(); 4], &[0; 4])
}

/// The attack with fewer queries, which is all that takes long.
fn attack() -> AutoAttack {
    AutoAttack::standard(100, 300, Predictive).unwrap()
}

/// Which images a part breaks alone, in the same ball with the same noise.
fn alone(model: &dyn Classifier, name: &str) -> Vec<bool> {
    let parts = attack().named_parts(Norm::LInf).unwrap();
    let (_, part) = parts.into_iter().find(|(part, _)| *part == name).unwrap();
    let x = Suite::new(vec![part]).unwrap().perturb(model, &grey(), ball(), &noise()).unwrap();
    let judged = Judgement::by_margin(model, &x, grey().classes().unwrap()).unwrap();
    Vec::try_from(judged.wrong).unwrap()
}

/// Checks that of all parts alone these break all images and the others none, and that the first of these is who breaks them
/// in AutoAttack: without it the account, or the accuracy, is another one.
fn assert_broken_by(model: &dyn Classifier, by: &[&'static str]) {
    for name in attack().parts() {
        assert_eq!(alone(model, name), [by.contains(&name); 4], "{name} alone");
    }
    let changed = attack().perturb_all(model, &grey(), &[ball()], &noise()).unwrap();
    assert_eq!(changed[0].broken_by.as_deref().unwrap(), [Some(by[0]); 4]);
    let judged = Judgement::by_margin(model, &changed[0].x, grey().classes().unwrap()).unwrap();
    assert_eq!(Vec::<bool>::try_from(judged.wrong).unwrap(), [true; 4]);
    let alone = attack().perturb(model, &grey(), ball(), &noise()).unwrap();
    assert_eq!(alone, changed[0].x);
}

#[test]
fn what_all_parts_break_the_cross_entropy_breaks_first() {
    let weights = [[[0.0; 3], [9.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.5, 0.0, 0.0]]];
    let model = linear(&weights, &[[5.0, 0.0, 0.0, 0.0]], Prediction::MeanLogits);
    assert_broken_by(&model, &["apgd-ce", "apgd-t", "fab", "square"]);
}

/// Of eleven classes one alone can be reached, which is so many places behind class 0: at the upper rim of the first pixel, in
/// the last thousandth. The cross-entropy rises towards the lower rim everywhere, where others gain, and not enough. The
/// nearest three never change, and neither does what the targeted ratio divides by.
fn reached_by(place: usize) -> impl Classifier {
    let mut weights = [[0.0; 3]; 11];
    let mut bias = [0.0; 11];
    for wrong in 1..11 {
        // What class 0 leads by at grey. Below, .75 * .125 of it are gained at most: not even the third is passed.
        let behind = if wrong < 4 { 0.05 + 0.001 * wrong as f64 } else { 0.11 + 0.01 * wrong as f64 };
        weights[wrong][0] = match wrong {
            _ if wrong == place => behind / (0.999 * RADIUS),
            1..4 => 0.0,
            _ => -0.75,
        };
        bias[wrong] = -behind - weights[wrong][0] * 0.5;
    }
    linear(&[weights], &[bias], Prediction::MeanLogits)
}

#[test]
fn the_ninth_of_the_wrong_classes_is_tried_and_the_tenth_is_not() {
    let targeted = |model: &dyn Classifier, targets| {
        let attack = Apgd::new(ApgdLoss::Targeted(targets), 100, 1, Predictive).unwrap();
        let x = attack.perturb(model, &grey(), ball(), &noise()).unwrap();
        let judged = Judgement::by_margin(model, &x, grey().classes().unwrap()).unwrap();
        Vec::<bool>::try_from(judged.wrong).unwrap()
    };
    let ninth = reached_by(9);
    assert_eq!([8, 9].map(|targets| targeted(&ninth, targets)), [[false; 4], [true; 4]]);
    assert_broken_by(&ninth, &["apgd-t", "fab", "square"]);
    // FAB and Square look further; of the tenth, targeted attacks do not know.
    let tenth = reached_by(10);
    assert_eq!(["apgd-t", "fab"].map(|name| alone(&tenth, name)), [[false; 4]; 2]);
}

/// A ridge next to the image, behind which a slope leads up to the rim, where class 0 still leads by a little.
///
/// ```text
/// lead of class 1, by u = (x_0 - 1/2) / radius:    -1 + 50 u       up to u = .022, where it is .1
///                                                  falls to -1.5   from there to u = .024
///                                                  rises to -.001  from there to u = 1
/// ```
///
/// FAB steps to where the model, taken as linear, changes its mind, `u = .02`, and a twentieth beyond. Steps of APGD lead from
/// below and from behind the ridge to the rim, where it stays; Square asks about points at the rim alone. One random point
/// in a thousand lies on the ridge.
#[derive(Debug)]
struct Ridge;

impl Classifier for Ridge {
    fn classes(&self) -> i64 {
        4
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let u = (x.flatten(1, -1).select(1, 0) - 0.5) / RADIUS;
        let up = &u * 50.0 - 1.0;
        let down = (&u - 0.022) * -800.0 + 0.1;
        let behind = (&u - 1.0) * (1.499 / 0.976) - 0.001;
        let lead = up.where_self(&u.lt(0.022), &down.where_self(&u.lt(0.024), &behind));
        let rest = lead.full_like(-4.0);
        Ok(Tensor::stack(&[lead.zeros_like(), lead, &rest - 1.0, rest], -1).unsqueeze(0))
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanLogits
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self)
    }
}

#[test]
fn what_lies_next_to_the_image_and_not_at_the_rim_is_broken_by_fab() {
    assert_broken_by(&Ridge, &["fab"]);
}

/// Class 1 leads where the first pixel is in the last hundredth of the way to the upper rim; all slopes are 0.
#[derive(Debug)]
struct Stair;

impl Classifier for Stair {
    fn classes(&self) -> i64 {
        4
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let first = x.flatten(1, -1).select(1, 0);
        let lead = first.gt(0.5 + 0.99 * RADIUS).to_kind(Kind::Float) * 2.0 - 1.0 + &first * 0.0;
        let rest = lead.full_like(-4.0);
        Ok(Tensor::stack(&[lead.zeros_like(), lead, &rest - 1.0, rest], -1).unsqueeze(0))
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanLogits
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self)
    }
}

#[test]
fn what_has_no_slope_is_broken_by_square() {
    assert_broken_by(&Stair, &["square"]);
}
