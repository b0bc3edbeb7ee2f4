//! Energies and the loss, as the metrics have them: means over chains and the sweep's images.

use super::{Run, followed::Series, kind::Kind};
use anyhow::Result;
use bal_baselines::Samples;
use bal_diagnostics::Draws;
use bal_report::{MetricLine, metrics};

const NAME: &str = "energies";
const WHAT: &str = "of each sweep's batch";

/// A quantity's name, and its value in a line of metrics.
type Column = (&'static str, fn(&MetricLine) -> Option<f64>);

const COLUMNS: [Column; 3] = [
    ("parameter-energy", |line| line.parameter_energy),
    ("data-energy", |line| line.data_energy),
    ("loss", |line| Some(line.loss)),
];

/// What the metrics have of the sweeps after burn-in.
pub(super) fn follow(run: &Run) -> Result<Kind> {
    let path = run.folder.metrics();
    if !path.is_file() {
        let why = format!("{} is missing; it stays in the folder where the run was trained", path.display());
        return Ok(Kind::lacking(NAME, WHAT, false, why));
    }
    let burn_in = burn_in(run);
    let lines: Vec<MetricLine> =
        metrics::read(&path)?.into_iter().filter(|line| line.sweep > burn_in).collect();
    let mut series = Vec::new();
    for (name, of) in COLUMNS {
        let values: Vec<f64> = lines.iter().filter_map(of).collect();
        if !values.is_empty() {
            let draws = Draws::new(vec![values])?;
            series.push(Series { name: name.into(), draws, first: burn_in + 1, every: 1 });
        }
    }
    if series.is_empty() {
        let why = format!("{} has no sweep after the first {burn_in}, the burn-in", path.display());
        return Ok(Kind::lacking(NAME, WHAT, false, why));
    }
    let what = format!("{WHAT}, of the {} sweeps after the first {burn_in}", lines.len());
    Ok(Kind::measure(NAME, what, false, series))
}

/// The sweeps that the run itself left out: before its first draw, or before its first sample.
fn burn_in(run: &Run) -> u64 {
    match (run.settings.mixing, run.settings.samples) {
        (mixing, _) if mixing.images > 0 => mixing.burn_in,
        (_, Samples::Thinned { burn_in, .. }) => burn_in,
        (_, Samples::Last) => 0,
    }
}
