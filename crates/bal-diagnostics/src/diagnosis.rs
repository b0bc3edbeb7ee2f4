//! Several quantities, and what they come to together.

use crate::{Quantity, Verdict};

/// What several quantities of the same chains say.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// Each quantity, in the order given.
    pub quantities: Vec<Quantity>,
    /// What they come to; a quantity that cannot be measured, such as a constant one, keeps them from agreement.
    pub verdict: Verdict,
}

impl Diagnosis {
    /// Judges quantities.
    pub fn of(quantities: Vec<Quantity>) -> Self {
        let verdict = Verdict::of(&quantities);
        Self { quantities, verdict }
    }

    /// Places of the quantities, those with the largest R-hat first, then those with the smallest effective size; what
    /// cannot be measured comes last.
    pub fn worst_first(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.quantities.len()).collect();
        let key = |index: usize| {
            let Quantity { r_hat, .. } = self.quantities[index];
            let ess = self.quantities[index].ess();
            // NaN would come before all numbers in one order and behind them in the other.
            (
                if r_hat.is_nan() { f64::INFINITY } else { -r_hat },
                if ess.is_nan() { f64::INFINITY } else { ess },
            )
        };
        order.sort_by(|&a, &b| {
            let ((r, e), (s, g)) = (key(a), key(b));
            r.total_cmp(&s).then(e.total_cmp(&g))
        });
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Obstacle;

    fn quantity(r_hat: f64, ess: f64) -> Quantity {
        let obstacle = r_hat.is_nan().then_some(Obstacle::Constant);
        let name = format!("{r_hat}");
        Quantity {
            name,
            chains: 2,
            draws: 300,
            mean: 0.0,
            sd: 1.0,
            r_hat,
            bulk: ess,
            tail: ess + 9.0,
            obstacle,
        }
    }

    #[test]
    fn the_verdict_is_that_of_the_worst_quantity() {
        let verdict = |quantities: &[(f64, f64)]| {
            Diagnosis::of(quantities.iter().map(|&(r, e)| quantity(r, e)).collect()).verdict
        };
        assert_eq!(verdict(&[(1.0, 201.0), (1.009, 400.0)]), Verdict::Mixed);
        let few = Verdict::FewEffective { few: 1, of: 2, least: 200.0, wanted: 200.0 };
        assert_eq!(verdict(&[(1.0, 200.0), (1.009, 400.0)]), few);
        let apart = Verdict::Apart { apart: 1, of: 2, worst: 1.01, unmeasured: 1 };
        assert_eq!(verdict(&[(1.0, 1.0), (1.01, 400.0), (f64::NAN, 9.0)]), apart);
        assert!(apart.to_string().ends_with("; 1 more cannot be measured"));
        assert_eq!(verdict(&[(f64::NAN, 9.0)]), Verdict::Unknown(Some(Obstacle::Constant)));
        assert_eq!(verdict(&[]), Verdict::Unknown(None));
        assert!(verdict(&[(f64::INFINITY, 4.0)]).to_string().contains("stand still"));
    }

    #[test]
    fn what_cannot_be_measured_vetoes_agreement() {
        let constant = quantity(f64::NAN, 9.0);
        let broken =
            Quantity { name: "broken".into(), obstacle: Some(Obstacle::NotFinite), ..constant.clone() };
        let good = quantity(1.0, 400.0);
        let diagnosis = Diagnosis::of(vec![good.clone(), constant.clone(), broken.clone(), good.clone()]);
        let unsettled =
            Verdict::Unsettled { unmeasured: 2, of: 4, name: "broken".into(), why: Obstacle::NotFinite };
        assert_eq!(diagnosis.verdict, unsettled);
        let said = diagnosis.verdict.to_string();
        assert!(!said.contains("agree:") && said.contains("broken: a draw is not finite"), "{said}");
        let one = Diagnosis::of(vec![good, constant]).verdict;
        assert!(matches!(one, Verdict::Unsettled { unmeasured: 1, of: 2, why: Obstacle::Constant, .. }));
    }

    #[test]
    fn the_worst_come_first_and_what_has_no_number_last() {
        let rows = [(1.0, 50.0), (f64::NAN, 1.0), (1.2, 9.0), (1.0, 10.0), (f64::INFINITY, 3.0)];
        let diagnosis = Diagnosis::of(rows.iter().map(|&(r, e)| quantity(r, e)).collect());
        assert_eq!(diagnosis.worst_first(), [4, 2, 3, 0, 1]);
    }
}
