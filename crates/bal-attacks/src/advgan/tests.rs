use super::*;
use crate::{
    Attack, AttackName, AttackSpec, Protocol, Radii, Settings, evaluate,
    tests::{LinearProblem, data, linear, noise, shades},
};
use bal_core::{Architecture, Forward, NoiseStream, Position, Prediction, Targets, TensorSpec, Workers};
use tch::{Device, Kind};

/// A generator that sees the image: each pixel goes its own way, which turns with the image's mean.
#[derive(Debug)]
struct Turning([i64; 3]);

impl Architecture for Turning {
    fn name(&self) -> &'static str {
        "turning"
    }

    fn classes(&self) -> i64 {
        2
    }

    fn input(&self) -> [i64; 3] {
        self.0
    }

    fn role(&self) -> Role {
        Role::Generator
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        vec![TensorSpec::new("way", &self.0)]
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let zeros = |shape: &[i64]| Tensor::zeros(shape, (Kind::Float, Device::Cpu));
        (Position::new(vec![noise.normal_like(&zeros(&self.0))]), Position::new(vec![zeros(&[1]) + 0.25]))
    }

    fn forward(&self, parameters: &Position, _: &Position, x: &Tensor, _: Mode) -> Forward {
        let mean = x.flatten(1, -1).mean_dim(1, false, Kind::Float).reshape([-1, 1, 1, 1]);
        Forward { logits: (parameters.first() * (mean + 1.0)).tanh(), buffers: None }
    }
}

fn member(chain: u64) -> Member {
    let network: Arc<dyn Architecture> = Arc::new(Turning([1, 2, 3]));
    Member::init(&network, &mut noise().for_chain(chain))
}

fn advgan(generators: u64) -> AdvGan {
    AdvGan::by((0..generators).map(member).collect()).unwrap()
}

fn ball(radius: f64) -> Ball {
    Ball::new(Norm::LInf, radius).unwrap()
}

fn perturb(attack: &AdvGan, batch: &Batch, radius: f64) -> Tensor {
    attack.perturb(&LinearProblem::new().model, batch, ball(radius), &noise()).unwrap()
}

#[test]
fn images_are_in_the_ball_and_the_box_and_at_radius_0_as_they_were() {
    for generators in [1, 3] {
        let (attack, batch) = (advgan(generators), shades(12));
        for radius in [0.0, 0.02, 0.3, 1.0] {
            let x = perturb(&attack, &batch, radius);
            assert_eq!((x.size(), x.requires_grad()), (batch.x.size(), false));
            assert!((&x - &batch.x).abs().max().double_value(&[]) <= radius + 1e-6);
            assert!(x.min().double_value(&[]) >= 0.0 && x.max().double_value(&[]) <= 1.0);
            assert_eq!(x == batch.x, radius == 0.0);
        }
    }
}

#[test]
fn the_radius_scales_the_direction_of_the_generator() {
    let (attack, batch) = (advgan(1), shades(6));
    let direction = member(0).forward(&batch.x, Mode::Evaluate).logits;
    let radii = [0.05, 0.1, 0.3];
    let all = attack.perturb_all(&LinearProblem::new().model, &batch, &radii.map(ball), &noise()).unwrap();
    for (changed, radius) in all.iter().zip(radii) {
        assert!(changed.x.allclose(&(&batch.x + &direction * radius).clamp(0.0, 1.0), 0.0, 1e-6, false));
        assert_eq!(changed.x, perturb(&attack, &batch, radius));
    }
    assert_eq!(attack.radius(), Some(0.25));
}

#[test]
fn an_image_is_attacked_alike_alone_and_among_others() {
    for generators in [1, 2] {
        let (attack, batch) = (advgan(generators), shades(8));
        let together = perturb(&attack, &batch, 0.1);
        let alone: Vec<Tensor> = batch.shards(1).iter().map(|one| perturb(&attack, one, 0.1)).collect();
        assert!(together.allclose(&Tensor::cat(&alone, 0), 0.0, 1e-6, false));
    }
}

#[test]
fn of_several_generators_an_image_has_the_one_that_is_worst_for_the_model() {
    let (model, batch) = (LinearProblem::new().model, shades(20));
    let y = batch.classes().unwrap();
    let judged = |x: &Tensor| Judgement::by_margin(&model, x, y).unwrap();
    let best = judged(&perturb(&advgan(3), &batch, 0.2));
    for generator in 0..3 {
        let alone = AdvGan::by(vec![member(generator)]).unwrap();
        let one = judged(&perturb(&alone, &batch, 0.2));
        assert!((&best.margin - &one.margin).min().double_value(&[]) >= 0.0);
    }
}

#[test]
fn an_evaluation_counts_who_survives_and_does_not_depend_on_threads() {
    let model = linear(
        &[[[0.3, -0.5, 0.2, 0.1, 0.4, -0.2], [-0.1, 0.2, 0.3, -0.4, 0.2, 0.5]]],
        &[[0.0, 0.0]],
        Prediction::MeanProbability,
    );
    let attack = Attack::in_balls(Norm::LInf, advgan(2)).for_classes(2).unwrap();
    let radii: Radii = "0,0.1,0.3".parse().unwrap();
    let protocol = Protocol { attack: &attack, radii: Some(&radii), limit: None, seed: 1 };
    let curves = [1, 3].map(|threads| {
        evaluate(&model, &data(100), &protocol, &Workers::new(threads).unwrap(), &|_| {}).unwrap()
    });
    assert_eq!(curves[0], curves[1]);
    let accuracy = curves[0].accuracy();
    assert!(accuracy[2] < accuracy[0], "{accuracy:?}");
}

#[test]
fn what_does_not_fit_is_refused_in_words() {
    let without = AttackSpec::from(AttackName::AdvGan).build().unwrap();
    let error = without.for_classes(2).unwrap_err().to_string();
    assert_eq!(error, "the attack advgan needs a generator: a run of [advgan], or its file of weights");
    assert_eq!(AttackSpec::from(AttackName::AdvGan).complete().unwrap_err().to_string(), error);
    let error = Attack::in_balls(Norm::L2, advgan(1)).for_classes(2).unwrap_err().to_string();
    assert!(error.contains("advgan knows the norm linf only"), "{error}");
    let foreign = AttackName::AdvGan.with(&Settings::default().with("steps", 3u64)).unwrap_err();
    assert_eq!(foreign.to_string(), "the attack advgan has no setting `steps`; leave it out");
    assert!(AdvGan::by(vec![]).is_err());
    let others: Arc<dyn Architecture> = Arc::new(Turning([1, 4, 4]));
    let other = Member::init(&others, &mut noise());
    assert!(AdvGan::by(vec![member(0), other.duplicate()]).is_err());
    let model = LinearProblem::new().model;
    let perturb = |attack: &AdvGan, batch: &Batch| {
        attack.perturb(&model, batch, ball(0.1), &noise()).unwrap_err().to_string()
    };
    let error = perturb(&AdvGan::by(vec![other]).unwrap(), &shades(2));
    assert!(error.contains("[1, 4, 4]") && error.contains("[2, 1, 2, 3]"), "{error}");
    let (attack, y) = (advgan(1), Tensor::from_slice(&[0i64, 7]));
    assert!(perturb(&attack, &Batch { targets: Targets::Classes(y), ..shades(2) }).contains("label 7"));
    let values = Targets::Values(shades(2).x.flatten(1, -1));
    assert!(perturb(&attack, &Batch { targets: values, ..shades(2) }).contains("have values"));
    let flat = Batch { x: shades(2).x.flatten(1, -1), ..shades(2) };
    assert!(perturb(&attack, &flat).starts_with("a batch needs images"));
}
