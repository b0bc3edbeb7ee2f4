//! Networks that come as files of PyTorch: anybody's model, as TorchScript or as an exported program.

mod load;
mod network;
mod normalisation;
mod pool;
mod probe;

use crate::{ModelError, exported};
use bal_core::{Classifier, ClassifierError, Prediction};
use network::{Network, Source};
use normalisation::Constants;
pub use normalisation::Normalisation;
use pool::{Lent, Pool};
use std::{
    cell::OnceCell,
    path::{Path, PathBuf},
    sync::Arc,
};
use tch::{Device, TchError, Tensor};

/// What a user says of files that PyTorch saved.
#[derive(Clone, Debug)]
pub struct SavedSettings {
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

/// Networks from files that PyTorch saved as one classifier, in evaluation mode, with their weights frozen. What a file is, its
/// content says: TorchScript (`torch.jit.save`) or an exported program (`torch.export.save`, `.pt2`).
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
/// files of people whose programs you would run. An exported program is a graph of operators on tensors, and can do nothing
/// else.
#[derive(Debug)]
pub struct SavedNetworks {
    shared: Arc<Shared>,
    /// This replica's own networks, from its first pass on.
    lent: OnceCell<Lent>,
    /// The normalisation's constants beside its images, likewise.
    constants: OnceCell<Constants>,
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

/// Whether the file at `path` is an exported program: by its name, `.pt2`, or as an archive that holds the graph of one.
pub fn is_exported(path: &Path) -> bool {
    exported::is_exported(path)
}

/// Channels, height and width of the images that an exported program takes; `None` where it takes images of several sizes.
///
/// # Errors
/// [`ModelError::NotExported`].
pub fn exported_input_shape(path: &Path) -> Result<Option<[i64; 3]>, ModelError> {
    exported::input_shape(path).map_err(|reason| ModelError::NotExported { path: path.into(), reason })
}

impl SavedNetworks {
    /// The ensemble of the files, after a trial on `images`, `[n, c, h, w]`: a handful of those that
    /// it is to classify.
    ///
    /// # Errors
    /// [`ModelError::Io`], [`ModelError::NotTorchScript`], [`ModelError::NotExported`], [`ModelError::Script`], [`ModelError::ScriptLogits`] and
    /// [`ModelError::ScriptNotFinite`], each naming the file: one that is neither format, or a network that takes other
    /// images, gives something other than finite logits in single precision, as many as there are classes, ignores its
    /// input, does not take one image, two or an odd number, or gives an image other logits alone than among others.
    /// [`ModelError::Normalisation`] for constants that do not fit the images, [`ModelError::Empty`]
    /// without files.
    pub fn load(settings: SavedSettings, images: &Tensor) -> Result<Self, ModelError> {
        let SavedSettings { files, input, classes, normalisation, prediction, device } = settings;
        normalisation.fits(input[0])?;
        let sources = files.iter().map(|path| Source::read(path, device)).collect::<Result<Vec<_>, _>>()?;
        let networks = (files.iter().zip(&sources))
            .map(|(path, source)| source.first(path, device))
            .collect::<Result<Vec<_>, _>>()?;
        let first = networks.first().ok_or(ModelError::Empty)?;
        for (path, network) in files.iter().zip(&networks) {
            probe::single_precision(path, network)?;
        }
        let x = normalisation.apply(images, &OnceCell::new()).map_err(|_| ModelError::Normalisation {
            problem: format!("do not fit images of shape {:?}", images.size()),
        })?;
        let classes = match classes {
            Some(classes) => classes,
            None => probe::classes(&files[0], first, &x)?,
        };
        for (path, network) in files.iter().zip(&networks) {
            probe::sound(path, network, &x, classes)?;
        }
        let pool = Arc::new(Pool::new(sources, device, networks));
        let shared = Shared { pool, files, input, classes, normalisation, prediction };
        Ok(Self { shared: Arc::new(shared), lent: OnceCell::new(), constants: OnceCell::new() })
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.shared.pool.members()
    }

    /// Whether there is no member; never so.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn networks(&self) -> Result<&[Network], TchError> {
        if self.lent.get().is_none() {
            let _ = self.lent.set(self.shared.pool.lend()?);
        }
        Ok(self.lent.get().map_or(&[], |lent| lent.networks()))
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let Shared { files, classes, normalisation, .. } = &*self.shared;
        let refused = |e: TchError| ClassifierError::Refused {
            shape: x.size(),
            source: TchError::Torch(load::cause(&e)),
        };
        let normalised = normalisation.apply(x, &self.constants).map_err(refused)?;
        let expected = [x.size()[0], *classes];
        let logits = |(file, network): (&PathBuf, &Network)| {
            let failed = |problem: String| ClassifierError::File {
                file: file.display().to_string(),
                shown: x.size(),
                problem,
            };
            let logits = network
                .forward(&normalised)
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

impl Classifier for SavedNetworks {
    fn classes(&self) -> i64 {
        self.shared.classes
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let (found, [c, h, w]) = (x.size(), self.shared.input);
        if found.len() != 4 || found[1..] != self.shared.input {
            let expected = format!("n, {c}, {h}, {w}");
            return Err(ClassifierError::Input {
                architecture: "the file of PyTorch".into(),
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
        let (lent, constants) = (OnceCell::new(), OnceCell::new());
        Box::new(Self { shared: self.shared.clone(), lent, constants })
    }
}
