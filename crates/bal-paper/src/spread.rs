//! Several measurements of one thing.

use serde::{Deserialize, Serialize};

/// The middle and the ends of some numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spread {
    /// The middle number, or the mean of the two in the middle.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) least: f64,
    /// The largest.
    pub(crate) most: f64,
}

impl Spread {
    /// Of some numbers; `None` of none.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (n, middle) = (sorted.len(), sorted.len() / 2);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let median =
            if n % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) };
        Some(Self { median, least, most })
    }

    /// Whether the numbers can be durations, or ratios of them.
    pub(crate) fn is_positive(&self) -> bool {
        0.0 < self.least && self.least <= self.median && self.median <= self.most && self.most.is_finite()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_number_or_between_the_two() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Some(Spread { median: 2.0, least: 1.0, most: 3.0 }));
        let even = Spread { median: 2.5, least: 1.0, most: 4.0 };
        assert_eq!(Spread::of([4.0, 1.0, 3.0, 2.0]), Some(even));
        assert_eq!(Spread::of([]), None);
    }
}
