//! The search for the greatest weight of the cost with which an attack succeeds, image by image.

use tch::{Kind, Tensor};

/// While every weight succeeds, the next is so many times as large.
const UP: f64 = 4.0;

/// While none succeeds, the next is so many times smaller.
const DOWN: f64 = 8.0;

/// Bounds of each image's weight.
///
/// ```text
/// success:  lower <- tau,    failure:  upper <- tau
/// tau <- sqrt(lower upper), or 4 tau while every weight has succeeded, or tau / 8 while none has
/// ```
///
/// The search of Carlini & Wagner has the weight at the margin, which is sought as small as possible. Here it is at the cost,
/// as in the paper of stAdv, sought as great as possible, over several orders of magnitude.
pub(super) struct CostSearch {
    bounds: Vec<Bounds>,
}

struct Bounds {
    lower: Option<f64>,
    upper: Option<f64>,
    weight: f64,
}

impl CostSearch {
    pub(super) fn new(images: i64, weight: f64) -> Self {
        Self { bounds: (0..images).map(|_| Bounds { lower: None, upper: None, weight }).collect() }
    }

    /// The weights to try next, `[m]`.
    pub(super) fn weights(&self) -> Tensor {
        Tensor::from_slice(&self.bounds.iter().map(|b| b.weight).collect::<Vec<_>>()).to_kind(Kind::Float)
    }

    /// Takes in for which images the last weights succeeded.
    pub(super) fn narrow(&mut self, succeeded: &[bool]) {
        for (bounds, &succeeded) in self.bounds.iter_mut().zip(succeeded) {
            let tried = Some(bounds.weight);
            if succeeded {
                bounds.lower = tried;
            } else {
                bounds.upper = tried;
            }
            bounds.weight = match (bounds.lower, bounds.upper) {
                (Some(lower), Some(upper)) => (lower * upper).sqrt(),
                (Some(lower), None) => lower * UP,
                (None, _) => bounds.weight / DOWN,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_grow_while_they_succeed_fall_while_they_fail_and_are_bisected_then() {
        let mut search = CostSearch::new(2, 1.0);
        let mut tried = Vec::new();
        for _ in 0..14 {
            let weights = Vec::<f32>::try_from(search.weights()).unwrap();
            search.narrow(&[weights[0] <= 30.0, weights[1] <= 0.1]);
            tried.push(weights);
        }
        let first = |image: usize| tried.iter().map(|weights| weights[image]).take(5).collect::<Vec<_>>();
        assert_eq!(first(0), [1.0, 4.0, 16.0, 64.0, 32.0]);
        assert_eq!(first(1)[..2], [1.0, 0.125]);
        let last = &tried[13];
        assert!((last[0] - 30.0).abs() < 0.2 && (last[1] - 0.1).abs() < 1e-3, "{last:?}");
    }
}
