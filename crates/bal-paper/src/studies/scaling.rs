//! The time of a sweep by chains and by images, on logarithmic axes, with the arithmetic's floor below it.

use std::path::{Path, PathBuf};

use super::write_all;
use crate::scaling::{Scaling, Sweep};
use bal_report::drawing::{
    Colour, CurvePanel, CurvePoint, Marker, Panel, Reference, Scale, Series, Sheet, Style,
};
use bal_report::{Interval, ReportError};

const FLOOR_NOTE: &str = "Floor: the operations of all convolutions and matrix products, at the speed that large \
     matrix products reach on as many threads. Every output's gradient is counted there; those that pooling and \
     ReLU make zero are not computed, so a sweep may come close to it or below.";

/// Draws `scaling.svg` into `out_dir`, which is created if missing; returns their paths.
///
/// Errors: no sweep for a panel, a folder that cannot be written to.
pub(crate) fn scaling(scaling: &Scaling, out_dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let (chains, batches) = (by_chains(scaling), by_batch(scaling));
    if chains.series.is_empty() || batches.series.is_empty() {
        return Err(ReportError::invalid(out_dir, "there are no sweeps to draw"));
    }
    let svg = Sheet {
        title: "Time of a sweep",
        description: &description(scaling),
        tag: None,
        panels: vec![&chains as &dyn Panel, &batches],
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

fn by_chains(scaling: &Scaling) -> CurvePanel {
    let batch = usual(&scaling.sweeps, |s| s.batch);
    panel(
        scaling,
        format!("(a) by chains, {} images", batch.unwrap_or_default()),
        "parameter chains",
        |s| Some(s.batch) == batch,
        |s| s.chains,
    )
}

fn by_batch(scaling: &Scaling) -> CurvePanel {
    let chains = usual(&scaling.sweeps, |s| s.chains);
    panel(
        scaling,
        format!("(b) by images, {} chains", chains.unwrap_or_default()),
        "images in the batch",
        |s| Some(s.chains) == chains,
        |s| s.batch,
    )
}

fn panel(
    scaling: &Scaling,
    title: String,
    x_title: &str,
    shown: impl Fn(&Sweep) -> bool,
    x: fn(&Sweep) -> u32,
) -> CurvePanel {
    let mut threads: Vec<u32> = scaling.sweeps.iter().map(|sweep| sweep.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    let styles = [(Colour::Blue, Marker::Circle), (Colour::Vermillion, Marker::Square)];
    let (mut series, mut references) = (Vec::new(), Vec::new());
    for (threads, (colour, marker)) in threads.into_iter().zip(styles.into_iter().cycle()) {
        let style = Style { colour, marker };
        let label = if threads == 1 { "1 thread".to_string() } else { format!("{threads} threads") };
        let mut sweeps: Vec<&Sweep> =
            scaling.sweeps.iter().filter(|sweep| sweep.threads == threads && shown(sweep)).collect();
        sweeps.sort_by_key(|sweep| x(sweep));
        let points: Vec<CurvePoint> = sweeps
            .iter()
            .map(|sweep| CurvePoint {
                x: x(sweep).into(),
                y: sweep.median,
                interval: Interval { low: sweep.least, high: sweep.most },
            })
            .collect();
        let floor = sweeps.iter().filter_map(|sweep| Some((x(sweep).into(), scaling.floor(sweep)?)));
        references.push(Reference { label: label.clone(), style, points: floor.collect() });
        if !points.is_empty() {
            series.push(Series { label, style, points });
        }
    }
    CurvePanel {
        title,
        x_title: x_title.into(),
        y_title: "seconds".into(),
        scale: Scale::Logarithmic,
        whiskers: "least and most",
        ours: "median".into(),
        theirs: "floor".into(),
        series,
        references,
    }
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
        let (chains, batch) = (by_chains(&measured()), by_batch(&measured()));
        let xs = |panel: &CurvePanel| panel.series[1].points.iter().map(|p| p.x).collect::<Vec<_>>();
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
