//! The time of a sweep by chains and by images, on logarithmic axes, with the arithmetic's floor below it.

use std::path::{Path, PathBuf};

use super::write_all;
use crate::scaling::{Scaling, Sweep};
use bal_page::plot::{LinePanel, Look, Panel, Reference, Scale, Series, Sheet};
use bal_report::number::counted;
use bal_report::{Interval, ReportError};

const FLOOR_NOTE: &str = "Floor: the operations of all convolutions and matrix products, at the speed that large \
     matrix products reach on as many threads. Every output's gradient is counted there; those that pooling and \
     ReLU make zero are not computed, so a sweep may come close to it or below.";

/// Draws `scaling.svg` into `out_dir`, which is created if missing; returns their paths.
///
/// Errors: no sweep for a panel, a folder that cannot be written to.
pub(crate) fn scaling(scaling: &Scaling, out_dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let (chains, batches) = (by_chains(scaling), by_batch(scaling));
    if [&chains, &batches].iter().any(|(_, curves)| curves.series.is_empty()) {
        return Err(ReportError::invalid(out_dir, "there are no sweeps to draw"));
    }
    let column = |(title, curves)| vec![Panel::curves(title, &curves, ["median", "least and most", "floor"])];
    let svg = Sheet {
        title: "Time of a sweep",
        description: &description(scaling),
        tag: None,
        columns: vec![column(chains), column(batches)],
        notes: vec![FLOOR_NOTE],
    }
    .draw();
    write_all(out_dir, vec![("scaling.svg".into(), svg.into_bytes())])
}

fn description(scaling: &Scaling) -> String {
    let sweeps = scaling.sweeps.iter().map(|s| {
        format!("{} threads, {} chains, {} images: {:.3} s", s.threads, s.chains, s.batch, s.median)
    });
    format!("Seconds of a sweep. {}.", sweeps.collect::<Vec<_>>().join("; "))
}

/// The batch that most sweeps have, and the chains.
fn usual(sweeps: &[Sweep], of: fn(&Sweep) -> u32) -> Option<u32> {
    let count = |value: u32| sweeps.iter().filter(|sweep| of(sweep) == value).count();
    sweeps.iter().map(of).max_by_key(|&value| (count(value), value))
}

/// A title, and the curves below it.
type Titled = (String, LinePanel);

fn by_chains(scaling: &Scaling) -> Titled {
    let batch = usual(&scaling.sweeps, |s| s.batch).unwrap_or_default();
    let title = format!("(a) by chains, {}", counted(batch.into(), "image"));
    (title, curves(scaling, "parameter chains", |s| s.batch == batch, |s| s.chains))
}

fn by_batch(scaling: &Scaling) -> Titled {
    let chains = usual(&scaling.sweeps, |s| s.chains).unwrap_or_default();
    let title = format!("(b) by images, {}", counted(chains.into(), "chain"));
    (title, curves(scaling, "images in the batch", |s| s.chains == chains, |s| s.batch))
}

/// A curve and its floor for each number of threads.
fn curves(
    scaling: &Scaling,
    x_title: &str,
    shown: impl Fn(&Sweep) -> bool,
    x: fn(&Sweep) -> u32,
) -> LinePanel {
    let mut threads: Vec<u32> = scaling.sweeps.iter().map(|sweep| sweep.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    let (mut series, mut references) = (Vec::new(), Vec::new());
    for (place, threads) in threads.into_iter().enumerate() {
        let look = Look::new(Look::nth(place).colour, Look::nth(place).marker);
        let name = counted(threads.into(), "thread");
        let mut sweeps: Vec<&Sweep> =
            scaling.sweeps.iter().filter(|sweep| sweep.threads == threads && shown(sweep)).collect();
        sweeps.sort_by_key(|sweep| x(sweep));
        let floor = sweeps.iter().filter_map(|sweep| Some((x(sweep).into(), scaling.floor(sweep)?)));
        let (points, name_of_floor) = (floor.collect(), format!("{name}, floor"));
        references.push(Reference { name: name_of_floor, look: Some(look), points });
        let point =
            |sweep: &&Sweep| (x(sweep).into(), sweep.median, Interval { low: sweep.least, high: sweep.most });
        if !sweeps.is_empty() {
            series.push(Series::measured(name, look, sweeps.iter().map(point)));
        }
    }
    let scales = [Scale::logarithmic as fn(Vec<f64>) -> Scale; 2];
    LinePanel::around((x_title, "seconds"), (640.0, 400.0), scales, series, references)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::scaling::Peak;

    fn measured() -> Scaling {
        let sweep = |threads: u32, chains: u32, batch: u32| {
            let median = f64::from(chains * batch) / f64::from(threads) * 3e-3;
            let operations = f64::from(chains * batch) * 1e8;
            Sweep { threads, chains, batch, median, least: median * 0.9, most: median * 1.2, operations }
        };
        let sizes = [(1, 256), (2, 256), (4, 256), (16, 256), (5, 64), (5, 256), (5, 1024)];
        Scaling {
            cpu: "a processor".into(),
            repeats: 3,
            peaks: [1, 2].map(|threads| Peak { threads, flops: 1e11 * f64::from(threads) }).into(),
            sweeps: [1, 2]
                .into_iter()
                .flat_map(|t| sizes.map(|(chains, batch)| sweep(t, chains, batch)))
                .collect(),
        }
    }

    #[test]
    fn panels_hold_the_sweeps_that_differ_in_their_quantity_alone() {
        let ((_, chains), (_, batch)) = (by_chains(&measured()), by_batch(&measured()));
        let xs = |panel: &LinePanel| panel.series[1].points.iter().map(|p| p.x).collect::<Vec<_>>();
        assert_eq!(xs(&chains), [1.0, 2.0, 4.0, 5.0, 16.0]);
        assert_eq!(xs(&batch), [64.0, 256.0, 1024.0]);
        assert_eq!(chains.references[0].points[0], (1.0, 0.256));
    }

    #[test]
    fn the_figure_is_written_as_svg() {
        let folder = tempfile::tempdir().unwrap();
        let paths = scaling(&measured(), folder.path()).unwrap();
        assert_eq!(paths.len(), 1);
        let svg = fs::read_to_string(&paths[0]).unwrap();
        assert!(svg.contains("2 threads") && svg.contains("(b) by images, 5 chains"));
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_impossible_times_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scaling.json");
        measured().write(&path).unwrap();
        assert_eq!(Scaling::read(&path).unwrap(), measured());
        let mut wrong = measured();
        wrong.sweeps[0].least = wrong.sweeps[0].most * 2.0;
        wrong.write(&path).unwrap();
        assert!(Scaling::read(&path).unwrap_err().to_string().contains("no measurement"));
    }
}
