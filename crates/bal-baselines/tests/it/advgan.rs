//! `AdvGAN`: known optima, bits, and what is refused.

use crate::{
    methods::weights,
    small::{Linear, images as linear_images, noise, zeros},
};
use bal_attacks::{AdvGan, Ball, BallAttack, Norm, loss_gradient};
use bal_baselines::{Advgan, AdvganLoss, AdvganSettings, Epochs};
use bal_core::{
    Architecture, Checkpoint, Classifier, EnsembleGradient, Forward, Images, Member, Method, Metrics, Mode,
    NoiseGenerator, NoiseStream, Position, Posterior, Role, Task, TaskNetwork, TensorSpec, TrainError,
    Workers,
};
use bal_models::{Ensemble, Sizes, architecture};
use bal_samplers::{Adam, AdamSettings};
use std::{ops::ControlFlow, sync::Arc};
use tch::{Device, Kind, Tensor};

/// A generator that changes all images alike: a bias for each pixel, a universal perturbation.
#[derive(Debug)]
struct Universal;

impl Architecture for Universal {
    fn name(&self) -> &'static str {
        "universal"
    }

    fn classes(&self) -> i64 {
        3
    }

    fn input(&self) -> [i64; 3] {
        [1, 2, 2]
    }

    fn role(&self) -> Role {
        Role::Generator
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        vec![TensorSpec::new("bias", &[1, 2, 2])]
    }

    fn buffers(&self) -> Vec<TensorSpec> {
        vec![TensorSpec::new("radius", &[1])]
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let bias = noise.normal_like(&zeros(&[1, 2, 2])) * 0.5;
        (Position::new(vec![bias]), Position::new(vec![zeros(&[1])]))
    }

    fn forward(&self, parameters: &Position, _: &Position, x: &Tensor, _: Mode) -> Forward {
        Forward { logits: parameters.first().tanh() * x.ones_like(), buffers: None }
    }
}

/// Only a margin against a linear classifier: the loss is linear in the images.
const MARGIN: AdvganSettings = AdvganSettings {
    radius: 0.1,
    loss: AdvganLoss::Margin,
    loss_cap: None,
    loss_weight: 1.0,
    gan_weight: 0.0,
    distance_weight: 0.0,
    distance_bound: 0.0,
};

/// All parts of the energy.
const WHOLE: AdvganSettings = AdvganSettings {
    radius: 0.3,
    loss_cap: Some(5.0),
    gan_weight: 1.0,
    distance_weight: 1.0,
    distance_bound: 1.5,
    ..MARGIN
};

/// The method, with steps of this size.
fn advgan(settings: AdvganSettings, step_size: f64, epochs: u64) -> Advgan {
    let adam = Adam::new(AdamSettings { step_size }).unwrap();
    Advgan::new(settings, adam, Epochs::new(epochs, 40)).unwrap()
}

/// A classifier whose third class never leads, so that a margin is linear in the images.
fn linear_victim() -> Box<dyn Classifier> {
    let weights = Tensor::from_slice(&[2.0f32, -1.0, 0.5, 0.3, -1.0, 1.5, -0.5, 1.1, 0.0, 0.0, 0.0, 0.0]);
    let bias = Tensor::from_slice(&[0.1f32, 0.0, -1e3]);
    let parameters = Position::new(vec![weights.reshape([3, 4]), bias]);
    let network: Arc<dyn Architecture> = Arc::new(Linear);
    Box::new(Ensemble::of_one(Member { network, parameters, buffers: Position::new(vec![]) }))
}

/// Images around mid-grey of classes 0 and 1, more of `most`; the ball of every pixel lies in the box.
fn two_classes(most: i64) -> Images {
    let n = 100;
    let x = noise(1).uniform_like(&zeros(&[n, 1, 2, 2])) * 0.5 + 0.25;
    let one = Tensor::arange(n, (Kind::Int64, Device::Cpu)).remainder(5).eq(0).to_kind(Kind::Int64);
    let y = if most == 0 { one } else { 1 - one };
    Images::new(x, &y, Device::Cpu).unwrap()
}

/// Images of 16x16 with classes 0 to 2, and networks for them.
fn squares(n: i64) -> Images {
    let x = noise(1).uniform_like(&zeros(&[n, 1, 16, 16]));
    let y = Tensor::arange(n, (Kind::Int64, Device::Cpu)).remainder(3);
    Images::new(x, &y, Device::Cpu).unwrap()
}

const SIZES: Sizes = Sizes { input: [1, 16, 16], classes: 3 };

fn network(name: &str) -> Arc<dyn Architecture> {
    architecture(name, Some(SIZES)).unwrap()
}

fn victims() -> Vec<Box<dyn Classifier>> {
    let victim = |chain| Box::new(Ensemble::of_one(Member::init(&network("mlp-8"), &mut noise(chain))));
    vec![victim(7), victim(8)]
}

fn whole() -> Advgan {
    advgan(WHOLE, 0.005, 2).against(victims())
}

fn fit(
    method: &Advgan,
    (network, images): (Arc<dyn Architecture>, &Images),
    threads: usize,
    resume: Option<Checkpoint>,
    seen: &mut Vec<(Metrics, Checkpoint)>,
) -> Result<Posterior, TrainError> {
    let (workers, none) = (Workers::new(threads).unwrap(), images.subset(&[]));
    let networks = vec![TaskNetwork::new(network)];
    let task = Task {
        networks,
        images,
        held_out: &none,
        seed: 5,
        generator: NoiseGenerator::ChaCha8,
        workers: &workers,
        resume,
    };
    method.fit(&task, &mut |progress| {
        seen.push((progress.metrics, (progress.checkpoint)()));
        ControlFlow::Continue(())
    })
}

fn on_squares(
    method: &Advgan,
    threads: usize,
    resume: Option<Checkpoint>,
    seen: &mut Vec<(Metrics, Checkpoint)>,
) -> Result<Posterior, TrainError> {
    fit(method, (network("advgan-generator"), &squares(100)), threads, resume, seen)
}

/// The sum of the losses is linear in a change that all images share, so its best in the ball is a corner.
#[test]
fn a_universal_perturbation_of_a_linear_classifier_is_the_radius_times_the_sign_of_the_summed_gradient() {
    for most in [0, 1] {
        let (images, victim) = (two_classes(most), linear_victim());
        let all = images.batch(&(0..100).collect::<Vec<_>>());
        let method = advgan(MARGIN, 1.0, 60).against(vec![linear_victim()]);
        let posterior = fit(&method, (Arc::new(Universal), &images), 2, None, &mut vec![]).unwrap();
        assert_eq!(posterior.members[0].buffers.first(), &Tensor::from_slice(&[0.1f32]));
        let attack = AdvGan::by(posterior.members).unwrap();
        let ball = Ball::new(Norm::LInf, 0.1).unwrap();
        let z = attack.perturb(&*victim, &all, ball, &noise(2)).unwrap();
        // The gradient of the margin is that of the odds, which the cross-entropy scales by a positive number for each
        // image; of the margin itself it is the difference of the rows.
        let rows = Tensor::from_slice(&[-3.0f32, 2.5, -1.0, 0.8]).reshape([1, 1, 2, 2]);
        let towards = if most == 0 { 1.0 } else { -1.0 };
        let best = &all.x + rows.sign() * (0.1 * towards);
        let off = (&z - &best).abs().max().double_value(&[]);
        assert!(off < 1e-5, "{off}");
        // And as the classifier itself has it, for the images of the class that is the most.
        let y = Tensor::full([100], most, (Kind::Int64, Device::Cpu));
        let slope = loss_gradient(&*victim, &all.x, &y, EnsembleGradient::Predictive).unwrap();
        let sum = slope.sum_dim_intlist(0, true, Kind::Float);
        assert_eq!((&z - &all.x).mean_dim(0, true, Kind::Float).sign(), sum.sign());
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let one = on_squares(&whole(), 1, None, &mut vec![]).unwrap();
    for threads in [2, 3] {
        assert_eq!(weights(&one), weights(&on_squares(&whole(), threads, None, &mut vec![]).unwrap()));
    }
}

#[test]
fn a_run_goes_on_from_any_checkpoint_to_the_same_bits() {
    let mut seen = Vec::new();
    let end = on_squares(&whole(), 2, None, &mut seen).unwrap();
    assert_eq!(seen.len() as u64, whole().sweeps(100));
    let metrics: Vec<Metrics> = seen.iter().map(|s| s.0).collect();
    for (_, checkpoint) in seen {
        let (sweep, mut rest) = (checkpoint.sweep as usize, Vec::new());
        let resumed = on_squares(&whole(), 1, Some(checkpoint), &mut rest).unwrap();
        assert_eq!(weights(&end), weights(&resumed), "after {sweep}");
        assert_eq!(rest.iter().map(|s| s.0).collect::<Vec<_>>(), metrics[sweep..]);
    }
}

#[test]
fn training_raises_the_loss_of_the_victims_and_keeps_to_the_ball() {
    let settings = AdvganSettings { gan_weight: 0.0, distance_weight: 0.0, ..WHOLE };
    let mut seen = Vec::new();
    let method = advgan(settings, 0.005, 8).against(victims());
    on_squares(&method, 2, None, &mut seen).unwrap();
    let losses: Vec<f64> = seen.iter().map(|s| s.0.loss).collect();
    assert!(losses.last().unwrap() < &(losses[0] - 0.3), "{losses:?}");
    assert!(seen.iter().all(|s| s.0.linf.unwrap() <= 0.3 + 1e-6 && s.0.l2.unwrap() > 0.0));
}

#[test]
fn a_distance_beyond_the_bound_is_given_up_where_it_costs_much() {
    let far = |distance_weight| {
        let settings = AdvganSettings { gan_weight: 0.0, distance_weight, ..WHOLE };
        let mut seen = Vec::new();
        on_squares(&advgan(settings, 0.005, 20).against(victims()), 2, None, &mut seen).unwrap();
        seen.last().unwrap().0.l2.unwrap()
    };
    let (free, costly) = (far(0.0), far(100.0));
    assert!(costly < 1.6 && free > 2.0, "{costly} and {free}");
}

#[test]
fn images_whose_loss_is_at_the_cap_move_nothing() {
    let settings = AdvganSettings { loss_cap: Some(-1e3), ..MARGIN };
    let images = two_classes(0);
    let before = Member::init(&(Arc::new(Universal) as _), &mut noise(0));
    let mut seen = Vec::new();
    let method = advgan(settings, 0.2, 40).against(vec![linear_victim()]);
    fit(&method, (Arc::new(Universal), &images), 1, None, &mut seen).unwrap();
    let at = |sweep: usize| &seen[sweep].1.chains[0].state.position;
    assert_eq!(at(0).tensors(), at(seen.len() - 1).tensors());
    assert_eq!(at(0).shapes(), before.parameters.shapes());
    assert!(seen.iter().all(|s| (s.0.loss - 1e3).abs() < 1e-6));
}

/// The discriminator matters to the generator, and learns: with it the weights are others.
#[test]
fn a_discriminator_is_trained_where_it_has_a_weight() {
    let mut seen = Vec::new();
    let with = on_squares(&whole(), 1, None, &mut seen).unwrap();
    let without = advgan(AdvganSettings { gan_weight: 0.0, ..WHOLE }, 0.005, 2).against(victims());
    let mut unseen = Vec::new();
    let without = on_squares(&without, 1, None, &mut unseen).unwrap();
    assert_ne!(weights(&with), weights(&without));
    assert!(unseen.iter().all(|s| s.1.extras.is_empty()));
    let kept = |at: usize| &seen[at].1.extras.iter().find(|(name, _)| name == "discriminator.0").unwrap().1;
    assert_ne!(kept(0), kept(seen.len() - 1));
}

#[test]
fn what_cannot_be_trained_is_refused_in_words() {
    for (settings, said) in [
        (AdvganSettings { radius: 0.0, ..WHOLE }, "advgan.generator.radius = 0"),
        (AdvganSettings { radius: 1.5, ..WHOLE }, "advgan.generator.radius = 1.5"),
        (AdvganSettings { loss_cap: Some(f64::NAN), ..WHOLE }, "advgan.generator.loss_cap"),
        (AdvganSettings { loss_weight: 0.0, ..WHOLE }, "advgan.generator.loss_weight"),
        (AdvganSettings { gan_weight: -1.0, ..WHOLE }, "advgan.generator.gan_weight"),
        (AdvganSettings { distance_weight: f64::INFINITY, ..WHOLE }, "advgan.generator.distance_weight"),
        (AdvganSettings { distance_bound: -0.1, ..WHOLE }, "advgan.generator.distance_bound"),
    ] {
        let error =
            Advgan::new(settings, crate::methods::adam(), Epochs::new(1, 40)).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    assert!(Advgan::new(WHOLE, crate::methods::adam(), Epochs::new(0, 40)).is_err());
    let alone = on_squares(&advgan(WHOLE, 0.005, 2), 1, None, &mut vec![]).unwrap_err().to_string();
    assert!(alone.contains("advgan.victims") && alone.contains("at least one"), "{alone}");
    let of = |name: &str| {
        let images = squares(100);
        fit(&whole(), (network(name), &images), 1, None, &mut vec![]).unwrap_err().to_string()
    };
    assert_eq!(
        of("mlp-8"),
        "[advgan] cannot use the network mlp-8: it changes no images; take advgan-generator"
    );
    // A discriminator needs larger images than 2x2.
    let small = linear_images(100);
    let method = advgan(WHOLE, 0.005, 2).against(vec![linear_victim()]);
    let error = fit(&method, (Arc::new(Universal), &small), 1, None, &mut vec![]).unwrap_err().to_string();
    assert!(error.contains("sides of at least 16") && error.contains("gan_weight = 0"), "{error}");
}

#[test]
fn a_checkpoint_without_its_discriminator_is_refused() {
    let mut seen = Vec::new();
    on_squares(&whole(), 1, None, &mut seen).unwrap();
    let mut checkpoint = seen.pop().unwrap().1;
    checkpoint.extras.retain(|(name, _)| name != "discriminator.memory.0.2");
    let error = on_squares(&whole(), 1, Some(checkpoint), &mut vec![]).unwrap_err().to_string();
    assert!(error.contains("`discriminator.memory.0.2` is missing"), "{error}");
}

#[test]
fn no_other_method_trains_a_generator() {
    use bal_baselines::AdversarialTraining;
    let erm = AdversarialTraining::erm(crate::methods::adam(), Epochs::new(1, 40)).unwrap();
    let bal = crate::bal_settings::bal(&[]).unwrap();
    for (method, table) in [(&erm as &dyn Method, "[erm]"), (&bal, "[bal]")] {
        for name in ["advgan-generator", "advgan-discriminator"] {
            let error = method.check_network(&*network(name)).unwrap_err().to_string();
            assert!(error.starts_with(table) && error.contains("no classes apart"), "{error}");
        }
        assert!(method.check_network(&*network("mlp-8")).is_ok());
    }
}
