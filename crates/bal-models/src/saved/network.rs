//! A network that PyTorch saved, in either of its two formats.

use super::load;
use crate::{ModelError, exported};
use std::path::Path;
use tch::{CModule, Device, Kind, TchError, Tensor};

/// A loaded network.
#[derive(Debug)]
pub(super) enum Network {
    /// TorchScript: a program that may write to itself.
    Script(CModule),
    /// A graph that `torch.export` saved; it does not change.
    Exported(exported::Program),
}

/// What another network like one is made of.
#[derive(Debug)]
pub(super) enum Source {
    /// The bytes of a TorchScript file.
    Script(Vec<u8>),
    /// A program, whose weights are shared.
    Exported(exported::Program),
}

impl Source {
    /// What is in the file at `path`.
    pub(super) fn read(path: &Path, device: Device) -> Result<Self, ModelError> {
        if !exported::is_exported(path) {
            return load::read(path).map(Self::Script);
        }
        let refused = |reason| ModelError::NotExported { path: path.into(), reason };
        exported::read(path, device).map(Self::Exported).map_err(refused)
    }

    /// A network of its own.
    pub(super) fn network(&self, device: Device) -> Result<Network, TchError> {
        Ok(match self {
            Self::Script(bytes) => Network::Script(load::module(bytes, device)?),
            Self::Exported(program) => Network::Exported(program.replicate()),
        })
    }

    /// The first network, or why the file holds none.
    pub(super) fn first(&self, path: &Path, device: Device) -> Result<Network, ModelError> {
        let bytes = match self {
            Self::Script(bytes) => &bytes[..],
            Self::Exported(_) => &[],
        };
        self.network(device).map_err(|error| load::refused(path, bytes, &error))
    }
}

impl Network {
    /// The logits for images that are normalised, in single precision.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let logits = match self {
            Self::Script(module) => {
                // A setting of the thread, and a classifier may move from one to another.
                tch::jit::f_set_graph_executor_optimize(false)?;
                module.forward_ts(&[x])?
            }
            Self::Exported(program) => program.forward(x)?,
        };
        match logits.kind() {
            Kind::Float => Ok(logits),
            Kind::Double | Kind::Half | Kind::BFloat16 => logits.f_to_kind(Kind::Float),
            other => {
                Err(TchError::Torch(format!("it gives values of type {other:?} where logits are floats")))
            }
        }
    }

    /// A weight in another precision than images, with its type.
    pub(super) fn in_other_precision(&self) -> Result<Option<(String, Kind)>, TchError> {
        match self {
            Self::Script(module) => {
                let other = |kind| matches!(kind, Kind::Double | Kind::Half | Kind::BFloat16);
                let named = module.named_parameters()?;
                let found = named.into_iter().find(|(_, weight)| other(weight.kind()));
                Ok(found.map(|(name, weight)| (name, weight.kind())))
            }
            Self::Exported(program) => {
                Ok(program.in_other_precision().map(|(name, kind)| (name.to_owned(), kind)))
            }
        }
    }

    /// How it is saved so that it takes any number of images.
    pub(super) fn of_any_batch(&self) -> &'static str {
        match self {
            Self::Script(_) => "save it by torch.jit.script, or trace it without fixed sizes",
            Self::Exported(_) => {
                "export it by torch.export.export(model, (x,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))"
            }
        }
    }
}
