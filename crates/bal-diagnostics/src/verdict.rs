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
    /// No chains disagree where that could be measured, but some quantities could not be, so nothing is settled.
    Unsettled {
        /// Quantities that could not be measured.
        unmeasured: usize,
        /// All quantities.
        of: usize,
        /// The name of the first of them that has a draw that is not finite, else of the first.
        name: String,
        /// What stood in its way.
        why: Obstacle,
    },
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
        /// Quantities that could not be measured.
        unmeasured: usize,
    },
    /// No quantity could be measured; what stood in the way of the first.
    Unknown(Option<Obstacle>),
}

impl Verdict {
    /// Of all quantities: chains that disagree in one disagree, and what could not be measured keeps the others from
    /// being called agreement.
    pub(crate) fn of(quantities: &[Quantity]) -> Self {
        let (measured, unmeasured): (Vec<&Quantity>, Vec<&Quantity>) =
            quantities.iter().partition(|q| q.obstacle.is_none());
        let not_finite = |q: &&&Quantity| q.obstacle == Some(Obstacle::NotFinite);
        let first = unmeasured.iter().find(not_finite).or(unmeasured.first()).copied();
        if measured.is_empty() {
            return Self::Unknown(first.and_then(|q| q.obstacle));
        }
        let of = measured.len();
        let worst = measured.iter().map(|q| q.r_hat).fold(f64::NEG_INFINITY, f64::max);
        let apart = measured.iter().filter(|q| q.r_hat >= R_HAT).count();
        if apart > 0 {
            return Self::Apart { apart, of, worst, unmeasured: unmeasured.len() };
        }
        if let Some((q, why)) = first.and_then(|q| Some((q, q.obstacle?))) {
            let (unmeasured, of) = (unmeasured.len(), quantities.len());
            return Self::Unsettled { unmeasured, of, name: q.name.clone(), why };
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
            Self::Unsettled { unmeasured, of, name, why } => write!(
                f,
                "nothing is settled: {unmeasured} of {of} quantities cannot be measured ({name}: {why}); in the others \
                 no chains disagree"
            ),
            Self::Apart { apart, of, worst, unmeasured } => {
                if worst.is_infinite() {
                    write!(
                        f,
                        "the chains disagree in {apart} of {of} quantities, and stand still at different values in the worst"
                    )?;
                } else {
                    write!(
                        f,
                        "the chains disagree in {apart} of {of} quantities: R-hat is up to {worst:.2}, below {R_HAT} is \
                         wanted; run longer, or look at the step size"
                    )?;
                }
                if *unmeasured > 0 { write!(f, "; {unmeasured} more cannot be measured") } else { Ok(()) }
            }
            Self::Unknown(Some(obstacle)) => write!(f, "nothing can be said: {obstacle}"),
            Self::Unknown(None) => f.write_str("nothing can be said: no quantity was followed"),
        }
    }
}
