//! What the numbers come to, in words.

use crate::{Obstacle, Quantity};
use std::fmt;

/// Chains agree in a quantity whose R-hat is below this.
///
/// Source: Vehtari et al. 2021, section 4.1.
pub const R_HAT: f64 = 1.01;

/// Draws suffice for stable estimates of R-hat and of effective sizes themselves when bulk and tail are worth more than
/// this times the number of chains.
///
/// Source: Vehtari et al. 2021, section 4.1: more than 50 for each half of a chain, 400 for four chains.
pub const ESS_PER_CHAIN: f64 = 100.0;

/// What the numbers of several quantities come to.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// R-hat is below [`R_HAT`] and both effective sizes are above [`ESS_PER_CHAIN`] per chain, of every quantity.
    Mixed,
    /// The chains agree in every quantity, but their draws are worth too few.
    FewEffective {
        /// Quantities with too few.
        few: usize,
        /// Quantities measured.
        of: usize,
        /// The smallest effective size of all.
        least: f64,
        /// What it should be above.
        wanted: f64,
    },
    /// The chains disagree in some quantities.
    Apart {
        /// Quantities with an R-hat of [`R_HAT`] or more.
        apart: usize,
        /// Quantities measured.
        of: usize,
        /// The largest R-hat of all; infinite when chains stand still at different values.
        worst: f64,
    },
    /// No quantity could be measured; what stood in the way of the first.
    Unknown(Option<Obstacle>),
}

impl Verdict {
    /// Of the quantities whose R-hat could be measured.
    pub(crate) fn of(quantities: &[Quantity]) -> Self {
        let measured: Vec<&Quantity> = quantities.iter().filter(|q| q.obstacle.is_none()).collect();
        if measured.is_empty() {
            return Self::Unknown(quantities.iter().find_map(|q| q.obstacle));
        }
        let of = measured.len();
        let worst = measured.iter().map(|q| q.r_hat).fold(f64::NEG_INFINITY, f64::max);
        let apart = measured.iter().filter(|q| q.r_hat >= R_HAT).count();
        if apart > 0 {
            return Self::Apart { apart, of, worst };
        }
        let wanted = |q: &Quantity| ESS_PER_CHAIN * q.chains as f64;
        let few: Vec<&&Quantity> = measured.iter().filter(|q| q.ess() <= wanted(q)).collect();
        match few.iter().min_by(|a, b| a.ess().total_cmp(&b.ess())) {
            Some(q) => Self::FewEffective { few: few.len(), of, least: q.ess(), wanted: wanted(q) },
            None => Self::Mixed,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mixed => write!(
                f,
                "the chains agree: every R-hat is below {R_HAT}, every effective size above {ESS_PER_CHAIN} per chain"
            ),
            Self::FewEffective { few, of, least, wanted } => write!(
                f,
                "the chains agree, but draws are worth too few in {few} of {of} quantities: {least:.0} at least, \
                 above {wanted:.0} is wanted; run longer"
            ),
            Self::Apart { apart, of, worst } if worst.is_infinite() => write!(
                f,
                "the chains disagree in {apart} of {of} quantities, and stand still at different values in the worst"
            ),
            Self::Apart { apart, of, worst } => write!(
                f,
                "the chains disagree in {apart} of {of} quantities: R-hat is up to {worst:.2}, below {R_HAT} is wanted; \
                 run longer, or look at the step size"
            ),
            Self::Unknown(Some(obstacle)) => write!(f, "nothing can be said: {obstacle}"),
            Self::Unknown(None) => f.write_str("nothing can be said: no quantity was followed"),
        }
    }
}
