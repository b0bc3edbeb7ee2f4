//! Positions and posteriors to write, and what comparing them bit by bit takes.

use bal_core::{
    Architecture, EnsembleGradient, Member, NoiseKey, NoiseStream, Position, Posterior, Prediction, Purpose,
};
use bal_models::Cnn;
use std::{fs, path::Path, sync::Arc};
use tch::{Kind, Tensor};

/// A posterior of `chains` networks, each drawn from a stream of its own.
pub(crate) fn posterior(
    chains: u64,
    prediction: Prediction,
    ensemble_gradient: EnsembleGradient,
) -> Posterior {
    let network: Arc<dyn Architecture> = Arc::new(Cnn::mnist());
    let member = |chain| {
        let key = NoiseKey { seed: 7, purpose: Purpose::Test, sweep: 0, chain };
        Member::init(&network, &mut NoiseStream::new(key))
    };
    let members = (0..chains).map(member).collect();
    Posterior {
        members,
        prediction,
        ensemble_gradient,
        mixing: None,
        regime: None,
        precisions: vec![],
        laplace: None,
        class_names: None,
        columns: None,
    }
}

/// Whether two positions have the same shapes, types and bits, the sign of zero and NaNs included.
pub(crate) fn same_bits(a: &Position, b: &Position) -> bool {
    let (a, b) = (a.tensors(), b.tensors());
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_tensor(a, b))
}

/// As [`same_bits`], of two tensors.
pub(crate) fn same_tensor(a: &Tensor, b: &Tensor) -> bool {
    let bits = |t: &Tensor| match t.kind() {
        Kind::Float => t.view_dtype(Kind::Int),
        Kind::Double => t.view_dtype(Kind::Int64),
        _ => t.shallow_clone(),
    };
    a.kind() == b.kind() && a.size() == b.size() && bits(a) == bits(b)
}

/// The names in `folder`, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
