//! Networks that come as TorchScript files: anybody's model, saved by PyTorch.

mod load;
mod normalisation;
mod pool;
mod probe;

use crate::ModelError;
use bal_core::{Classifier, ClassifierError, Prediction};
pub use normalisation::Normalisation;
use pool::{Lent, Pool};
use std::{cell::OnceCell, path::PathBuf, sync::Arc};
use tch::{CModule, Device, Kind, TchError, Tensor};

/// What a user says of TorchScript files.
#[derive(Clone, Debug)]
pub struct ScriptSettings {
    /// The files; several are the members of one ensemble.
    pub files: Vec<PathBuf>,
    /// Channels, height and width of the images that they take.
    pub input: [i64; 3],
    /// How many logits they give; `None`: as many as the first file gives.
    pub classes: Option<i64>,
    /// What the networks want done to pixels in `[0, 1]`.
    pub normalisation: Normalisation,
    /// How members predict together.
    pub prediction: Prediction,
    /// Where they compute.
    pub device: Device,
}

/// Networks from TorchScript files as one classifier, in evaluation mode, with their weights frozen.
///
/// ```text
/// z_s(x) = network_s((x - mean) / std)
/// ```
///
/// `x`: `[n, c, h, w]`, pixels in `[0, 1]`, in single precision. Normalising is a part of the model,
/// so radii of attacks are on pixels. Networks are run operation by operation, as PyTorch runs them
/// without compilation: a fused kernel comes into play after some passes only, and bits would depend
/// on which thread had made how many.
///
/// A TorchScript file is a program: what it computes is checked, what else it does is not. Load only
/// files of people whose programs you would run.
#[derive(Debug)]
pub struct TorchScript {
    shared: Arc<Shared>,
    /// This replica's own networks, from its first pass on.
    lent: OnceCell<Lent>,
}

/// What all replicas have in common.
#[derive(Debug)]
struct Shared {
    pool: Arc<Pool>,
    files: Vec<PathBuf>,
    input: [i64; 3],
    classes: i64,
    normalisation: Normalisation,
    prediction: Prediction,
}

impl TorchScript {
    /// The ensemble of the files, after a trial on `images`, `[n, c, h, w]`: a handful of those that
    /// it is to classify.
    ///
    /// # Errors
    /// [`ModelError::Io`], [`ModelError::NotTorchScript`], [`ModelError::Script`], [`ModelError::ScriptLogits`] and
    /// [`ModelError::ScriptNotFinite`], each naming the file: one that is no TorchScript, or a network that takes other
    /// images, gives something other than finite logits in single precision, as many as there are classes, ignores its
    /// input, does not take one image, two or an odd number, or gives an image other logits alone than among others.
    /// [`ModelError::Normalisation`] for constants that do not fit the images, [`ModelError::Empty`]
    /// without files.
    pub fn load(settings: ScriptSettings, images: &Tensor) -> Result<Self, ModelError> {
        let ScriptSettings { files, input, classes, normalisation, prediction, device } = settings;
        normalisation.fits(input[0])?;
        let sources = files.iter().map(|path| load::read(path)).collect::<Result<Vec<_>, _>>()?;
        let modules = (files.iter().zip(&sources))
            .map(|(path, bytes)| load::module(bytes, device).map_err(|e| load::refused(path, bytes, &e)))
            .collect::<Result<Vec<_>, _>>()?;
        let first = modules.first().ok_or(ModelError::Empty)?;
        for (path, module) in files.iter().zip(&modules) {
            probe::single_precision(path, module)?;
        }
        let x = normalisation.apply(images).map_err(|_| ModelError::Normalisation {
            problem: format!("do not fit images of shape {:?}", images.size()),
        })?;
        let classes = match classes {
            Some(classes) => classes,
            None => probe::classes(&files[0], first, &x)?,
        };
        for (path, module) in files.iter().zip(&modules) {
            probe::sound(path, module, &x, classes)?;
        }
        let pool = Arc::new(Pool::new(sources, device, modules));
        let shared = Shared { pool, files, input, classes, normalisation, prediction };
        Ok(Self { shared: Arc::new(shared), lent: OnceCell::new() })
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.shared.pool.members()
    }

    /// Whether there is no member; never so.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn networks(&self) -> Result<&[CModule], TchError> {
        if self.lent.get().is_none() {
            let _ = self.lent.set(self.shared.pool.lend()?);
        }
        Ok(self.lent.get().map_or(&[], |lent| lent.modules()))
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let Shared { files, classes, normalisation, .. } = &*self.shared;
        let refused = |e: TchError| ClassifierError::Refused {
            shape: x.size(),
            source: TchError::Torch(load::cause(&e)),
        };
        let normalised = normalisation.apply(x).map_err(refused)?;
        let expected = [x.size()[0], *classes];
        let logits = |(file, network): (&PathBuf, &CModule)| {
            let failed = |problem: String| ClassifierError::File {
                file: file.display().to_string(),
                shown: x.size(),
                problem,
            };
            let logits = forward(network, &normalised)
                .map_err(|e| failed(format!("cannot classify it: {}", load::cause(&e))))?;
            if logits.size() == expected {
                return Ok(logits);
            }
            let found = logits.size();
            Err(failed(format!("gives logits of shape {found:?} where {expected:?} is wanted")))
        };
        let networks = self.networks().map_err(refused)?;
        let logits = files.iter().zip(networks).map(logits).collect::<Result<Vec<_>, _>>()?;
        Tensor::f_stack(&logits, 0).map_err(refused)
    }
}

impl Classifier for TorchScript {
    fn classes(&self) -> i64 {
        self.shared.classes
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let (found, [c, h, w]) = (x.size(), self.shared.input);
        if found.len() != 4 || found[1..] != self.shared.input {
            let expected = format!("n, {c}, {h}, {w}");
            return Err(ClassifierError::Input {
                architecture: "the TorchScript file".into(),
                expected,
                found,
            });
        }
        self.apply(x)
    }

    fn prediction(&self) -> Prediction {
        self.shared.prediction
    }

    /// A replica has networks of its own, loaded at its first pass or left by one that is gone: a
    /// network may write to itself, which two threads must not see.
    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self { shared: self.shared.clone(), lent: OnceCell::new() })
    }
}

/// The logits of one network for images that are normalised.
fn forward(network: &CModule, x: &Tensor) -> Result<Tensor, TchError> {
    // A setting of the thread, and a classifier may move from one to another.
    tch::jit::f_set_graph_executor_optimize(false)?;
    let logits = network.forward_ts(&[x])?;
    match logits.kind() {
        Kind::Float => Ok(logits),
        Kind::Double | Kind::Half | Kind::BFloat16 => logits.f_to_kind(Kind::Float),
        other => Err(TchError::Torch(format!("it gives values of type {other:?} where logits are floats"))),
    }
}
