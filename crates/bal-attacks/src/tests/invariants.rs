//! What holds for every attack.

use super::{Bumpy, Linear, complete, linear, noise, shades, with};
use crate::{
    Attack, AttackName, AttackSpec, Ball, Judgement, LossName, Norm, PgdSettings, Settings, StepSize,
};
use bal_core::{
    Batch, Classifier, ClassifierError, EnsembleGradient, NoiseKey, NoiseStream, Prediction, Purpose,
};
use std::sync::{Arc, Mutex};
use tch::{Kind, Tensor};

const RADIUS: f64 = 0.05;

/// The losses that rise with every step in a small ball; dlr is not among them: it is 1 at most where a model errs.
const RISING: [LossName; 3] = [LossName::CrossEntropy, LossName::Margin, LossName::Confident];

/// Every attack in a ball, with every norm and these losses; several restarts where it has them.
fn specs() -> Vec<AttackSpec> {
    let few = Settings::default()
        .with("steps", 6u64)
        .with("step_size", StepSize::RadiusOver(3.0))
        .with("restarts", 2u64)
        .with("targets", 2u64)
        .with("queries", 30u64)
        .with("draws", 5u64)
        .with("repetitions", 2u64);
    let random_step = |norm| few.clone().with("random_step", 0.25).with("norm", norm);
    let mut specs = [Norm::LInf, Norm::L2].map(|norm| with(AttackName::Fgsm, &random_step(norm))).to_vec();
    for name in complete() {
        if !matches!(AttackSpec::from(name).build().unwrap(), Attack::InBalls(..)) {
            continue;
        }
        for norm in [Norm::LInf, Norm::L2] {
            for gradient in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
                for loss in RISING {
                    let settings = few.clone().with("norm", norm).with("ensemble_gradient", gradient);
                    let spec = with(name, &settings.with("loss", loss));
                    // Once for all losses, of an attack that has one.
                    if !specs.contains(&spec) {
                        specs.push(spec);
                    }
                }
            }
        }
    }
    specs
}

fn in_balls() -> Vec<Attack> {
    specs().iter().map(|spec| spec.build().unwrap()).collect()
}

/// Whether an attack leaves an image alone once it is wrong.
fn stops_at_an_error(attack: &Attack) -> bool {
    !attack.name().starts_with("cw-one-step") && !["fgsm", "ifgsm", "pgd", "mi-fgsm"].contains(&attack.name())
}

fn all() -> Vec<Attack> {
    let mut attacks = in_balls();
    for name in [AttackName::CwOneStep, AttackName::CwOneStepLogProbabilities] {
        attacks.push(AttackSpec::from(name).build().unwrap());
    }
    attacks.extend(spatial());
    attacks
}

/// Every attack that moves pixels, and how it can.
fn spatial() -> Vec<Attack> {
    let few = Settings::default()
        .with("steps", 6u64)
        .with("restarts", 2u64)
        .with("search_steps", 3u64)
        .with("rotations", 5u64)
        .with("translations", 3u64);
    let mut attacks = Vec::new();
    for name in AttackName::ALL {
        if !matches!(AttackSpec::from(name).build().unwrap(), Attack::Spatial(_)) {
            continue;
        }
        let mut specs = Vec::new();
        for gradient in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
            for (loss, points) in RISING.into_iter().zip([0u64, 2, 0]) {
                let settings = few.clone().with("ensemble_gradient", gradient).with("loss", loss);
                let spec = with(name, &settings.with("control_points", points));
                if !specs.contains(&spec) {
                    specs.push(spec);
                }
            }
        }
        attacks.extend(specs.iter().map(|spec| spec.build().unwrap()));
    }
    attacks
}

#[test]
fn witnesses_are_within_the_radius_shaped_as_said_and_without_a_graph() {
    let batch = shades(12);
    for attack in spatial() {
        let Attack::Spatial(search) = &attack else { panic!("{attack:?}") };
        let measure = search.measure();
        let radius = super::spatial_radius(measure, RADIUS);
        for model in [&model() as &dyn Classifier, &Bumpy] {
            let witness = search.transform(model, &batch, radius, &noise()).unwrap();
            assert_eq!((witness.size(), witness.kind()), (measure.shape(&batch.x.size()), Kind::Float));
            assert!(!witness.requires_grad(), "{attack:?}");
            let greatest = measure.of_each(&witness).max().double_value(&[]);
            assert!(greatest > 0.0 && greatest <= radius * (1.0 + 1e-6), "{attack:?}: {greatest}");
        }
    }
}

#[test]
fn the_margin_does_not_fall_where_pixels_are_moved() {
    let (model, batch) = (model(), shades(12));
    for attack in spatial().into_iter().filter(|attack| attack.name() != "flow-pgd") {
        let margin = |x: &Tensor| Judgement::by_margin(&model, x, batch.classes().unwrap()).unwrap().margin;
        let rise = margin(&perturb(&attack, &model, &batch)) - margin(&batch.x);
        assert!(rise.min().double_value(&[]) >= 0.0, "{attack:?}");
    }
}

/// Four classes, two members, no symmetry.
fn model() -> Linear {
    let weights = [
        [
            [0.4, -1.2, 0.3, 0.8, -0.5, 0.1],
            [1.1, 0.2, -0.7, 0.3, 0.6, -0.9],
            [-0.2, 0.5, 1.4, -1.0, 0.2, 0.7],
            [0.3, -0.6, 0.9, 0.2, -0.8, -0.3],
        ],
        [
            [-0.9, 0.3, 0.5, 1.2, 0.4, -0.6],
            [0.2, -0.8, 0.9, -0.1, 1.3, 0.5],
            [0.7, 1.0, -0.4, 0.6, -1.1, 0.2],
            [-0.5, 0.4, 0.1, -0.7, 0.9, 0.8],
        ],
    ];
    // Low logits, so that the hinge of one-step CW is active.
    let bias = [[-1.5, -2.1, -1.8, -2.4], [-1.7, -1.9, -2.2, -2.0]];
    linear(&weights, &bias, Prediction::MeanProbability)
}

fn perturb(attack: &Attack, model: &dyn Classifier, batch: &Batch) -> Tensor {
    super::perturb(attack, RADIUS, model, batch, &noise()).unwrap()
}

/// What the attack makes of the batch in balls of these radii.
fn perturb_all(attack: &Attack, batch: &Batch, radii: &[f64]) -> Vec<Tensor> {
    let Attack::InBalls(norm, attack) = attack else { panic!("{attack:?} has no ball") };
    let balls: Vec<Ball> = radii.iter().map(|&radius| Ball::new(*norm, radius).unwrap()).collect();
    let changed = attack.perturb_all(&model(), batch, &balls, &noise()).unwrap();
    changed.into_iter().map(|changed| changed.x).collect()
}

#[test]
fn results_are_images_in_the_ball_shaped_as_they_came_and_without_a_graph() {
    let mut batch = shades(12);
    // Some pixels at the border of the box, where an attack has to clip.
    batch.x = ((&batch.x - 0.5) * 5.0 + 0.5).clamp(0.0, 1.0);
    for attack in all() {
        for model in [&model() as &dyn Classifier, &Bumpy] {
            let x = perturb(&attack, model, &batch);
            assert_eq!((x.size(), x.kind()), (batch.x.size(), Kind::Float));
            assert!(!x.requires_grad(), "{attack:?}");
            assert!(x.min().double_value(&[]) >= 0.0 && x.max().double_value(&[]) <= 1.0, "{attack:?}");
            if let Some(norm) = attack.norm() {
                let distance =
                    Ball::new(norm, RADIUS).unwrap().distance(&batch.x, &x).max().double_value(&[]);
                assert!(distance <= RADIUS + 1e-6, "{attack:?}: {distance}");
                assert!(distance > 0.5 * RADIUS, "{attack:?} hardly moved: {distance}");
            }
        }
    }
}

/// Notes the least and the greatest pixel that a model is shown.
struct Watched {
    model: Box<dyn Classifier>,
    extent: Arc<Mutex<[f64; 2]>>,
}

impl Classifier for Watched {
    fn classes(&self) -> i64 {
        self.model.classes()
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let mut extent = self.extent.lock().unwrap();
        let [low, high] = [x.min(), x.max()].map(|pixel| pixel.double_value(&[]));
        *extent = [extent[0].min(low), extent[1].max(high)];
        self.model.member_logits(x)
    }

    fn prediction(&self) -> Prediction {
        self.model.prediction()
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self { model: self.model.replicate(), extent: self.extent.clone() })
    }
}

/// From the random start to the last search.
#[test]
fn a_model_is_never_shown_what_is_no_image() {
    let mut batch = shades(12);
    batch.x = ((&batch.x - 0.5) * 5.0 + 0.5).clamp(0.0, 1.0);
    let nearest = AttackName::ALL
        .map(|name| with(name, &Settings::default().with("steps", 6u64).with("queries", 300u64)))
        .map(|spec| spec.build().unwrap())
        .into_iter()
        .filter(|attack| matches!(attack, Attack::Nearest(_)));
    for attack in all().into_iter().chain(nearest) {
        let extent = Arc::new(Mutex::new([0.5; 2]));
        for model in [model().replicate(), Box::new(Bumpy)] {
            let _ = perturb(&attack, &Watched { model, extent: extent.clone() }, &batch);
        }
        let [low, high] = *extent.lock().unwrap();
        assert!(low >= 0.0 && high <= 1.0, "{attack:?}: pixels from {low} to {high}");
    }
}

#[test]
fn radius_zero_changes_nothing() {
    let batch = shades(6);
    for attack in in_balls() {
        let x = super::perturb(&attack, 0.0, &model(), &batch, &noise()).unwrap();
        assert_eq!(x, batch.x, "{attack:?}");
        assert_eq!(perturb_all(&attack, &batch, &[0.0]), [x], "{attack:?}");
    }
}

#[test]
fn an_image_is_attacked_alike_alone_and_among_others() {
    let batch = shades(8);
    for attack in in_balls().into_iter().chain(spatial()) {
        for model in [&model() as &dyn Classifier, &Bumpy] {
            let together = perturb(&attack, model, &batch);
            let alone: Vec<Tensor> = batch.shards(1).iter().map(|one| perturb(&attack, model, one)).collect();
            assert!(together.allclose(&Tensor::cat(&alone, 0), 0.0, 1e-6, false), "{attack:?}");
        }
    }
}

#[test]
fn several_balls_are_the_attacks_of_each() {
    let batch = shades(8);
    // What a suite broke at a radius it keeps at larger ones; its own tests say so.
    let suites = ["suite", "autoattack", "autoattack-rand"];
    for attack in in_balls().into_iter().filter(|attack| !suites.contains(&attack.name())) {
        let radii = [0.02, 0.05];
        for (x, radius) in perturb_all(&attack, &batch, &radii).iter().zip(radii) {
            let alone = super::perturb(&attack, radius, &model(), &batch, &noise()).unwrap();
            assert_eq!(x, &alone, "{attack:?}");
        }
        assert!(attack.takes(Some(f64::NAN)).is_err());
    }
}

#[test]
fn the_loss_that_is_climbed_does_not_fall() {
    let (model, batch) = (model(), shades(12));
    for spec in specs() {
        let attack = spec.build().unwrap();
        let x = perturb(&attack, &model, &batch);
        if stops_at_an_error(&attack) {
            let at = |x: &Tensor| Judgement::by_margin(&model, x, batch.classes().unwrap()).unwrap();
            let (before, after) = (at(&batch.x), at(&x));
            assert!((&after.margin - &before.margin).min().double_value(&[]) >= 0.0, "{attack:?}");
            let unchanged = x.eq_tensor(&batch.x).flatten(1, -1).all_dim(1, false);
            assert_eq!(before.wrong.logical_and(&unchanged), before.wrong, "{attack:?}");
        } else {
            let objective = spec.settings().word::<LossName>("loss").unwrap_or_default().objective();
            let gradient = spec.ensemble_gradient().unwrap();
            let at =
                |x: &Tensor| objective.judge(&model, x, batch.classes().unwrap(), gradient).unwrap().loss;
            assert!((at(&x) - at(&batch.x)).min().double_value(&[]) > 0.0, "{attack:?}");
        }
    }
}

#[test]
fn the_model_and_the_batch_stay_as_they_were() {
    let (model, batch) = (model(), shades(6));
    let (weights, bias) = (model.weights.detach().copy(), model.bias.copy());
    let (x, y) = (batch.x.copy(), batch.classes().unwrap().copy());
    for attack in all() {
        let changed = perturb(&attack, &model, &batch);
        assert_ne!(changed, x, "{attack:?}");
        assert_eq!((&model.weights, &model.bias), (&weights, &bias), "{attack:?}");
        assert!(!model.weights.grad().defined(), "{attack:?} left a gradient");
        assert_eq!((&batch.x, batch.classes().unwrap()), (&x, &y), "{attack:?}");
        assert!(!batch.x.requires_grad(), "{attack:?}");
    }
}

#[test]
fn the_same_noise_gives_the_same_result_and_other_noise_another_start() {
    let batch = shades(6);
    let key = NoiseKey { seed: 4, purpose: Purpose::Test, sweep: 0, chain: 0 };
    for attack in all() {
        let x = perturb(&attack, &Bumpy, &batch);
        assert_eq!(x, perturb(&attack, &Bumpy, &batch), "{attack:?}");
        let other = super::perturb(&attack, RADIUS, &Bumpy, &batch, &NoiseStream::new(key)).unwrap();
        let random =
            ["fgsm", "ifgsm", "mi-fgsm", "cw-one-step", "cw-one-step-log-probabilities", "stadv", "pose"];
        // By its settings one of them may step at random first.
        let steps = format!("{attack:?}").contains("random_step: 0.25");
        let random = steps || !random.contains(&attack.name());
        assert_eq!(x != other, random, "{attack:?}");
    }
}

/// Where the cross-entropy is as great as it gets, a model may still doubt.
#[test]
fn the_confident_loss_makes_more_images_wrong_and_sure_than_the_cross_entropy() {
    let (model, batch) = (model(), shades(40));
    let sure = |loss: LossName| {
        let attack = AttackSpec::Pgd(PgdSettings { loss, ..PgdSettings::default() }).build().unwrap();
        let x = super::perturb(&attack, 0.3, &model, &batch, &noise()).unwrap();
        let eg = EnsembleGradient::Predictive;
        LossName::Confident.objective().judge(&model, &x, batch.classes().unwrap(), eg).unwrap().loss.exp()
    };
    let (confident, other) = (sure(LossName::Confident), sure(LossName::CrossEntropy));
    assert!((&confident - &other).min().double_value(&[]) > -1e-3);
    let gained = (confident - other).mean(Kind::Double).double_value(&[]);
    assert!(gained > 0.01, "{gained}");
}
