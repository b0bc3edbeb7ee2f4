//! Markdown tables: our numbers beside the published ones, and what was timed.

use std::path::Path;

use crate::published::Published;
use crate::studies::{Comparison, Method, PGD_NOTE, Row, Study};
use bal_report::ReportError;
use bal_report::number::count;
pub(crate) use bal_report::table::replace_section;
use bal_report::table::{Table, dash, number};

mod ablation;
mod by_study;
mod calibration;
mod crosscheck;
mod each_member;
mod fig2;
mod hop_skip_jump;
mod left_at;
mod members;
mod members_under_attack;
mod more_steps;
mod performance;
mod robustness;

pub(crate) use ablation::ablation;
pub(crate) use calibration::calibration;
pub(crate) use crosscheck::crosscheck;
pub(crate) use fig2::fig2;
pub(crate) use performance::{peer, scaling};
pub(crate) use robustness::robustness;

/// A study, published against ours: a line per method that has published numbers, then every point, folded away.
///
/// Meant for the section of a page, see [`replace_section`]. Reads the same folder as [`crate::studies::methods`],
/// with the same errors.
pub(crate) fn methods(
    study: &'static Study,
    folder: &Path,
    published: &Published,
) -> Result<String, ReportError> {
    let comparison = Comparison::read(study, folder, published)?;
    let rows: Vec<&Row> = comparison.rows().collect();
    let mut blocks = Vec::new();
    blocks.extend(comparison.warning.as_ref().map(|text| format!("**{text}**")));
    let compared = rows.iter().any(|row| row.published.is_some());
    if compared {
        blocks.push(summaries(&rows));
    }
    let intervals = if comparison.has_seeds() {
        "Of several seeds mean and range, of one Wilson's interval at 95 %, for the sampling of test images"
    } else {
        "The interval is Wilson's at 95 %, for the sampling of test images, not that of training seeds"
    };
    let difference = if compared { "; the difference is ours less published" } else { "" };
    blocks.push("<details><summary>Every point</summary>".into());
    blocks.push(format!("{intervals}{difference}."));
    blocks.push(points(&rows, compared));
    if compared {
        blocks.push(format!("Source of the published numbers: {}", published.source));
    }
    blocks.push("</details>".into());
    if comparison.has_pgd() {
        blocks.push(PGD_NOTE.replace('*', "\\*"));
    }
    Ok(blocks.join("\n\n"))
}

/// How near each method with published numbers comes, in one line.
fn summaries(rows: &[&Row]) -> String {
    let mut methods: Vec<&'static Method> = Vec::new();
    for row in rows.iter().filter(|row| row.published.is_some()) {
        if !methods.contains(&row.method) {
            methods.push(row.method);
        }
    }
    let mut table = Table::new(
        "lrrrl",
        ["method", "images", "published inside our interval", "mean difference", "largest difference"],
    );
    for method in methods {
        let own: Vec<&Row> = rows.iter().filter(|row| row.method == method).copied().collect();
        table.rows.extend(summary(method, &own));
    }
    table.markdown()
}

fn summary(method: &Method, rows: &[&Row]) -> Option<Vec<String>> {
    let images = rows.iter().map(|row| row.images).max()?;
    let compared: Vec<(&Row, f64)> = rows.iter().filter_map(|row| Some((*row, row.published?))).collect();
    let differences = compared.iter().map(|(row, value)| row.accuracy - value);
    let inside = compared.iter().filter(|(row, value)| row.interval.contains(*value)).count();
    let (row, largest) = compared
        .iter()
        .map(|(row, value)| (row, row.accuracy - value))
        .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    Some(vec![
        method.label.into(),
        count(images),
        format!("{inside} of {}", compared.len()),
        signed(differences.sum::<f64>() / compared.len() as f64),
        format!("{} ({})", signed(largest), place(row)),
    ])
}

/// All points, one per line; `compared` with published numbers, or not.
fn points(rows: &[&Row], compared: bool) -> String {
    let head = ["method", "attack", "ours", "interval", "published", "difference"];
    let mut table = Table::new("llrlrr", head.into_iter().take(if compared { 6 } else { 4 }));
    for row in rows {
        let cells = [
            row.method.label.into(),
            place(row),
            number(Some(row.accuracy), 4),
            format!("[{:.4}, {:.4}]", row.interval.low, row.interval.high),
            number(row.published, 4),
            row.published.map_or_else(dash, |value| signed(row.accuracy - value)),
        ];
        table.row(cells.into_iter().take(table.head.len()));
    }
    table.markdown()
}

/// The attack, in a table's words.
fn place(row: &Row) -> String {
    match row.radius {
        // Four significant decimals tell the radii of every experiment apart.
        Some(radius) => {
            let digits = format!("{radius:.4}");
            let digits = digits.trim_end_matches('0').trim_end_matches('.');
            format!("FGSM, radius {digits}")
        }
        None if row.attack == "cw-one-step" => "one-step CW".to_owned(),
        None => "one-step CW as released".to_owned(),
    }
}

/// A difference with its sign, a true minus, and none for what rounds to zero.
fn signed(difference: f64) -> String {
    let text = format!("{:.4}", difference.abs());
    if text == "0.0000" {
        text
    } else if difference < 0.0 {
        format!("−{text}")
    } else {
        format!("+{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::FIG1;
    use crate::studies::synthetic::{published, write_run};

    #[test]
    fn every_point_stands_beside_its_published_value() {
        let results = tempfile::tempdir().unwrap();
        write_run(results.path(), "erm", false, 1000, 0.27);
        write_run(results.path(), "pgd", false, 1000, 0.2);
        let table = methods(&FIG1, results.path(), &published()).unwrap();
        let has = |line: &str| assert!(table.lines().any(|l| l == line), "{line}\nis not in\n{table}");
        has("| ERM | FGSM, radius 0 | 0.9920 | [0.9843, 0.9959] | 0.9923 | −0.0003 |");
        has("| ERM | FGSM, radius 0.0167 | 0.9890 | [0.9804, 0.9938] | 0.9882 | +0.0008 |");
        has("| ERM | one-step CW | 0.1880 | [0.1650, 0.2134] | 0.1824 | +0.0056 |");
        assert_eq!(table.matches("| PGD\\* | FGSM").count(), 10);
        let (before, folded) = table.split_once("<details>").unwrap();
        assert!(before.contains(" of 11 ") && !before.contains("| FGSM, radius"), "{before}");
        assert!(folded.split_once("</details>").unwrap().0.contains("| PGD\\* | FGSM"), "{folded}");
        assert!(table.contains("\\* The published"));
        assert!(!table.contains("QUICK"));
    }

    #[test]
    fn the_summary_counts_and_finds_the_largest_difference() {
        let results = tempfile::tempdir().unwrap();
        write_run(results.path(), "erm", true, 1000, 0.27);
        let table = methods(&FIG1, results.path(), &published()).unwrap();
        let line = table.lines().find(|line| line.contains(" of 11 ")).unwrap();
        // 0.992 - 0.27 (6/9)^2 = 0.872 at radius .1, against .8971.
        assert!(line.starts_with("| ERM | 1,000 | 9 of 11 | "), "{line}");
        assert!(line.ends_with("−0.0251 (FGSM, radius 0.1) |"), "{line}");
        assert!(table.starts_with("**QUICK RUN — 1,000 images, not for comparison**"));
    }

    #[test]
    fn without_published_numbers_there_is_nothing_to_compare() {
        let mut none = published();
        none.fig1a_mnist_fgsm.clear();
        none.fig1b_mnist_cw_one_step.clear();
        let results = tempfile::tempdir().unwrap();
        write_run(results.path(), "erm", false, 1000, 0.27);
        let table = methods(&FIG1, results.path(), &none).unwrap();
        assert!(table.lines().any(|l| l == "| ERM | one-step CW | 0.1880 | [0.1650, 0.2134] |"), "{table}");
        assert!(!table.contains("published"), "{table}");
    }

    #[test]
    fn a_difference_of_nothing_has_no_sign() {
        assert_eq!(signed(-0.000_01), "0.0000");
        assert_eq!(signed(-0.25), "−0.2500");
        assert_eq!(signed(0.25), "+0.2500");
    }
}
