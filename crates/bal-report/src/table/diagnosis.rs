//! The chains of a run, as a table in plain text.

use super::precisions::precisions;
use super::regime::sampler;
use crate::diagnosis::{Group, QuantityRow, RunDiagnosis, StepSizes};
use crate::number::counted;
use crate::table::{Table, amount};

/// A block of lines for each group, its verdict below it, and the verdict of all at the end.
///
/// Of each group at most `most` quantities are shown, the worst first.
pub fn diagnosis(diagnosis: &RunDiagnosis, most: usize) -> String {
    let RunDiagnosis { run, name, method, chains, sweeps, .. } = diagnosis;
    let mut blocks =
        vec![format!("{run}: {method} ({name}), {} after {sweeps} sweeps", counted(*chains, "chain"))];
    blocks.extend(diagnosis.step_size.as_ref().map(step_size));
    blocks.extend(diagnosis.sampler.as_ref().map(sampler));
    blocks.extend(precisions(&diagnosis.prior_precisions));
    blocks.extend(diagnosis.groups.iter().map(|of| group(of, most)));
    blocks.push(format!("verdict: {}", diagnosis.verdict));
    blocks.join("\n\n")
}

fn step_size(StepSizes { sampler, first, last }: &StepSizes) -> String {
    if (first - last).abs() <= 1e-12 * first.abs() {
        format!("step size of {sampler}: {first}, of all chains in every step")
    } else {
        format!("step size of {sampler}: {first} at first, {last:.3e} at last, of all chains")
    }
}

fn group(group: &Group, most: usize) -> String {
    let Group { name, what, verdict, quantities, worst_first } = group;
    let mut lines = vec![format!("{name}: {what}")];
    let shown: Vec<&QuantityRow> = worst_first.iter().filter_map(|&i| quantities.get(i)).take(most).collect();
    if !shown.is_empty() {
        let head = ["quantity", "mean", "sd", "R-hat", "bulk ESS", "tail ESS", ""];
        let mut table = Table::new("lrrrrrl", head);
        for row in &shown {
            table.row(cells(row));
        }
        lines.extend(table.text().lines().map(|line| format!("  {line}")));
    }
    if shown.len() < quantities.len() {
        lines.push(format!("  (the {} worst of {})", shown.len(), quantities.len()));
    }
    lines.push(format!("  {verdict}"));
    lines.join("\n")
}

fn cells(row: &QuantityRow) -> [String; 7] {
    [
        row.name.clone(),
        amount(row.mean, 4),
        amount(row.sd, 4),
        amount(row.r_hat, 4),
        amount(row.bulk_ess, 1),
        amount(row.tail_ess, 1),
        row.obstacle.clone().unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::tests::example;

    #[test]
    fn every_group_has_its_rows_worst_first_and_its_verdict() {
        let text = diagnosis(&example(), 10);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "runs/x: bal (x), 2 chains after 90 sweeps");
        assert_eq!(lines[2], "step size of sgadald: 0.01, of all chains in every step");
        assert!(lines[6].contains("log-probability:1") && lines[6].contains("–"), "{text}");
        assert!(lines[6].ends_with("each chain stands still at a value of its own"));
        assert!(lines[7].contains("log-probability:0"), "{text}");
        // Columns stand below their titles.
        let end = lines[5].find("R-hat").unwrap() + "R-hat".len();
        assert!(lines[7].is_char_boundary(end) && lines[7][..end].ends_with(|c: char| c.is_ascii_digit()));
        assert!(text.contains("weights: single weights\n  there are none"));
        assert!(text.ends_with(&format!("verdict: {}", example().verdict)));
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let text = diagnosis(&example(), 1);
        assert!(text.contains("(the 1 worst of 2)") && !text.contains("log-probability:0"), "{text}");
    }

    #[test]
    fn a_falling_step_size_has_both_ends() {
        let sizes = StepSizes { sampler: "sghmc".into(), first: 0.01, last: 1.25e-4 };
        assert_eq!(step_size(&sizes), "step size of sghmc: 0.01 at first, 1.250e-4 at last, of all chains");
    }
}
