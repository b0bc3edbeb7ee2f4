//! Figure 2: BAL on MNIST by its number of parameter chains, and how far images moved in training.

mod sample_sizes;

use std::path::{Path, PathBuf};

use super::write_all;
use crate::published::Published;
use bal_page::plot::{Colour, LinePanel, Look, Marker, Panel, Reference, Scale, Series, Sheet};
use bal_report::{Interval, ReportError};

pub(crate) use sample_sizes::{Control, Quantity, SampleSize, SampleSizes};

const NOTE: &str = "Points are means over seeds; whiskers span the seeds where there are several, and are Wilson's 95 % \
     interval for the sampling of test images where there is one.";
const EQUAL_NOTE: &str = "For equal movement the data step is multiplied by 5 / S_w, since the data energy sums over parameter \
     chains; how far images moved is the mean over training.";

/// Draws the paper's Figure 2 from `results_dir/fig2/` and, for five chains, `results_dir/fig1/`; runs that are
/// missing are left out.
///
/// Writes `fig2.svg` (accuracies and perturbation by chains) and `fig2a.svg` (FGSM curves), and
/// the numbers as `fig2.csv` (`control,chains,seed,quantity,radius,value`) into `out_dir`, which is created if
/// missing; returns their paths. Everything is drawn before the first file is written.
///
/// Errors: no run, a file that is not what its name says, a folder that cannot be written to.
pub(crate) fn fig2(
    results_dir: &Path,
    published: &Published,
    out_dir: &Path,
) -> Result<Vec<PathBuf>, ReportError> {
    let sizes = SampleSizes::read(results_dir)?;
    let panels = [
        panel(&sizes, "(a) MNIST under FGSM, radius 0.15", "accuracy", Quantity::Strongest, Some(published)),
        panel(&sizes, "(b) MNIST under one-step CW", "accuracy", Quantity::CwOneStep, Some(published)),
        panel(
            &sizes,
            "(c) How far images moved in training",
            "mean L∞, pixels in [0, 1]",
            Quantity::Linf,
            None,
        ),
    ];
    let curves = curves(&sizes, published);
    let sheet = |panels: Vec<Panel>| {
        Sheet {
            title: "Figure 2 of Bayesian Adversarial Learning, reproduced",
            description: &description(&sizes),
            tag: sizes.warning(),
            columns: panels.into_iter().map(|panel| vec![panel]).collect(),
            notes: vec![NOTE, EQUAL_NOTE],
        }
        .draw()
    };
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, panels) in [("fig2", panels.into()), ("fig2a", vec![curves])] {
        files.push((format!("{name}.svg"), sheet(panels).into_bytes()));
    }
    files.push(("fig2.csv".into(), sizes.to_csv().into_bytes()));
    write_all(out_dir, files)
}

fn description(sizes: &SampleSizes) -> String {
    let parts = sizes.all().iter().filter_map(|size| {
        let (strongest, linf) = (size.mean(Quantity::Strongest)?, size.mean(Quantity::Linf)?);
        Some(format!(
            "{} chains ({}): {strongest:.3} under FGSM at the largest radius, images moved by {linf:.3}",
            size.chains,
            size.control.label()
        ))
    });
    format!("Accuracy of BAL on MNIST by parameter chains. {}.", parts.collect::<Vec<_>>().join("; "))
}

/// What solid curves, bars and dashed curves are.
const KEY: [&str; 3] = ["ours", "range or interval", "published"];

/// A quantity against the number of parameter chains.
fn panel(
    sizes: &SampleSizes,
    title: &str,
    y_title: &str,
    quantity: Quantity,
    published: Option<&Published>,
) -> Panel {
    let paper = Look::new(Colour::Vermillion, Marker::Star);
    let looks = [(Control::Paper, paper), (Control::Equal, Look::new(Colour::Blue, Marker::Circle))];
    let series = looks.into_iter().filter_map(|(control, look)| {
        let points = sizes.of(control).filter_map(|size| {
            Some((f64::from(size.chains), size.mean(quantity)?, size.interval(quantity)?))
        });
        let series = Series::measured(control.label(), look, points);
        (!series.points.is_empty()).then_some(series)
    });
    let references = published.map(|published| Reference {
        name: format!("{}, published", Control::Paper.label()),
        look: Some(paper),
        points: quantity.published(published).into_iter().map(|(n, value)| (f64::from(n), value)).collect(),
    });
    let titles = ("parameter chains S_w", y_title);
    let (series, references) = (series.collect(), references.into_iter().collect());
    let scales = [Scale::between as fn(Vec<f64>) -> Scale, Scale::around];
    Panel::curves(title, &LinePanel::around(titles, (560.0, 400.0), scales, series, references), KEY)
}

/// Accuracy against the radius, a curve for each number of chains.
fn curves(sizes: &SampleSizes, published: &Published) -> Panel {
    let looks = [
        Look::new(Colour::SkyBlue, Marker::Circle),
        Look::new(Colour::BluishGreen, Marker::Square),
        Look::new(Colour::Vermillion, Marker::Star),
        Look::new(Colour::Black, Marker::Diamond),
    ];
    let (mut series, mut references) = (Vec::new(), Vec::new());
    for (size, look) in sizes.of(Control::Paper).zip(looks.into_iter().cycle()) {
        let points = size.radii().into_iter().enumerate().filter_map(|(i, x)| {
            let at = Quantity::Fgsm(i);
            Some((x, size.mean(at)?, size.interval(at)?))
        });
        let name = format!("S_w = {}", size.chains);
        let curve = Series::measured(name.clone(), look, points);
        if curve.points.is_empty() {
            continue;
        }
        if let Some(curve) = published.fig2a_mnist_fgsm_by_chains.get(&size.chains) {
            let (name, points) = (format!("{name}, published"), curve.points().collect());
            references.push(Reference { name, look: Some(look), points });
        }
        series.push(curve);
    }
    let titles = ("FGSM radius (L∞, pixels in [0, 1])", "accuracy");
    let scales = [Scale::between as fn(Vec<f64>) -> Scale, Scale::around];
    let curves = LinePanel::around(titles, (640.0, 400.0), scales, series, references);
    Panel::curves("MNIST under FGSM by parameter chains", &curves, KEY)
}

impl SampleSize {
    /// The range of the seeds, or of one seed Wilson's interval.
    fn interval(&self, quantity: Quantity) -> Option<Interval> {
        let range = self.range(quantity)?;
        let alone = self.runs.first().filter(|_| self.runs.len() == 1);
        Some(alone.and_then(|run| run.wilson(quantity)).unwrap_or(range))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic::{published, write_run};

    #[test]
    fn the_figure_is_drawn_from_both_folders_and_a_run_that_is_missing_is_left_out() {
        let results = tempfile::tempdir().unwrap();
        let (one, two) = (results.path().join("fig1"), results.path().join("fig2"));
        write_run(&one, "bal-released", false, 1000, 0.2);
        write_run(&two, "sw-1", false, 1000, 0.3);
        write_run(&two.join("seed-2"), "sw-1", false, 1000, 0.25);
        write_run(&two, "sw-10-equal", false, 1000, 0.2);
        let paths = fig2(results.path(), &published(), &two).unwrap();
        assert_eq!(paths.len(), 3);
        let svg = std::fs::read_to_string(two.join("fig2.svg")).unwrap();
        assert!(svg.contains("equal movement") && svg.contains("(c) How far"));
        let csv = std::fs::read_to_string(two.join("fig2.csv")).unwrap();
        assert!(csv.contains("paper,1,2,fgsm,"), "{csv}");
        let sizes = SampleSizes::read(results.path()).unwrap();
        let found: Vec<_> = sizes.all().iter().map(|s| (s.control, s.chains, s.runs.len())).collect();
        assert_eq!(
            found,
            [(Control::Paper, 1, 2), (Control::Paper, 5, 1), (Control::Equal, 5, 1), (Control::Equal, 10, 1)]
        );
    }

    #[test]
    fn without_runs_there_is_nothing_to_draw() {
        let results = tempfile::tempdir().unwrap();
        let error = fig2(results.path(), &published(), results.path()).unwrap_err().to_string();
        assert!(error.contains("sw-1"), "{error}");
    }
}
