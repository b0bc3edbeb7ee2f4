//! Methods on rows of a table, whose targets are values.

use crate::{
    bal_settings::{bal, settings},
    methods::{adam, weights},
    small::{images, noise, zeros},
};
use bal_attacks::{Ball, Fgsm, Norm, Within};
use bal_baselines::{AdversarialTraining, Bal, Epochs, LastBatch};
use bal_core::{
    Checkpoint, EnsembleGradient, Images, Method, Mode, NoiseGenerator, Posterior, Role, Task, TaskNetwork,
    TrainError, Workers,
};
use bal_models::{Regressor, ValueNoise};
use bal_samplers::{Adam, AdamSettings};
use std::{ops::ControlFlow, sync::Arc};
use tch::{Device, Kind};

const EPOCHS: Epochs = Epochs { epochs: 3, batch_size: 40, last_batch: LastBatch::Keep };

/// Rows of three features whose value is a curve along one of them.
fn rows(n: i64) -> Images {
    let x = noise(2).normal_like(&zeros(&[n, 1, 1, 3]));
    let value = x.flatten(1, -1).narrow(1, 0, 1).sin() + noise(3).normal_like(&zeros(&[n, 1])) * 0.1;
    Images::with_values(x, value, Device::Cpu).unwrap()
}

fn network(noise: ValueNoise) -> TaskNetwork {
    TaskNetwork::new(Arc::new(Regressor::new("mlp-6", 3, noise).unwrap()))
}

fn fit(
    method: &dyn Method,
    noise: ValueNoise,
    threads: usize,
    resume: Option<Checkpoint>,
) -> Result<(Posterior, Vec<Checkpoint>), TrainError> {
    let workers = Workers::new(threads).unwrap();
    let (images, held_out) = (rows(100), rows(6));
    let networks = vec![network(noise)];
    let task = Task {
        networks,
        images: &images,
        held_out: &held_out,
        seed: 5,
        generator: NoiseGenerator::ChaCha8,
        workers: &workers,
        resume,
    };
    let mut seen = Vec::new();
    let posterior = method.fit(&task, &mut |progress| {
        seen.push((progress.checkpoint)());
        ControlFlow::Continue(())
    });
    Ok((posterior?, seen))
}

fn methods() -> Vec<Box<dyn Method>> {
    let mut bnn = settings(&[]);
    bnn.data = None;
    vec![
        Box::new(AdversarialTraining::erm(adam(), EPOCHS).unwrap()),
        Box::new(Bal::new(bnn).unwrap()),
        Box::new(bal(&[]).unwrap()),
    ]
}

#[test]
fn bits_depend_neither_on_threads_nor_on_interruptions() {
    for method in methods() {
        for noise in [ValueNoise::Sampled, ValueNoise::Fixed(0.3)] {
            let (whole, seen) = fit(&*method, noise, 2, None).unwrap();
            let (one, _) = fit(&*method, noise, 1, None).unwrap();
            assert_eq!(weights(&whole), weights(&one), "{}", method.name());
            let (three, _) = fit(&*method, noise, 3, None).unwrap();
            assert_eq!(weights(&whole), weights(&three), "{}", method.name());
            for checkpoint in seen.into_iter().take(4) {
                let (resumed, _) = fit(&*method, noise, 1, Some(checkpoint)).unwrap();
                assert_eq!(weights(&whole), weights(&resumed), "{}", method.name());
                assert_eq!(whole.mixing, resumed.mixing);
            }
        }
    }
}

/// The noise of the data is .1.
#[test]
fn a_network_learns_the_curve_and_how_far_off_values_are() {
    let epochs = Epochs { epochs: 1500, ..EPOCHS };
    // Short steps, which end near the maximum.
    let adam = Adam::new(AdamSettings { step_size: 0.003 }).unwrap();
    let method = AdversarialTraining::erm(adam, epochs).unwrap();
    let (posterior, _) = fit(&method, ValueNoise::Sampled, 2, None).unwrap();
    let member = &posterior.members[0];
    assert_eq!(member.network.role(), Role::Regressor);
    let all = rows(100).batch(&(0..100).collect::<Vec<_>>());
    let outputs = member.forward(&all.x, Mode::Evaluate).logits;
    let errors = all.targets.values().unwrap() - outputs.narrow(1, 0, 1);
    let found = errors.square().mean(Kind::Double).double_value(&[]).sqrt();
    let said = outputs.get(0).get(1).exp().double_value(&[]);
    assert!((0.05..0.2).contains(&found), "{found}");
    // By maximum likelihood it says what it finds, up to the last steps' to and fro.
    assert!((said / found - 1.0).abs() < 0.15, "{said} {found}");
}

#[test]
fn attacks_on_classes_are_refused_and_say_so() {
    let ball = Ball::new(Norm::LInf, 0.1).unwrap();
    let fgsm = Box::new(Within::new(ball, Fgsm::new(EnsembleGradient::MemberMean)));
    let method = AdversarialTraining::new(fgsm, adam(), EPOCHS, 0.5).unwrap();
    let network = network(ValueNoise::Sampled);
    let error = method.check_network(&*network.architecture).unwrap_err().to_string();
    assert!(error.contains("[adversarial_training]") && error.contains("regression-mlp-6"), "{error}");
    assert!(bal(&[]).unwrap().check_network(&*network.architecture).is_ok());
    // And images keep their labels.
    assert_eq!(images(5).labels().size(), [5]);
}
