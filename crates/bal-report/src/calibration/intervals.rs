//! How far the sampling of images moves scores of probabilities.

use serde::{Deserialize, Serialize};

use super::Bin;
use crate::wilson::{Interval, Z};

/// The 95 % intervals of a classifier's scores, for the sampling of test images; another training seed may change more.
///
/// ```text
/// s ± z se(s),    cut off below 0,    z = 1.96
/// ```
///
/// For the means over images, `se` is the standard deviation over the images divided by the root of their number. For the
/// calibration error it is that of the jackknife, which leaves out one image at a time:
///
/// ```text
/// se(s)^2 = (n - 1)/n sum_i (s_(i) - mean s_(.))^2
/// ```
///
/// The calibration error of few images is too large in the mean, because chance makes gaps in its bins: the interval is
/// around the error as measured, and does not take that away.
///
/// Source of the jackknife: Efron & Stein, Annals of Statistics 9, 1981.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreIntervals {
    /// Of the mean of `- log p_y`, in nats.
    pub nll: Interval,
    /// Of the Brier score.
    pub brier: Interval,
    /// Of the expected calibration error.
    pub ece: Interval,
}

/// Around the mean of values of `n` images, given the sums of them and of their squares.
pub(super) fn of_mean(sum: f64, squares: f64, n: f64) -> Interval {
    let mean = sum / n;
    // Rounding may leave less than nothing.
    let variance = if n > 1.0 { ((squares - n * mean * mean) / (n - 1.0)).max(0.0) } else { 0.0 };
    around(mean, (variance / n).sqrt())
}

/// Around the calibration error of these bins; each image is its bin and its confidence less 1 where it is right.
pub(super) fn of_ece(ece: f64, bins: &[Bin], images: &[(usize, f64)]) -> Interval {
    let n = images.len() as f64;
    if images.len() < 2 {
        return around(ece, 0.0);
    }
    // What a bin adds to n times the error, and what it adds without one of its images.
    let gap = |bin: &Bin| bin.images as f64 * (bin.confidence - bin.accuracy);
    let total: f64 = bins.iter().map(|bin| gap(bin).abs()).sum();
    let without = |&(bin, of_image): &(usize, f64)| {
        let all = gap(&bins[bin]);
        (total - all.abs() + (all - of_image).abs()) / (n - 1.0)
    };
    let (sum, squares) =
        images.iter().map(without).fold((0.0, 0.0), |(sum, squares), s| (sum + s, squares + s * s));
    let spread = (squares - sum * sum / n).max(0.0);
    around(ece, ((n - 1.0) / n * spread).sqrt())
}

fn around(score: f64, error: f64) -> Interval {
    Interval { low: (score - Z * error).max(0.0), high: score + Z * error }
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, Calibration};
    use super::*;

    /// Images of which a share is right, whose confidences lie in three bins.
    fn answers(n: usize) -> Vec<Answer> {
        let of = |image: usize| {
            let sure = [0.55, 0.75, 0.95][image % 3];
            Answer { probabilities: vec![sure, 1.0 - sure], label: usize::from(image * 7 % 10 < 3) }
        };
        (0..n).map(of).collect()
    }

    #[test]
    fn a_mean_has_the_standard_error_of_a_mean() {
        // 1, 2, 3, 4: mean 2.5, variance 5/3, standard error .6455.
        let Interval { low, high } = of_mean(10.0, 30.0, 4.0);
        assert!((f64::midpoint(low, high) - 2.5).abs() < 1e-12);
        assert!((high - 2.5 - Z * (5.0f64 / 12.0).sqrt()).abs() < 1e-12);
        assert_eq!(
            of_mean(3.0, 9.0, 1.0),
            Interval { low: 3.0, high: 3.0 },
            "one image says nothing of its spread"
        );
    }

    #[test]
    fn the_jackknife_leaves_out_one_image_at_a_time() {
        let all = answers(60);
        let of = |answers: &[Answer]| Calibration::of(answers).unwrap();
        let without = |image: usize| {
            let rest: Vec<Answer> = [&all[..image], &all[image + 1..]].concat();
            of(&rest).ece
        };
        let errors: Vec<f64> = (0..all.len()).map(without).collect();
        let (n, mean) = (all.len() as f64, errors.iter().sum::<f64>() / all.len() as f64);
        let error = (errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>() * (n - 1.0) / n).sqrt();
        let whole = of(&all);
        let Interval { low, high } = whole.intervals.unwrap().ece;
        assert!((high - whole.ece - Z * error).abs() < 1e-9 && (whole.ece - low - Z * error).abs() < 1e-9);
        assert!(error > 0.01, "{error}");
    }

    #[test]
    fn intervals_shrink_with_the_root_of_the_number_of_images() {
        let width = |n: usize| {
            let intervals = Calibration::of(&answers(n)).unwrap().intervals.unwrap();
            [intervals.nll, intervals.brier, intervals.ece].map(|i| i.high - i.low)
        };
        for (few, many) in width(120).into_iter().zip(width(12_000)) {
            assert!((few / many - 10.0).abs() < 0.1, "{few} {many}");
        }
    }

    /// A mean of 1/2 of two images, 0 and 1, with standard error 1/2.
    #[test]
    fn an_interval_ends_at_zero() {
        let Interval { low, high } = of_mean(1.0, 1.0, 2.0);
        assert_eq!(low.to_bits(), 0.0_f64.to_bits());
        assert!((high - (0.5 + Z / 2.0)).abs() < 1e-12);
    }
}
