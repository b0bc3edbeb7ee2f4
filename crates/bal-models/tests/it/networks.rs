//! What all networks have in common.

use bal_core::{
    Architecture, EnsembleGradient, Member, Mode, NoiseKey, NoiseStream, Posterior, Prediction, Purpose,
};
use bal_models::{Sizes, architecture, read_posterior, write_posterior};
use std::{collections::BTreeSet, sync::Arc};
use tch::{Device, Kind, Tensor};

pub(crate) const NAMES: [&str; 10] = [
    "cnn",
    "cnn-wide",
    "stn",
    "mlp-16-8",
    "resnet-frn-8",
    "resnet-frn-20",
    "tramer-a",
    "tramer-b",
    "tramer-c",
    "tramer-d",
];
const SIZES: Sizes = Sizes { input: [3, 28, 29], classes: 5 };

pub(crate) fn noise(chain: u64) -> NoiseStream {
    NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain })
}

pub(crate) fn network(name: &str) -> Arc<dyn Architecture> {
    architecture(name, Some(SIZES)).unwrap()
}

pub(crate) fn images(n: i64) -> Tensor {
    let [c, h, w] = SIZES.input;
    noise(9).uniform_like(&Tensor::zeros([n, c, h, w], (Kind::Float, Device::Cpu)))
}

fn logits(member: &Member, x: &Tensor) -> Tensor {
    member.network.forward(&member.parameters, &member.buffers, x, Mode::Evaluate).logits
}

#[test]
fn a_network_has_the_name_the_sizes_and_the_weights_that_it_says() {
    for name in NAMES {
        let net = network(name);
        assert_eq!((net.name(), Sizes::of(&*net)), (name, SIZES));
        let (weights, buffers) = net.init(&mut noise(0));
        for (specs, position) in [(net.parameters(), &weights), (net.buffers(), &buffers)] {
            let shapes: Vec<Vec<i64>> = specs.iter().map(|spec| spec.shape.clone()).collect();
            assert_eq!(position.shapes(), shapes, "{name}");
        }
        let specs = [net.parameters(), net.buffers()].concat();
        let names: BTreeSet<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names.len(), specs.len(), "{name}");
        let again = net.init(&mut noise(0)).0;
        assert_eq!(weights.tensors(), again.tensors(), "{name}");
        assert_ne!(weights.tensors(), net.init(&mut noise(1)).0.tensors(), "{name}");
        assert!(architecture(name, None).is_ok(), "{name} without sizes");
    }
}

#[test]
fn an_image_has_the_same_logits_alone_and_among_others() {
    for name in NAMES {
        let member = Member::init(&network(name), &mut noise(2));
        let x = images(4);
        let together = logits(&member, &x);
        assert_eq!(together.size(), [4, SIZES.classes], "{name}");
        for at in 0..4 {
            let alone = logits(&member, &x.narrow(0, at, 1));
            assert!(alone.allclose(&together.narrow(0, at, 1), 1e-4, 1e-4, false), "{name}");
        }
    }
}

#[test]
fn a_file_of_weights_gives_back_the_same_function() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        let file = folder.path().join(format!("{name}.safetensors"));
        let posterior = Posterior {
            members: vec![Member::init(&network(name), &mut noise(3))],
            prediction: Prediction::MeanProbability,
            ensemble_gradient: EnsembleGradient::Predictive,
            mixing: None,
            regime: None,
            precisions: vec![],
            laplace: None,
            class_names: None,
            columns: None,
        };
        write_posterior(&file, &posterior).unwrap();
        let read = read_posterior(&file, None).unwrap();
        assert_eq!(read.members[0].network.name(), name);
        let x = images(2);
        assert_eq!(logits(&read.members[0], &x), logits(&posterior.members[0], &x), "{name}");
    }
}
