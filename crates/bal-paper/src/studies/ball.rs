//! BAL in one ball: what the temperature of the data, their chains and a posterior buy, read, as a figure and as a table.

mod cells;

use std::path::{Path, PathBuf};

use super::{evaluation, seed_folder, write_all};
use crate::figures::numbers::p_value;
use bal_page::plot::{Colour, Dot, Dots, Look, Marker, Panel, Sample, Scale, Sheet};
use bal_report::table::{Table, number};
use bal_report::wilson::wilson_95;
use bal_report::{Evaluation, Interval, Pairs, Record, ReportError};

pub(crate) use cells::{DataCell, Kernel, ManyChains};
use cells::{NETWORKS, RADIUS};

/// The attack that all are compared under.
const ATTACK: &str = "apgd-t";

/// More than anybody runs.
const SEEDS: u64 = 20;

const NOTE: &str = "Accuracy on the first 500 test images under targeted APGD of 40 steps at the radius of training, L∞ .3; over \
     seeds their mean. Bars are Wilson's 95 % interval for the images of all seeds.";

/// A cell with what was found of it.
pub(crate) struct Found {
    label: String,
    /// By seed: which images stood.
    stood: Vec<(u64, String)>,
    quick: bool,
}

impl Found {
    /// The results of a cell in `results_dir/ball/`, of all seeds; `None` where there are none.
    fn read(results_dir: &Path, name: &str, label: String) -> Result<Option<Self>, ReportError> {
        let (mut stood, mut quick) = (Vec::new(), false);
        for seed in 1..=SEEDS {
            let folder = seed_folder(&results_dir.join("ball"), seed).join(name);
            let Some(found) = evaluation(&folder.join(format!("{ATTACK}.json")), ATTACK, "mnist")? else {
                continue;
            };
            let record = folder.join("record.json");
            quick |= record.is_file() && Record::read(&record)?.quick;
            stood.push((seed, at_radius(&found, &folder)?.to_owned()));
        }
        Ok((!stood.is_empty()).then_some(Self { label, stood, quick }))
    }

    fn accuracies(&self) -> impl Iterator<Item = f64> {
        self.stood.iter().map(|(_, images)| ones(images) as f64 / images.len() as f64)
    }

    fn mean(&self) -> f64 {
        self.accuracies().sum::<f64>() / self.stood.len() as f64
    }

    fn interval(&self) -> Interval {
        let images = self.stood.iter().map(|(_, images)| images.len() as u64).sum();
        wilson_95(self.stood.iter().map(|(_, images)| ones(images)).sum(), images)
    }

    /// This one and `other` on the images of the seeds that both have.
    fn against(&self, other: &Self) -> Pairs {
        let both = self.stood.iter().filter_map(|(seed, images)| {
            let (_, others) = other.stood.iter().find(|(of, _)| of == seed)?;
            Some(Pairs::of(images, others))
        });
        both.sum()
    }
}

fn ones(images: &str) -> u64 {
    images.bytes().filter(|&b| b == b'1').count() as u64
}

/// Which images stood at the radius of the comparison.
fn at_radius<'a>(found: &'a Evaluation, folder: &Path) -> Result<&'a str, ReportError> {
    let there = found.radii.iter().position(|r| r.is_some_and(|r| (r - RADIUS).abs() < 1e-9));
    let stood = there.and_then(|i| found.per_image.correct.get(i)).map(String::as_str);
    stood.ok_or_else(|| ReportError::invalid(folder, format!("{ATTACK}.json has no radius {RADIUS}")))
}

/// The comparison: the cells of one network, of which PGD is the first, and those of several.
pub(crate) struct InBall {
    data: Vec<(DataCell, Found)>,
    /// Several data chains for an image.
    many: Vec<Found>,
    networks: Vec<Found>,
}

impl InBall {
    /// Reads `results_dir/ball/`; cells that were not run are left out.
    ///
    /// Errors name the file, or say that there is no run to compare the others with.
    pub(crate) fn read(results_dir: &Path) -> Result<Self, ReportError> {
        let mut data = Vec::new();
        for cell in DataCell::all() {
            data.extend(Found::read(results_dir, &cell.name(), cell.label())?.map(|found| (cell, found)));
        }
        let mut many = Vec::new();
        for cell in ManyChains::all() {
            many.extend(Found::read(results_dir, &cell.name(), cell.label())?);
        }
        let mut networks = Vec::new();
        for (name, label) in NETWORKS {
            networks.extend(Found::read(results_dir, name, label.into())?);
        }
        if data.first().is_none_or(|(cell, _)| *cell != DataCell::PGD) {
            return Err(ReportError::NoRuns {
                folder: results_dir.join("ball"),
                file: format!("{ATTACK}.json"),
                expected: DataCell::PGD.name(),
            });
        }
        Ok(Self { data, many, networks })
    }

    /// What the others are compared with.
    fn baseline(&self) -> &Found {
        &self.data[0].1
    }

    fn all(&self) -> impl Iterator<Item = &Found> {
        self.data.iter().map(|(_, found)| found).chain(&self.many).chain(&self.networks)
    }

    fn warning(&self) -> Option<&'static str> {
        self.all().any(|found| found.quick).then_some("QUICK RUN — not for comparison")
    }

    /// A line for each cell: accuracy, range of its seeds, and the paired difference from PGD.
    pub(crate) fn table(&self) -> String {
        let head = ["", "seeds", "accuracy", "range", "less PGD's, paired", "p"];
        let mut table = Table::new("lrrrrr", head);
        for found in self.all() {
            let pairs = found.against(self.baseline());
            let Interval { low, high } = pairs.interval_95();
            let itself = std::ptr::eq(found, self.baseline());
            let (least, most) =
                found.accuracies().fold((1.0f64, 0.0f64), |(low, high), a| (low.min(a), high.max(a)));
            table.row([
                found.label.clone(),
                found.stood.len().to_string(),
                number(Some(found.mean()), 4),
                format!("{least:.3} to {most:.3}"),
                if itself {
                    "–".into()
                } else {
                    format!("{:+.3} [{low:+.3}, {high:+.3}]", pairs.difference())
                },
                if itself { "–".into() } else { p_value(pairs.p_value()).trim_start_matches("= ").into() },
            ]);
        }
        let mut blocks = vec![table.markdown()];
        blocks.extend(self.warning().map(|warning| format!("**{warning}**")));
        blocks.join("\n\n")
    }

    /// Draws `ball.svg` into `out_dir`, which is created if missing; returns its path.
    ///
    /// Errors: a folder that cannot be written to.
    pub(crate) fn draw(&self, out_dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
        let sign = Look::new(Colour::Vermillion, Marker::Star);
        let reflected = Look::new(Colour::BluishGreen, Marker::TriangleUp);
        let langevin = Look::new(Colour::Blue, Marker::Circle);
        let data = self.data.iter().map(|(cell, found)| {
            let look = match cell.kernel {
                Kernel::Sign => sign,
                Kernel::Reflected => reflected,
                Kernel::Langevin => langevin,
            };
            (found, look)
        });
        let many = Look::new(Colour::Orange, Marker::Diamond);
        let data = data.chain(self.many.iter().map(|found| (found, many)));
        let networks = self.networks.iter().map(|found| (found, Look::new(Colour::Black, Marker::Square)));
        let panels = [
            self.panel("(a) One network, by its data chains", &data.collect::<Vec<_>>()),
            self.panel("(b) Posteriors and ensembles", &networks.collect::<Vec<_>>()),
        ];
        let sheet = Sheet {
            title: "BAL in a ball of .3: what a distribution over adversarial data buys, and what a posterior",
            description: &self.description(),
            tag: self.warning(),
            columns: vec![panels.into()],
            notes: vec![NOTE, "The upright line is PGD with one network."],
        };
        write_all(out_dir, vec![("ball.svg".into(), sheet.draw().into_bytes())])
    }

    fn panel(&self, title: &str, rows: &[(&Found, Look)]) -> Panel {
        let reference = self.baseline().mean();
        let ends = rows.iter().flat_map(|(found, _)| [found.interval().low, found.interval().high]);
        let scale = Scale::around(ends.chain([reference]));
        let dots = rows.iter().enumerate().map(|(row, (found, look))| {
            let (share, interval) = (found.mean(), found.interval());
            let text = format!("{}: {share:.3} [{:.3}, {:.3}]", found.label, interval.low, interval.high);
            Dot { row, lane: 0, look: *look, share, interval, reference: Some(reference), text }
        });
        let seeds = rows.iter().map(|(found, _)| found.stood.len().to_string()).collect();
        let drawing = Dots {
            rows: rows.iter().map(|(found, _)| found.label.clone()).collect(),
            rows_title: String::new(),
            title: "accuracy".into(),
            scale,
            shares: dots.collect(),
            numbers: vec![("seeds".into(), seeds)],
            width: 760.0,
            pitch: 24.0,
            label: title.into(),
        };
        let key = vec![(Sample::Dot, "mean over seeds, 95 % interval".into()), (Sample::Tick, "PGD".into())];
        Panel { title: title.into(), key, drawing: drawing.draw() }
    }

    fn description(&self) -> String {
        let parts = self.all().map(|found| format!("{}: {:.3}", found.label, found.mean()));
        format!("Accuracy under targeted APGD at .3. {}.", parts.collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_report::testing::{evaluation, record};

    fn write(results: &Path, folder: &str, share: f64) {
        let folder = results.join("ball").join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        record("cell").write(&folder.join("record.json")).unwrap();
        evaluation(ATTACK, vec![Some(RADIUS)], &[share], 100).write(&folder.join("apgd-t.json")).unwrap();
    }

    #[test]
    fn cells_are_compared_with_pgd_over_the_seeds_that_both_have() {
        let results = tempfile::tempdir().unwrap();
        assert!(InBall::read(results.path()).is_err(), "nothing to compare with");
        write(results.path(), "sign-0", 0.8);
        write(results.path(), "seed-2/sign-0", 0.7);
        write(results.path(), "langevin-1e-5", 0.9);
        write(results.path(), "posterior", 0.85);
        write(results.path(), "seed-2/posterior", 0.75);
        write(results.path(), "seed-3/posterior", 0.95);
        let ball = InBall::read(results.path()).unwrap();
        let text = ball.table();
        assert!(text.contains("| PGD | 2 | 0.7500 | 0.700 to 0.800 | – | – |"), "{text}");
        assert!(
            text.contains("| Langevin steps, T = 1e-5 | 1 | 0.9000 | 0.900 to 0.900 | +0.100 ["),
            "{text}"
        );
        assert!(text.contains("| 3 | 0.8500 | 0.750 to 0.950 | +0.050 ["), "{text}");
        // Ten images of one sign: 2 / 2^10.
        assert!(text.contains("| .0020 |"), "{text}");
        let paths = ball.draw(&results.path().join("ball")).unwrap();
        let svg = std::fs::read_to_string(&paths[0]).unwrap();
        assert!(svg.contains("posterior of four chains, shared data") && svg.contains("Langevin steps"));
    }
}
