//! Several chains of a network in one launch: what each of them says alone.

use crate::networks::{NAMES, images, network, noise};
use bal_core::{Architecture, Member, Mode, NoiseStream, Position, Stacked};
use bal_layers::cuda;
use bal_models::architecture;
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

const CHAINS: u64 = 3;
const IMAGES: i64 = 4;

/// The processor, or the device that `gpu/check.sh` names.
fn device() -> Device {
    match std::env::var("BAL_TEST_DEVICE").ok().and_then(|name| name.strip_prefix("cuda:")?.parse().ok()) {
        Some(number) => Device::Cuda(cuda::open(number, cuda::Rounding::Single).unwrap().number),
        None => Device::Cpu,
    }
}

/// The masks of one chain.
fn masks(chain: u64) -> NoiseStream {
    noise(20 + chain).for_images(&(0..IMAGES).collect::<Vec<_>>())
}

fn leaves(position: &Position) -> Vec<Tensor> {
    position.tensors().iter().map(|t| t.copy().set_requires_grad(true)).collect()
}

fn position(leaves: &[Tensor]) -> Position {
    Position::of_leaves(leaves.iter().map(Tensor::shallow_clone).collect())
}

/// Logits, `[S, n, classes]`, and the gradients of a weighted sum of them: in the images, then in each weight, stacked.
fn differentiated(leaves: &[Tensor], logits: impl FnOnce(&[Tensor]) -> Tensor) -> Vec<Tensor> {
    let logits = logits(leaves);
    let weights = noise(8).normal_like(&logits.detach());
    let mut all = Tensor::run_backward(&[(&logits * weights).sum(Kind::Float)], leaves, false, false);
    all.insert(0, logits.detach());
    all
}

/// Each within `tolerance` of the largest value.
fn assert_close(name: &str, found: &[Tensor], expected: &[Tensor], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.size(), expected.size(), "{name}: {at}");
        let scale = expected.abs().max().double_value(&[]).max(1e-3);
        let error = (found - expected).abs().max().double_value(&[]) / scale;
        assert!(error < tolerance, "{name}: tensor {at} is off by {error} of its largest value");
    }
}

/// The networks, and the paper's with the sizes of MNIST.
fn each() -> impl Iterator<Item = (String, Arc<dyn Architecture>)> {
    let named = NAMES.into_iter().map(|name| (name.to_string(), network(name)));
    named.chain([("cnn of MNIST".to_string(), architecture("cnn", None).unwrap())])
}

/// In double precision: rounding in single precision decides which of two nearly equal numbers pooling takes, and the gradient goes
/// another way. So there the logits alone are compared.
#[test]
fn logits_and_gradients_are_those_of_one_chain_after_another() {
    for (name, net) in each() {
        let [c, h, w] = net.input();
        let x = images(IMAGES).narrow(1, 0, c).narrow(2, 0, h).narrow(3, 0, w).contiguous();
        for (kind, training) in
            [Kind::Double, Kind::Float].into_iter().flat_map(|kind| [(kind, false), (kind, true)])
        {
            let repeats = device() == Device::Cpu || net.unrepeatable_on_cuda().is_none();
            if !repeats || training && net.has_batch_statistics() {
                continue;
            }
            let x = x.to_kind(kind).to_device(device()).detach().copy();
            let of_kind = |position: Position| {
                Position::new(
                    position
                        .into_tensors()
                        .into_iter()
                        .map(|t| t.to_kind(kind).to_device(device()))
                        .collect(),
                )
            };
            let members: Vec<Member> = (0..CHAINS)
                .map(|chain| Member::init(&net, &mut noise(chain)))
                .map(|m| Member { parameters: of_kind(m.parameters), buffers: of_kind(m.buffers), ..m })
                .collect();
            let stacked = Stacked::of(members.iter().map(|m| (&m.parameters, &m.buffers)));
            assert_eq!(stacked.chains(), CHAINS as i64);
            let mut all = leaves(&stacked.parameters);
            all.insert(0, x.set_requires_grad(true));
            let mut drawn = NoiseStream::silent();
            drawn.join((0..CHAINS).map(masks));
            let together = differentiated(&all, |all| {
                let buffers = Position::new(stacked.buffers.tensors().iter().map(Tensor::copy).collect());
                let weights = Stacked { parameters: position(&all[1..]), buffers };
                let mode = if training { Mode::Train { masks: &mut drawn } } else { Mode::Evaluate };
                net.forward_stacked(&weights, &all[0], mode)
            });
            let mut masks: Vec<NoiseStream> = (0..CHAINS).map(masks).collect();
            let one_by_one = differentiated(&all, |all| {
                let weights = position(&all[1..]);
                let each = members.iter().zip(&mut masks).zip(0..).map(|((member, masks), chain)| {
                    let mode = if training { Mode::Train { masks } } else { Mode::Evaluate };
                    net.forward(&weights.row(chain), &member.buffers, &all[0], mode).logits
                });
                Tensor::stack(&each.collect::<Vec<_>>(), 0)
            });
            match kind {
                Kind::Double => assert_close(&name, &together, &one_by_one, 1e-10),
                _ => assert_close(&name, &together[..1], &one_by_one[..1], 2e-5),
            }
            // The streams of masks have got equally far.
            let mut after = NoiseStream::silent();
            after.join(masks);
            let like = Tensor::zeros([CHAINS as i64, IMAGES, 3], (Kind::Float, x.device()));
            assert_eq!(drawn.uniform_like(&like), after.uniform_like(&like), "{name}");
        }
    }
}
