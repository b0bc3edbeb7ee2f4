//! The networks of `AdvGAN`: what an image of theirs depends on, and their gradients.

use bal_core::{
    Architecture, EnsembleGradient, Member, Mode, NoiseKey, NoiseStream, Position, Posterior, Prediction,
    Purpose, Role, gradients,
};
use bal_models::{
    AdvganDiscriminator, AdvganGenerator, Ensemble, ModelError, Sizes, architecture, read_posterior,
    write_posterior,
};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

const NAMES: [&str; 2] = [AdvganGenerator::NAME, AdvganDiscriminator::NAME];

fn noise(chain: u64) -> NoiseStream {
    NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain })
}

fn network(name: &str, input: [i64; 3]) -> Result<Arc<dyn Architecture>, ModelError> {
    architecture(name, Some(Sizes { input, classes: 5 }))
}

fn images(n: i64, [c, h, w]: [i64; 3]) -> Tensor {
    noise(9).uniform_like(&Tensor::zeros([n, c, h, w], (Kind::Float, Device::Cpu)))
}

fn output(member: &Member, x: &Tensor) -> Tensor {
    member.forward(x, Mode::Evaluate).logits
}

fn posterior(member: Member) -> Posterior {
    Posterior {
        members: vec![member],
        prediction: Prediction::MeanProbability,
        ensemble_gradient: EnsembleGradient::Predictive,
        mixing: None,
        regime: None,
        precisions: vec![],
        laplace: None,
        class_names: None,
        columns: None,
    }
}

#[test]
fn they_fit_images_of_any_channels_and_of_sides_that_are_multiples_of_4() {
    for input in [[1, 28, 28], [3, 32, 32], [2, 16, 20], [4, 40, 16]] {
        let [c, h, w] = input;
        for (name, shape) in NAMES.into_iter().zip([vec![3, c, h, w], vec![3, 1]]) {
            let net = network(name, input).unwrap();
            assert_eq!((net.name(), Sizes::of(&*net)), (name, Sizes { input, classes: 5 }));
            let member = Member::init(&net, &mut noise(0));
            for (specs, position) in
                [(net.parameters(), &member.parameters), (net.buffers(), &member.buffers)]
            {
                let shapes: Vec<Vec<i64>> = specs.iter().map(|spec| spec.shape.clone()).collect();
                assert_eq!(position.shapes(), shapes, "{name}");
            }
            assert_eq!(output(&member, &images(3, input)).size(), shape, "{name}");
        }
    }
    assert_eq!(network(NAMES[0], [1, 28, 28]).unwrap().role(), Role::Generator);
    assert_eq!(network(NAMES[1], [1, 28, 28]).unwrap().role(), Role::Discriminator);
}

#[test]
fn other_sides_are_refused_by_name() {
    for name in NAMES {
        for (input, part) in [
            ([1, 28, 29], "multiples of 4"),
            ([1, 30, 28], "multiples of 4"),
            ([1, 12, 28], "sides of at least 16"),
        ] {
            let error = network(name, input).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(part), "{error}");
        }
    }
}

#[test]
fn a_generator_keeps_to_the_ball_and_the_box_whatever_its_weights_are() {
    let input = [1, 28, 28];
    let x = images(6, input);
    for size in [1.0, 1e3] {
        let Member { network, parameters, buffers } =
            Member::init(&network(AdvganGenerator::NAME, input).unwrap(), &mut noise(3));
        let parameters = Position::new(parameters.tensors().iter().map(|t| t * size).collect());
        let direction = output(&Member { network, parameters, buffers }, &x);
        assert!(direction.abs().max().double_value(&[]) <= 1.0);
        for radius in [0.0, 0.1, 0.3, 1.0] {
            let z = (&x + &direction * radius).clamp(0.0, 1.0);
            let far = (&z - &x).abs().max().double_value(&[]);
            assert!(far <= radius + 1e-6, "{far} of {radius}");
            assert!(z.min().double_value(&[]) >= 0.0 && z.max().double_value(&[]) <= 1.0);
        }
    }
}

/// Sums of a convolution may be taken in another order for another number of images: up to rounding.
#[test]
fn an_image_has_the_same_output_alone_and_among_others() {
    for name in NAMES {
        let input = [3, 20, 16];
        let member = Member::init(&network(name, input).unwrap(), &mut noise(2));
        let x = images(5, input);
        let together = output(&member, &x);
        for at in 0..5 {
            let alone = output(&member, &x.narrow(0, at, 1));
            assert!(alone.allclose(&together.narrow(0, at, 1), 1e-5, 1e-5, false), "{name}");
        }
        // Quite other neighbours change nothing either.
        let beside = Tensor::cat(&[x.narrow(0, 0, 1), x.narrow(0, 1, 4) * 0.01], 0);
        let beside = output(&member, &beside).narrow(0, 0, 1);
        assert!(beside.allclose(&together.narrow(0, 0, 1), 1e-5, 1e-5, false), "{name}");
    }
}

/// Against central differences, along a random direction in weights and images at once. `ReLU` has corners, so the points are
/// few, and near to each other.
#[test]
fn gradients_are_those_of_central_differences_in_double_precision() {
    const STEP: f64 = 1e-6;
    for name in NAMES {
        let input = [2, 16, 16];
        let net = network(name, input).unwrap();
        let (weights, buffers) = net.init(&mut noise(4));
        let double = |t: &Tensor| t.to_kind(Kind::Double);
        // Gains and shifts away from where they begin.
        let shaken = |t: &Tensor| double(t) + double(&noise(5).normal_like(t)) * 0.05;
        let mut point: Vec<Tensor> = weights.tensors().iter().map(shaken).collect();
        point.push(double(&images(2, input)));
        let value = |point: &[Tensor]| {
            let (x, weights) = point.split_last().unwrap();
            let weights = Position::of_leaves(weights.iter().map(Tensor::shallow_clone).collect());
            let out = net.forward(&weights, &buffers, x, Mode::Evaluate).logits;
            let row = Tensor::arange(out.numel() as i64, (Kind::Double, Device::Cpu)).sin();
            (out.reshape([-1]) * row).sum(Kind::Double)
        };
        let leaves: Vec<Tensor> = point.iter().map(|t| t.copy().set_requires_grad(true)).collect();
        let gradient = gradients(&value(&leaves), &leaves);
        for draw in 0..3 {
            let along: Vec<Tensor> = point
                .iter()
                .map(|t| double(&noise(20 + draw).normal_like(&t.to_kind(Kind::Float))))
                .collect();
            let at = |step: f64| {
                let moved: Vec<Tensor> = point.iter().zip(&along).map(|(t, d)| t + d * step).collect();
                value(&moved).double_value(&[])
            };
            let slope: f64 =
                gradient.iter().zip(&along).map(|(g, d)| (g * d).sum(Kind::Double).double_value(&[])).sum();
            let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let scale = slope.abs().max(1.0);
            assert!((slope - difference).abs() < 1e-4 * scale, "{name}: {slope} for {difference}");
        }
    }
}

#[test]
fn a_file_gives_back_the_generator_and_the_radius_that_it_was_trained_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("generator.safetensors");
    let net = network(AdvganGenerator::NAME, [1, 28, 28]).unwrap();
    let member = Member {
        buffers: Position::new(vec![Tensor::from_slice(&[0.25f32])]),
        ..Member::init(&net, &mut noise(6))
    };
    let x = images(2, [1, 28, 28]);
    let expected = output(&member, &x);
    write_posterior(&file, &posterior(member)).unwrap();
    let read = read_posterior(&file, None).unwrap();
    assert_eq!(read.members[0].network.role(), Role::Generator);
    assert_eq!(output(&read.members[0], &x), expected);
    assert_eq!(read.members[0].buffers.first(), &Tensor::from_slice(&[0.25f32]));
}

#[test]
fn as_a_classifier_they_are_refused_by_name() {
    for name in NAMES {
        let member = Member::init(&network(name, [1, 28, 28]).unwrap(), &mut noise(7));
        let error = Ensemble::new(&posterior(member), Device::Cpu).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("no classifier"), "{error}");
    }
}
