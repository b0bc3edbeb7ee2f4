//! What the quantities say together.

use crate::Quantity;
use serde::{Deserialize, Serialize};

/// R-hat above which chains are not taken to agree.
///
/// Source: Vehtari et al., Bayesian Analysis 2021, section 4.
pub const MOST_R_HAT: f64 = 1.01;

/// Effective draws per chain below which R-hat and the estimates are not to be relied on.
///
/// Source: as above: 400 for four chains.
pub const LEAST_PER_CHAIN: f64 = 100.0;

/// The quantities that were followed, and what they say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnosis {
    /// Each of them.
    pub quantities: Vec<Quantity>,
}

impl Diagnosis {
    /// Of these quantities.
    pub fn new(quantities: Vec<Quantity>) -> Self {
        Self { quantities }
    }

    /// The greatest R-hat, with its quantity.
    pub fn worst(&self) -> Option<(&Quantity, f64)> {
        let known = self.quantities.iter().filter_map(|quantity| Some((quantity, quantity.r_hat?)));
        known.max_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// The smallest effective sample size for each chain, of bulk and tail, with its quantity.
    pub fn scarcest(&self) -> Option<(&Quantity, f64)> {
        let known = self.quantities.iter().filter_map(|quantity| {
            let ess = quantity.bulk_ess?.min(quantity.tail_ess?);
            Some((quantity, ess / quantity.chains as f64))
        });
        known.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// A sentence or two: whether the chains agree, and whether that can be told.
    pub fn verdict(&self) -> String {
        let constant = self.quantities.iter().filter(|quantity| quantity.r_hat.is_none()).count();
        let Some((worst, r_hat)) = self.worst() else {
            return "Nothing can be told: no quantity varies.".into();
        };
        let mut said = vec![if r_hat > MOST_R_HAT {
            format!("The chains do not agree: R-hat of {} is {r_hat:.3}, above {MOST_R_HAT}.", worst.name)
        } else {
            format!("The chains agree: no R-hat is above {MOST_R_HAT}.")
        }];
        match self.scarcest() {
            Some((quantity, each)) if each < LEAST_PER_CHAIN => said.push(format!(
                "They are too short to say it for sure: {} is worth {each:.0} independent draws a chain, and \
                 {LEAST_PER_CHAIN:.0} are wanted.",
                quantity.name
            )),
            _ => {}
        }
        if self.quantities.iter().any(|quantity| quantity.chains == 1) {
            let one = "Of one chain only its halves are compared: it may have missed what others would find.";
            said.push(one.into());
        }
        if constant > 0 {
            said.push(format!("{constant} of {} quantities do not vary.", self.quantities.len()));
        }
        said.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(name: &str, chains: u64, r_hat: Option<f64>, ess: f64) -> Quantity {
        let ess = r_hat.map(|_| ess);
        Quantity {
            name: name.into(),
            chains,
            draws: 1000,
            mean: 0.0,
            sd: 1.0,
            r_hat,
            bulk_ess: ess,
            tail_ess: ess,
        }
    }

    #[test]
    fn the_worst_quantity_decides() {
        let good = quantity("a", 4, Some(1.002), 2000.0);
        let said = Diagnosis::new(vec![good.clone()]).verdict();
        assert_eq!(said, "The chains agree: no R-hat is above 1.01.");
        let said = Diagnosis::new(vec![good.clone(), quantity("b", 4, Some(1.3), 2000.0)]).verdict();
        assert_eq!(said, "The chains do not agree: R-hat of b is 1.300, above 1.01.");
        let said = Diagnosis::new(vec![good, quantity("c", 4, Some(1.0), 80.0)]).verdict();
        assert!(said.contains("too short") && said.contains("c is worth 20 independent draws"), "{said}");
    }

    #[test]
    fn one_chain_and_constants_are_named() {
        let said =
            Diagnosis::new(vec![quantity("a", 1, Some(1.0), 500.0), quantity("b", 1, None, 0.0)]).verdict();
        assert!(said.contains("Of one chain") && said.contains("1 of 2 quantities do not vary"), "{said}");
        assert!(Diagnosis::new(vec![quantity("b", 1, None, 0.0)]).verdict().contains("no quantity varies"));
    }
}
