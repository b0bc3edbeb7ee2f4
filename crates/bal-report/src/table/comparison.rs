//! Two evaluations side by side, as a table.

use super::{Table, dash, with_interval};
use crate::Comparison;

/// A row for each common radius: both accuracies, their difference with its 95 % interval, how many images only one of them
/// gets right, and the p-value of the exact McNemar test.
pub fn comparison(comparison: &Comparison) -> Table {
    let head =
        ["radius", "first", "second", "first - second [95 %]", "only first right", "only second right", "p"];
    let mut table = Table::new("lr", head);
    for point in &comparison.points {
        let radius = point.radius.map(|radius| (radius * 1e6).round() / 1e6);
        table.row([
            radius.map_or_else(dash, |radius| radius.to_string()),
            format!("{:.4}", point.accuracy[0]),
            format!("{:.4}", point.accuracy[1]),
            with_interval(point.difference, point.interval, 4),
            point.pairs.only_first.to_string(),
            point.pairs.only_second.to_string(),
            p_value(point.p_value),
        ]);
    }
    table
}

/// A p-value with four decimals, those below in powers of ten.
fn p_value(p: f64) -> String {
    if p < 5e-4 { format!("{p:.1e}") } else { format!("{p:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_row_has_both_accuracies_the_difference_the_counts_and_p() {
        let evaluation =
            |right: usize| testing::evaluation("pgd", vec![Some(4.0 / 255.0)], &[right as f64 / 60.0], 60);
        let (a, b) = (evaluation(30), evaluation(37));
        let found = Comparison::of((&a, None), (&b, None)).unwrap();
        let rows = comparison(&found).rows;
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0][..3], ["0.015686", "0.5000", "0.6167"]);
        assert!(rows[0][3].starts_with("-0.1167 [-0.") && rows[0][3].ends_with(']'), "{}", rows[0][3]);
        assert_eq!(rows[0][4..], ["0", "7", "0.0156"]);
        assert_eq!((p_value(1.0), p_value(1.2e-7)), ("1.0000".into(), "1.2e-7".into()));
    }
}
