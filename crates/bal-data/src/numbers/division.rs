//! Which rows of a table are tested on.

use crate::shuffle::{Purpose, permutation};

/// A share of so many rows, above 0 and below 1, rounded, at least one; drawn by the seed alone. Their numbers, ascending; `None`
/// where a side would be empty.
pub fn test_rows(rows: usize, share: f64, seed: u64) -> Option<Vec<usize>> {
    let test = ((rows as f64 * share).round() as usize).max(1);
    if !(share > 0.0 && share < 1.0) || test >= rows {
        return None;
    }
    let mut drawn = permutation(rows, seed, Purpose::TestRows);
    drawn.truncate(test);
    drawn.sort_unstable();
    Some(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_drawn_by_the_seed_and_leaves_rows_on_both_sides() {
        let drawn = test_rows(100, 0.2, 1).unwrap();
        assert!(drawn.len() == 20 && drawn.is_sorted() && drawn[19] < 100);
        assert_eq!(test_rows(100, 0.2, 1).unwrap(), drawn);
        assert_ne!(test_rows(100, 0.2, 2).unwrap(), drawn);
        assert_eq!(test_rows(3, 0.1, 1).unwrap().len(), 1);
        for (share, rows) in [(0.0, 10), (1.0, 10), (f64::NAN, 10), (0.9, 2), (0.5, 1)] {
            assert_eq!(test_rows(rows, share, 1), None, "{share} of {rows}");
        }
    }
}
