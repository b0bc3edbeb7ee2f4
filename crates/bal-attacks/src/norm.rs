//! Norms that measure how far an image was moved.

use crate::SettingError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use tch::{Kind, Tensor};

/// A norm on images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Norm {
    /// The greatest change of a pixel.
    LInf,
    /// The Euclidean length of the change.
    L2,
}

impl Norm {
    /// The norm of each image of `x`, `[n, c, h, w]`, as `[n, 1, 1, 1]`, in `x`'s precision.
    pub fn of_each(self, x: &Tensor) -> Tensor {
        let pixels = [1i64, 2, 3];
        match self {
            Self::LInf => x.abs().amax(&pixels[..], true),
            Self::L2 => x.square().sum_dim_intlist(&pixels[..], true, None::<Kind>).sqrt(),
        }
    }

    /// The dual norm of each image of `g`, as `[n, 1, 1, 1]`: how much a linear function of gradient `g`
    /// rises along the best step of norm 1.
    ///
    /// ```text
    /// LInf: sum |g_j|        L2: ||g||
    /// ```
    pub(crate) fn dual_of_each(self, g: &Tensor) -> Tensor {
        match self {
            Self::LInf => g.abs().sum_dim_intlist(&[1i64, 2, 3][..], true, None::<Kind>),
            Self::L2 => {
                // Scaled, because the squares of small gradients are below the least float.
                let greatest = Self::LInf.of_each(g);
                self.of_each(&(g / greatest.clamp_min(f64::from(f32::MIN_POSITIVE)))) * greatest
            }
        }
    }

    /// The step of norm 1 along which a linear function of this gradient rises fastest.
    ///
    /// ```text
    /// LInf: sign(g)        L2: g / ||g||
    /// ```
    ///
    /// Zero where an image's gradient is zero.
    pub fn steepest(self, gradient: &Tensor) -> Tensor {
        match self {
            Self::LInf => gradient.sign(),
            Self::L2 => {
                // The gradients of a confident network have squares below the least float; scaled by
                // their greatest entry they keep their direction.
                let least = f64::from(f32::MIN_POSITIVE);
                let scaled = gradient / Self::LInf.of_each(gradient).clamp_min(least);
                &scaled / Self::L2.of_each(&scaled).clamp_min(least)
            }
        }
    }

    /// Refuses a radius whose ball around any image would hold all images, whatever their size: pixels are in `[0, 1]`.
    ///
    /// # Errors
    /// [`SettingError::WholeBox`] above 1 in L-infinity.
    pub(crate) fn suits(self, radius: f64) -> Result<(), SettingError> {
        match self {
            Self::LInf => self.at_most(radius, 1.0),
            Self::L2 => Ok(()),
        }
    }

    /// The same, of images of so many pixels and channels together: their diagonal has the length of a root of that.
    ///
    /// # Errors
    /// [`SettingError::WholeBox`] above 1 in L-infinity, and above the root in L2.
    pub(crate) fn suits_images(self, radius: f64, pixels: i64) -> Result<(), SettingError> {
        match self {
            Self::LInf => self.suits(radius),
            Self::L2 => self.at_most(radius, (pixels as f64).sqrt()),
        }
    }

    fn at_most(self, radius: f64, most: f64) -> Result<(), SettingError> {
        if radius > most { Err(SettingError::WholeBox { norm: self, radius, most }) } else { Ok(()) }
    }

    /// The name that files and commands use: `linf` or `l2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::LInf => "linf",
            Self::L2 => "l2",
        }
    }
}

impl fmt::Display for Norm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Norm {
    type Err = SettingError;

    fn from_str(name: &str) -> Result<Self, SettingError> {
        let known = [Self::LInf, Self::L2];
        let found = known.into_iter().find(|norm| norm.name() == name);
        found.ok_or_else(|| SettingError::UnknownNorm(name.into()))
    }
}

impl From<Norm> for &'static str {
    fn from(norm: Norm) -> Self {
        norm.name()
    }
}

impl TryFrom<String> for Norm {
    type Error = SettingError;

    fn try_from(name: String) -> Result<Self, SettingError> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_image_has_its_own_norm() {
        let x = Tensor::from_slice(&[3.0f32, -4.0, 0.0, 0.5]).reshape([2, 1, 1, 2]);
        let norms = |norm: Norm| Vec::<f32>::try_from(norm.of_each(&x).reshape([-1])).unwrap();
        assert_eq!(norms(Norm::L2), [5.0, 0.5]);
        assert_eq!(norms(Norm::LInf), [4.0, 0.5]);
        let duals = |norm: Norm| Vec::<f32>::try_from(norm.dual_of_each(&x).reshape([-1])).unwrap();
        assert_eq!((duals(Norm::L2), duals(Norm::LInf)), (vec![5.0, 0.5], vec![7.0, 0.5]));
    }

    #[test]
    fn an_unknown_norm_is_refused_with_the_known_ones() {
        assert_eq!("l2".parse::<Norm>().unwrap(), Norm::L2);
        let error = "l1".parse::<Norm>().unwrap_err().to_string();
        assert_eq!(error, "unknown norm `l1`; known are linf, l2");
    }
}
