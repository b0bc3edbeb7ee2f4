//! How uncertain a classifier is of images that it has right, and of those that it has wrong.

use serde::{Deserialize, Serialize};

/// Bins of a histogram of uncertainties.
pub const HISTOGRAM: usize = 20;

/// The uncertainty of each image, in nats: the scores that are to give attacked images away.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Doubt {
    /// Predictive entropy, in `[0, log classes]`.
    pub entropy: Vec<f64>,
    /// Mutual information of prediction and weights, between 0 and the entropy; `None` of a point estimate, which has none.
    pub mutual_information: Option<Vec<f64>>,
}

/// Uncertainties of some images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoubtSummary {
    /// How many images.
    pub images: u64,
    /// Of the predictive entropy.
    pub entropy: Amounts,
    /// Of the mutual information; `null` of a point estimate.
    pub mutual_information: Option<Amounts>,
}

/// Mean and histogram.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amounts {
    /// Mean, in nats.
    pub mean: f64,
    /// Images in each of 20 bins of equal width that cut up `[0, log classes]`, the last with its upper end.
    pub histogram: Vec<u64>,
}

impl Doubt {
    /// Only the images where `taken`.
    #[must_use]
    pub fn only(&self, taken: &[bool]) -> Self {
        let pick = |scores: &Vec<f64>| {
            scores.iter().zip(taken).filter(|(_, taken)| **taken).map(|(score, _)| *score).collect()
        };
        Self { entropy: pick(&self.entropy), mutual_information: self.mutual_information.as_ref().map(pick) }
    }

    /// Means and histograms for a classifier of `classes`; `None` without images.
    pub fn summary(&self, classes: u64) -> Option<DoubtSummary> {
        let most = (classes as f64).ln();
        Some(DoubtSummary {
            images: self.entropy.len() as u64,
            entropy: Amounts::of(&self.entropy, most)?,
            mutual_information: self.mutual_information.as_ref().and_then(|scores| Amounts::of(scores, most)),
        })
    }
}

impl Amounts {
    fn of(scores: &[f64], most: f64) -> Option<Self> {
        if scores.is_empty() {
            return None;
        }
        let mut histogram = vec![0; HISTOGRAM];
        for score in scores {
            // What is negative, or above the most, is so by rounding alone.
            let bin = (score / most * HISTOGRAM as f64).max(0.0) as usize;
            histogram[bin.min(HISTOGRAM - 1)] += 1;
        }
        Some(Self { mean: scores.iter().sum::<f64>() / scores.len() as f64, histogram })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_cut_up_what_is_possible() {
        let most = 10f64.ln();
        let doubt = Doubt {
            entropy: vec![0.0, -1e-17, most * 0.051, most, most * 1.000_000_1],
            mutual_information: Some(vec![0.0, 0.0, 0.0, most / 2.0, most * 0.999]),
        };
        let DoubtSummary { images, entropy, mutual_information } = doubt.summary(10).unwrap();
        assert_eq!((images, entropy.histogram[0], entropy.histogram[1], entropy.histogram[19]), (5, 2, 1, 2));
        assert_eq!(entropy.histogram.iter().sum::<u64>(), 5);
        let information = mutual_information.unwrap();
        assert_eq!(
            (information.histogram[0], information.histogram[10], information.histogram[19]),
            (3, 1, 1)
        );
        assert!((information.mean - most * 1.499 / 5.0).abs() < 1e-12);
    }

    #[test]
    fn images_are_picked_together() {
        let doubt = Doubt { entropy: vec![1.0, 2.0, 3.0], mutual_information: Some(vec![0.1, 0.2, 0.3]) };
        let picked = doubt.only(&[true, false, true]);
        assert_eq!(picked.entropy, [1.0, 3.0]);
        assert_eq!(picked.mutual_information.unwrap(), [0.1, 0.3]);
        assert_eq!(doubt.only(&[false; 3]).summary(10), None);
        let point = Doubt { entropy: vec![1.0], mutual_information: None };
        assert_eq!(point.summary(10).unwrap().mutual_information, None);
    }
}
