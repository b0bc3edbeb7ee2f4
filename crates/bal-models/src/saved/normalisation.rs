//! What a network wants done to pixels before it sees them.

use crate::ModelError;
use std::cell::OnceCell;
use tch::{TchError, Tensor};

/// `(x - mean) / std`, one pair for all channels or one for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    mean: Vec<f64>,
    std: Vec<f64>,
}

impl Normalisation {
    /// Pixels as they are, in `[0, 1]`.
    pub fn none() -> Self {
        Self { mean: vec![0.0], std: vec![1.0] }
    }

    /// These constants, for pixels in `[0, 1]`.
    ///
    /// # Errors
    /// [`ModelError::Normalisation`] unless means are finite, deviations finite and above 0, and of
    /// each there is at least one.
    pub fn new(mean: Vec<f64>, std: Vec<f64>) -> Result<Self, ModelError> {
        let wrong = |problem: String| Err(ModelError::Normalisation { problem });
        if mean.is_empty() || std.is_empty() {
            return wrong("need at least one number each".into());
        }
        if let Some(bad) = mean.iter().find(|m| !m.is_finite()) {
            return wrong(format!("hold a mean that is not finite: {bad}"));
        }
        // A deviation below the least float would be zero in single precision.
        if let Some(bad) = std.iter().find(|s| !(s.is_finite() && **s >= f64::from(f32::MIN_POSITIVE))) {
            return wrong(format!("hold a standard deviation of {bad}; it has to be finite and above 0"));
        }
        Ok(Self { mean, std })
    }

    /// Refuses constants that are neither one nor one per channel.
    pub(super) fn fits(&self, channels: i64) -> Result<(), ModelError> {
        match [&self.mean, &self.std].into_iter().find(|v| v.len() != 1 && v.len() as i64 != channels) {
            Some(wrong) => Err(ModelError::Normalisation {
                problem: format!(
                    "hold {} numbers, but images have {channels} channels; give 1 or {channels}",
                    wrong.len()
                ),
            }),
            None => Ok(()),
        }
    }

    /// `x`, `[n, c, h, w]`, normalised and laid out row by row.
    ///
    /// Networks that reshape by `view` refuse any other layout. Going by a matrix makes the strides
    /// those of the layout also where there is one channel, whose strides LibTorch leaves alone.
    ///
    /// `kept` holds the constants beside images, from the first of them on: made anew, each pass on a device would wait for
    /// two small copies.
    pub(super) fn apply(&self, x: &Tensor, kept: &OnceCell<Constants>) -> Result<Tensor, TchError> {
        let rows = x.size().first().copied().unwrap_or(0);
        let pixels = x.numel() as i64 / rows.max(1);
        let x = x.f_reshape([rows, pixels])?.f_reshape(x.size())?;
        if *self == Self::none() {
            return Ok(x);
        }
        if kept.get().is_none() {
            let _ = kept.set(self.beside(&x)?);
        }
        match kept.get().filter(|constants| constants.are_beside(&x)) {
            Some(constants) => constants.apply(&x),
            None => self.beside(&x)?.apply(&x),
        }
    }

    /// The constants in the precision and on the device of `x`.
    fn beside(&self, x: &Tensor) -> Result<Constants, TchError> {
        let tensor = |values: &[f64]| {
            Tensor::f_from_slice(values)?
                .f_reshape([1, -1, 1, 1])?
                .f_to_kind(x.kind())?
                .f_to_device(x.device())
        };
        Ok(Constants { mean: tensor(&self.mean)?, std: tensor(&self.std)? })
    }
}

/// A normalisation's constants where images are, each `[1, 1 or c, 1, 1]`.
#[derive(Debug)]
pub(super) struct Constants {
    mean: Tensor,
    std: Tensor,
}

impl Constants {
    fn are_beside(&self, x: &Tensor) -> bool {
        (self.mean.kind(), self.mean.device()) == (x.kind(), x.device())
    }

    fn apply(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_sub(&self.mean)?.f_div(&self.std)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::channels_last;
    use tch::{Device, Kind};

    fn applied(normalisation: &Normalisation, x: &Tensor, kept: &OnceCell<Constants>) -> Tensor {
        normalisation.apply(x, kept).unwrap()
    }

    #[test]
    fn each_channel_has_its_own_constants() {
        let x = Tensor::ones([1, 2, 1, 1], (Kind::Float, Device::Cpu));
        let normalised =
            applied(&Normalisation::new(vec![0.5, 0.0], vec![0.25, 2.0]).unwrap(), &x, &OnceCell::new());
        assert_eq!(Vec::<f32>::try_from(normalised.reshape([-1])).unwrap(), [2.0, 0.5]);
    }

    #[test]
    fn constants_that_are_kept_give_the_bits_of_new_ones_in_every_precision() {
        let normalisation = Normalisation::new(vec![0.1307], vec![0.3081]).unwrap();
        let kept = OnceCell::new();
        for kind in [Kind::Float, Kind::Double, Kind::Float] {
            let x = (Tensor::arange(8, (kind, Device::Cpu)) / 7.0).reshape([2, 1, 2, 2]);
            let expected = applied(&normalisation, &x, &OnceCell::new());
            assert_eq!(applied(&normalisation, &x, &kept), expected);
            assert_eq!(expected.kind(), kind);
        }
        assert_eq!(kept.get().unwrap().mean.kind(), Kind::Float);
    }

    #[test]
    fn strides_are_those_of_rows_whatever_came_in() {
        for channels in [1, 3] {
            let x = Tensor::rand([2, channels, 4, 5], (Kind::Float, Device::Cpu));
            for normalisation in [Normalisation::none(), Normalisation::new(vec![0.0], vec![2.0]).unwrap()] {
                let out = applied(&normalisation, &channels_last(&x), &OnceCell::new());
                assert_eq!(out.stride(), [20 * channels, 20, 5, 1]);
            }
            assert_eq!(applied(&Normalisation::none(), &channels_last(&x), &OnceCell::new()), x);
        }
    }

    #[test]
    fn constants_out_of_range_are_named() {
        let wrong = |mean: &[f64], std: &[f64], said: &str| {
            let error = Normalisation::new(mean.into(), std.into()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        };
        wrong(&[f64::NAN], &[1.0], "NaN");
        wrong(&[0.0], &[0.0], "standard deviation of 0");
        wrong(&[0.0], &[1.0, -1.0], "standard deviation of -1");
        wrong(&[0.0], &[f64::INFINITY], "standard deviation of inf");
        wrong(&[0.0], &[1e-320], "above 0");
        wrong(&[], &[1.0], "at least one");
        let three = Normalisation::new(vec![0.1, 0.2, 0.3], vec![1.0]).unwrap();
        assert!(three.fits(3).is_ok());
        assert!(three.fits(1).unwrap_err().to_string().contains("1 channels"));
    }
}
