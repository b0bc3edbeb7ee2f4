//! Which rows of a table are tested on.

use crate::shuffle::{Purpose, permutation};

/// How rows to test on are chosen; all others are training rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TestRows {
    /// This share of the rows, above 0 and below 1, rounded, at least one; drawn by the seed alone.
    Share {
        /// The share.
        share: f64,
        /// What draws them.
        seed: u64,
    },
}

impl TestRows {
    /// The numbers of the rows to test on, of so many, ascending; `None` where a side would be empty.
    pub fn of(self, rows: usize) -> Option<Vec<usize>> {
        let Self::Share { share, seed } = self;
        let test = ((rows as f64 * share).round() as usize).max(1);
        if !(share > 0.0 && share < 1.0) || test >= rows {
            return None;
        }
        let mut drawn = permutation(rows, seed, Purpose::TestRows);
        drawn.truncate(test);
        drawn.sort_unstable();
        Some(drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_drawn_by_the_seed_and_leaves_rows_on_both_sides() {
        let of = |share, seed, rows| TestRows::Share { share, seed }.of(rows);
        let drawn = of(0.2, 1, 100).unwrap();
        assert!(drawn.len() == 20 && drawn.is_sorted() && drawn[19] < 100);
        assert_eq!(of(0.2, 1, 100).unwrap(), drawn);
        assert_ne!(of(0.2, 2, 100).unwrap(), drawn);
        assert_eq!(of(0.1, 1, 3).unwrap().len(), 1);
        for (share, rows) in [(0.0, 10), (1.0, 10), (f64::NAN, 10), (0.9, 2), (0.5, 1)] {
            assert_eq!(of(share, 1, rows), None, "{share} of {rows}");
        }
    }
}
