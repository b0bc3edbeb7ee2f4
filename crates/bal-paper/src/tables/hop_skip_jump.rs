//! What an attack that sees classes only leaves of the runs, as tables.

use std::path::Path;

use super::by_study::by_study;
use super::left_at::together;
use crate::studies::{Study, evaluation};
use bal_report::table::{Table, dash, number, with_interval};
use bal_report::{Evaluation, Point, ReportError};

const NOTE: &str = "HopSkipJump seeks the nearest error by the classes that the model names, without scores or gradients: a \
     check on the attacks above. It asks much about few images; the median is over all of them, and 0 for those that are \
     wrong as they are. Missed are those of them that it breaks at a radius at which they stand under AutoAttack.";

/// A line for each run of each data set: how far the nearest error is that was found, how many images it broke where
/// `AutoAttack` had not, and the accuracy at each radius.
///
/// Reads `results_dir/robustness/<study>/<run>/{hop-skip-jump-linf,autoattack-linf}.json`. Errors name the file.
pub(super) fn hop_skip_jump(results_dir: &Path) -> Result<Vec<String>, ReportError> {
    by_study(results_dir, of_study, NOTE)
}

fn of_study(study: &'static Study, results: &Path) -> Result<Option<String>, ReportError> {
    let mut rows: Vec<(&str, Evaluation, Option<usize>)> = Vec::new();
    for (method, name) in study.methods() {
        let folder = study.robustness_folder(results, name);
        let path = folder.join("hop-skip-jump-linf.json");
        if let Some(found) = evaluation(&path, "hop-skip-jump", study.dataset)? {
            let other = evaluation(&folder.join("autoattack-linf.json"), "autoattack", study.dataset)?;
            let missed = match other {
                Some(other) => {
                    together(&[&other, &found])?;
                    Some(missed(&other, &found))
                }
                None => None,
            };
            rows.push((method.label, found, missed));
        }
    }
    let mut radii: Vec<f64> =
        rows.iter().flat_map(|(_, found, _)| found.radii.iter().flatten().copied()).collect();
    radii.sort_by(f64::total_cmp);
    radii.dedup();
    let first = [format!("{}, HopSkipJump", study.label)].into_iter();
    let fixed = ["images", "median distance", "missed by AutoAttack"].map(String::from);
    let columns = radii.iter().map(|radius| format!("L∞ {radius:.3}"));
    let mut table = Table::new("lr", first.chain(fixed).chain(columns));
    for (label, found, missed) in rows {
        let median = found.nearest.as_ref().and_then(|nearest| nearest.median);
        let points: Vec<Point> = found.points().collect();
        let cell = |radius: &f64| {
            let point = points.iter().find(|point| point.radius == Some(*radius));
            point.map_or_else(dash, |point| with_interval(point.accuracy, point.interval, 3))
        };
        let missed = missed.map_or_else(dash, |missed| missed.to_string());
        let fixed = [label.into(), found.images.to_string(), number(median, 4), missed];
        table.row(fixed.into_iter().chain(radii.iter().map(cell)));
    }
    Ok(table.filled())
}

/// The images of `found` that are wrong at a radius at which `strong`, of the same first images, left them right.
fn missed(strong: &Evaluation, found: &Evaluation) -> usize {
    let mut missed = vec![false; found.images as usize];
    for (radius, under) in found.radii.iter().zip(&found.per_image.correct) {
        for (_, stands) in
            strong.radii.iter().zip(&strong.per_image.correct).filter(|(other, _)| *other == radius)
        {
            let images = missed.iter_mut().zip(under.bytes()).zip(stands.bytes());
            images.for_each(|((missed, under), stands)| *missed |= (under, stands) == (b'0', b'1'));
        }
    }
    missed.into_iter().filter(|&missed| missed).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic::evaluation;
    use bal_report::Nearest;

    #[test]
    fn an_image_is_missed_that_breaks_where_it_stood() {
        let found = evaluation("hop-skip-jump", vec![Some(0.1), Some(0.2)], &[0.75, 0.25], 4);
        let missed_by = |radii: &[f64], shares: &[f64]| {
            let radii = radii.iter().copied().map(Some).collect();
            missed(&evaluation("autoattack", radii, shares, 8), &found)
        };
        assert_eq!(missed_by(&[0.1, 0.2], &[0.375, 0.125]), 0);
        // The fourth image stands at .1.
        assert_eq!(missed_by(&[0.1, 0.2], &[0.5, 0.125]), 1);
        // Images count once; at .2 the last three are wrong.
        assert_eq!(missed_by(&[0.1, 0.2], &[1.0, 1.0]), 3);
        assert_eq!(missed_by(&[0.15], &[1.0]), 0);
    }

    #[test]
    fn distances_and_accuracies_stand_in_a_table_of_their_own() {
        let results = tempfile::tempdir().unwrap();
        assert!(hop_skip_jump(results.path()).unwrap().is_empty());
        let folder = results.path().join("robustness/fig1/pgd");
        std::fs::create_dir_all(&folder).unwrap();
        let mut found = evaluation("hop-skip-jump", vec![Some(0.1), Some(0.2)], &[0.75, 0.25], 4);
        let distances = [0.3, 0.2, 0.15, 0.0].map(Some).into();
        found.nearest = Some(Nearest { median: Some(0.15), distances, not_found: 0 });
        found.write(&folder.join("hop-skip-jump-linf.json")).unwrap();
        let text = hop_skip_jump(results.path()).unwrap().join("\n");
        assert!(
            text.contains(
                "| MNIST, HopSkipJump | images | median distance | missed by AutoAttack | L∞ 0.100 | L∞ 0.200 |"
            ),
            "{text}"
        );
        assert!(text.contains("| PGD\\* | 4 | 0.1500 | – | 0.750 [0.301, 0.954] | 0.250 ["), "{text}");
        // It is shown also where nothing else was run.
        assert!(crate::tables::robustness(results.path()).unwrap().contains("median distance"));
    }
}
