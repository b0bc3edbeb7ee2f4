//! The search for the least weight with which an attack succeeds, image by image.

use tch::{Kind, Tensor};

/// Bounds of each image's weight.
///
/// ```text
/// success:  upper <- c,    c <- (lower + upper) / 2
/// failure:  lower <- c,    c <- (lower + upper) / 2, or 10 c while no weight has succeeded
/// ```
///
/// Source: Carlini & Wagner, IEEE S&P 2017, section VI, and the code released with it.
pub(super) struct WeightSearch {
    bounds: Vec<Bounds>,
}

struct Bounds {
    lower: f64,
    upper: Option<f64>,
    weight: f64,
}

impl WeightSearch {
    pub(super) fn new(images: i64, weight: f64) -> Self {
        Self { bounds: (0..images).map(|_| Bounds { lower: 0.0, upper: None, weight }).collect() }
    }

    /// The weights to try next, `[m]`.
    pub(super) fn weights(&self) -> Tensor {
        Tensor::from_slice(&self.bounds.iter().map(|b| b.weight).collect::<Vec<_>>()).to_kind(Kind::Float)
    }

    /// Takes in for which images the last weights succeeded.
    pub(super) fn narrow(&mut self, succeeded: &[bool]) {
        for (bounds, &succeeded) in self.bounds.iter_mut().zip(succeeded) {
            if succeeded {
                bounds.upper = Some(bounds.weight);
            } else {
                bounds.lower = bounds.weight;
            }
            // A weight above 1e10 is no weight any more: the released code stops there too.
            bounds.weight = match bounds.upper {
                Some(upper) => 0.5 * (bounds.lower + upper),
                None => (10.0 * bounds.weight).min(1e10),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_grow_until_success_and_are_halved_between_then() {
        let mut search = WeightSearch::new(2, 1.0);
        let mut tried = Vec::new();
        for _ in 0..12 {
            let weights = Vec::<f32>::try_from(search.weights()).unwrap();
            search.narrow(&[weights[0] >= 30.0, weights[1] >= 0.1]);
            tried.push(weights);
        }
        let first: Vec<f32> = tried.iter().map(|weights| weights[0]).take(5).collect();
        assert_eq!(first, [1.0, 10.0, 100.0, 55.0, 32.5]);
        let last = &tried[11];
        assert!((last[0] - 30.0).abs() < 0.2 && (last[1] - 0.1).abs() < 1e-3, "{last:?}");
    }
}
