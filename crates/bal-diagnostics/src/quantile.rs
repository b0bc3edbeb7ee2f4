//! Sample quantiles.

/// The quantile of `values` at `probability`, between neighbouring order statistics.
///
/// ```text
/// (1 - g) x_k + g x_{k+1},    k + g = 1 + p (n - 1)
/// ```
///
/// `values`: at least two, none NaN. In the order of operations of `scipy.stats.mstats.mquantiles`: which of
/// several equal values are at most the quantile can depend on its last bit.
///
/// Source: Hyndman & Fan, The American Statistician 1996, definition 7.
pub(crate) fn quantile(mut values: Vec<f64>, probability: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let place = n as f64 * probability + (1.0 - probability);
    let k = place.clamp(1.0, n as f64 - 1.0).floor();
    let share = (place - k).clamp(0.0, 1.0);
    (1.0 - share) * values[k as usize - 1] + share * values[k as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_order_statistics() {
        let values = vec![4.0, 1.0, 3.0, 2.0, 5.0];
        for (probability, expected) in [(0.0, 1.0), (0.05, 1.2), (0.5, 3.0), (0.95, 4.8), (1.0, 5.0)] {
            let found = quantile(values.clone(), probability);
            assert!((found - expected).abs() < 1e-12, "{probability}: {found}");
        }
    }
}
