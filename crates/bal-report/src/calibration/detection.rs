//! Whether a score tells two kinds of images apart.

use serde::{Deserialize, Serialize};

use crate::wilson::{Interval, Z};

/// Area under the receiver operating characteristic: the chance that an attacked image scores above a clean one, ties
/// counting half; in [0, 1], .5 for a score that tells nothing. `None` when there are none of one kind.
///
/// Scores must not be NaN; those that are count as the highest.
///
/// Source: the statistic of Mann & Whitney, Annals of Mathematical Statistics 18, 1947.
pub fn auroc(attacked: &[f64], clean: &[f64]) -> Option<f64> {
    if attacked.is_empty() || clean.is_empty() {
        return None;
    }
    let mut all: Vec<(f64, bool)> =
        attacked.iter().map(|&s| (s, true)).chain(clean.iter().map(|&s| (s, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = 0.0;
    let mut below = 0.0;
    for ties in all.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let count = ties.len() as f64;
        // The mean rank of those that tie, counted from 1.
        let rank = below + f64::midpoint(1.0, count);
        ranks += rank * ties.iter().filter(|(_, attacked)| *attacked).count() as f64;
        below += count;
    }
    let (a, c) = (attacked.len() as f64, clean.len() as f64);
    Some((ranks - a * (a + 1.0) / 2.0) / (a * c))
}

/// How well a score tells attacked images from clean ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detection {
    /// See [`auroc`].
    pub auroc: f64,
    /// Its 95 % interval.
    pub interval: Interval,
}

impl Detection {
    /// Of these scores; `None` when there are none of one kind.
    ///
    /// ```text
    /// |A^ - A| = z se(A),    se(A)^2 = A (1 - A) / (m n) (1 + (m - 1) (1 - A) / (2 - A) + (n - 1) A / (1 + A))
    /// ```
    ///
    /// at both ends of the interval, with m attacked and n clean images and z = 1.96: the standard error is that at the end
    /// instead of at the estimate `A^`, so that the interval stays in [0, 1] and has a width at 0 and 1 too, as Wilson's has.
    /// It takes all images for independent; where the attacked ones are the clean ones, changed, their scores vary
    /// together and it is rather too wide.
    ///
    /// Source of the standard error: Hanley & `McNeil`, Radiology 143, 1982; of the interval: Newcombe, Statistics in
    /// Medicine 25, 2006, part 2.
    pub fn of(attacked: &[f64], clean: &[f64]) -> Option<Self> {
        let area = auroc(attacked, clean)?;
        let (m, n) = (attacked.len() as f64, clean.len() as f64);
        Some(Self { auroc: area, interval: interval(area, m, n) })
    }
}

fn interval(area: f64, m: f64, n: f64) -> Interval {
    let variance = |a: f64| {
        a * (1.0 - a) / (m * n) * (1.0 + (m - 1.0) * (1.0 - a) / (2.0 - a) + (n - 1.0) * a / (1.0 + a))
    };
    // Halves [inside, outside]: at the one end the area is near enough, at the other it is not, or that is as far as it goes.
    let end = |limit: f64| {
        let (mut inside, mut outside) = (area, limit);
        for _ in 0..60 {
            let middle = f64::midpoint(inside, outside);
            if (area - middle).powi(2) <= Z * Z * variance(middle) {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        f64::midpoint(inside, outside).clamp(area.min(limit), area.max(limit))
    };
    Interval { low: end(0.0), high: end(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_the_chance_to_rank_higher() {
        assert_eq!(auroc(&[2.0, 3.0], &[0.0, 1.0]), Some(1.0));
        assert_eq!(auroc(&[0.0, 1.0], &[2.0, 3.0]), Some(0.0));
        assert_eq!(auroc(&[1.0, 1.0], &[1.0]), Some(0.5));
        // Pairs: 2 > 1, 2 < 3, 4 > 1, 4 > 3.
        assert_eq!(auroc(&[2.0, 4.0], &[1.0, 3.0]), Some(0.75));
        assert_eq!(auroc(&[], &[1.0]), None);
    }

    #[test]
    fn ties_count_half_wherever_they_are() {
        // Pairs of 1, 2, 2 with 1, 2, 3: (half, less, less), (more, half, less) twice: 0.5 + 1.5 + 1.5 of 9.
        assert_eq!(auroc(&[1.0, 2.0, 2.0], &[1.0, 2.0, 3.0]), Some(3.5 / 9.0));
        assert_eq!(auroc(&[0.0; 7], &[0.0; 3]), Some(0.5));
        // The order in which scores come does not matter.
        assert_eq!(auroc(&[2.0, 1.0, 2.0], &[3.0, 1.0, 2.0]), Some(3.5 / 9.0));
    }

    #[test]
    fn the_area_is_that_of_all_pairs() {
        let scores = |seed: u64, n: u64| -> Vec<f64> {
            (0..n).map(|i| ((i * 7919 + seed * 104_729) % 23) as f64 / 7.0).collect()
        };
        let (a, c) = (scores(1, 40), scores(3, 31));
        let pairs = a.iter().flat_map(|a| c.iter().map(move |c| (a, c)));
        let half_wins = pairs.map(|(a, c)| f64::from(a.total_cmp(c) as i8 + 1));
        let won = half_wins.sum::<f64>() / 2.0;
        assert!((auroc(&a, &c).unwrap() - won / (40.0 * 31.0)).abs() < 1e-12);
    }

    #[test]
    fn the_ends_solve_their_equation_and_hold_the_estimate() {
        for (area, m, n) in [(0.8, 50.0, 60.0), (0.5, 10.0, 10.0), (0.97, 200.0, 200.0)] {
            let Interval { low, high } = interval(area, m, n);
            assert!(0.0 < low && low < area && area < high && high < 1.0);
            for end in [low, high] {
                let (q1, q2) = (end / (2.0 - end), 2.0 * end * end / (1.0 + end));
                // The standard error as Hanley & McNeil print it.
                let square = end * (1.0 - end) + (m - 1.0) * (q1 - end * end) + (n - 1.0) * (q2 - end * end);
                assert!(((area - end).abs() - Z * (square / (m * n)).sqrt()).abs() < 1e-9, "{area} {end}");
            }
        }
    }

    #[test]
    fn certainty_is_not_claimed_of_few_images() {
        let of = Detection::of(&[2.0, 3.0, 4.0], &[0.0, 1.0, 1.5]).unwrap();
        assert_eq!((of.auroc, of.interval.high), (1.0, 1.0));
        assert!(of.interval.low > 0.2 && of.interval.low < 0.9, "{of:?}");
        let none = Detection::of(&[0.0; 3], &[1.0; 3]).unwrap();
        assert_eq!((none.auroc, none.interval.low), (0.0, 0.0));
        assert!((none.interval.high - (1.0 - of.interval.low)).abs() < 1e-9);
        assert_eq!(Detection::of(&[], &[1.0]), None);
    }
}
