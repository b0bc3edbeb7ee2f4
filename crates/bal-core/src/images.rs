//! Images with what a model is to say of each, held in memory.

use crate::{Batch, CoreError, ImageDigest, Replicate, Targets, image_digest};
use tch::{Device, Kind, Tensor};

/// Images of a data set with their targets, pixels kept as bytes. Rows of a table are images of one row of pixels.
#[derive(Debug)]
pub struct Images {
    pixels: Tensor,
    targets: Targets,
    device: Device,
}

impl Images {
    /// `pixels`: `[N, c, h, w]`, bytes, or floats in `[0, 1]`; `labels`: `[N]`, integers. Batches
    /// are made on `device`.
    ///
    /// # Errors
    /// [`CoreError::Unpaired`] when the counts differ.
    pub fn new(pixels: Tensor, labels: &Tensor, device: Device) -> Result<Self, CoreError> {
        Self::with_targets(pixels, Targets::Classes(labels.flatten(0, -1).to_kind(Kind::Int64)), device)
    }

    /// The same with values instead of classes: `pixels` `[N, c, h, w]` are floats, for which `[0, 1]` is no bound; `values`
    /// `[N, d]`, floats.
    ///
    /// # Errors
    /// [`CoreError::Unpaired`] when the counts differ.
    pub fn with_values(pixels: Tensor, values: Tensor, device: Device) -> Result<Self, CoreError> {
        Self::with_targets(pixels, Targets::Values(values), device)
    }

    fn with_targets(pixels: Tensor, targets: Targets, device: Device) -> Result<Self, CoreError> {
        let count = |tensor: &Tensor| tensor.size().first().copied().unwrap_or(0);
        let (images, labels) = (count(&pixels), count(targets.tensor()));
        if images != labels {
            return Err(CoreError::Unpaired { images, labels });
        }
        Ok(Self { pixels, targets, device })
    }

    /// Number of images.
    pub fn len(&self) -> i64 {
        self.pixels.size().first().copied().unwrap_or(0)
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where batches are made.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Channels, height and width.
    pub fn shape(&self) -> Vec<i64> {
        self.pixels.size().into_iter().skip(1).collect()
    }

    /// What a model is to say of each image, in order.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The label of each image, in order: `[N]`, 64-bit integers.
    ///
    /// # Panics
    /// When the images have values.
    pub fn labels(&self) -> &Tensor {
        self.targets.classes().expect("only images of classes are asked for their labels")
    }

    /// Which images they are, one digest for each, in order. Computed anew by each call.
    pub fn digests(&self) -> Vec<ImageDigest> {
        image_digest::of_images(&self.pixels)
    }

    /// The same images with other labels: label `k` becomes `labels[k]`.
    ///
    /// # Panics
    /// When a label has no entry there, or the images have values.
    #[must_use]
    pub fn relabelled(self, labels: &[i64]) -> Self {
        let labels = Tensor::from_slice(labels).index_select(0, self.labels());
        Self { targets: Targets::Classes(labels), ..self }
    }

    /// The images with these numbers, in this order, pixels in `[0, 1]`.
    pub fn batch(&self, indices: &[i64]) -> Batch {
        let index = Tensor::from_slice(indices);
        let x = self.pixels.index_select(0, &index);
        let x = if x.kind() == Kind::Uint8 { x.to_kind(Kind::Float) / 255.0 } else { x.to_kind(Kind::Float) };
        Batch {
            x: x.to_device(self.device),
            targets: self.targets.map(|all| all.index_select(0, &index).to_device(self.device)),
            indices: indices.to_vec(),
        }
    }

    /// All images in order, in batches of `size`, of the first `limit`.
    pub fn in_order(&self, size: usize, limit: i64) -> impl Iterator<Item = Batch> + '_ {
        let indices: Vec<i64> = (0..self.len().min(limit)).collect();
        let chunks: Vec<Vec<i64>> = indices.chunks(size.max(1)).map(<[i64]>::to_vec).collect();
        chunks.into_iter().map(|chunk| self.batch(&chunk))
    }

    /// Only the images with these numbers, renumbered.
    #[must_use]
    pub fn subset(&self, indices: &[i64]) -> Self {
        let index = Tensor::from_slice(indices);
        Self {
            pixels: self.pixels.index_select(0, &index),
            targets: self.targets.map(|all| all.index_select(0, &index)),
            device: self.device,
        }
    }
}

impl Replicate for Images {
    fn replicate(&self) -> Self {
        Self { pixels: self.pixels.detach(), targets: self.targets.replicate(), device: self.device }
    }
}
