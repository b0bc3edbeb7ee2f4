//! The precisions of a hierarchical prior, in plain text.

use super::{Table, amount};
use crate::PriorPrecision;

/// A heading, and a line for each tensor of weights; `None` where there are none.
pub(super) fn precisions(all: &[PriorPrecision]) -> Option<String> {
    if all.is_empty() {
        return None;
    }
    let mut table = Table::new("lrrrrr", ["weights", "mean", "sd", "prior sd of a weight", "R-hat", "ESS"]);
    for PriorPrecision { weights, mean, deviation, r_hat, ess } in all {
        let scale = (*mean > 0.0).then(|| mean.powf(-0.5));
        let cells = [
            amount(Some(*mean), 4),
            amount(Some(*deviation), 4),
            amount(scale, 4),
            amount(*r_hat, 4),
            amount(*ess, 1),
        ];
        table.row([weights.clone()].into_iter().chain(cells));
    }
    let mut lines = vec![
        "precisions of the prior, one for each tensor of weights: all draws after the burn-in".to_owned(),
    ];
    lines.extend(table.text().lines().map(|line| format!("  {line}")));
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precision_stands_beside_the_scale_that_it_gives_weights() {
        let one = PriorPrecision {
            weights: "fc.bias".into(),
            mean: 100.0,
            deviation: 2.5,
            r_hat: Some(1.0042),
            ess: None,
        };
        let text = precisions(&[one]).unwrap();
        let words = text.lines().last().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words, "fc.bias 100.0000 2.5000 0.1000 1.0042 –");
        assert_eq!(precisions(&[]), None);
    }
}
