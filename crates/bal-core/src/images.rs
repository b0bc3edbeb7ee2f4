//! A labelled set of images held in memory.

use crate::{Batch, CoreError, ImageDigest, Replicate, Targets, image_digest};
use tch::{Device, Kind, Tensor};

/// Images and labels of a data set, pixels kept as bytes.
#[derive(Debug)]
pub struct Images {
    pixels: Tensor,
    labels: Tensor,
    device: Device,
}

impl Images {
    /// `pixels`: `[N, c, h, w]`, bytes, or floats in `[0, 1]`; `labels`: `[N]`, integers. Batches
    /// are made on `device`.
    ///
    /// # Errors
    /// [`CoreError::Unpaired`] when the counts differ.
    pub fn new(pixels: Tensor, labels: &Tensor, device: Device) -> Result<Self, CoreError> {
        let (images, count) = (pixels.size().first().copied().unwrap_or(0), labels.numel() as i64);
        if images != count {
            return Err(CoreError::Unpaired { images, labels: count });
        }
        Ok(Self { pixels, labels: labels.to_kind(Kind::Int64), device })
    }

    /// Number of images.
    pub fn len(&self) -> i64 {
        self.labels.numel() as i64
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

    /// The label of each image, in order: `[N]`, 64-bit integers.
    pub fn labels(&self) -> &Tensor {
        &self.labels
    }

    /// Which images they are, one digest for each, in order. Computed anew by each call.
    pub fn digests(&self) -> Vec<ImageDigest> {
        image_digest::of_images(&self.pixels)
    }

    /// The same images with other labels: label `k` becomes `labels[k]`.
    ///
    /// # Panics
    /// When a label has no entry there.
    #[must_use]
    pub fn relabelled(self, labels: &[i64]) -> Self {
        Self { labels: Tensor::from_slice(labels).index_select(0, &self.labels), ..self }
    }

    /// The images with these numbers, in this order, pixels in `[0, 1]`.
    pub fn batch(&self, indices: &[i64]) -> Batch {
        let index = Tensor::from_slice(indices);
        let x = self.pixels.index_select(0, &index);
        let x = if x.kind() == Kind::Uint8 { x.to_kind(Kind::Float) / 255.0 } else { x.to_kind(Kind::Float) };
        Batch {
            x: x.to_device(self.device),
            targets: Targets::Classes(self.labels.index_select(0, &index).to_device(self.device)),
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
            labels: self.labels.index_select(0, &index),
            device: self.device,
        }
    }
}

impl Replicate for Images {
    fn replicate(&self) -> Self {
        Self { pixels: self.pixels.detach(), labels: self.labels.detach(), device: self.device }
    }
}
