//! What many more steps take from the runs, as tables.

use std::path::Path;

use super::by_study::by_study;
use super::escaped;
use crate::figures::{Study, evaluation};
use crate::{Evaluation, PerImage, ReportError};

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
    let mut lines = Vec::new();
    for (method, name) in study.methods() {
        let folder = study.robustness_folder(results, name);
        let more = evaluation(&folder.join("more-steps-linf.json"), "apgd-t", study.dataset)?;
        let before = evaluation(&folder.join("autoattack-linf.json"), "autoattack", study.dataset)?;
        let (Some(more), Some(before)) = (more, before) else { continue };
        for &radius in &more.radii {
            let (Some(more_at), Some(before_at)) = (standing(&more, radius), standing(&before, radius))
            else {
                continue;
            };
            let of_these: String = before_at.chars().take(more_at.len()).collect();
            lines.push(format!(
                "| {} | {} | {} | L∞ {:.3} | {:.3} | {:.3} |",
                escaped(method.label),
                more.images,
                more.settings["steps"],
                radius.unwrap_or_default(),
                left_by(&[&of_these]),
                left_by(&[&of_these, more_at]),
            ));
        }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let head = [
        format!(
            "| {}, more steps | images | steps | radius | AutoAttack | and with more steps |",
            study.label
        ),
        "|---|--:|--:|---|--:|--:|".to_owned(),
    ];
    Ok(Some(head.into_iter().chain(lines).collect::<Vec<_>>().join("\n")))
}

/// Which images stand at a radius, a digit for each.
fn standing(attack: &Evaluation, radius: Option<f64>) -> Option<&String> {
    let at = attack.radii.iter().position(|&other| other == radius)?;
    attack.per_image.correct.get(at)
}

/// The share of images that stand under all of these attacks.
fn left_by(attacks: &[&String]) -> f64 {
    let attacks: Vec<PerImage> =
        attacks.iter().map(|&digits| PerImage { correct: vec![digits.clone()] }).collect();
    PerImage::left_by_all(&attacks).accuracy().into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::synthetic;

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
        assert!(crate::table::robustness(results.path()).unwrap().contains("more steps"));
    }
}
