//! One quantity that chains were followed by: where its draws are, and whether the chains agree.

use crate::Mixing;

/// Draws of one quantity from several chains, in short.
#[derive(Clone, Debug, PartialEq)]
pub struct Marginal {
    /// What the quantity is called.
    pub name: String,
    /// Mean over all draws of all chains.
    pub mean: f64,
    /// Standard deviation over all draws of all chains.
    pub deviation: f64,
    /// Split R-hat and effective sample size over all chains; `None` of one chain, of fewer than four draws, and of draws that are
    /// all equal.
    pub agreement: Option<(f64, f64)>,
}

impl Marginal {
    /// Measures `draws[chain][draw]`; `None` without a draw.
    pub fn measure(name: &str, draws: &[Vec<f64>]) -> Option<Self> {
        let all: Vec<f64> = draws.iter().flatten().copied().collect();
        if all.is_empty() {
            return None;
        }
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let squares: f64 = all.iter().map(|draw| (draw - mean).powi(2)).sum();
        let deviation = (squares / (all.len() as f64 - 1.0).max(1.0)).sqrt();
        let agreement = Mixing::measure(&[draws.to_vec()]).map(|m| (m.r_hat[0], m.effective_sample_size[0]));
        let agreement = agreement.filter(|(r_hat, size)| r_hat.is_finite() && size.is_finite());
        Some(Self { name: name.into(), mean, deviation, agreement })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_that_disagree_are_seen_and_one_chain_has_nobody_to_agree_with() {
        let chain = |around: f64| (0..40).map(|i| around + f64::from(i % 3)).collect::<Vec<_>>();
        let of = |draws: &[Vec<f64>]| Marginal::measure("precision", draws).unwrap();
        let together = of(&[chain(1.0), chain(1.0)]);
        assert!((together.mean - 1.975).abs() < 1e-12, "{together:?}");
        assert!(together.agreement.unwrap().0 < 1.01, "{together:?}");
        assert!(of(&[chain(1.0), chain(9.0)]).agreement.unwrap().0 > 3.0);
        assert_eq!(of(&[chain(1.0)]).agreement, None);
        assert_eq!(of(&[vec![2.0; 8], vec![2.0; 8]]).agreement, None);
        assert!(of(&[vec![2.0]]).deviation.abs() < f64::EPSILON);
        assert_eq!(Marginal::measure("precision", &[vec![], vec![]]), None);
    }
}
