//! What can be wrong with weights and the files that hold them.

use bal_core::Role;
use std::path::PathBuf;

/// A file of weights that cannot be read, written or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The operating system refused.
    #[error("{path}: cannot {action}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// `read`, `write`.
        action: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no safetensors file.
    #[error("{path}: not a safetensors file: {reason}", path = path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The bytes of a file are not those that were written.
    #[error(
        "{path}: it is damaged: its bytes do not have the checksum that was written with them; put a copy in its place, \
         or remove it, and what it held is computed again",
        path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The file is no archive of numpy arrays, or cannot be one.
    #[error("{path}: not an .npz file: {reason}", path = path.display())]
    Npz {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file is no TorchScript file.
    #[error(
        "{path}: no TorchScript file: {reason}; save one by torch.jit.script(model.eval()).save(FILE) in Python \
         (torch.save writes something else)",
        path = path.display()
    )]
    NotTorchScript {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file is no program that `torch.export` saved, or one that cannot be run.
    #[error("{path}: no exported program that can be run: {reason}", path = path.display())]
    NotExported {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The network in a file of PyTorch is no classifier of the images at hand.
    #[error("{path}: the network {problem}", path = path.display())]
    Script {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what may help.
        problem: String,
    },
    /// The network in a file of PyTorch gives other outputs than a logit for each class.
    #[error("{path}: the network gives logits of shape {found:?} where {wanted} is wanted", path = path.display())]
    ScriptLogits {
        /// The file.
        path: PathBuf,
        /// What came.
        found: Vec<i64>,
        /// What was wanted.
        wanted: String,
    },
    /// The network in a file of PyTorch gives something that is no number.
    #[error(
        "{path}: the network gives logits that are not finite for image {image}; it may expect other pixels,          normalised by a mean and a deviation, or hold weights that are not finite",
        path = path.display()
    )]
    ScriptNotFinite {
        /// The file.
        path: PathBuf,
        /// The image's row in the trial.
        image: usize,
    },
    /// Constants of normalisation that are none, or not for these images.
    #[error("the constants of the normalisation {problem}")]
    Normalisation {
        /// What is wrong with them.
        problem: String,
    },
    /// Files of weights that say different things of how their members work together.
    #[error(
        "{path}: metadata `{key}` is `{found}`, but `{first}` in {other}; say which is meant",
        path = path.display(), other = other.display()
    )]
    Disagreement {
        /// The file.
        path: PathBuf,
        /// The file before it.
        other: PathBuf,
        /// The key.
        key: &'static str,
        /// What the file says.
        found: String,
        /// What the file before it says.
        first: String,
    },
    /// A tensor is missing, unexpected, of the wrong shape or type, or not finite.
    #[error("{path}: tensor `{tensor}` {problem}", path = path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The metadata contradict the tensors, or are missing.
    #[error("{path}: metadata `{key}` {problem}", path = path.display())]
    Metadata {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// An architecture that is not known.
    #[error(
        "unknown architecture `{name}`; known are cnn, cnn-wide, stn, mlp-HIDDEN (such as mlp-256-256), resnet-frn-LAYERS \
         (8, 14, 20 and so on in steps of 6), tramer-a to tramer-d, advgan-generator and advgan-discriminator"
    )]
    Architecture {
        /// The name given.
        name: String,
    },
    /// Images or classes that an architecture cannot be made for.
    #[error("the network `{name}` cannot be made for these images: {problem}")]
    Sizes {
        /// The architecture.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// bfloat16 on a processor without instructions for it.
    #[error(
        "this CPU has no instructions for bfloat16 (AVX-512 BF16, or Arm's BF16): leave `precision` out, or say \
             precision = \"fp32\""
    )]
    Bfloat16,
    /// Members that do not answer the same question.
    #[error(
        "{first} tells {classes} classes of images of shape {input:?} apart, and {other} {other_classes} classes of images of \
         shape {other_input:?}; the networks of an ensemble take the same images and know the same classes"
    )]
    Unlike {
        /// The first member's architecture.
        first: String,
        /// Its classes.
        classes: i64,
        /// Channels, height and width that it takes.
        input: [i64; 3],
        /// The other member's architecture.
        other: String,
        /// Its classes.
        other_classes: i64,
        /// Channels, height and width that it takes.
        other_input: [i64; 3],
    },
    /// A network that tells no classes apart.
    #[error(
        "`{network}` is no classifier: {}; name weights of a classifier",
        match role {
            Role::Generator => "it changes images, and the attack `advgan` takes it as its generator",
            Role::Regressor => "it says values of the rows of a table",
            _ => "it tells images of the data from others",
        }
    )]
    NoClassifier {
        /// Its name.
        network: String,
        /// What it is instead.
        role: Role,
    },
    /// There is no member to predict with.
    #[error("an ensemble needs at least one member")]
    Empty,
}
