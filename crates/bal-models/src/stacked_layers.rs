//! Layers of several chains of a network in one launch.
//!
//! All chains are shown the same images, so the channels of all stand side by side: the first layer is one convolution with the
//! filters of all chains, and a later one has a group of channels for each chain.

use bal_core::{NoiseStream, channels_last};
use tch::Tensor;

/// What a layer is given.
pub(crate) enum Features {
    /// The same for all chains: `[n, c, h, w]`.
    Shared(Tensor),
    /// Of all chains side by side: `[n, S c, h, w]`.
    Grouped(Tensor),
    /// Of each chain as rows: `[S, n, numbers]`.
    Rows(Tensor),
}

impl Features {
    /// A convolution by `weight`, `[S, filters, c, side, side]`, and `bias`, `[S, filters]`.
    ///
    /// # Panics
    /// On rows, which are no images.
    pub(crate) fn convolved(&self, weight: &Tensor, bias: &Tensor, stride: i64, padding: i64) -> Tensor {
        let (x, groups) = match self {
            Self::Shared(x) => (x, 1),
            Self::Grouped(x) => (x, weight.size()[0]),
            Self::Rows(_) => panic!("a convolution after a dense layer"),
        };
        let (weight, bias) = (weight.flatten(0, 1), bias.flatten(0, 1));
        x.conv2d(&channels_last(&weight), Some(&bias), [stride; 2], [padding; 2], [1, 1], groups)
    }

    /// The products `[S, n, units]` with `weight`, `[S, units, numbers]`, and `bias`, `[S, units]`.
    pub(crate) fn dense(&self, weight: &Tensor, bias: &Tensor) -> Tensor {
        let chains = weight.size()[0];
        let rows = match self {
            Self::Shared(x) => {
                // One product for the units of all chains.
                let all = x.flatten(1, -1).linear(&weight.flatten(0, 1), Some(&bias.flatten(0, 1)));
                return all.unflatten(1, [chains, -1]).transpose(0, 1);
            }
            other => other.rows(chains),
        };
        bias.unsqueeze(1).baddbmm(&rows, &weight.transpose(1, 2), 1, 1)
    }

    /// The numbers of each image, of each chain: `[S, n, numbers]`.
    pub(crate) fn rows(&self, chains: i64) -> Tensor {
        match self {
            Self::Shared(x) => {
                let rows = x.flatten(1, -1);
                let size = [chains, rows.size()[0], rows.size()[1]];
                rows.unsqueeze(0).expand(size, false)
            }
            Self::Grouped(x) => x.unflatten(1, [chains, -1]).flatten(2, -1).transpose(0, 1),
            Self::Rows(x) => x.shallow_clone(),
        }
    }

    /// With masks of the images of each chain, which `masks` has chain by chain.
    pub(crate) fn masked(self, chains: i64, masks: &mut NoiseStream, keep: f64) -> Self {
        let masked = |x: Tensor, masks: &mut NoiseStream| &x * masks.dropout_mask(&x, keep);
        match self {
            Self::Shared(x) => {
                let mut size = x.size();
                size.insert(0, chains);
                let each = masked(x.unsqueeze(0).expand(size, false), masks);
                Self::Grouped(each.transpose(0, 1).flatten(1, 2))
            }
            Self::Grouped(x) => {
                let each = masked(x.unflatten(1, [chains, -1]).transpose(0, 1), masks);
                Self::Grouped(each.transpose(0, 1).flatten(1, 2))
            }
            Self::Rows(x) => Self::Rows(masked(x, masks)),
        }
    }
}
