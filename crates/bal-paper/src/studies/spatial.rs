//! Three threat models: pixels that change, pixels that move, and poses, as a figure and as a table.

use std::path::{Path, PathBuf};

use super::{evaluation, write_all};
use bal_page::plot::{Colour, LinePanel, Look, Marker, Panel, Scale, Series, Sheet};
use bal_report::table::{Table, dash, number, with_interval};
use bal_report::{Evaluation, Record, ReportError};

/// A model of the comparison.
#[derive(Debug)]
pub(crate) struct Threatened {
    /// Its folder among the results of the comparison, and the name of its run.
    pub(crate) name: &'static str,
    /// Whether its run is one of Figure 1.
    pub(crate) of_figure_1: bool,
    label: &'static str,
    look: Look,
}

/// The models, in the order of the table.
pub(crate) const THREATS: [Threatened; 7] = [
    of_figure_1("erm", "ERM", Colour::Gray, Marker::Circle),
    of_figure_1("pgd", "PGD, pixels", Colour::BluishGreen, Marker::Square),
    of_figure_1("wrm", "WRM, pixels", Colour::ReddishPurple, Marker::Diamond),
    of_figure_1("bal-paper", "BAL, pixels", Colour::Vermillion, Marker::Star),
    own("flow-pgd", "PGD, flows", Colour::Blue, Marker::TriangleUp),
    own("bal-flow", "BAL, flows", Colour::Orange, Marker::Cross),
    own("pose", "worst of ten poses", Colour::SkyBlue, Marker::TriangleDown),
];

const fn of_figure_1(name: &'static str, label: &'static str, colour: Colour, marker: Marker) -> Threatened {
    Threatened { name, of_figure_1: true, label, look: Look::new(colour, marker) }
}

const fn own(name: &'static str, label: &'static str, colour: Colour, marker: Marker) -> Threatened {
    Threatened { name, of_figure_1: false, label, look: Look::new(colour, marker) }
}

/// A panel: the attack, its file, the title and what radii are.
struct View {
    title: &'static str,
    radius: &'static str,
    attack: &'static str,
    file: &'static str,
}

const VIEWS: [View; 4] = [
    View {
        title: "(a) Pixels change: AutoAttack",
        radius: "L∞ radius",
        attack: "autoattack",
        file: "autoattack-linf.json",
    },
    View {
        title: "(b) Pixels move: PGD on flows",
        radius: "displacement, pixels",
        attack: "flow-pgd",
        file: "flow-pgd.json",
    },
    View {
        title: "(c) Images turn and shift: worst of 775 poses",
        radius: "degrees, and tenths of a pixel",
        attack: "pose",
        file: "pose.json",
    },
    View {
        title: "(d) Pixels move smoothly: flows of 7 × 7 points",
        radius: "displacement, pixels",
        attack: "flow-pgd",
        file: "flow-pgd-smooth.json",
    },
];

/// Columns of the table: a view, and the radius.
const COLUMNS: [(usize, f64, &str); 4] =
    [(0, 0.1, "AutoAttack .1"), (1, 0.3, "flows .3"), (2, 10.0, "poses 10"), (3, 1.0, "smooth flows 1")];

const NOTE: &str = "Accuracy on the first 1,000 test images. Bars are Wilson's 95 % interval. Posteriors of five are attacked as a whole.";

/// A model with what was found of it, by view.
struct Found {
    model: &'static Threatened,
    views: [Option<Evaluation>; 4],
    stadv: Option<Evaluation>,
    quick: bool,
}

impl Found {
    fn read(model: &'static Threatened, results: &Path) -> Result<Self, ReportError> {
        let folder = results.join("spatial").join(model.name);
        // Pixels of Figure 1's runs are attacked in another comparison.
        let robustness = results.join("robustness/fig1").join(model.name);
        let mut views = [None, None, None, None];
        for (view, found) in VIEWS.iter().zip(&mut views) {
            let elsewhere = model.of_figure_1 && view.attack == "autoattack";
            let file = if elsewhere { &robustness } else { &folder }.join(view.file);
            *found = evaluation(&file, view.attack, "mnist")?;
        }
        let record = folder.join("record.json");
        let quick = record.is_file() && Record::read(&record)?.quick;
        let stadv = evaluation(&folder.join("stadv.json"), "stadv", "mnist")?;
        Ok(Self { model, views, stadv, quick })
    }

    /// Whether anything that moves pixels was measured of it.
    fn is_measured(&self) -> bool {
        self.views[1..].iter().any(Option::is_some)
    }
}

/// The comparison.
pub(crate) struct Threats {
    models: Vec<Found>,
}

impl Threats {
    /// Reads `results_dir/spatial/`, and AutoAttack on runs of Figure 1; models that were not attacked are left out.
    ///
    /// Errors name the file, or say that there is none.
    pub(crate) fn read(results_dir: &Path) -> Result<Self, ReportError> {
        let found = THREATS.iter().map(|model| Found::read(model, results_dir));
        let mut models = found.collect::<Result<Vec<Found>, ReportError>>()?;
        models.retain(Found::is_measured);
        if models.is_empty() {
            return Err(ReportError::NoRuns {
                folder: results_dir.join("spatial"),
                file: "flow-pgd.json".into(),
                expected: THREATS.map(|model| model.name).join(", "),
            });
        }
        Ok(Self { models })
    }

    fn warning(&self) -> Option<&'static str> {
        self.models.iter().any(|found| found.quick).then_some("QUICK RUN — not for comparison")
    }

    /// A line for each model: clean, and one radius of each attack with its interval; of stAdv the share of images that it
    /// fools, and the median total variation of the flows that do.
    pub(crate) fn table(&self) -> String {
        let head = ["", "clean"].into_iter().chain(COLUMNS.map(|(_, _, head)| head));
        let mut table = Table::new("lrrrrrrr", head.chain(["stAdv fools", "its median cost"]));
        for Found { model, views, stadv, .. } in &self.models {
            let clean = views[1].as_ref().and_then(|found| found.accuracy.first().copied());
            let cells = COLUMNS.map(|(view, radius, _)| {
                let found = views[view].as_ref();
                let point = found.and_then(|found| {
                    found.points().find(|p| p.radius.is_some_and(|r| (r - radius).abs() < 1e-9))
                });
                point.map_or_else(dash, |point| with_interval(point.accuracy, point.interval, 3))
            });
            let nearest = stadv.as_ref().and_then(|found| found.nearest.as_ref());
            let fooled = nearest.map(|nearest| {
                let images = nearest.distances.len() as f64;
                nearest.distances.iter().flatten().count() as f64 / images
            });
            let cost = nearest.and_then(|nearest| nearest.median);
            table.row(
                [model.label.to_owned(), number(clean, 3)]
                    .into_iter()
                    .chain(cells)
                    .chain([number(fooled, 3), number(cost, 0)]),
            );
        }
        let mut blocks = vec![table.markdown()];
        blocks.extend(self.warning().map(|warning| format!("**{warning}**")));
        blocks.join("\n\n")
    }

    /// Draws `spatial.svg` into `out_dir`, which is created if missing; returns its path.
    ///
    /// Errors: a folder that cannot be written to.
    pub(crate) fn draw(&self, out_dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
        let panel = |place: usize| self.panel(place);
        let sheet = Sheet {
            title: "Three threat models on MNIST: pixels that change, pixels that move, and poses",
            description: &self.description(),
            tag: self.warning(),
            columns: vec![vec![panel(0), panel(2)], vec![panel(1), panel(3)]],
            notes: vec![NOTE],
        };
        write_all(out_dir, vec![("spatial.svg".into(), sheet.draw().into_bytes())])
    }

    fn panel(&self, place: usize) -> Panel {
        let View { title, radius, .. } = VIEWS[place];
        let series = self.models.iter().filter_map(|found| {
            let evaluation = found.views[place].as_ref()?;
            let points =
                evaluation.points().filter_map(|point| Some((point.radius?, point.accuracy, point.interval)));
            Some(Series::measured(found.model.label, found.model.look, points))
        });
        let scale: [fn(Vec<f64>) -> Scale; 2] = [Scale::between, |_| Scale::exactly(0.0, 1.0)];
        let curves = LinePanel::around((radius, "accuracy"), (560.0, 400.0), scale, series.collect(), vec![]);
        Panel::curves(title, &curves, ["accuracy", "95 % interval", ""])
    }

    fn description(&self) -> String {
        let last = |found: &Found| {
            let flows = found.views[1].as_ref()?.points().find(|p| p.radius == Some(0.3))?.accuracy;
            Some(format!("{}: {flows:.3}", found.model.label))
        };
        let parts: Vec<String> = self.models.iter().filter_map(last).collect();
        format!(
            "Accuracy against radius for three threat models. Under flows of .3 of a pixel: {}.",
            parts.join("; ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_report::testing::evaluation;

    #[test]
    fn models_stand_beside_each_other_under_each_attack() {
        let results = tempfile::tempdir().unwrap();
        assert!(Threats::read(results.path()).is_err(), "nothing was measured");
        let write = |folder: &str, attack: &str, file: &str, radii: &[f64], shares: &[f64]| {
            let folder = results.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            let radii = radii.iter().copied().map(Some).collect();
            evaluation(attack, radii, shares, 100).write(&folder.join(file)).unwrap();
        };
        write("spatial/erm", "flow-pgd", "flow-pgd.json", &[0.0, 0.3], &[0.99, 0.75]);
        write("robustness/fig1/erm", "autoattack", "autoattack-linf.json", &[0.1], &[0.65]);
        write("spatial/flow-pgd", "flow-pgd", "flow-pgd.json", &[0.0, 0.3], &[0.98, 0.95]);
        write("spatial/flow-pgd", "pose", "pose.json", &[0.0, 10.0], &[0.98, 0.70]);
        let threats = Threats::read(results.path()).unwrap();
        let text = threats.table();
        assert!(text.contains("| ERM | 0.990 | 0.650 [0.5"), "{text}");
        assert!(text.contains("| PGD, flows | 0.980 | – | 0.950 ["), "{text}");
        assert!(text.contains("| 0.700 ["), "{text}");
        let paths = threats.draw(&results.path().join("spatial")).unwrap();
        let svg = std::fs::read_to_string(&paths[0]).unwrap();
        assert!(svg.contains("(b) Pixels move") && svg.contains("ERM: 0.750; PGD, flows: 0.950"), "{svg}");
    }
}
