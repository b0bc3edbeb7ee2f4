//! How well samplers explore the posterior of a network, as a table.

use std::path::Path;

use crate::studies::evaluation;
use bal_report::table::{Table, number};
use bal_report::{Record, ReportError, Summary};

/// The samplers compared and the step sizes of each, in units of its own.
pub(crate) const SAMPLERS: [(&str, [f64; 4]); 2] =
    [("sghmc", [0.003, 0.01, 0.03, 0.1]), ("sgadahmc", [0.0015, 0.005, 0.015, 0.05])];

/// A line for each sampler and step size: how its chains mixed, and the accuracy of what they give together.
///
/// Reads `results_dir/samplers/<sampler>-<step size>/`; what was not run is left out.
///
/// Errors name the file, or say that there is no run.
pub(crate) fn samplers(results_dir: &Path) -> Result<String, ReportError> {
    let head =
        ["sampler", "step size", "R-hat, median (largest)", "effective size, median (smallest)", "of draws"];
    let mut table = Table::new("lr", head.into_iter().chain(["clean", "FGSM .1"]));
    let mut quick = false;
    for (sampler, step_sizes) in SAMPLERS {
        for step_size in step_sizes {
            let folder = results_dir.join("samplers").join(format!("{sampler}-{step_size}"));
            let path = folder.join("record.json");
            let Some(fgsm) = evaluation(&folder.join("fgsm.json"), "fgsm", "mnist")? else { continue };
            let record = Record::read(&path)?;
            let mixed = record.diagnostics.and_then(|d| Some((d.chains * d.draws, d.r_hat?, d.ess?)));
            let (draws, r_hat, ess) =
                mixed.ok_or_else(|| ReportError::invalid(&path, "there are no diagnostics of its chains"))?;
            quick |= record.quick;
            let accuracy = |radius: f64| {
                let at = fgsm.points().find(|p| p.radius.is_some_and(|r| (r - radius).abs() < 1e-9));
                number(at.map(|point| point.accuracy), 4)
            };
            let not_measured = r_hat.left_out();
            let Summary { median: r_hat, max: worst, .. } = r_hat;
            let Summary { median: ess, min: least, .. } = ess;
            table.row([
                sampler.into(),
                step_size.to_string(),
                format!("{r_hat:.2} ({worst:.2}){not_measured}"),
                format!("{ess:.1} ({least:.1})"),
                draws.to_string(),
                accuracy(0.0),
                accuracy(0.1),
            ]);
        }
    }
    if table.rows.is_empty() {
        let expected = "sghmc-STEP and sgadahmc-STEP".to_owned();
        let folder = results_dir.join("samplers");
        return Err(ReportError::NoRuns { folder, file: "fgsm.json".into(), expected });
    }
    let mut blocks = vec![table.markdown()];
    blocks.extend(quick.then(|| "**QUICK RUN — not for comparison**".to_owned()));
    Ok(blocks.join("\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic::write_run;
    use bal_report::Diagnostics;

    #[test]
    fn a_line_says_how_chains_mixed_and_what_they_give() {
        let results = tempfile::tempdir().unwrap();
        assert!(samplers(results.path()).is_err());
        let folder = results.path().join("samplers");
        write_run(&folder, "sghmc-0.01", false, 1000, 0.27);
        assert!(samplers(results.path()).unwrap_err().to_string().contains("diagnostics"));
        let path = folder.join("sghmc-0.01/record.json");
        let mut record = Record::read(&path).unwrap();
        let (r_hat, ess) = (Summary::of(&[1.0, 1.5, 3.0]), Summary::of(&[2.0, 9.0, 10.0]));
        record.diagnostics = Some(Diagnostics { chains: 3, draws: 10, r_hat, ess });
        record.write(&path).unwrap();
        let text = samplers(results.path()).unwrap();
        assert!(text.contains("| sghmc | 0.01 | 1.50 (3.00) | 9.0 (2.0) | 30 | 0.9920 | 0.8720 |"), "{text}");
    }
}
