//! Published weights with what PyTorch makes of them, where a folder of them is at hand.

use bal_core::{Architecture, Mode, Position, TensorSpec};
use bal_models::Stn;
use std::{collections::HashMap, path::PathBuf};
use tch::Tensor;

/// `cargo xtask verify-reference DIR` runs this with `BAL_REFERENCE` set to DIR.
#[test]
#[ignore = "needs a folder of published weights in BAL_REFERENCE"]
fn the_published_stn_gives_the_transformations_and_logits_of_pytorch() {
    let folder =
        std::env::var_os("BAL_REFERENCE").expect("BAL_REFERENCE names the folder of published weights");
    let path = PathBuf::from(folder).join("stn_fixture.safetensors");
    let tensors: HashMap<String, Tensor> = Tensor::read_safetensors(&path).unwrap().into_iter().collect();
    let stacked = |specs: Vec<TensorSpec>| {
        // One network: its tensors have a first dimension of 1.
        Position::new(
            specs.iter().map(|spec| tensors[&spec.name].squeeze_dim(0).reshape(&spec.shape)).collect(),
        )
    };
    let stn = Stn::gtsrb();
    let (parameters, buffers) = (stacked(stn.parameters()), stacked(stn.buffers()));
    let x = &tensors["fixture.x"];
    let furthest = |a: &Tensor, b: &Tensor| (a - b).abs().max().double_value(&[]);
    let theta = stn.theta(&parameters, x, &mut Mode::Evaluate);
    let off = furthest(&theta, &tensors["fixture.theta"]);
    assert!(off < 1e-5, "a transformation is off by {off}");
    let logits = stn.forward(&parameters, &buffers, x, Mode::Evaluate).logits;
    let off = furthest(&logits, &tensors["fixture.logits"]);
    assert!(off < 1e-4, "a logit is off by {off}");
    let right =
        logits.argmax(-1, false).eq_tensor(&tensors["fixture.y"]).sum(tch::Kind::Int64).int64_value(&[]);
    assert!(right > 55, "only {right} of 64 images are classified rightly");
}
