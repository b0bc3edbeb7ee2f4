//! What strong attacks leave of the members of a posterior, each alone, as tables.

use std::path::Path;

use super::by_study::by_study;
use super::each_member::each_member;
use super::left_at::left_at;
use super::members::spread;
use crate::studies::{Study, evaluation};
use bal_report::table::{Table, number};
use bal_report::{Evaluation, ReportError};

const NOTE: &str = "Members alone: AutoAttack on each by itself, of the same images as on the whole. Means over the members, and \
     the least and the most of them. The last column has what stands under AutoAttack and under the suite, which attacks \
     the whole also by the mean of its members' losses.";

/// A table for each data set: a line for each posterior and radius, with the mean over its members, each attacked by itself,
/// the least and the most of them, and what is left of the whole, by itself and when it is attacked by its members' mean too.
///
/// Reads `results_dir/robustness/<study>/<run>/autoattack-linf-member-<K>.json`, K from 0 on, `autoattack-linf.json` and
/// `suite-linf.json`.
/// Errors name the file, or say that the members of a run were not attacked alike.
pub(super) fn members_under_attack(results_dir: &Path) -> Result<Vec<String>, ReportError> {
    by_study(results_dir, of_study, NOTE)
}

fn of_study(study: &'static Study, results: &Path) -> Result<Option<String>, ReportError> {
    let head =
        ["members", "images", "radius", "each alone", "the whole", "and by the suite"].map(String::from);
    let mut table =
        Table::new("lrrllrr", [format!("{}, members alone", study.label)].into_iter().chain(head));
    for (method, name) in study.methods() {
        let folder = study.robustness_folder(results, name);
        let members = read(study, &folder)?;
        let Some(first) = members.first() else { continue };
        let of_whole = |file: &str, attack: &str| -> Result<Option<Evaluation>, ReportError> {
            let found = evaluation(&folder.join(file), attack, study.dataset)?;
            Ok(found.filter(|whole| whole.images == first.images))
        };
        let whole = of_whole("autoattack-linf.json", "autoattack")?;
        let suite = of_whole("suite-linf.json", "suite")?;
        for (at, point) in first.points().enumerate() {
            let left = |of: &[&Option<Evaluation>]| -> Result<String, ReportError> {
                Ok(number(left_at(of, point.radius, first.images)?, 3))
            };
            table.row([
                method.label.into(),
                members.len().to_string(),
                first.images.to_string(),
                format!("L∞ {:.3}", point.radius.unwrap_or_default()),
                spread(members.iter().map(|member| member.accuracy[at]), 3),
                left(&[&whole])?,
                left(&[&whole, &suite])?,
            ]);
        }
    }
    Ok(table.filled())
}

/// The members in a folder.
fn read(study: &Study, folder: &Path) -> Result<Vec<Evaluation>, ReportError> {
    each_member(
        folder,
        "autoattack-linf",
        |path| evaluation(path, "autoattack", study.dataset),
        |one, other| (&one.radii, one.images) == (&other.radii, other.images),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic::evaluation;

    fn attacked(shares: &[f64], images: usize) -> Evaluation {
        evaluation("autoattack", vec![Some(0.1), Some(0.15)], shares, images)
    }

    #[test]
    fn members_stand_beside_the_whole() {
        let results = tempfile::tempdir().unwrap();
        assert!(members_under_attack(results.path()).unwrap().is_empty());
        let folder = results.path().join("robustness/fig1/bnn");
        std::fs::create_dir_all(&folder).unwrap();
        attacked(&[0.5, 0.25], 100).write(&folder.join("autoattack-linf-member-0.json")).unwrap();
        attacked(&[0.7, 0.25], 100).write(&folder.join("autoattack-linf-member-1.json")).unwrap();
        let text = members_under_attack(results.path()).unwrap().join("\n");
        assert!(text.contains("| BNN | 2 | 100 | L∞ 0.100 | 0.600 (0.500 to 0.700) | – | – |"), "{text}");
        attacked(&[0.8, 0.3], 100).write(&folder.join("autoattack-linf.json")).unwrap();
        let text = crate::tables::robustness(results.path()).unwrap();
        assert!(text.contains("| BNN | 2 | 100 | L∞ 0.100 | 0.600 (0.500 to 0.700) | 0.800 | – |"), "{text}");
        assert!(text.contains("| BNN | 2 | 100 | L∞ 0.150 | 0.250 (0.250 to 0.250) | 0.300 | – |"), "{text}");
        // Under both attacks at a radius stand the images that stand under each.
        let suite = |shares| evaluation("suite", vec![Some(0.1), Some(0.2)], shares, 100);
        suite(&[0.75, 0.0]).write(&folder.join("suite-linf.json")).unwrap();
        let text = crate::tables::robustness(results.path()).unwrap();
        assert!(text.contains("0.700) | 0.800 | 0.750 |") && text.contains("0.250) | 0.300 | – |"), "{text}");
        // What was measured on other images is not beside it.
        attacked(&[0.8, 0.3], 50).write(&folder.join("autoattack-linf.json")).unwrap();
        assert!(crate::tables::robustness(results.path()).unwrap().contains("to 0.700) | – | – |"));
    }

    #[test]
    fn members_that_were_not_attacked_alike_are_refused() {
        let results = tempfile::tempdir().unwrap();
        let folder = results.path().join("robustness/fig1/bnn");
        std::fs::create_dir_all(&folder).unwrap();
        attacked(&[0.5, 0.25], 100).write(&folder.join("autoattack-linf-member-0.json")).unwrap();
        attacked(&[0.5, 0.25], 50).write(&folder.join("autoattack-linf-member-1.json")).unwrap();
        let error = members_under_attack(results.path()).unwrap_err().to_string();
        assert!(
            error.contains("autoattack-linf-member-1.json") && error.contains("was not attacked"),
            "{error}"
        );
    }
}
