//! A trial of a network, before long work begins.

use super::{forward, load};
use crate::ModelError;
use std::path::Path;
use tch::{CModule, Kind, Tensor};

/// How many logits a network gives for each of some images.
pub(super) fn classes(path: &Path, network: &CModule, x: &Tensor) -> Result<i64, ModelError> {
    let _guard = tch::no_grad_guard();
    match run(path, network, x)?.size()[..] {
        [n, classes] if n == x.size()[0] && classes > 1 => Ok(classes),
        ref size => Err(shape(path, size, &format!("[{}, classes]", x.size()[0]))),
    }
}

/// Refuses a network that is no classifier of these images, `[n, c, h, w]`, into `classes`.
pub(super) fn sound(path: &Path, network: &CModule, x: &Tensor, classes: i64) -> Result<(), ModelError> {
    let script = |problem: String| ModelError::Script { path: path.into(), problem };
    let _guard = tch::no_grad_guard();
    let n = x.size()[0];
    let logits = run(path, network, x)?;
    if logits.size() != [n, classes] {
        return Err(shape(path, &logits.size(), &format!("[{n}, {classes}]")));
    }
    let finite = logits.isfinite().all_dim(1, false);
    if let Some(image) = Vec::try_from(finite).unwrap_or(vec![false]).iter().position(|&finite| !finite) {
        let why = "; it may expect other pixels (--mean, --std), or hold weights that are not finite";
        return Err(script(format!("gives logits that are not finite for image {image}{why}")));
    }
    // Images whose pixels are mirrored in the scale are different from any batch, also from one image.
    let other = run(path, network, &(x.max() + x.min() - x))?;
    let rows = Tensor::cat(&[logits, other], 0);
    if bool::try_from(rows.eq_tensor(&rows.narrow(0, 0, 1)).all()).unwrap_or(false) {
        let problem = "gives the same logits for every image: it ignores its input";
        return Err(script(format!("{problem}; was it saved before its weights were loaded?")));
    }
    // Shards differ in size: a network traced for one size would fail in the last of them.
    run(path, network, &x.narrow(0, 0, 1)).map(drop).map_err(|_| {
        let problem = format!("classifies {n} images, but not one alone: it was made for one size of batch");
        script(format!("{problem}; save it by torch.jit.script, or trace it without fixed sizes"))
    })
}

/// Refuses weights in another precision than images.
pub(super) fn single_precision(path: &Path, network: &CModule) -> Result<(), ModelError> {
    let named = network.named_parameters().map_err(|e| load::refused(path, &e))?;
    let other = |kind| matches!(kind, Kind::Double | Kind::Half | Kind::BFloat16);
    match named.iter().find(|(_, weight)| other(weight.kind())) {
        Some((name, weight)) => Err(ModelError::Script {
            path: path.into(),
            problem: format!(
                "has weights of type {:?} (`{name}`), but images are of type Float; call model.float() before \
                 saving",
                weight.kind()
            ),
        }),
        None => Ok(()),
    }
}

fn run(path: &Path, network: &CModule, x: &Tensor) -> Result<Tensor, ModelError> {
    let script = |problem: String| ModelError::Script { path: path.into(), problem };
    forward(network, x).map_err(|e| {
        let cause = load::cause(&e);
        if cause.contains("did not return a tensor") {
            let problem = "gives something other than one tensor (a tuple or dict?)";
            return script(format!("{problem}; save a module whose forward returns the logits alone"));
        }
        let size: Vec<String> = x.size()[1..].iter().map(i64::to_string).collect();
        script(format!("cannot classify images of shape {}: {cause}", size.join(",")))
    })
}

fn shape(path: &Path, found: &[i64], wanted: &str) -> ModelError {
    let problem = format!("gives logits of shape {found:?} where {wanted} is wanted");
    ModelError::Script { path: path.into(), problem: format!("{problem}; see --classes") }
}
