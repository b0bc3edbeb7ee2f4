//! The regime of a sampler: how hot its chains run, and what their preconditioner follows.

/// What the last states of a sampler's chains say of it, over all weights of all chains together.
///
/// Quantiles are pairs `(share, value)`: that share of the weights is at or below the value. They are empty where there is
/// nothing finite to take them of.
#[derive(Clone, Debug, PartialEq)]
pub struct Regime {
    /// Share of the weights whose preconditioner is the floor's and not the gradients', in `[0, 1]`; `None` without a
    /// preconditioner.
    pub floor_share: Option<f64>,
    /// Quantiles of the root of V: the size of a weight's gradient, in the unit of the sampler's settings. Empty without a
    /// preconditioner.
    pub gradient: Vec<(f64, f64)>,
    /// Quantiles of the temperature that a weight runs at, as a multiple of the posterior's.
    pub temperature: Vec<(f64, f64)>,
}

/// The quantiles of the finite ones among `values` at these shares, each in `[0, 1]`: the least value that at least so large
/// a share does not exceed.
///
/// An order statistic, unlike those of the effective sample sizes, which lie between two: there are too many values to sort
/// them, and too many for it to matter.
pub fn quantiles(mut values: Vec<f32>, shares: &[f64]) -> Vec<(f64, f64)> {
    values.retain(|value| value.is_finite());
    let Some(last) = values.len().checked_sub(1) else { return vec![] };
    let at = |&share: &f64| {
        let place = (share * values.len() as f64).ceil() as usize;
        let (_, value, _) = values.select_nth_unstable_by(place.saturating_sub(1).min(last), f32::total_cmp);
        (share, f64::from(*value))
    };
    shares.iter().map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_least_value_that_its_share_does_not_exceed() {
        let values = vec![4.0, f32::NAN, 1.0, 3.0, f32::INFINITY, 2.0, 5.0];
        let found = quantiles(values, &[0.0, 0.2, 0.21, 0.5, 0.99, 1.0]);
        assert_eq!(found, [(0.0, 1.0), (0.2, 1.0), (0.21, 2.0), (0.5, 3.0), (0.99, 5.0), (1.0, 5.0)]);
    }

    #[test]
    fn nothing_finite_has_no_quantiles() {
        assert_eq!(quantiles(vec![], &[0.5]), []);
        assert_eq!(quantiles(vec![f32::NAN, f32::INFINITY], &[0.5]), []);
    }
}
