//! The runs behind Figure 2, by number of parameter chains.

use std::path::{Path, PathBuf};

use crate::published::Published;
use crate::studies::runs::{evaluation, seed_folder};
use bal_report::csv::Csv;
use bal_report::{Evaluation, Interval, Record, ReportError};

/// Numbers of parameter chains that there are runs of.
const CHAINS: [u32; 4] = [1, 3, 5, 10];
/// The number that Figure 1 has a run of.
const OF_FIGURE_1: u32 = 5;
/// More than anybody runs; where the first folder is missing, the rest is not looked for.
const SEEDS: u64 = 100;

/// What was kept equal while the number of chains changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Nothing: all settings are the paper's.
    Paper,
    /// How far the images move, nearly: the data step is divided by the number of chains.
    Equal,
    /// An image's own step, with three data chains for each instead of one.
    DataChains,
}

/// A number that a run gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Quantity {
    /// Accuracy under FGSM at the radius of this index.
    Fgsm(usize),
    /// Accuracy under FGSM at the largest radius.
    Strongest,
    /// Accuracy under the one-step CW attack.
    CwOneStep,
    /// Mean greatest change of a pixel by the data chains, over training.
    Linf,
    /// Mean Euclidean norm of that change.
    L2,
}

/// One seed.
#[derive(Debug)]
pub(crate) struct Run {
    seed: u64,
    record: Record,
    fgsm: Option<Evaluation>,
    cw_one_step: Option<Evaluation>,
}

/// Runs that differ in their seed alone.
#[derive(Debug)]
pub(crate) struct SampleSize {
    pub(crate) control: Control,
    pub(crate) chains: u32,
    /// At least one.
    pub(crate) runs: Vec<Run>,
}

/// All runs of the figure.
#[derive(Debug)]
pub(crate) struct SampleSizes {
    sizes: Vec<SampleSize>,
    warning: Option<String>,
}

impl Control {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Paper => "same step",
            Self::Equal => "equal movement",
            Self::DataChains => "three data chains",
        }
    }

    /// As tables name it.
    fn key(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Equal => "equal",
            Self::DataChains => "data-chains",
        }
    }
}

impl Quantity {
    /// What the paper has of it, by number of chains.
    pub(crate) fn published(self, published: &Published) -> Vec<(u32, f64)> {
        match self {
            Self::Strongest => {
                let curves = published.fig2a_mnist_fgsm_by_chains.iter();
                curves.filter_map(|(&n, curve)| Some((n, curve.points().last()?.1))).collect()
            }
            Self::CwOneStep => {
                published.fig2b_mnist_cw_by_chains.iter().map(|(&n, &value)| (n, value)).collect()
            }
            Self::Fgsm(_) | Self::Linf | Self::L2 => Vec::new(),
        }
    }
}

impl Run {
    pub(crate) fn value(&self, quantity: Quantity) -> Option<f64> {
        let mean = |name: &str| {
            let curve = self.record.curves.get(name)?;
            let sum: f64 = curve.iter().map(|(_, value)| value).sum();
            (!curve.is_empty()).then(|| sum / curve.len() as f64)
        };
        match quantity {
            Quantity::Fgsm(index) => self.fgsm.as_ref()?.accuracy.get(index).copied(),
            Quantity::Strongest => self.fgsm.as_ref()?.accuracy.last().copied(),
            Quantity::CwOneStep => self.cw_one_step.as_ref()?.accuracy.first().copied(),
            Quantity::Linf => mean("linf"),
            Quantity::L2 => mean("l2"),
        }
    }

    /// Wilson's interval, of an accuracy.
    pub(crate) fn wilson(&self, quantity: Quantity) -> Option<Interval> {
        let point = match quantity {
            Quantity::Fgsm(index) => self.fgsm.as_ref()?.points().nth(index),
            Quantity::Strongest => self.fgsm.as_ref()?.points().last(),
            Quantity::CwOneStep => self.cw_one_step.as_ref()?.points().next(),
            Quantity::Linf | Quantity::L2 => None,
        };
        point.map(|point| point.interval)
    }
}

impl SampleSize {
    /// The mean over seeds.
    pub(crate) fn mean(&self, quantity: Quantity) -> Option<f64> {
        let values: Vec<f64> = self.runs.iter().filter_map(|run| run.value(quantity)).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// The least and the most of the seeds.
    pub(crate) fn range(&self, quantity: Quantity) -> Option<Interval> {
        let values = || self.runs.iter().filter_map(|run| run.value(quantity));
        Some(Interval { low: values().reduce(f64::min)?, high: values().reduce(f64::max)? })
    }

    /// Data chains of each image.
    pub(crate) fn data_chains(&self) -> u32 {
        if self.control == Control::DataChains { 3 } else { 1 }
    }

    /// Radii of FGSM.
    pub(crate) fn radii(&self) -> Vec<f64> {
        let evaluation = self.runs.iter().find_map(|run| run.fgsm.as_ref());
        evaluation.map_or(Vec::new(), |e| e.radii.iter().copied().flatten().collect())
    }
}

impl SampleSizes {
    /// Reads the runs in `results/fig2/` and that of five chains in `results/fig1/`, with all seeds there are.
    ///
    /// Errors name the file, or say that there is none.
    pub(crate) fn read(results: &Path) -> Result<Self, ReportError> {
        let mut sizes = Vec::new();
        for control in [Control::Paper, Control::Equal, Control::DataChains] {
            for chains in CHAINS {
                let runs = seeds(results, control, chains)?;
                if !runs.is_empty() {
                    sizes.push(SampleSize { control, chains, runs });
                }
            }
        }
        if !sizes.iter().any(|size| size.chains != OF_FIGURE_1) {
            return Err(ReportError::NoRuns {
                folder: results.join("fig2"),
                file: "fgsm.json".into(),
                expected: "sw-1, sw-3, sw-10 and the same with -equal".into(),
            });
        }
        let quick = sizes.iter().flat_map(|size| &size.runs).any(|run| run.record.quick);
        let warning = quick.then(|| "QUICK RUN — not for comparison".to_owned());
        Ok(Self { sizes, warning })
    }

    pub(crate) fn all(&self) -> &[SampleSize] {
        &self.sizes
    }

    /// Those of a control, by number of chains.
    pub(crate) fn of(&self, control: Control) -> impl Iterator<Item = &SampleSize> {
        self.sizes.iter().filter(move |size| size.control == control)
    }

    /// What a reader must be warned of.
    pub(crate) fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// One line per number: `control,chains,seed,quantity,radius,value`.
    pub(crate) fn to_csv(&self) -> String {
        let mut table = Csv::new(&["control", "chains", "seed", "quantity", "radius", "value"]);
        for size in &self.sizes {
            for run in &size.runs {
                let mut row = |quantity: &str, radius: String, value: Option<f64>| {
                    if let Some(value) = value {
                        table.row(&[
                            size.control.key().to_owned(),
                            size.chains.to_string(),
                            run.seed.to_string(),
                            quantity.to_owned(),
                            radius,
                            value.to_string(),
                        ]);
                    }
                };
                for (i, radius) in size.radii().iter().enumerate() {
                    row("fgsm", radius.to_string(), run.value(Quantity::Fgsm(i)));
                }
                row("cw-one-step", String::new(), run.value(Quantity::CwOneStep));
                row("linf", String::new(), run.value(Quantity::Linf));
                row("l2", String::new(), run.value(Quantity::L2));
            }
        }
        table.finish()
    }
}

/// The runs of seeds 1, 2, .. up to the first that is missing.
fn seeds(results: &Path, control: Control, chains: u32) -> Result<Vec<Run>, ReportError> {
    let mut runs = Vec::new();
    for seed in 1..=SEEDS {
        // Controls have one seed.
        let made = match control {
            Control::Paper => true,
            Control::Equal => seed == 1,
            Control::DataChains => seed == 1 && chains == OF_FIGURE_1,
        };
        if !made {
            break;
        }
        let folder = folder(results, control, chains, seed);
        let record = folder.join("record.json");
        if !record.is_file() {
            break;
        }
        runs.push(Run {
            seed,
            record: Record::read(&record)?,
            fgsm: evaluation(&folder.join("fgsm.json"), "fgsm", "mnist")?,
            cw_one_step: evaluation(&folder.join("cw-one-step.json"), "cw-one-step", "mnist")?,
        });
    }
    Ok(runs)
}

fn folder(results: &Path, control: Control, chains: u32, seed: u64) -> PathBuf {
    // With five chains both controls are the run of Figure 1.
    let (figure, name) = match control {
        Control::DataChains => ("fig2", "sz-3".to_owned()),
        _ if chains == OF_FIGURE_1 => ("fig1", "bal-released".to_owned()),
        Control::Paper => ("fig2", format!("sw-{chains}")),
        Control::Equal => ("fig2", format!("sw-{chains}-equal")),
    };
    seed_folder(&results.join(figure), seed).join(name)
}
