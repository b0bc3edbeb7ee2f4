//! The spatial transformer network against PyTorch, whose numbers `fixtures/stn.py` wrote.

use crate::formula::{Formula, assert_close, assert_relatively_close};
use bal_core::{Architecture, Mode, Position, TensorSpec};
use bal_models::Stn;
use serde::Deserialize;
use std::collections::HashMap;
use tch::{Reduction, Tensor};

#[derive(Deserialize)]
struct Reference {
    images: Formula,
    labels: Vec<i64>,
    /// Weights and buffers.
    weights: Vec<Formula>,
    theta: Vec<f64>,
    logits: Vec<f64>,
    image_gradient_norms: Vec<f64>,
    gradients: HashMap<String, Vec<f64>>,
}

impl Reference {
    fn read() -> Self {
        serde_json::from_str(include_str!("../fixtures/stn.json")).unwrap()
    }

    /// The tensors that the architecture asks for, by name.
    fn position(&self, specs: &[TensorSpec], leaves: bool) -> Position {
        let tensors = specs.iter().map(|spec| {
            let formula = self.weights.iter().find(|f| f.name == spec.name).unwrap();
            assert_eq!(formula.shape, spec.shape, "{}", spec.name);
            formula.tensor().set_requires_grad(leaves)
        });
        Position::of_leaves(tensors.collect())
    }
}

#[test]
fn transformations_logits_and_gradients_are_those_of_pytorch() {
    let (reference, stn) = (Reference::read(), Stn::gtsrb());
    let parameters = reference.position(&stn.parameters(), true);
    let buffers = reference.position(&stn.buffers(), false);
    assert_eq!(reference.weights.len(), parameters.tensors().len() + buffers.tensors().len());
    let x = reference.images.tensor().set_requires_grad(true);
    assert_close(&stn.theta(&parameters, &x, &mut Mode::Evaluate), &reference.theta, 1e-5, "theta");
    let logits = stn.forward(&parameters, &buffers, &x, Mode::Evaluate).logits;
    assert_close(&logits, &reference.logits, 1e-4, "a logit");

    let labels = Tensor::from_slice(&reference.labels);
    let loss = logits.cross_entropy_loss::<Tensor>(&labels, None, Reduction::Sum, -100, 0.0);
    let inputs: Vec<&Tensor> = std::iter::once(&x).chain(parameters.tensors()).collect();
    let gradients = Tensor::run_backward(&[loss], &inputs, false, false);
    let norms = gradients[0].flatten(1, -1).norm_scalaropt_dim(2, [1], false);
    assert_relatively_close(&norms, &reference.image_gradient_norms, "the norm of an image's gradient");
    let mut compared = 0;
    for (spec, gradient) in stn.parameters().iter().zip(&gradients[1..]) {
        if let Some(expected) = reference.gradients.get(&spec.name) {
            assert_relatively_close(gradient, expected, &spec.name);
            compared += 1;
        }
    }
    assert_eq!((compared, reference.gradients.len()), (3, 3));
}
