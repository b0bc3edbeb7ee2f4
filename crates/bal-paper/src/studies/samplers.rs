//! How well samplers explore the posterior of a network, and how far from its temperature: read, as tables and as a figure.

use std::path::{Path, PathBuf};

use super::{evaluation, write_all};
use bal_page::plot::{LinePanel, Look, Panel, Reference, Scale, Series, Sheet};
use bal_report::table::{Table, number};
use bal_report::{ConfigurationalTemperature, Interval, Record, ReportError, Summary};

/// The samplers compared and the step sizes of each, in units of its own.
pub(crate) const SAMPLERS: [(&str, &[f64]); 5] = [
    ("sgld", &[0.01, 0.03, 0.1]),
    ("sghmc", &[0.01, 0.03, 0.1]),
    ("psgld", &[1e-4, 3e-4]),
    ("sgadald", &[0.006, 0.012, 0.025]),
    ("sgadahmc", &[0.0015, 0.004, 0.008]),
];

/// So far from the posterior's temperature a run may be that counts as equal in bias: 10 %, where standard errors are up to 5 %.
const TOLERANCE: f64 = 0.1;

const NOTE: &str = "Configurational temperature: the mean of w dU/dw over weights and batches after the burn-in, 1 of the posterior. \
     Effective size: of held-out images' log-probabilities, median over images; bars from the least to the greatest.";

/// A sampler with one step size.
struct Run {
    sampler: &'static str,
    step_size: f64,
    temperature: ConfigurationalTemperature,
    at_floor: Option<f64>,
    draws: u64,
    r_hat: Summary,
    ess: Summary,
    clean: Option<f64>,
    fgsm: Option<f64>,
}

impl Run {
    /// Whether it is as near the posterior's temperature as runs have to be that are compared.
    fn is_near(&self) -> bool {
        (self.temperature.mean - 1.0).abs() <= TOLERANCE
    }
}

/// What was found of all samplers.
pub(crate) struct Explored {
    runs: Vec<Run>,
    quick: bool,
}

impl Explored {
    /// Reads `results_dir/samplers/<sampler>-<step size>/`; what was not run is left out.
    ///
    /// Errors name the file, or say that there is no run.
    pub(crate) fn read(results_dir: &Path) -> Result<Self, ReportError> {
        let (mut runs, mut quick) = (Vec::new(), false);
        let all =
            SAMPLERS.iter().flat_map(|(sampler, steps)| steps.iter().map(move |step| (*sampler, *step)));
        for (sampler, step_size) in all {
            let folder = results_dir.join("samplers").join(format!("{sampler}-{step_size}"));
            let Some(fgsm) = evaluation(&folder.join("fgsm.json"), "fgsm", "mnist")? else { continue };
            let path = folder.join("record.json");
            let record = Record::read(&path)?;
            let missing =
                |what: &str| ReportError::invalid(&path, format!("there is no {what} of its chains"));
            let mixed = record.diagnostics.and_then(|d| Some((d.chains * d.draws, d.r_hat?, d.ess?)));
            let (draws, r_hat, ess) = mixed.ok_or_else(|| missing("agreement"))?;
            let regime = record.sampler.ok_or_else(|| missing("regime"))?;
            let temperature =
                regime.configurational_temperature.ok_or_else(|| missing("configurational temperature"))?;
            quick |= record.quick;
            let accuracy = |radius: f64| {
                let at = fgsm.points().find(|p| p.radius.is_some_and(|r| (r - radius).abs() < 1e-9));
                at.map(|point| point.accuracy)
            };
            let (clean, fgsm) = (accuracy(0.0), accuracy(0.1));
            let at_floor = regime.floor_share;
            runs.push(Run { sampler, step_size, temperature, at_floor, draws, r_hat, ess, clean, fgsm });
        }
        if runs.is_empty() {
            let expected = SAMPLERS.map(|(sampler, _)| format!("{sampler}-STEP")).join(", ");
            let folder = results_dir.join("samplers");
            return Err(ReportError::NoRuns { folder, file: "fgsm.json".into(), expected });
        }
        Ok(Self { runs, quick })
    }

    fn of<'a>(&'a self, sampler: &'a str) -> impl Iterator<Item = &'a Run> {
        self.runs.iter().filter(move |run| run.sampler == sampler)
    }

    /// A line for each sampler and step size: at what temperature its chains ran, how they mixed, and the accuracy of what they
    /// give together.
    pub(crate) fn table(&self) -> String {
        let head = [
            "sampler",
            "step size",
            "temperature",
            "R-hat, median (largest)",
            "effective size, median (smallest)",
            "of draws",
            "at the floor",
            "clean",
            "FGSM .1",
        ];
        let mut table = Table::new("lrrrrrrrr", head);
        for run in &self.runs {
            let (t, r_hat, ess) = (&run.temperature, run.r_hat, run.ess);
            table.row([
                run.sampler.into(),
                run.step_size.to_string(),
                format!("{:.3} ± {:.3}", t.mean, t.standard_error),
                format!("{:.2} ({:.2}){}", r_hat.median, r_hat.max, r_hat.left_out()),
                format!("{:.1} ({:.1})", ess.median, ess.min),
                run.draws.to_string(),
                run.at_floor.map_or_else(|| "–".into(), |share| format!("{:.1} %", 100.0 * share)),
                number(run.clean, 4),
                number(run.fgsm, 4),
            ]);
        }
        let mut blocks = vec![table.markdown()];
        blocks.extend(self.quick.then(|| "**QUICK RUN — not for comparison**".to_owned()));
        blocks.join("\n\n")
    }

    /// A line for each sampler: the run with the largest effective size among those near the posterior's temperature.
    pub(crate) fn at_equal_bias(&self) -> String {
        let head = ["sampler", "step size", "temperature", "effective size, median (smallest)"];
        let mut table = Table::new("lrrr", head);
        for (sampler, _) in SAMPLERS {
            if self.of(sampler).next().is_none() {
                continue;
            }
            let near = self.of(sampler).filter(|run| run.is_near());
            let best = near.max_by(|a, b| a.ess.median.total_cmp(&b.ess.median));
            let cells = best.map(|run| {
                [
                    run.step_size.to_string(),
                    format!("{:.3}", run.temperature.mean),
                    format!("{:.1} ({:.1})", run.ess.median, run.ess.min),
                ]
            });
            let cells = cells.unwrap_or_else(|| ["none".into(), "–".into(), "–".into()]);
            table.row([sampler.to_owned()].into_iter().chain(cells));
        }
        table.markdown()
    }

    /// Draws `samplers.svg` into `out_dir`, which is created if missing; returns its path.
    ///
    /// Errors: a folder that cannot be written to.
    pub(crate) fn draw(&self, out_dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
        let series = SAMPLERS.iter().enumerate().map(|(place, (sampler, _))| {
            // In the order of the steps.
            let point = |run: &Run| {
                let Summary { min, median, max, .. } = run.ess;
                (run.temperature.mean, median, Interval { low: min, high: max })
            };
            Series::measured(*sampler, Look::nth(place), self.of(sampler).map(point))
        });
        let series: Vec<Series> = series.filter(|series| !series.points.is_empty()).collect();
        let ends = self.runs.iter().flat_map(|run| [run.ess.min, run.ess.max]);
        let (least, most) = ends.fold((f64::INFINITY, 0.0f64), |(low, high), e| (low.min(e), high.max(e)));
        let posterior =
            Reference { name: "posterior".into(), look: None, points: vec![(1.0, least), (1.0, most)] };
        let axes = ("configurational temperature, of the posterior's", "effective size");
        let scales = [Scale::around as fn(Vec<f64>) -> Scale, Scale::logarithmic];
        let panel = LinePanel::around(axes, (760.0, 420.0), scales, series, vec![posterior]);
        let sheet = Sheet {
            title: "Samplers of a network's posterior: how much they explore, and at which temperature",
            description: &self.description(),
            tag: self.quick.then_some("QUICK RUN — not for comparison"),
            columns: vec![vec![Panel::curves(
                "Each sampler, from its shortest step to its longest",
                &panel,
                ["median over images", "least and greatest", "temperature of the posterior"],
            )]],
            notes: vec![NOTE],
        };
        write_all(out_dir, vec![("samplers.svg".into(), sheet.draw().into_bytes())])
    }

    fn description(&self) -> String {
        let parts = self.runs.iter().map(|run| {
            format!(
                "{} {}: temperature {:.3}, effective size {:.1}",
                run.sampler, run.step_size, run.temperature.mean, run.ess.median
            )
        });
        format!("Effective size by temperature. {}.", parts.collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic::write_run;
    use bal_report::{Diagnostics, SamplerRegime};

    fn write(results: &Path, name: &str, temperature: f64, ess: &[f64]) {
        let folder = results.join("samplers");
        write_run(&folder, name, false, 1000, 0.27);
        let path = folder.join(name).join("record.json");
        let mut record = Record::read(&path).unwrap();
        let (r_hat, ess) = (Summary::of(&[1.0, 1.5, 3.0]), Summary::of(ess));
        record.diagnostics = Some(Diagnostics { chains: 3, draws: 10, r_hat, ess });
        record.sampler = Some(SamplerRegime {
            name: name.into(),
            energy: "mean".into(),
            floor_share: None,
            gradient_quantiles: vec![],
            temperature_quantiles: vec![],
            configurational_temperature: Some(ConfigurationalTemperature {
                mean: temperature,
                standard_error: 0.004,
                sweeps: 100,
            }),
        });
        record.write(&path).unwrap();
    }

    #[test]
    fn a_line_says_at_what_temperature_chains_ran_and_how_they_mixed() {
        let results = tempfile::tempdir().unwrap();
        assert!(Explored::read(results.path()).is_err());
        write_run(&results.path().join("samplers"), "sghmc-0.01", false, 1000, 0.27);
        assert!(Explored::read(results.path()).err().unwrap().to_string().contains("agreement"));
        write(results.path(), "sghmc-0.01", 1.02, &[2.0, 9.0, 10.0]);
        let text = Explored::read(results.path()).unwrap().table();
        let line = "| sghmc | 0.01 | 1.020 ± 0.004 | 1.50 (3.00) | 9.0 (2.0) | 30 | – | 0.9920 | 0.8720 |";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn samplers_are_compared_by_runs_near_the_temperature_of_the_posterior() {
        let results = tempfile::tempdir().unwrap();
        write(results.path(), "sghmc-0.01", 0.96, &[2.0, 9.0, 10.0]);
        write(results.path(), "sghmc-0.03", 1.04, &[3.0, 19.0, 30.0]);
        write(results.path(), "sghmc-0.1", 1.16, &[5.0, 99.0, 120.0]);
        write(results.path(), "sgld-0.01", 0.5, &[2.0, 3.0, 4.0]);
        let explored = Explored::read(results.path()).unwrap();
        let text = explored.at_equal_bias();
        assert!(text.contains("| sghmc | 0.03 | 1.040 | 19.0 (3.0) |"), "{text}");
        assert!(text.contains("| sgld | none | – | – |"), "{text}");
        assert!(!text.contains("psgld"), "{text}");
        let paths = explored.draw(&results.path().join("samplers")).unwrap();
        let svg = std::fs::read_to_string(&paths[0]).unwrap();
        assert!(svg.contains("configurational temperature") && svg.contains("sgld"));
    }
}
