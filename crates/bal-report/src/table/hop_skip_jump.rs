//! What an attack that sees classes only leaves of the runs, as tables.

use std::path::Path;

use super::escaped;
use crate::figures::{ROBUSTNESS_STUDIES, Study, evaluation};
use crate::{Evaluation, Point, ReportError};

/// A line for each run of each data set: how far the nearest error is that was found, and the accuracy at each radius.
///
/// Reads `results_dir/robustness/<study>/<run>/hop-skip-jump-linf.json`. Errors name the file.
pub(super) fn hop_skip_jump(results_dir: &Path) -> Result<Vec<String>, ReportError> {
    let mut blocks = Vec::new();
    for study in ROBUSTNESS_STUDIES {
        blocks.extend(of_study(study, results_dir)?);
    }
    if !blocks.is_empty() {
        blocks.push(
            "HopSkipJump seeks the nearest error by the classes that the model names, without scores or gradients: a \
             check on the attacks above. It asks much about few images; the median is over all of them, and 0 for those \
             that are wrong as they are."
                .into(),
        );
    }
    Ok(blocks)
}

fn of_study(study: &'static Study, results: &Path) -> Result<Option<String>, ReportError> {
    let mut rows: Vec<(&str, Evaluation)> = Vec::new();
    for (method, name) in study.methods() {
        let path = results.join("robustness").join(study.folder).join(name).join("hop-skip-jump-linf.json");
        rows.extend(evaluation(&path, "hop-skip-jump", study.dataset)?.map(|found| (method.label, found)));
    }
    let mut radii: Vec<f64> =
        rows.iter().flat_map(|(_, found)| found.radii.iter().flatten().copied()).collect();
    radii.sort_by(f64::total_cmp);
    radii.dedup();
    if rows.is_empty() {
        return Ok(None);
    }
    let columns: Vec<String> = radii.iter().map(|radius| format!(" L∞ {radius:.3} |")).collect();
    let mut lines = vec![
        format!("| {}, HopSkipJump | images | median distance |{}", study.label, columns.concat()),
        format!("|---|--:|--:|{}", "--:|".repeat(radii.len())),
    ];
    for (label, found) in rows {
        let median = found.nearest.as_ref().and_then(|nearest| nearest.median);
        let points: Vec<Point> = found.points().collect();
        let cell = |radius: &f64| {
            let point = points.iter().find(|point| point.radius == Some(*radius));
            point.map_or(" – |".into(), |Point { accuracy, interval, .. }| {
                format!(" {accuracy:.3} [{:.3}, {:.3}] |", interval.low, interval.high)
            })
        };
        lines.push(format!(
            "| {} | {} | {} |{}",
            escaped(label),
            found.images,
            median.map_or("–".into(), |median| format!("{median:.4}")),
            radii.iter().map(cell).collect::<String>()
        ));
    }
    Ok(Some(lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Nearest;
    use crate::figures::synthetic::evaluation;

    #[test]
    fn distances_and_accuracies_stand_in_a_table_of_their_own() {
        let results = tempfile::tempdir().unwrap();
        assert!(hop_skip_jump(results.path()).unwrap().is_empty());
        let folder = results.path().join("robustness/fig1/pgd");
        std::fs::create_dir_all(&folder).unwrap();
        let mut found = evaluation("hop-skip-jump", vec![Some(0.1), Some(0.2)], &[0.75, 0.25], 4);
        let distances = [0.3, 0.2, 0.15, 0.0].map(Some).into();
        found.nearest = Some(Nearest { median: Some(0.15), distances });
        found.write(&folder.join("hop-skip-jump-linf.json")).unwrap();
        let text = hop_skip_jump(results.path()).unwrap().join("\n");
        assert!(
            text.contains("| MNIST, HopSkipJump | images | median distance | L∞ 0.100 | L∞ 0.200 |"),
            "{text}"
        );
        assert!(text.contains("| PGD\\* | 4 | 0.1500 | 0.750 [0.301, 0.954] | 0.250 ["), "{text}");
        // It is shown also where nothing else was run.
        assert!(crate::table::robustness(results.path()).unwrap().contains("median distance"));
    }
}
