//! Whether a classifier's probabilities are what they say, and whether its uncertainty tells attacked images.

mod check;
mod detection;
mod doubt;
mod intervals;
mod report;

use crate::wilson::Interval;
use serde::{Deserialize, Serialize};

pub use detection::{Detection, auroc};
pub use doubt::{Amounts, Doubt, DoubtSummary, HISTOGRAM};
pub use intervals::ScoreIntervals;
pub use report::{Attacked, CalibrationReport, Detections, Measured};

/// Bins of the reliability diagram, and of the calibration error.
pub const BINS: usize = 15;

/// A classifier's probabilities for one image, and its label.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// One per class, in [0, 1], summing to 1.
    pub probabilities: Vec<f64>,
    /// The true class.
    pub label: usize,
}

impl Answer {
    /// The likeliest class, the first of equal ones, and its probability; class 0 without any.
    pub fn likeliest(&self) -> (usize, f64) {
        let greater =
            |best: (usize, f64), (class, &p): (usize, &f64)| if p > best.1 { (class, p) } else { best };
        self.probabilities.iter().enumerate().fold((0, f64::NEG_INFINITY), greater)
    }

    /// Whether the likeliest class is the image's.
    pub fn is_right(&self) -> bool {
        self.likeliest().0 == self.label
    }
}

/// How good probabilities are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Share of images whose likeliest class is theirs, in [0, 1].
    pub accuracy: f64,
    /// Mean of `- log p_y`, in nats; at least 0. Probabilities below 1e-30 count as that.
    pub nll: f64,
    /// Mean of `sum_k (p_k - [k = y])^2`, in [0, 2].
    pub brier: f64,
    /// Expected calibration error: `sum_b n_b/n |accuracy_b - confidence_b|` over 15 bins of equal width, in [0, 1].
    pub ece: f64,
    /// What the sampling of images makes of these scores. Reports of earlier versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intervals: Option<ScoreIntervals>,
    /// The reliability diagram: those bins that hold an image.
    pub bins: Vec<Bin>,
}

impl Calibration {
    /// Calibration error, negative log-likelihood and Brier score, each with its interval where that is known.
    pub fn scores(&self) -> [(f64, Option<Interval>); 3] {
        let of = self.intervals;
        [
            (self.ece, of.map(|of| of.ece)),
            (self.nll, of.map(|of| of.nll)),
            (self.brier, of.map(|of| of.brier)),
        ]
    }
}

/// Images of like confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bin {
    /// Least confidence, exclusive but for 0.
    pub low: f64,
    /// Greatest confidence, inclusive.
    pub high: f64,
    /// How many images.
    pub images: u64,
    /// Their mean confidence: the probability of the likeliest class.
    pub confidence: f64,
    /// The share of them that is classified rightly.
    pub accuracy: f64,
}

impl Calibration {
    /// Of one answer for each image; `None` without images, or when an answer has no probability for its label.
    ///
    /// Source of the calibration error: Guo et al., ICML 2017, eq. 3.
    pub fn of(answers: &[Answer]) -> Option<Self> {
        let n = answers.len() as f64;
        let (mut right, mut nll, mut brier) = (0.0, 0.0, 0.0);
        let (mut nll_squares, mut brier_squares) = (0.0, 0.0);
        // Count, sum of confidences, right ones.
        let mut bins = [(0u64, 0.0, 0.0); BINS];
        // The bin of each image, and its confidence less 1 where it is right.
        let mut images = Vec::with_capacity(answers.len());
        for answer in answers {
            let Answer { probabilities, label } = answer;
            let own = *probabilities.get(*label)?;
            let (class, best) = answer.likeliest();
            let hit = f64::from(u8::from(class == *label));
            right += hit;
            let loss = -own.max(1e-30).ln();
            nll += loss;
            nll_squares += loss * loss;
            let squared = |(class, p): (usize, &f64)| (p - f64::from(u8::from(class == *label))).powi(2);
            let square = probabilities.iter().enumerate().map(squared).sum::<f64>();
            brier += square;
            brier_squares += square * square;
            let bin = ((best * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
            let (count, confidence, hits) = &mut bins[bin];
            *count += 1;
            *confidence += best;
            *hits += hit;
            images.push((bin, best - hit));
        }
        if answers.is_empty() {
            return None;
        }
        let bins = bins.iter().enumerate().map(|(i, &(images, confidence, hits))| Bin {
            low: i as f64 / BINS as f64,
            high: (i + 1) as f64 / BINS as f64,
            images,
            confidence: confidence / images.max(1) as f64,
            accuracy: hits / images.max(1) as f64,
        });
        let mut bins: Vec<Bin> = bins.collect();
        let ece = bins.iter().map(|b| b.images as f64 / n * (b.accuracy - b.confidence).abs()).sum();
        let intervals = ScoreIntervals {
            nll: intervals::of_mean(nll, nll_squares, n),
            brier: intervals::of_mean(brier, brier_squares, n),
            ece: intervals::of_ece(ece, &bins, &images),
        };
        bins.retain(|bin| bin.images > 0);
        Some(Self {
            accuracy: right / n,
            nll: nll / n,
            brier: brier / n,
            ece,
            intervals: Some(intervals),
            bins,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(probabilities: &[f64], label: usize) -> Answer {
        Answer { probabilities: probabilities.to_vec(), label }
    }

    #[test]
    fn scores_of_two_answers_are_those_by_hand() {
        let of = Calibration::of(&[answer(&[0.8, 0.2], 0), answer(&[0.9, 0.1], 1)]).unwrap();
        assert!((of.accuracy - 0.5).abs() < 1e-12);
        assert!((of.nll + f64::midpoint(0.8f64.ln(), 0.1f64.ln())).abs() < 1e-12);
        assert!((of.brier - f64::midpoint(0.08, 1.62)).abs() < 1e-12);
        // .8 lies in the bin up to 12/15, .9 in that up to 14/15: gaps of .2 and .9.
        assert!((of.ece - f64::midpoint(0.2, 0.9)).abs() < 1e-12, "{}", of.ece);
        assert_eq!(of.bins.len(), 2);
    }

    #[test]
    fn sure_and_right_is_perfect_and_impossible_labels_cost_a_finite_amount() {
        let perfect = Calibration::of(&[answer(&[0.0, 1.0], 1)]).unwrap();
        assert_eq!((perfect.nll, perfect.brier, perfect.ece), (0.0, 0.0, 0.0));
        let wrong = Calibration::of(&[answer(&[0.0, 1.0], 0)]).unwrap();
        assert!(wrong.nll.is_finite());
        assert_eq!((wrong.brier, wrong.ece), (2.0, 1.0));
        assert_eq!(Calibration::of(&[]), None);
        assert_eq!(Calibration::of(&[answer(&[1.0], 3)]), None);
    }
}
