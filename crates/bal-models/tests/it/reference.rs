//! The CNN and its ensembles against PyTorch, whose numbers `fixtures/cnn.py` wrote.

use crate::formula::{Formula, assert_close, assert_relatively_close};
use bal_core::{Architecture, Classifier, EnsembleGradient, Member, Mode, Position, Posterior, Prediction};
use bal_models::{Cnn, Ensemble};
use serde::Deserialize;
use std::{collections::HashMap, sync::Arc};
use tch::{Device, Reduction, Tensor};

#[derive(Deserialize)]
struct Reference {
    images: Formula,
    labels: Vec<i64>,
    members: Vec<Vec<Formula>>,
    member_logits: Vec<Vec<f64>>,
    mean_probability: Vec<f64>,
    mean_logits: Vec<f64>,
    gradient_of_member_0: Gradients,
}

/// Gradients of the cross-entropy, summed over images.
#[derive(Deserialize)]
struct Gradients {
    /// Row and column of the pixels that `images` holds.
    pixels: Vec<[i64; 2]>,
    images: Vec<Vec<f64>>,
    image_norms: Vec<f64>,
    #[serde(flatten)]
    weights: HashMap<String, Vec<f64>>,
}

impl Reference {
    fn read() -> Self {
        serde_json::from_str(include_str!("../fixtures/cnn.json")).unwrap()
    }

    /// The weights of a member, which have the names and shapes of the architecture, in its order.
    fn member(&self, s: usize) -> Member {
        let formulas = &self.members[s];
        let found: Vec<_> = formulas.iter().map(|f| (f.name.clone(), f.shape.clone())).collect();
        let expected: Vec<_> = Cnn::mnist().parameters().into_iter().map(|p| (p.name, p.shape)).collect();
        assert_eq!(found, expected);
        let parameters = Position::new(formulas.iter().map(Formula::tensor).collect());
        Member { network: Arc::new(Cnn::mnist()), parameters, buffers: Position::new(vec![]) }
    }

    fn ensemble(&self, prediction: Prediction) -> Ensemble {
        let posterior = Posterior {
            members: (0..self.members.len()).map(|s| self.member(s)).collect(),
            prediction,
            ensemble_gradient: EnsembleGradient::Predictive,
            mixing: None,
            regime: None,
            precisions: vec![],
            laplace: None,
            class_names: None,
            columns: None,
        };
        Ensemble::new(&posterior, Device::Cpu).unwrap()
    }
}

#[test]
fn logits_of_every_member_are_those_of_pytorch() {
    let reference = Reference::read();
    let logits =
        reference.ensemble(Prediction::MeanLogits).member_logits(&reference.images.tensor()).unwrap();
    assert_eq!(logits.size(), [2, 3, 10]);
    assert_close(&logits, &reference.member_logits.concat(), 1e-5, "a member's logit");
}

#[test]
fn mean_probability_and_mean_logits_are_those_of_pytorch() {
    let reference = Reference::read();
    let x = reference.images.tensor();
    for (prediction, expected) in [
        (Prediction::MeanProbability, &reference.mean_probability),
        (Prediction::MeanLogits, &reference.mean_logits),
    ] {
        let logits = reference.ensemble(prediction).logits(&x).unwrap();
        assert_eq!(logits.size(), [3, 10]);
        assert_close(&logits, expected, 1e-5, &prediction.to_string());
    }
}

#[test]
fn gradients_in_images_and_weights_are_those_of_pytorch() {
    let reference = Reference::read();
    let Gradients { pixels, images, image_norms, weights } = &reference.gradient_of_member_0;
    let Member { network, parameters, buffers } = reference.member(0);
    let parameters = Position::of_leaves(
        parameters.into_tensors().into_iter().map(|t| t.set_requires_grad(true)).collect(),
    );
    let x = reference.images.tensor().set_requires_grad(true);
    let logits = network.forward(&parameters, &buffers, &x, Mode::Evaluate).logits;
    let labels = Tensor::from_slice(&reference.labels);
    let loss = logits.cross_entropy_loss::<Tensor>(&labels, None, Reduction::Sum, -100, 0.0);
    let inputs: Vec<&Tensor> = std::iter::once(&x).chain(parameters.tensors()).collect();
    let mut gradients = Tensor::run_backward(&[loss], &inputs, false, false);

    let in_images = gradients.remove(0);
    let norms = in_images.flatten(1, -1).norm_scalaropt_dim(2, [1], false);
    assert_relatively_close(&norms, image_norms, "the norm of an image's gradient");
    let of_image = |i: i64| {
        let values = pixels.iter().map(|[row, column]| in_images.double_value(&[i, 0, *row, *column]));
        Tensor::from_slice(&values.collect::<Vec<_>>())
    };
    for (i, expected) in images.iter().enumerate() {
        assert_relatively_close(&of_image(i as i64), expected, "a pixel's gradient");
    }

    let mut compared = 0;
    for (spec, gradient) in network.parameters().iter().zip(&gradients) {
        if let Some(expected) = weights.get(&spec.name) {
            assert_relatively_close(gradient, expected, &spec.name);
            compared += 1;
        }
    }
    assert_eq!((compared, weights.len()), (2, 2));
}
