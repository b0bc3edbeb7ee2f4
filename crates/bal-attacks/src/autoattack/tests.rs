//! Few classes: linear classifiers, whose robust accuracy is known in closed form, and what is said of them.

use super::*;
use crate::tests::{Linear, noise};
use crate::{
    Attack, AttackName, AttackSpec, MiFgsmSettings, PgdSettings, Protocol, Radii, evaluate, predicted_classes,
};
use bal_core::{Images, NoiseKey, Prediction, Purpose, Workers};
use tch::{Device, Kind, Tensor};

/// Pixels of an image, as 1 x 4 x 5.
const D: usize = 20;

fn draws(chain: u64, n: i64) -> Tensor {
    tch::set_num_threads(1);
    let key = NoiseKey { seed: 8, purpose: Purpose::Test, sweep: 0, chain };
    let like = Tensor::zeros([n, 1, 4, 5], (Kind::Float, Device::Cpu));
    NoiseStream::new(key).for_images(&(0..n).collect::<Vec<_>>()).uniform_like(&like)
}

/// A linear classifier of so many classes that takes images about grey for each of them, and how often it is scaled.
struct Problem {
    model: Linear,
    /// `[classes, D]` and `[classes]`.
    weights: Vec<Vec<f64>>,
    bias: Vec<f64>,
    images: Images,
    x: Vec<Vec<f64>>,
    y: Vec<i64>,
}

impl Problem {
    fn new(classes: i64, scale: f64, spread: f64) -> Self {
        let weights = (draws(1, classes) - 0.5).reshape([classes, -1]).to_kind(Kind::Double);
        // Each logit is 0 for a grey image.
        let bias = -(&weights * 0.5).sum_dim_intlist([1i64].as_slice(), false, Kind::Double);
        let x = (draws(2, 96) - 0.5) * spread + 0.5;
        let model = Linear::new(
            &(&weights * scale).unsqueeze(0),
            &(&bias * scale).unsqueeze(0),
            Prediction::MeanProbability,
        );
        let y = predicted_classes(&model, &x).unwrap();
        let rows = |t: &Tensor, n: usize| -> Vec<Vec<f64>> {
            let all: Vec<f64> = Vec::try_from(t.to_kind(Kind::Double).reshape([-1])).unwrap();
            all.chunks(n).map(<[f64]>::to_vec).collect()
        };
        Self {
            weights: rows(&weights, D),
            bias: Vec::try_from(&bias).unwrap(),
            images: Images::new(x.shallow_clone(), &y, Device::Cpu).unwrap(),
            x: rows(&x, D),
            y: Vec::try_from(&y).unwrap(),
            model,
        }
    }

    /// How much class `k` can gain on the label of an image within the ball and `[0, 1]`, less what it is behind by:
    /// positive where it can be made to lead.
    fn reach(&self, image: usize, k: usize, norm: Norm, radius: f64) -> f64 {
        let (x, y) = (&self.x[image], self.y[image] as usize);
        let w: Vec<f64> = (0..D).map(|j| self.weights[k][j] - self.weights[y][j]).collect();
        let behind: f64 = w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + self.bias[k] - self.bias[y];
        let room = |j: usize| if w[j] > 0.0 { 1.0 - x[j] } else { x[j] };
        let gain: f64 = match norm {
            Norm::LInf => (0..D).map(|j| w[j].abs() * radius.min(room(j))).sum(),
            // The steepest way, its pixels stopped at the border and the length that is left shared out again.
            Norm::L2 => {
                let (mut gain, mut left, mut free) = (0.0, radius * radius, (0..D).collect::<Vec<_>>());
                loop {
                    let length = free.iter().map(|&j| w[j] * w[j]).sum::<f64>().sqrt();
                    let step = left.max(0.0).sqrt() / length;
                    let stopped: Vec<usize> =
                        free.iter().copied().filter(|&j| w[j].abs() * step > room(j)).collect();
                    if stopped.is_empty() {
                        break gain + length * left.max(0.0).sqrt();
                    }
                    gain += stopped.iter().map(|&j| w[j].abs() * room(j)).sum::<f64>();
                    left -= stopped.iter().map(|&j| room(j) * room(j)).sum::<f64>();
                    free.retain(|j| !stopped.contains(j));
                }
            }
        };
        behind + gain
    }

    /// How far an image is within reach (positive) or beyond, at its most vulnerable class.
    fn best(&self, image: usize, norm: Norm, radius: f64) -> f64 {
        let others = (0..self.weights.len()).filter(|&k| k as i64 != self.y[image]);
        others.map(|k| self.reach(image, k, norm, radius)).fold(f64::NEG_INFINITY, f64::max)
    }

    /// What AutoAttack leaves at each radius is what the closed form says, image by image, but within this distance of the
    /// boundary.
    fn assert_attained(&self, norm: Norm, attack: AutoAttack, radii: &[f64], parts: &[&str]) {
        let attack = &Attack::in_balls(norm, attack);
        let list = Radii::new(radii.to_vec()).unwrap();
        let protocol = Protocol { attack, radii: Some(&list), limit: None, seed: 1 };
        let curve =
            evaluate(&self.model, &self.images, &protocol, &Workers::new(1).unwrap(), &|_| {}).unwrap();
        assert_eq!(curve.parts, parts);
        for (radius, correct) in radii.iter().zip(&curve.correct) {
            let (mut left, mut expected) = (0, 0);
            for (image, &stands) in correct.iter().enumerate() {
                let reach = self.best(image, norm, *radius);
                if reach.abs() > 2e-3 {
                    assert_eq!(stands, reach < 0.0, "{norm} {radius}: image {image}, {reach}");
                }
                left += usize::from(stands);
                expected += usize::from(reach < 0.0);
            }
            assert!(left.abs_diff(expected) <= 1, "{norm} {radius}: {left} of {expected}");
            assert!((10..86).contains(&expected), "{norm} {radius}: {expected} says little");
        }
    }
}

const STANDARD: [&str; 4] = ["apgd-ce", "apgd-t-margin", "fab", "square"];

/// Radii that leave about a half and about a fifth, and images at the border of the box, where less can be gained.
#[test]
fn of_two_and_three_classes_it_leaves_exactly_what_is_out_of_reach() {
    for classes in [2, 3] {
        for (spread, linf, l2) in [(0.6, [0.02, 0.04], [0.07, 0.14]), (1.0, [0.05, 0.09], [0.2, 0.35])] {
            let problem = Problem::new(classes, 1.0, spread);
            for (norm, radii) in [(Norm::LInf, linf), (Norm::L2, l2)] {
                let attack = AutoAttack::standard(60, 200, EnsembleGradient::Predictive).unwrap();
                problem.assert_attained(norm, attack, &radii, &STANDARD);
            }
        }
    }
}

/// Probabilities that are 0 and 1 in any precision change nothing.
#[test]
fn of_logits_times_a_million_it_leaves_the_same() {
    for classes in [2, 3] {
        let problem = Problem::new(classes, 1e6, 0.6);
        let attack = AutoAttack::standard(60, 200, EnsembleGradient::Predictive).unwrap();
        problem.assert_attained(Norm::LInf, attack, &[0.02, 0.04], &STANDARD);
    }
}

#[test]
fn for_random_models_of_two_classes_the_margin_takes_the_place_of_the_ratio() {
    let rand = AutoAttack::rand(40, 2, EnsembleGradient::MemberMean).unwrap();
    for (classes, parts) in [(2, ["apgd-ce", "apgd-margin"]), (3, ["apgd-ce", "apgd-dlr"])] {
        Problem::new(classes, 1.0, 0.6).assert_attained(Norm::LInf, rand, &[0.02, 0.04], &parts);
    }
}

/// On two classes cross-entropy and margin rise the same way: the second part is worth something by its other starts.
#[test]
fn runs_on_the_margin_begin_elsewhere_than_those_on_the_cross_entropy() {
    let ball = Ball::new(Norm::L2, 0.01).unwrap();
    let problem = Problem::new(2, 1.0, 0.6);
    let batch = problem.images.batch(&[0, 1, 2, 3]);
    let apgd = |loss| Apgd::new(loss, 1, 1, EnsembleGradient::Predictive).unwrap();
    // One step of two radii, of which the projection leaves so much that one sees where it began.
    let end = |attack: Apgd| attack.perturb(&problem.model, &batch, ball, &noise()).unwrap();
    let first = end(apgd(ApgdLoss::Untargeted(LossName::CrossEntropy)));
    let margin = apgd(ApgdLoss::TargetedMargin(9));
    assert!(first.allclose(&end(margin), 0.0, 1e-6, false));
    assert!(!first.allclose(&end(margin.starting_at(OTHER_STARTS)), 0.0, 1e-4, false));
    // What the parts of the suite are, by value.
    let attack = AutoAttack::standard(7, 30, EnsembleGradient::Predictive).unwrap();
    let few = attack.fitting(2).unwrap().suite(Norm::L2).unwrap();
    let written = format!("{few:?}");
    for part in [
        "loss: TargetedMargin(9), steps: 7, restarts: 1, ensemble_gradient: Predictive, first_chain: 1",
        "loss: Untargeted(CrossEntropy), steps: 7, restarts: 1, ensemble_gradient: Predictive, first_chain: 0",
        "targets: 9",
        "queries: 30, initial_share: 0.8, rescale_schedule: false",
    ] {
        assert!(written.contains(part), "{part} is not in {written}");
    }
}

#[test]
fn it_is_what_the_number_of_classes_asks_for_and_says_so_beforehand() {
    let attack = AutoAttack::standard(5, 5, EnsembleGradient::Predictive).unwrap();
    for classes in [4, 10] {
        assert!(attack.for_classes(classes).unwrap().is_none());
        let from_few = attack.for_classes(2).unwrap().unwrap().for_classes(classes).unwrap().unwrap();
        assert_eq!(from_few.parts(), attack.parts());
    }
    for classes in [2, 3] {
        let few = attack.for_classes(classes).unwrap().unwrap();
        assert_eq!(few.parts(), STANDARD);
        assert_eq!(few.name(), attack.name());
        let spec = AttackSpec::from(AttackName::AutoAttack);
        assert_eq!(spec.recorded(classes), spec.settings());
        assert!(few.for_classes(classes).unwrap().is_none());
    }
    let error = attack.for_classes(1).unwrap_err().to_string();
    assert_eq!(error, "the attack autoattack needs a model of at least 2 classes, got one of 1");
}

#[test]
fn the_schedule_of_windows_is_the_papers_codes_unless_said() {
    let attack = AutoAttack::standard(5, 5000, EnsembleGradient::Predictive).unwrap();
    let fixed = attack.suite(Norm::LInf).unwrap();
    assert!(format!("{fixed:?}").contains("queries: 5000, initial_share: 0.8, rescale_schedule: false"));
    let rescaled = attack.rescaled(true).suite(Norm::LInf).unwrap();
    assert!(format!("{rescaled:?}").contains("queries: 5000, initial_share: 0.8, rescale_schedule: true"));
    // Records from before there was a choice are of rescaled windows.
    let old = AttackSpec::from(AttackName::AutoAttack).settings().only(|key, _| key != "rescale_schedule");
    let rescaled = AutoAttackSettings { rescale_schedule: true, ..AutoAttackSettings::default() };
    assert_eq!(AttackName::AutoAttack.of_file(&old).unwrap(), AttackSpec::AutoAttack(rescaled));
}

/// The DLR losses as they are, and what takes their place.
#[test]
fn attacks_on_the_ratio_are_refused_or_defined_before_they_begin() {
    let ask = |spec: AttackSpec, classes| {
        let Attack::InBalls(_, attack) = spec.build().unwrap() else { panic!("{spec:?}") };
        attack.for_classes(classes)
    };
    let loss = LossName::Dlr;
    for spec in [
        AttackSpec::Pgd(PgdSettings { loss, ..PgdSettings::default() }),
        AttackSpec::MiFgsm(MiFgsmSettings { loss, ..MiFgsmSettings::default() }),
        AttackName::ApgdDlr.into(),
    ] {
        let error = ask(spec, 2).unwrap_err().to_string();
        assert_eq!(
            error,
            "the dlr loss needs a model of at least 3 classes, got one of 2; the margin and the cross-entropy take two"
        );
        assert!(ask(spec, 3).unwrap().is_none(), "{spec:?}");
    }
    let targeted = AttackSpec::from(AttackName::ApgdT);
    for classes in [2, 3] {
        let attack = ask(targeted, classes).unwrap().unwrap();
        assert_eq!(attack.name(), "apgd-t");
        assert!(format!("{attack:?}").contains("TargetedMargin(9)"), "{attack:?}");
        assert_eq!(targeted.recorded(classes).word("loss"), Some(LossName::Margin));
        assert!(attack.for_classes(classes).unwrap().is_none());
    }
    assert!(ask(targeted, 4).unwrap().is_none());
    assert!(ask(AttackName::Suite.into(), 2).unwrap().is_none());
    let apgd = Apgd::new(ApgdLoss::Targeted(9), 5, 1, EnsembleGradient::Predictive).unwrap();
    let within = Suite::new(vec![Part::in_ball(apgd)]).unwrap();
    let fitted = within.for_classes(3).unwrap().unwrap();
    assert!(format!("{fitted:?}").contains("TargetedMargin(9)"));
}

/// An evaluation refuses before it attacks anything.
#[test]
fn an_evaluation_asks_first() {
    let attack = AttackSpec::from(AttackName::ApgdDlr).build().unwrap();
    let problem = Problem::new(2, 1.0, 0.6);
    let radii: Radii = "0.1".parse().unwrap();
    let protocol = Protocol { attack: &attack, radii: Some(&radii), limit: None, seed: 1 };
    let error = evaluate(&problem.model, &problem.images, &protocol, &Workers::new(1).unwrap(), &|_| {
        panic!("a shard was attacked")
    });
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("the dlr loss needs a model of at least 3 classes"), "{error}");
}
