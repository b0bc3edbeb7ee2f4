//! What was found of the models of a question, as a figure and as a table.

use std::path::{Path, PathBuf};

use super::questions::{Asked, Question};
use super::{calibration_of, evaluation, write_all};
use crate::figures::numbers::p_value;
use bal_page::plot::{LinePanel, Panel, Scale, Series, Sheet};
use bal_report::calibration::Calibration;
use bal_report::table::{Table, dash, number, with_interval};
use bal_report::{Evaluation, Interval, Pairs, Record, ReportError};

/// Radii of records are decimals.
const SAME: f64 = 1e-9;

/// A model with what was found of it.
struct Found {
    model: &'static Asked,
    strong: Evaluation,
    fgsm: Option<Evaluation>,
    clean: Option<Calibration>,
    quick: bool,
}

impl Found {
    /// What is in the model's folder; `None` where it was not attacked.
    fn read(question: &Question, model: &'static Asked, results: &Path) -> Result<Option<Self>, ReportError> {
        let folder = results.join(question.folder).join(model.name);
        let strong = question.strong;
        let Some(strong) = evaluation(&folder.join(strong.file), strong.attack, question.dataset)? else {
            return Ok(None);
        };
        // The paper's attacks on Figure 1's runs are there.
        let own = if model.of_figure_1 { results.join("fig1").join(model.name) } else { folder.clone() };
        let fgsm = evaluation(&own.join("fgsm.json"), "fgsm", question.dataset)?;
        let record = own.join("record.json");
        let quick = record.is_file() && Record::read(&record)?.quick;
        let clean = calibration_of(question.dataset, &folder.join("calibration.json"))?;
        Ok(Some(Self { model, strong, fgsm, clean: clean.map(|report| report.clean.calibration), quick }))
    }

    /// Its accuracy on images as they are: on as many as were attacked by FGSM, or else strongly.
    fn clean_accuracy(&self) -> Option<f64> {
        let as_they_are = |evaluation: &Evaluation| {
            let point = evaluation.points().find(|point| point.radius == Some(0.0))?;
            Some(point.accuracy)
        };
        self.fgsm.as_ref().and_then(as_they_are).or_else(|| as_they_are(&self.strong))
    }

    /// Which images stood under the strong attack at `radius`.
    fn stood(&self, radius: f64) -> Option<&str> {
        let at = self.strong.radii.iter().position(|r| r.is_some_and(|r| (r - radius).abs() < SAME))?;
        self.strong.per_image.correct.get(at).map(String::as_str)
    }
}

/// The accuracy at a radius, with its interval.
fn at(evaluation: Option<&Evaluation>, radius: f64) -> String {
    let is_it = |r: Option<f64>| r.is_some_and(|r| (r - radius).abs() < SAME);
    let point = evaluation.and_then(|evaluation| evaluation.points().find(|point| is_it(point.radius)));
    point.map_or_else(dash, |point| with_interval(point.accuracy, point.interval, 3))
}

/// A question with what was found.
pub(crate) struct Answers {
    question: &'static Question,
    /// The first is what the others are compared with.
    found: Vec<Found>,
}

impl Answers {
    /// Reads `results_dir/FIGURE/`; models that were not attacked are left out.
    ///
    /// Returns `None` where the model to compare with, or all others, are missing. Errors name the file.
    pub(crate) fn read(question: &'static Question, results_dir: &Path) -> Result<Option<Self>, ReportError> {
        let mut found = Vec::new();
        for (place, model) in question.models.iter().enumerate() {
            match Found::read(question, model, results_dir)? {
                None if place == 0 => return Ok(None),
                one => found.extend(one),
            }
        }
        Ok((found.len() > 1).then_some(Self { question, found }))
    }

    /// The table: a line for each model, with accuracies, the paired difference from the first, and, where there are any,
    /// the scores of its probabilities on clean images.
    pub(crate) fn table(&self) -> String {
        let Question { strong, radius, .. } = self.question;
        let radii = self.found[0].strong.radii.iter().copied().flatten();
        let attacked: Vec<f64> = radii.filter(|&radius| radius > 0.0).collect();
        let largest = self.found.iter().find_map(|found| found.fgsm.as_ref()?.radii.last().copied()?);
        let is_scored = self.found.iter().any(|found| found.clean.is_some());

        let mut head = vec![String::new(), "clean".into()];
        head.extend(largest.map(|radius| format!("FGSM {radius}")));
        head.extend(attacked.iter().map(|radius| format!("{} {radius:.3}", strong.label)));
        let first = self.question.models[0].label;
        head.extend([format!("less {first}, paired, at {radius:.3}"), "p".into()]);
        head.extend(is_scored.then_some(["NLL", "ECE"]).into_iter().flatten().map(String::from));

        let mut table = Table::new("lr", head);
        for found in &self.found {
            let mut row = vec![found.model.label.into(), number(found.clean_accuracy(), 3)];
            row.extend(largest.map(|radius| at(found.fgsm.as_ref(), radius)));
            row.extend(attacked.iter().map(|&radius| at(Some(&found.strong), radius)));
            row.extend(self.difference(found));
            if is_scored {
                let scores = found.clean.as_ref().map(|clean| [clean.nll, clean.ece]);
                row.extend([0, 1].map(|score| number(scores.map(|scores| scores[score]), 4)));
            }
            table.row(row);
        }
        let mut blocks = vec![table.markdown()];
        blocks.extend(self.warning().map(|warning| format!("**{warning}**")));
        blocks.join("\n\n")
    }

    /// The paired difference of a model from the first, and its p-value.
    fn difference(&self, found: &Found) -> [String; 2] {
        let first = &self.found[0];
        let radius = self.question.radius;
        let (true, Some(own), Some(others)) =
            (!std::ptr::eq(found, first), found.stood(radius), first.stood(radius))
        else {
            return [dash(), dash()];
        };
        let pairs = Pairs::of(own, others);
        let Interval { low, high } = pairs.interval_95();
        [
            format!("{:+.3} [{low:+.3}, {high:+.3}]", pairs.difference()),
            p_value(pairs.p_value()).trim_start_matches("= ").into(),
        ]
    }

    fn warning(&self) -> Option<&'static str> {
        self.found.iter().any(|found| found.quick).then_some("QUICK RUN — not for comparison")
    }

    /// Draws the figure into the question's folder in `results_dir`; returns its path.
    ///
    /// Errors: a folder that cannot be written to.
    pub(crate) fn draw(&self, results_dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
        let Question { folder, drawing, title, strong, .. } = self.question;
        let strongly = self.panel(strong.label, |found| Some(&found.strong));
        let has_fgsm = self.found.iter().any(|found| found.fgsm.is_some());
        let fgsm = has_fgsm.then(|| self.panel("FGSM", |found| found.fgsm.as_ref()));
        let images = self.found[0].strong.images;
        let note = format!(
            "{} on the first {images} test images{}. Bars are Wilson's 95 % interval.",
            strong.label,
            if has_fgsm { ", FGSM on all" } else { "" }
        );
        let sheet = Sheet {
            title,
            description: &self.description(),
            tag: self.warning(),
            columns: fgsm.into_iter().chain([strongly]).map(|panel| vec![panel]).collect(),
            notes: vec![&note],
        };
        write_all(&results_dir.join(folder), vec![(format!("{drawing}.svg"), sheet.draw().into_bytes())])
    }

    fn panel<'a>(&'a self, title: &str, of: impl Fn(&'a Found) -> Option<&'a Evaluation>) -> Panel {
        let series = self.found.iter().filter_map(|found| {
            let points = of(found)?.points();
            let points = points.filter_map(|point| Some((point.radius?, point.accuracy, point.interval)));
            Some(Series::measured(found.model.label, found.model.look, points))
        });
        let scale: [fn(Vec<f64>) -> Scale; 2] = [Scale::between, |_| Scale::exactly(0.0, 1.0)];
        let axes = ("L∞ radius", "accuracy");
        let curves = LinePanel::around(axes, (560.0, 400.0), scale, series.collect(), vec![]);
        Panel::curves(title, &curves, ["accuracy", "95 % interval", ""])
    }

    fn description(&self) -> String {
        let Question { strong, radius, .. } = self.question;
        let share = |found: &Found| {
            let stood = found.stood(*radius)?;
            let right = stood.bytes().filter(|&b| b == b'1').count() as f64;
            Some(format!("{}: {:.3}", found.model.label, right / stood.len() as f64))
        };
        let shares: Vec<String> = self.found.iter().filter_map(share).collect();
        format!("Accuracy by radius. Under {} of radius {radius}: {}.", strong.label, shares.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_report::testing::evaluation;

    fn question(name: &str) -> &'static Question {
        Question::ALL.into_iter().find(|question| question.name == name).unwrap()
    }

    fn write(results: &Path, folder: &str, attack: &str, radii: &[f64], shares: &[f64]) {
        let folder = results.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        let radii = radii.iter().copied().map(Some).collect();
        evaluation(attack, radii, shares, 100).write(&folder.join(format!("{attack}.json"))).unwrap();
    }

    #[test]
    fn models_are_compared_with_the_first_image_by_image() {
        let results = tempfile::tempdir().unwrap();
        let laplace = question("laplace");
        assert!(Answers::read(laplace, results.path()).unwrap().is_none());
        write(results.path(), "variants/erm", "apgd-t", &[0.0, 0.1, 0.15], &[0.99, 0.7, 0.1]);
        assert!(Answers::read(laplace, results.path()).unwrap().is_none(), "nothing beside it");
        write(results.path(), "fig1/erm", "fgsm", &[0.0, 0.15], &[0.99, 0.8]);
        write(results.path(), "variants/laplace", "apgd-t", &[0.0, 0.1, 0.15], &[0.98, 0.6, 0.2]);
        let answers = Answers::read(laplace, results.path()).unwrap().unwrap();
        let text = answers.table();
        assert!(text.contains("| FGSM 0.15 | targeted APGD 0.100 | targeted APGD 0.150 |"), "{text}");
        assert!(text.contains("| ERM | 0.990 | 0.800 [") && !text.contains("NLL"), "{text}");
        // Ten images of one sign: 2 / 2^10.
        assert!(text.contains("| -0.100 [-") && text.contains("| .0020 |"), "{text}");
        let paths = answers.draw(results.path()).unwrap();
        let svg = std::fs::read_to_string(&paths[0]).unwrap();
        assert!(paths[0].ends_with("variants/laplace.svg"));
        assert!(svg.contains("ERM: 0.700; Laplace, Kronecker factors: 0.600"), "{svg}");
    }

    #[test]
    fn a_result_of_another_attack_is_refused_by_name() {
        let results = tempfile::tempdir().unwrap();
        write(results.path(), "variants/bal-exact", "fgsm", &[0.1], &[0.5]);
        let folder = results.path().join("variants/bal-exact");
        std::fs::rename(folder.join("fgsm.json"), folder.join("apgd-t.json")).unwrap();
        let fault = Answers::read(question("priors"), results.path()).err().unwrap().to_string();
        assert!(fault.contains("apgd-t.json") && fault.contains("fgsm"), "{fault}");
    }
}
