//! What many more steps take from the runs, as tables.

use std::path::Path;

use super::by_study::by_study;
use super::left_at::left_at;
use crate::studies::{Study, evaluation};
use bal_report::table::Table;
use bal_report::{Evaluation, ReportError};

const NOTE: &str = "More steps: targeted APGD of so many steps, of which AutoAttack's has 100, on the first images. The last \
     columns have what stands of these images under AutoAttack, and under both.";

/// A table for each data set: a line for each run and radius, with what stands under `AutoAttack`, and under targeted APGD of
/// many steps too, of the images that the latter was run on.
///
/// Reads `results_dir/robustness/<study>/<run>/{more-steps-linf,autoattack-linf}.json`; a run that has not both is left out.
/// Errors name the file.
pub(super) fn more_steps(results_dir: &Path) -> Result<Vec<String>, ReportError> {
    by_study(results_dir, of_study, NOTE)
}

fn of_study(study: &'static Study, results: &Path) -> Result<Option<String>, ReportError> {
    let head = ["images", "steps", "radius", "AutoAttack", "and with more steps"].map(String::from);
    let mut table = Table::new("lrrlrr", [format!("{}, more steps", study.label)].into_iter().chain(head));
    for (method, name) in study.methods() {
        let folder = study.robustness_folder(results, name);
        let more = evaluation(&folder.join("more-steps-linf.json"), "apgd-t", study.dataset)?;
        let before = evaluation(&folder.join("autoattack-linf.json"), "autoattack", study.dataset)?;
        let Some(found) = &more else { continue };
        for &radius in &found.radii {
            let left = |of: &[&Option<Evaluation>]| left_at(of, radius, found.images);
            let (Some(first), Some(both)) = (left(&[&before])?, left(&[&before, &more])?) else { continue };
            table.row([
                method.label.into(),
                found.images.to_string(),
                found.settings["steps"].to_string(),
                format!("L∞ {:.3}", radius.unwrap_or_default()),
                format!("{first:.3}"),
                format!("{both:.3}"),
            ]);
        }
    }
    Ok(table.filled())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic;

    #[test]
    fn what_stands_under_both_is_shown_of_the_images_that_both_saw() {
        let results = tempfile::tempdir().unwrap();
        let folder = results.path().join("robustness/fig1/erm");
        std::fs::create_dir_all(&folder).unwrap();
        let write = |file: &str, mut found: Evaluation, correct: [&str; 2]| {
            found.per_image.correct = correct.map(String::from).into();
            found.accuracy = found.per_image.accuracy();
            found.settings = serde_json::json!({"steps": 1000});
            found.write(&folder.join(file)).unwrap();
        };
        let radii = || vec![Some(0.1), Some(0.15)];
        write(
            "more-steps-linf.json",
            synthetic::evaluation("apgd-t", radii(), &[0.5; 2], 4),
            ["1101", "0010"],
        );
        assert!(more_steps(results.path()).unwrap().is_empty(), "nothing to compare with");
        let strong = synthetic::evaluation("autoattack", radii(), &[0.5; 2], 6);
        write("autoattack-linf.json", strong, ["111011", "001100"]);
        let text = more_steps(results.path()).unwrap().join("\n");
        assert!(text.contains("| ERM | 4 | 1000 | L∞ 0.100 | 0.750 | 0.500 |"), "{text}");
        assert!(text.contains("| ERM | 4 | 1000 | L∞ 0.150 | 0.500 | 0.250 |"), "{text}");
        assert!(crate::tables::robustness(results.path()).unwrap().contains("more steps"));
    }
}
