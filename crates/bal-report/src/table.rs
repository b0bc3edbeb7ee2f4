//! The one writer of tables, in Markdown and in plain text.

mod comparison;
mod diagnosis;
mod precisions;
mod regime;
mod section;
mod transfer;

pub use comparison::comparison;
pub use diagnosis::diagnosis;
pub use section::replace_section;
pub use transfer::{transfer, transfer_page, transfer_titles};

use crate::Interval;

/// Where the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows below a head.
///
/// ```
/// use bal_report::table::Table;
///
/// let mut table = Table::new("lr", ["run", "accuracy"]);
/// table.row(["runs/pgd".into(), "0.913".into()]);
/// assert_eq!(table.markdown(), "| run | accuracy |\n|---|--:|\n| runs/pgd | 0.913 |");
/// assert_eq!(table.text(), "run       accuracy\nruns/pgd     0.913");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What stands above each column.
    pub head: Vec<String>,
    /// How each column stands.
    pub alignment: Vec<Align>,
    /// A cell for each column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows. `alignment` has a letter for each column, `r` for the right, any other for the left; further
    /// columns are as the last.
    pub fn new<S: Into<String>>(alignment: &str, head: impl IntoIterator<Item = S>) -> Self {
        let head: Vec<String> = head.into_iter().map(Into::into).collect();
        let given = alignment.chars().map(|letter| if letter == 'r' { Align::Right } else { Align::Left });
        let mut alignment: Vec<Align> = given.collect();
        alignment.resize(head.len(), alignment.last().copied().unwrap_or(Align::Left));
        Self { head, alignment, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as Markdown, `None` where it has no rows.
    pub fn filled(&self) -> Option<String> {
        (!self.rows.is_empty()).then(|| self.markdown())
    }

    /// The table as Markdown, in which asterisks stand as they are.
    pub fn markdown(&self) -> String {
        let rule = self.alignment.iter().map(|align| if *align == Align::Right { "--:|" } else { "---|" });
        let line = |cells: &Vec<String>| {
            let cells = cells.iter().map(|cell| match cell.replace('*', "\\*") {
                empty if empty.is_empty() => " |".into(),
                cell => format!(" {cell} |"),
            });
            cells.fold("|".to_owned(), |line, cell| line + &cell)
        };
        let mut lines = vec![line(&self.head), rule.fold("|".to_owned(), |rule, part| rule + part)];
        lines.extend(self.rows.iter().map(line));
        lines.join("\n")
    }

    /// The table as text, its columns two blanks apart.
    pub fn text(&self) -> String {
        let all = || [&self.head].into_iter().chain(&self.rows);
        let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).zip(&self.alignment);
            let padded = cells.map(|((cell, &width), align)| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        all().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// A number with so many decimals; a dash where there is none.
pub fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(dash, |value| format!("{value:.decimals$}"))
}

/// A number, if it is there: a weight may be tiny, an energy huge.
fn amount(value: Option<f64>, decimals: usize) -> String {
    match value {
        Some(value) if value != 0.0 && !(1e-3..1e6).contains(&value.abs()) => format!("{value:.2e}"),
        _ => number(value, decimals),
    }
}

/// A number with its interval, with so many decimals.
pub fn with_interval(value: f64, of: Interval, decimals: usize) -> String {
    format!("{value:.decimals$} {}", interval(of, decimals))
}

/// A number with its interval, where that is known.
pub fn perhaps_with_interval(value: f64, of: Option<Interval>, decimals: usize) -> String {
    of.map_or_else(|| number(Some(value), decimals), |of| with_interval(value, of, decimals))
}

/// An interval, with so many decimals.
pub fn interval(Interval { low, high }: Interval, decimals: usize) -> String {
    format!("[{low:.decimals$}, {high:.decimals$}]")
}

/// What stands where there is nothing.
pub fn dash() -> String {
    "–".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new("lr", ["", "seeds", "mean"]);
        table.row(["PGD*".into(), "1".into(), number(None, 3)]);
        table.row(["Ünlü".into(), String::new(), "10.25".into()]);
        table
    }

    #[test]
    fn markdown_has_a_rule_below_the_head_and_no_emphasis() {
        let expected = "| | seeds | mean |\n|---|--:|--:|\n| PGD\\* | 1 | – |\n| Ünlü | | 10.25 |";
        assert_eq!(table().markdown(), expected);
        assert_eq!(table().filled().as_deref(), Some(expected));
        assert_eq!(Table::new("l", ["a"]).filled(), None);
    }

    #[test]
    fn columns_of_text_stand_below_their_heads_and_lines_end_with_letters() {
        assert_eq!(table().text(), "      seeds   mean\nPGD*      1      –\nÜnlü         10.25");
        let mut left = Table::new("l", ["a", "b"]);
        left.row(["long".into(), String::new()]);
        assert_eq!(left.text(), "a     b\nlong");
    }

    #[test]
    fn a_number_has_its_decimals_and_its_interval() {
        assert_eq!(number(Some(0.5), 4), "0.5000");
        assert_eq!(with_interval(0.5, Interval { low: 0.404, high: 0.596 }, 2), "0.50 [0.40, 0.60]");
    }
}
