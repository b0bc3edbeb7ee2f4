//! Images with the right answers, as attacks and training steps see them.

use crate::{ClassifierError, Replicate, Targets};
use tch::Tensor;

/// Some images of a data set.
#[derive(Debug)]
pub struct Batch {
    /// Images, `[n, c, h, w]`, pixels in `[0, 1]`.
    pub x: Tensor,
    /// What a model is to say of each.
    pub targets: Targets,
    /// The images' numbers in their data set: the key of their noise.
    pub indices: Vec<i64>,
}

impl Batch {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// The images' classes, `[n]`, integers in `0..classes`.
    ///
    /// # Errors
    /// [`ClassifierError::Targets`] when the images have values instead.
    pub fn classes(&self) -> Result<&Tensor, ClassifierError> {
        self.targets.classes()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// The batch cut into pieces of `size` images, the last perhaps smaller.
    ///
    /// Depends on the number of images and `size` only: results that are added in the order of the
    /// pieces are the same on any number of threads.
    pub fn shards(&self, size: usize) -> Vec<Self> {
        let size = size.max(1);
        let mut start = 0;
        self.indices
            .chunks(size)
            .map(|indices| {
                let length = indices.len() as i64;
                let shard = Self {
                    x: self.x.narrow(0, start, length),
                    targets: self.targets.map(|all| all.narrow(0, start, length)),
                    indices: indices.to_vec(),
                };
                start += length;
                shard
            })
            .collect()
    }
}

impl Replicate for Batch {
    fn replicate(&self) -> Self {
        Self { x: self.x.detach(), targets: self.targets.replicate(), indices: self.indices.clone() }
    }
}
