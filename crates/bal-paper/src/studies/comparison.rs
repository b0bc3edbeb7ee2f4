//! The numbers of a study, ours beside the published, point by point.

use std::path::Path;

use super::methods::Method;
use super::runs::{self, Run};
use super::study::Study;
use crate::published::Published;
use bal_report::csv::Csv;
use bal_report::number::count;
use bal_report::{Evaluation, Interval, Point, ReportError};

/// All points of both panels.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) study: &'static Study,
    /// Accuracy under FGSM: by method, then radius.
    pub(crate) fgsm: Vec<Row>,
    /// Accuracy under the one-step CW attack, by method.
    pub(crate) cw_one_step: Vec<Row>,
    /// The same attack on raw logits, where the published one is of another form; no published numbers are beside it.
    pub(crate) cw_on_logits: Vec<Row>,
    /// What a reader must be warned of: runs that were shortened.
    pub(crate) warning: Option<String>,
}

/// One point.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) method: &'static Method,
    pub(crate) attack: String,
    /// `None` for the one-step CW attack, which has none.
    pub(crate) radius: Option<f64>,
    pub(crate) images: u64,
    /// How many seeds there are runs of.
    pub(crate) seeds: usize,
    /// Mean over seeds.
    pub(crate) accuracy: f64,
    /// Of several seeds their range, of one Wilson's interval.
    pub(crate) interval: Interval,
    pub(crate) published: Option<f64>,
}

impl Comparison {
    /// Reads the runs of `study` in `folder` and sets the published numbers beside theirs.
    ///
    /// Errors name the file; both panels need at least one run.
    pub(crate) fn read(
        study: &'static Study,
        folder: &Path,
        published: &Published,
    ) -> Result<Self, ReportError> {
        let results = folder;
        let runs = runs::read(study, folder)?;
        let nothing = |file: &str| ReportError::NoRuns {
            folder: results.to_owned(),
            file: file.to_owned(),
            expected: study.runs().collect::<Vec<_>>().join(", "),
        };
        let mut fgsm = Vec::new();
        let (mut cw_one_step, mut cw_on_logits) = (Vec::new(), Vec::new());
        for seeds in runs.chunk_by(|a, b| a.method == b.method) {
            let method = seeds[0].method;
            let of = |of: fn(&Run) -> Option<&Evaluation>| seeds.iter().filter_map(of).collect::<Vec<_>>();
            let curve = of(|run| run.fgsm.as_ref());
            fgsm.extend(rows(method, &curve, |radius| study.fgsm(published, method)?.at(radius?)));
            let bar = of(|run| run.cw_one_step.as_ref());
            cw_one_step.extend(rows(method, &bar, |_| study.cw_accuracy(published, method)));
            cw_on_logits.extend(rows(method, &of(|run| run.cw_on_logits.as_ref()), |_| None));
        }
        for (rows, with_radius, file) in
            [(&fgsm, true, "fgsm.json"), (&cw_one_step, false, study.cw_one_step.file)]
        {
            if rows.is_empty() {
                return Err(nothing(file));
            }
            if let Some(row) = rows.iter().find(|row| row.radius.is_some() != with_radius) {
                let path = results.join(row.method.run).join(file);
                let wanted = if with_radius { "numbers" } else { "null" };
                let what = format!("radii must be {wanted} for the attack {}", row.attack);
                return Err(ReportError::invalid(&path, what));
            }
        }
        let images = fgsm.iter().chain(&cw_one_step).map(|row| row.images);
        let warning = warning(&runs, images);
        Ok(Self { study, fgsm, cw_one_step, cw_on_logits, warning })
    }

    /// Whether a method is among them whose published namesake is of another nature: its label asks for a note.
    pub(crate) fn has_pgd(&self) -> bool {
        self.rows().any(|row| row.method.is_pgd())
    }

    /// Every point.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.fgsm.iter().chain(&self.cw_one_step).chain(&self.cw_on_logits)
    }

    /// Whether there is a method of several seeds.
    pub(crate) fn has_seeds(&self) -> bool {
        self.rows().any(|row| row.seeds > 1)
    }

    /// One line per point: `method,attack,radius,accuracy,low,high,seeds,published`; what does not apply is empty.
    pub(crate) fn to_csv(&self) -> String {
        let mut table =
            Csv::new(&["method", "attack", "radius", "accuracy", "low", "high", "seeds", "published"]);
        let optional = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
        for row in self.rows() {
            table.row(&[
                row.method.run.to_owned(),
                row.attack.clone(),
                optional(row.radius),
                row.accuracy.to_string(),
                format!("{:.6}", row.interval.low),
                format!("{:.6}", row.interval.high),
                row.seeds.to_string(),
                optional(row.published),
            ]);
        }
        table.finish()
    }
}

/// The rows of each method.
pub(super) fn grouped(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunk_by(|a, b| a.method == b.method)
}

/// A row for each point of the first seed's evaluation, with what the other seeds have there.
fn rows(
    method: &'static Method,
    seeds: &[&Evaluation],
    published: impl Fn(Option<f64>) -> Option<f64>,
) -> Vec<Row> {
    let Some(first) = seeds.first() else { return Vec::new() };
    let row = |point: Point| {
        let at = |evaluation: &&Evaluation| {
            evaluation.points().find(|other| other.radius == point.radius).map(|other| other.accuracy)
        };
        let values: Vec<f64> = seeds.iter().filter_map(at).collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Row {
            method,
            attack: first.attack.clone(),
            radius: point.radius,
            images: first.images,
            seeds: values.len(),
            accuracy: values.iter().sum::<f64>() / values.len() as f64,
            interval: if values.len() > 1 { Interval { low: least, high: most } } else { point.interval },
            published: published(point.radius),
        }
    };
    first.points().map(row).collect()
}

/// Names the runs that are not what the experiment asks for.
fn warning(runs: &[Run], images: impl Iterator<Item = u64>) -> Option<String> {
    let named = |wanted: fn(&Run) -> bool| {
        let labels: Vec<_> = runs.iter().filter(|run| wanted(run)).map(|run| run.method.label).collect();
        let all = labels.len() == runs.len();
        (!labels.is_empty()).then(|| if all { String::new() } else { format!(" ({})", labels.join(", ")) })
    };
    let mut parts = Vec::new();
    if let Some(which) = named(|run| run.record.quick) {
        parts.push(format!("QUICK RUN{which}"));
    }
    if let Some(which) = named(|run| run.record.stopped_early && !run.record.quick) {
        parts.push(format!("STOPPED EARLY{which}"));
    }
    (!parts.is_empty()).then(|| format!("{} — {}, not for comparison", parts.join(", "), image_count(images)))
}

/// `10,000 images`, or the range where evaluations differ.
pub(super) fn image_count(images: impl Iterator<Item = u64>) -> String {
    let (least, most) = images.fold((u64::MAX, 0), |(least, most), n| (least.min(n), most.max(n)));
    if least >= most {
        format!("{} images", count(most))
    } else {
        format!("{} to {} images", count(least), count(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_counts_are_easy_to_read() {
        assert_eq!(image_count([10_000, 10_000].into_iter()), "10,000 images");
        assert_eq!(image_count([500, 1_234_567].into_iter()), "500 to 1,234,567 images");
        assert_eq!(image_count([100].into_iter()), "100 images");
    }
}
