//! Why something cannot be measured.

use crate::Draws;
use std::fmt;

/// Draws of each chain that measures need: two for each half.
const LEAST_DRAWS: usize = 4;

/// What keeps a quantity from being measured, or makes the number empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A draw is infinite or not a number.
    NotFinite,
    /// Each chain has so few draws.
    FewDraws(usize),
    /// There is one chain, and nobody for it to agree with.
    OneChain,
    /// All draws of all chains are equal.
    Constant,
}

impl Obstacle {
    /// Why these draws have no R-hat.
    pub fn to_r_hat(draws: &Draws) -> Option<Self> {
        let one = || (draws.chains().len() == 1).then_some(Self::OneChain);
        Self::to_ess(draws).or_else(one).or_else(|| Self::constant(draws))
    }

    /// Why these draws have no effective sample size.
    ///
    /// `ArviZ` gives numbers where draws are infinite, R's `posterior` refuses as is done here: chains that left the
    /// finite numbers have no law.
    pub fn to_ess(draws: &Draws) -> Option<Self> {
        if draws.values().any(|value| !value.is_finite()) {
            return Some(Self::NotFinite);
        }
        (draws.per_chain() < LEAST_DRAWS).then_some(Self::FewDraws(draws.per_chain()))
    }

    /// Whether all draws are one value.
    #[expect(clippy::float_cmp, reason = "draws that differ in the last bit are not constant")]
    pub(crate) fn constant(draws: &Draws) -> Option<Self> {
        let first = draws.chains()[0][0];
        draws.values().all(|value| value == first).then_some(Self::Constant)
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite => f.write_str("a draw is not finite"),
            Self::FewDraws(found) => {
                let draws = if *found == 1 { "1 draw" } else { &format!("{found} draws") };
                write!(f, "{draws} of each chain, at least {LEAST_DRAWS} are needed")
            }
            Self::OneChain => f.write_str("one chain has no other to agree with"),
            Self::Constant => f.write_str("all draws are equal"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obstacle(chains: &[&[f64]]) -> Option<Obstacle> {
        Obstacle::to_r_hat(&Draws::new(chains.iter().map(|chain| chain.to_vec()).collect()).unwrap())
    }

    #[test]
    fn the_reason_that_comes_first_is_given() {
        let rising: &[f64] = &[1.0, 2.0, 3.0, 4.0];
        assert_eq!(obstacle(&[rising, rising]), None);
        assert_eq!(obstacle(&[rising]), Some(Obstacle::OneChain));
        assert_eq!(obstacle(&[&rising[..3], &rising[..3]]), Some(Obstacle::FewDraws(3)));
        assert_eq!(obstacle(&[&[2.0; 4], &[2.0; 4]]), Some(Obstacle::Constant));
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(obstacle(&[&[odd]]), Some(Obstacle::NotFinite));
        }
        assert_eq!(Obstacle::FewDraws(1).to_string(), "1 draw of each chain, at least 4 are needed");
    }
}
