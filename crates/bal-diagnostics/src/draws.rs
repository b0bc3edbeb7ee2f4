//! Draws of one scalar quantity by several chains.

use crate::DrawsError;

/// Draws of one scalar function of the chains' positions, `[chain][draw]`: at least one chain of at least one draw,
/// all of the same length. Values may be anything that a float may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws(Vec<Vec<f64>>);

impl Draws {
    /// Takes `chains[chain][draw]`.
    ///
    /// # Errors
    /// [`DrawsError`] when there is nothing, or chains differ in length.
    pub fn new(chains: Vec<Vec<f64>>) -> Result<Self, DrawsError> {
        let wanted = chains.first().map_or(0, Vec::len);
        if wanted == 0 {
            return Err(DrawsError::Empty);
        }
        match chains.iter().enumerate().find(|(_, draws)| draws.len() != wanted) {
            Some((chain, draws)) => Err(DrawsError::Ragged { chain, found: draws.len(), wanted }),
            None => Ok(Self(chains)),
        }
    }

    /// The chains, each its draws in the order in which they were made.
    pub fn chains(&self) -> &[Vec<f64>] {
        &self.0
    }

    /// Draws of each chain.
    pub fn per_chain(&self) -> usize {
        self.0[0].len()
    }

    /// Draws of all chains together.
    pub fn total(&self) -> usize {
        self.0.len() * self.per_chain()
    }

    /// All values, chain after chain.
    pub fn values(&self) -> impl Iterator<Item = f64> + Clone {
        self.0.iter().flatten().copied()
    }

    /// The mean of all values.
    pub fn mean(&self) -> f64 {
        mean(self.values())
    }

    /// The standard deviation of all values, from the unbiased variance; not a number for a single value.
    pub fn sd(&self) -> f64 {
        variance(self.values()).sqrt()
    }

    /// The first halves of all chains, then the second ones: a chain that drifts becomes two that disagree.
    ///
    /// The middle draw of an odd number is left out. At least two draws of each chain are needed.
    pub(crate) fn split(&self) -> Self {
        let half = self.per_chain() / 2;
        let first = self.0.iter().map(|draws| draws[..half].to_vec());
        let second = self.0.iter().map(|draws| draws[draws.len() - half..].to_vec());
        Self(first.chain(second).collect())
    }

    /// The same draws through a function of one value.
    pub(crate) fn map(&self, of: impl Fn(f64) -> f64) -> Self {
        Self(self.0.iter().map(|draws| draws.iter().map(|&value| of(value)).collect()).collect())
    }

    /// The same shape with other values, chain after chain.
    pub(crate) fn with(&self, values: &[f64]) -> Self {
        Self(values.chunks_exact(self.per_chain()).map(<[f64]>::to_vec).collect())
    }
}

/// Not a number of nothing.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count)
}

/// Unbiased; exactly 0 of several equal values, whose mean may be rounded to another number than theirs.
pub(crate) fn variance(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let first = values.clone().next();
    let centre = if values.clone().all(|value| Some(value) == first) {
        first.unwrap_or(f64::NAN)
    } else {
        mean(values.clone())
    };
    let (sum, count) = values.fold((0.0, 0), |(sum, count), v| (sum + (v - centre).powi(2), count + 1));
    sum / f64::from(count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_draws_is_refused() {
        assert_eq!(Draws::new(vec![]), Err(DrawsError::Empty));
        assert_eq!(Draws::new(vec![vec![], vec![]]), Err(DrawsError::Empty));
        let ragged = Draws::new(vec![vec![1.0, 2.0], vec![1.0, 2.0], vec![1.0]]).unwrap_err();
        assert_eq!(ragged, DrawsError::Ragged { chain: 2, found: 1, wanted: 2 });
        assert!(ragged.to_string().contains("chain 2 has 1 draws"));
    }

    #[test]
    fn halves_leave_the_middle_of_an_odd_number_out() {
        let draws = Draws::new(vec![vec![1.0, 2.0, 3.0, 4.0, 5.0], vec![6.0, 7.0, 8.0, 9.0, 10.0]]).unwrap();
        let halves = [vec![1.0, 2.0], vec![6.0, 7.0], vec![4.0, 5.0], vec![9.0, 10.0]];
        assert_eq!(draws.split().chains(), halves);
    }

    #[test]
    fn equal_values_have_no_variance_at_all() {
        // Seventy tenths add up to a little less than seven.
        assert!((mean(std::iter::repeat_n(0.1, 70)) - 0.1).abs() > 0.0);
        assert_eq!(variance(std::iter::repeat_n(0.1, 70)).to_bits(), 0.0_f64.to_bits());
        assert!(variance(std::iter::once(0.1)).is_nan());
    }

    #[test]
    fn mean_and_deviation_are_of_all_chains() {
        let draws = Draws::new(vec![vec![1.0, 2.0], vec![3.0, 6.0]]).unwrap();
        assert!((draws.mean() - 3.0).abs() < 1e-15);
        assert!((draws.sd() - (14.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!(Draws::new(vec![vec![1.0]]).unwrap().sd().is_nan());
    }
}
