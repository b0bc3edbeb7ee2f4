//! A trial of a network, before long work begins.

use super::{load, network::Network};
use crate::ModelError;
use std::path::Path;
use tch::Tensor;

/// How far the logits of an image may move with its neighbours in a batch, relative to the greatest: sums in another
/// order move them by less, also in half precision.
const TOLERANCE: f64 = 1e-2;

/// How many logits a network gives for each of some images.
pub(super) fn classes(path: &Path, network: &Network, x: &Tensor) -> Result<i64, ModelError> {
    let _guard = tch::no_grad_guard();
    let n = x.size()[0];
    match run(path, network, x)?.size()[..] {
        [images, classes] if images == n && classes > 1 => Ok(classes),
        ref size => Err(shape(path, size, n, None)),
    }
}

/// Refuses a network that is no classifier of these images, `[n, c, h, w]`, into `classes`, each by itself.
pub(super) fn sound(path: &Path, network: &Network, x: &Tensor, classes: i64) -> Result<(), ModelError> {
    let script = |problem: String| ModelError::Script { path: path.into(), problem };
    let _guard = tch::no_grad_guard();
    let n = x.size()[0];
    let logits = run(path, network, x)?;
    if logits.size() != [n, classes] {
        return Err(shape(path, &logits.size(), n, Some(classes)));
    }
    let finite = logits.isfinite().all_dim(1, false);
    if let Some(image) = Vec::try_from(finite).unwrap_or(vec![false]).iter().position(|&finite| !finite) {
        return Err(ModelError::ScriptNotFinite { path: path.into(), image });
    }
    // Images whose pixels are mirrored in the scale are different from any batch, also from one image.
    let other = run(path, network, &(x.max() + x.min() - x))?;
    let rows = Tensor::cat(&[&logits, &other], 0);
    if bool::try_from(rows.eq_tensor(&rows.narrow(0, 0, 1)).all()).unwrap_or(false) {
        let problem = "gives the same logits for every image: it ignores its input";
        return Err(script(format!("{problem}; was it saved before its weights were loaded?")));
    }
    // Shards differ in size, and attacks go on with the images that are left: one, two, an odd number.
    for few in [1, 2, n - 1] {
        if few > 0 && few < n {
            of_few(path, network, &x.narrow(0, 0, few), n, classes)?;
        }
    }
    alone(path, network, x, &logits)
}

/// Refuses a network that classifies `n` images, but not these few.
fn of_few(path: &Path, network: &Network, x: &Tensor, n: i64, classes: i64) -> Result<(), ModelError> {
    let script = |problem: String| ModelError::Script { path: path.into(), problem };
    let few = x.size()[0];
    let count = if few == 1 { "one alone".to_string() } else { few.to_string() };
    match network.forward(x) {
        Ok(logits) if logits.size() == [few, classes] => Ok(()),
        Ok(logits) => {
            let found = logits.size();
            let why = if found == [classes] {
                ": does its forward end in a squeeze? name the dimension there, or leave it out"
            } else if found.first() == Some(&n) {
                ": did tracing take something that depends on the images for a constant? save it by torch.jit.script"
            } else {
                ""
            };
            Err(script(format!(
                "classifies {n} images, but of {count} it gives logits of shape {found:?} where [{few}, {classes}] is \
                 wanted{why}"
            )))
        }
        Err(e) => Err(script(format!(
            "classifies {n} images, but not {count}: it was made for one size of batch ({}); {}",
            load::cause(&e),
            network.of_any_batch()
        ))),
    }
}

/// Refuses a network that gives an image other logits alone than among the others, beside which it has these.
///
/// One whose answers change from pass to pass is left alone: what changes is not the neighbours' doing.
fn alone(path: &Path, network: &Network, x: &Tensor, logits: &Tensor) -> Result<(), ModelError> {
    let greatest = logits.abs().max().double_value(&[]).max(f64::from(f32::MIN_POSITIVE));
    let apart = |a: &Tensor, b: &Tensor| (a - b).abs().max().double_value(&[]) / greatest;
    if apart(&run(path, network, x)?, logits) > TOLERANCE {
        return Ok(());
    }
    for image in 0..x.size()[0] {
        let apart = apart(&run(path, network, &x.narrow(0, image, 1))?, &logits.narrow(0, image, 1));
        if apart > TOLERANCE {
            let problem = format!(
                "gives image {image} other logits alone than among {} images, by {:.1} % of the greatest: its outputs \
                 depend on the batch (a mean over it, or batch statistics in training mode?); an accuracy of it would \
                 depend on how images are put together",
                x.size()[0],
                100.0 * apart
            );
            return Err(ModelError::Script { path: path.into(), problem });
        }
    }
    Ok(())
}

/// Refuses weights in another precision than images.
pub(super) fn single_precision(path: &Path, network: &Network) -> Result<(), ModelError> {
    match network.in_other_precision().map_err(|e| load::refused(path, &[], &e))? {
        Some((name, kind)) => Err(ModelError::Script {
            path: path.into(),
            problem: format!(
                "has weights of type {kind:?} (`{name}`), but images are of type Float; call model.float() before \
                 saving"
            ),
        }),
        None => Ok(()),
    }
}

fn run(path: &Path, network: &Network, x: &Tensor) -> Result<Tensor, ModelError> {
    let script = |problem: String| ModelError::Script { path: path.into(), problem };
    network.forward(x).map_err(|e| {
        let cause = load::cause(&e);
        if cause.contains("did not return a tensor") {
            let problem = "gives something other than one tensor (a tuple or dict?)";
            return script(format!("{problem}; save a module whose forward returns the logits alone"));
        }
        let size: Vec<String> = x.size()[1..].iter().map(i64::to_string).collect();
        script(format!("cannot classify images of shape {}: {cause}", size.join(",")))
    })
}

/// What came for `n` images, where a logit for each of `classes` was wanted.
fn shape(path: &Path, found: &[i64], n: i64, classes: Option<i64>) -> ModelError {
    if *found == [n] || *found == [n, 1] {
        let two = if found.len() == 1 {
            "torch.stack([torch.zeros_like(z), z], 1)"
        } else {
            "torch.cat([torch.zeros_like(z), z], 1)"
        };
        let problem = format!(
            "gives one number for each image, as networks of two classes may; wanted is a logit for each class: return \
             {two} for its z"
        );
        return ModelError::Script { path: path.into(), problem };
    }
    let wanted = format!("[{n}, {}]", classes.map_or("classes".into(), |classes| classes.to_string()));
    ModelError::ScriptLogits { path: path.into(), found: found.to_vec(), wanted }
}
