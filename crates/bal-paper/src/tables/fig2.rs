//! Figure 2 as a table.

use std::path::Path;

use crate::published::Published;
use crate::studies::{Quantity, SampleSizes};
use bal_report::ReportError;
use bal_report::table::{Table, number, with_interval};

/// A line for each number of chains: accuracies, the published ones, and how far images moved in training.
///
/// Meant for the section of a page, see [`super::replace_section`]. Reads the same folder as
/// [`crate::studies::fig2`], with the same errors.
pub(crate) fn fig2(results_dir: &Path, published: &Published) -> Result<String, ReportError> {
    let sizes = SampleSizes::read(results_dir)?;
    let first = ["", "S_w", "S_z", "seeds", "clean", "FGSM .15", "published", "one-step CW", "published"];
    let mut table = Table::new("lr", first.into_iter().chain(["mean L∞", "mean L2"]));
    for size in sizes.all() {
        let mean = |quantity: Quantity| number(size.mean(quantity), 4);
        let range = |quantity: Quantity| match (size.mean(quantity), size.range(quantity)) {
            (Some(mean), Some(range)) if size.runs.len() > 1 => with_interval(mean, range, 4),
            (mean, _) => number(mean, 4),
        };
        let of_paper = |quantity: Quantity| {
            let points = quantity.published(published);
            number(points.iter().find(|(chains, _)| *chains == size.chains).map(|point| point.1), 4)
        };
        table.row([
            size.control.label().into(),
            size.chains.to_string(),
            size.data_chains().to_string(),
            size.runs.len().to_string(),
            mean(Quantity::Fgsm(0)),
            range(Quantity::Strongest),
            of_paper(Quantity::Strongest),
            range(Quantity::CwOneStep),
            of_paper(Quantity::CwOneStep),
            mean(Quantity::Linf),
            mean(Quantity::L2),
        ]);
    }
    let mut blocks = vec![table.markdown()];
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
