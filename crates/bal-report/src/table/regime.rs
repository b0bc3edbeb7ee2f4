//! How hot a sampler ran, in plain text.

use super::{Table, amount};
use crate::SamplerRegime;

/// A heading, a table of quantiles, and the share of the weights at the floor.
pub(super) fn sampler(regime: &SamplerRegime) -> String {
    let SamplerRegime { name, energy, floor_share, gradient_quantiles, temperature_quantiles, .. } = regime;
    let gradient = format!("gradient of the {energy} over images");
    let rows =
        [("temperature, of the posterior's", temperature_quantiles), (gradient.as_str(), gradient_quantiles)];
    let mut shares: Vec<f64> = rows.iter().flat_map(|(_, pairs)| pairs.iter().map(|pair| pair.0)).collect();
    shares.sort_by(f64::total_cmp);
    shares.dedup();
    let percent = |share: f64| format!("{:.4} %", 100.0 * share).replace(".0000", "");
    let head = shares.iter().map(|&share| percent(share));
    let mut table = Table::new("lr", [String::from("quantile over weights")].into_iter().chain(head));
    for (what, pairs) in rows.into_iter().filter(|(_, pairs)| !pairs.is_empty()) {
        let of = |share: &f64| pairs.iter().find(|pair| pair.0.total_cmp(share).is_eq()).map(|pair| pair.1);
        let cells = shares.iter().map(|share| amount(of(share), 4));
        table.row([what.to_owned()].into_iter().chain(cells));
    }
    let mut lines = vec![format!("sampler {name}: all weights of all chains, at the end of training")];
    lines.extend(table.text().lines().map(|line| format!("  {line}")));
    lines.extend(regime.configurational_temperature.map(|t| {
        format!(
            "  configurational temperature {:.3} ± {:.3} of the posterior's, over {} sweeps",
            t.mean, t.standard_error, t.sweeps
        )
    }));
    lines.extend(
        floor_share.map(|share| {
            format!("  {:.1} % of the weights are at the preconditioner's floor", 100.0 * share)
        }),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConfigurationalTemperature;

    #[test]
    fn quantiles_stand_below_their_shares_and_the_floor_below_them() {
        let adaptive = SamplerRegime {
            name: "sgadald".into(),
            energy: "mean".into(),
            floor_share: Some(0.954),
            gradient_quantiles: vec![(0.1, 3e-8), (0.5, 1.2e-4), (0.9, 6e-4), (0.99, 1.3e-3)],
            temperature_quantiles: vec![(0.1, 2.8), (0.5, 2.8), (0.9, 2.8)],
            configurational_temperature: Some(ConfigurationalTemperature {
                mean: 2.8512,
                standard_error: 0.0314,
                sweeps: 460,
            }),
        };
        let text = sampler(&adaptive);
        let lines: Vec<&str> = text.lines().collect();
        let words = |line: usize| lines[line].split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(0), "sampler sgadald: all weights of all chains, at the end of training");
        assert_eq!(words(1), "quantile over weights 10 % 50 % 90 % 99 %");
        assert_eq!(words(2), "temperature, of the posterior's 2.8000 2.8000 2.8000 –");
        assert_eq!(words(3), "gradient of the mean over images 3.00e-8 1.20e-4 6.00e-4 0.0013");
        assert_eq!(words(4), "configurational temperature 2.851 ± 0.031 of the posterior's, over 460 sweeps");
        assert_eq!(words(5), "95.4 % of the weights are at the preconditioner's floor");
    }

    #[test]
    fn a_sampler_without_a_preconditioner_has_its_temperature_alone() {
        let plain = SamplerRegime {
            name: "sgld".into(),
            energy: "sum".into(),
            floor_share: None,
            gradient_quantiles: vec![],
            temperature_quantiles: vec![(0.1, 1.0), (0.5, 1.0), (0.9, 1.0)],
            configurational_temperature: None,
        };
        let text = sampler(&plain);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(!text.contains("gradient") && !text.contains("99 %"), "{text}");
    }
}
