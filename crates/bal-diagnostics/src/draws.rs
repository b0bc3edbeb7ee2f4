//! Draws of one quantity by several chains.

/// The fewest draws of a chain that anything can be said of: its halves need a variance.
pub const LEAST_DRAWS: usize = 4;

/// Finite draws, `[chains][draws]`: at least one chain, all of the same length of [`LEAST_DRAWS`] or more.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws(Vec<Vec<f64>>);

/// Draws of which nothing can be said.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DrawsError {
    /// There is no chain.
    #[error("there are no chains")]
    NoChains,
    /// Chains are too short.
    #[error("chains of {found} draws are too short to say anything of: {LEAST_DRAWS} are needed")]
    TooFew {
        /// Draws of the first chain.
        found: usize,
    },
    /// Chains differ in length.
    #[error("chain {chain} has {found} draws, the first has {first}")]
    Uneven {
        /// Which chain, from 0.
        chain: usize,
        /// Its draws.
        found: usize,
        /// Those of the first.
        first: usize,
    },
    /// A draw is infinite or no number.
    #[error("draw {draw} of chain {chain} is {value}")]
    NotFinite {
        /// Which chain, from 0.
        chain: usize,
        /// Which draw, from 0.
        draw: usize,
        /// Its value.
        value: f64,
    },
}

impl Draws {
    /// `chains[chain][draw]`.
    ///
    /// # Errors
    /// [`DrawsError`] for the first thing that is wrong.
    pub fn new(chains: Vec<Vec<f64>>) -> Result<Self, DrawsError> {
        let first = chains.first().ok_or(DrawsError::NoChains)?.len();
        if first < LEAST_DRAWS {
            return Err(DrawsError::TooFew { found: first });
        }
        for (chain, draws) in chains.iter().enumerate() {
            if draws.len() != first {
                return Err(DrawsError::Uneven { chain, found: draws.len(), first });
            }
            if let Some(draw) = draws.iter().position(|value| !value.is_finite()) {
                return Err(DrawsError::NotFinite { chain, draw, value: draws[draw] });
            }
        }
        Ok(Self(chains))
    }

    /// The draws, `[chain][draw]`.
    pub fn chains(&self) -> &[Vec<f64>] {
        &self.0
    }

    /// Draws of each chain.
    pub fn length(&self) -> usize {
        self.0[0].len()
    }

    /// Whether all draws are the same number.
    pub fn is_constant(&self) -> bool {
        equal(self.0.iter().flatten())
    }

    /// Each chain as two: its first and its last half; the middle draw of an odd number is left out.
    pub(crate) fn split(&self) -> Vec<Vec<f64>> {
        let half = self.length() / 2;
        self.0
            .iter()
            .flat_map(|chain| [chain[..half].to_vec(), chain[chain.len() - half..].to_vec()])
            .collect()
    }
}

/// Whether all values are the same number.
#[expect(clippy::float_cmp, reason = "equal means equal, not near")]
pub(crate) fn equal<'a>(mut values: impl Iterator<Item = &'a f64>) -> bool {
    values.next().is_none_or(|first| values.all(|value| value == first))
}

/// The mean.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The unbiased variance.
pub(crate) fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    values.iter().map(|value| (value - centre).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_of_which_nothing_can_be_said_are_refused() {
        let refused =
            |chains: &[&[f64]]| Draws::new(chains.iter().map(|c| c.to_vec()).collect()).unwrap_err();
        assert_eq!(refused(&[]), DrawsError::NoChains);
        assert_eq!(refused(&[&[1.0, 2.0, 3.0]]), DrawsError::TooFew { found: 3 });
        let uneven = refused(&[&[1.0; 4], &[1.0; 5]]);
        assert_eq!(uneven, DrawsError::Uneven { chain: 1, found: 5, first: 4 });
        let text = refused(&[&[1.0; 4], &[1.0, 2.0, f64::INFINITY, 3.0]]).to_string();
        assert_eq!(text, "draw 2 of chain 1 is inf");
    }

    #[test]
    fn an_odd_chain_is_split_without_its_middle() {
        let draws = Draws::new(vec![vec![1.0, 2.0, 3.0, 4.0, 5.0]]).unwrap();
        assert_eq!(draws.split(), [[1.0, 2.0], [4.0, 5.0]]);
    }
}
