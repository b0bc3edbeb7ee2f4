//! Balls around images: what an attacker may do to a pixel or to a picture.

use crate::{Norm, SettingError};
use bal_core::NoiseStream;
use tch::{Kind, Tensor};

/// A ball of a norm, around each image of a batch on its own.
///
/// Images are `[n, c, h, w]`. The ball knows nothing of `[0, 1]`: whoever leaves the box clips
/// afterwards, which brings every pixel nearer to an image in the box and so stays in the ball.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball {
    norm: Norm,
    radius: f64,
}

impl Ball {
    /// The ball of `radius` (the papers' epsilon) on pixels in `[0, 1]`; 0 holds the image alone.
    ///
    /// # Errors
    /// [`SettingError::Radius`] unless `radius` is finite and at least 0.
    pub fn new(norm: Norm, radius: f64) -> Result<Self, SettingError> {
        if radius.is_finite() && radius >= 0.0 {
            Ok(Self { norm, radius })
        } else {
            Err(SettingError::Radius(radius))
        }
    }

    /// Refuses a ball that, around any image of so many pixels and channels together, holds all images: pixels are in
    /// `[0, 1]`.
    ///
    /// # Errors
    /// [`SettingError::WholeBox`] for a radius above 1 in L-infinity, and above the root of `pixels` in L2.
    pub fn suits(&self, pixels: i64) -> Result<(), SettingError> {
        self.norm.suits_images(self.radius, pixels)
    }

    /// The norm.
    pub fn norm(&self) -> Norm {
        self.norm
    }

    /// The radius.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// The ball's point nearest to `x`, in the Euclidean sense; `x` itself where it is inside.
    pub fn project(&self, centre: &Tensor, x: &Tensor) -> Tensor {
        match self.norm {
            Norm::LInf => x.maximum(&(centre - self.radius)).minimum(&(centre + self.radius)),
            Norm::L2 => {
                let change = x - centre;
                let length = Norm::L2.of_each(&change);
                // Points inside are kept to the bit; adding their change to the centre would round.
                let outside = length.gt(self.radius);
                (centre + change * (self.radius / length)).where_self(&outside, x)
            }
        }
    }

    /// A point uniform in the ball around each image.
    ///
    /// ```text
    /// LInf: centre + r (2u - 1) in each pixel
    /// L2:   centre + r u^(1/d) g / ||g||,    g ~ N(0, I), d pixels
    /// ```
    ///
    /// `noise` has a stream for each image, see [`NoiseStream::for_images`].
    ///
    /// # Panics
    /// When the number of streams is not that of images.
    pub fn uniform(&self, centre: &Tensor, noise: &mut NoiseStream) -> Tensor {
        match self.norm {
            Norm::LInf => centre + (noise.uniform_like(centre) * 2.0 - 1.0) * self.radius,
            Norm::L2 => {
                let direction = noise.normal_like(centre);
                let length = Norm::L2.of_each(&direction);
                let pixels = (centre.numel() as f64 / length.numel() as f64).max(1.0);
                let share = noise.uniform_like(&length).pow_tensor_scalar(1.0 / pixels);
                centre + direction * (share * self.radius / length)
            }
        }
    }

    /// The step of norm 1 along which a linear function of this gradient rises fastest, see [`Norm::steepest`].
    pub fn steepest(&self, gradient: &Tensor) -> Tensor {
        self.norm.steepest(gradient)
    }

    /// How far each image of `x` is from `centre`, `[n]`, in double precision.
    pub fn distance(&self, centre: &Tensor, x: &Tensor) -> Tensor {
        self.norm.of_each(&(x.to_kind(Kind::Double) - centre.to_kind(Kind::Double))).reshape([-1])
    }
}

#[cfg(test)]
mod tests;
