//! Many diagnostics in a few numbers.

use serde::{Deserialize, Serialize};

/// Least, middle and greatest of the finite ones among some values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The least.
    pub min: f64,
    /// The median: the mean of the two middle values where their number is even.
    pub median: f64,
    /// The greatest.
    pub max: f64,
    /// How many values were summed up.
    pub count: u64,
    /// How many more were left out because they are not finite, as R-hat of a constant is not.
    pub undefined: u64,
}

impl Summary {
    /// Sums up the finite values; `None` when there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        finite.sort_by(f64::total_cmp);
        let upper = *finite.get(finite.len() / 2)?;
        let lower = *finite.get((finite.len() - 1) / 2)?;
        Some(Self {
            min: *finite.first()?,
            median: f64::midpoint(lower, upper),
            max: *finite.last()?,
            count: finite.len() as u64,
            undefined: (values.len() - finite.len()) as u64,
        })
    }

    /// Says how many values are not in the summary: `""`, or `" (2 of 64 not measured)"`. It belongs behind each number
    /// that is shown of it, as an R-hat that is infinite or not a number is no agreement.
    pub fn left_out(&self) -> String {
        match self.undefined {
            0 => String::new(),
            undefined => format!(" ({undefined} of {} not measured)", self.count + undefined),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_middle_and_leaves_out_what_is_not_finite() {
        let odd = Summary::of(&[3.0, f64::NAN, 1.0, 2.0, f64::INFINITY]).unwrap();
        assert_eq!((odd.min, odd.median, odd.max, odd.count, odd.undefined), (1.0, 2.0, 3.0, 3, 2));
        let even = Summary::of(&[4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!((even.median, even.undefined), (2.5, 0));
        assert_eq!((odd.left_out().as_str(), even.left_out().as_str()), (" (2 of 5 not measured)", ""));
    }

    #[test]
    fn is_none_without_a_finite_value() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[f64::NAN]), None);
    }
}
