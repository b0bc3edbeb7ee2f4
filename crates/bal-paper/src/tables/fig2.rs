//! Figure 2 as a table.

use std::path::Path;

use crate::published::Published;
use crate::studies::{Quantity, SampleSizes};
use bal_report::ReportError;

/// A line for each number of chains: accuracies, the published ones, and how far images moved in training.
///
/// Meant for the section of a page, see [`super::replace_section`]. Reads the same folder as
/// [`crate::studies::fig2`], with the same errors.
pub(crate) fn fig2(results_dir: &Path, published: &Published) -> Result<String, ReportError> {
    let sizes = SampleSizes::read(results_dir)?;
    let mut lines = vec![
        "| | S_w | S_z | seeds | clean | FGSM .15 | published | one-step CW | published | mean L∞ | mean L2 |".to_owned(),
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|".to_owned(),
    ];
    let none = || "–".to_owned();
    for size in sizes.all() {
        let number =
            |quantity: Quantity| size.mean(quantity).map_or_else(none, |value| format!("{value:.4}"));
        let range = |quantity: Quantity| {
            let interval = size.range(quantity).filter(|_| size.runs.len() > 1);
            let interval = interval.map(|i| format!(" [{:.4}, {:.4}]", i.low, i.high)).unwrap_or_default();
            number(quantity) + &interval
        };
        let of_paper = |quantity: Quantity| {
            let points = quantity.published(published);
            let point = points.iter().find(|(chains, _)| *chains == size.chains);
            point.map_or_else(none, |(_, value)| format!("{value:.4}"))
        };
        lines.push(format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            size.control.label(),
            size.chains,
            size.data_chains(),
            size.runs.len(),
            number(Quantity::Fgsm(0)),
            range(Quantity::Strongest),
            of_paper(Quantity::Strongest),
            range(Quantity::CwOneStep),
            of_paper(Quantity::CwOneStep),
            number(Quantity::Linf),
            number(Quantity::L2),
        ));
    }
    let mut blocks = vec![lines.join("\n")];
    blocks.extend(sizes.warning().map(|text| format!("**{text}**")));
    blocks.push("Means over seeds, with their range where there are several.".to_owned());
    Ok(blocks.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic::{published, write_run};

    #[test]
    fn a_line_holds_means_ranges_and_the_published_numbers() {
        let results = tempfile::tempdir().unwrap();
        write_run(&results.path().join("fig2"), "sw-1", false, 1000, 0.3);
        write_run(&results.path().join("fig2/seed-2"), "sw-1", false, 1000, 0.2);
        let text = fig2(results.path(), &published()).unwrap();
        let line = text.lines().find(|line| line.contains("same step")).unwrap();
        assert!(line.contains("| 1 | 1 | 2 | 0.9920 | 0.7420 [0.6920, 0.7920] | 0.7988 |"), "{line}");
        assert!(line.ends_with("| 0.2886 | 0.0600 | 0.0600 |"), "{line}");
    }
}
