//! Half a cosine between two values.

use std::f64::consts::PI;

/// The value at `step` of `steps`: `first` in the beginning, `last` at the end.
///
/// ```text
/// last + (first - last) (1 + cos(pi step / steps)) / 2
/// ```
///
/// Source: Pintor et al., NeurIPS 2021, section 2.2, after Loshchilov & Hutter, ICLR 2017, eq. 5.
pub(super) fn cosine(first: f64, last: f64, step: u64, steps: u64) -> f64 {
    let share = step as f64 / steps as f64;
    last + (first - last) * 0.5 * (1.0 + (PI * share).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_half_done_in_the_middle() {
        for (step, expected) in [(0, 3.0), (5, 2.0), (10, 1.0)] {
            assert!((cosine(3.0, 1.0, step, 10) - expected).abs() < 1e-12);
        }
    }
}
