//! A transfer matrix as tables.

use super::{Table, number, with_interval};
use crate::TransferMatrix;

/// The accuracy of each column's model on the images that were made by attacking each row's, with 95 % intervals, at the radius
/// of this place, counted from 0.
pub fn transfer(matrix: &TransferMatrix, place: usize) -> Table {
    let head = std::iter::once("attacked".to_owned()).chain(matrix.models.iter().cloned());
    let mut table = Table::new("lr", head);
    for (name, cells) in matrix.models.iter().zip(&matrix.evaluations) {
        let cells = cells.iter().map(|cell| match cell.points().nth(place) {
            Some(point) => with_interval(point.accuracy, point.interval, 4),
            None => super::dash(),
        });
        table.row(std::iter::once(name.clone()).chain(cells));
    }
    table
}

/// What the tables of a matrix are of: a sentence for all, and for each radius what stands above its table.
pub fn transfer_titles(matrix: &TransferMatrix) -> (String, Vec<String>) {
    let Some(first) = matrix.cell(0, 0) else { return (String::new(), vec![]) };
    let whole = format!(
        "Accuracy of each column under {} on each row: {} {} images of {}, 95 % intervals",
        first.attack,
        first.images,
        first.split.words(),
        first.dataset
    );
    let measure = first.norm.as_deref().unwrap_or_default();
    let title = |radius: &Option<f64>| match radius {
        Some(_) => {
            format!("{measure} radius {}", number(*radius, 6).trim_end_matches('0').trim_end_matches('.'))
        }
        None => "no radius".into(),
    };
    (whole, first.radii.iter().map(title).collect())
}

/// All tables of a matrix as Markdown, each below its title.
pub fn transfer_page(matrix: &TransferMatrix) -> String {
    let (whole, titles) = transfer_titles(matrix);
    let tables = titles.into_iter().enumerate();
    let tables =
        tables.map(|(place, title)| format!("\n{title}:\n\n{}\n", transfer(matrix, place).markdown()));
    tables.fold(format!("{whole}.\n"), |page, table| page + &table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn rows_are_attacked_and_columns_are_shown_the_images() {
        let cell = |at: [f64; 2]| testing::evaluation("pgd", vec![Some(0.0), Some(0.1)], &at, 4);
        let rows = vec![vec![cell([1.0, 0.25]), cell([1.0, 0.75])], vec![cell([1.0, 1.0]), cell([1.0, 0.5])]];
        let matrix = TransferMatrix::new(vec!["erm".into(), "pgd".into()], rows).unwrap();
        let table = transfer(&matrix, 1);
        assert_eq!(table.head, ["attacked", "erm", "pgd"]);
        assert_eq!(table.rows[0][0], "erm");
        assert!(table.rows[0][2].starts_with("0.7500 [0."), "{:?}", table.rows);
        assert!(table.rows[1][1].starts_with("1.0000 [0."), "{:?}", table.rows);
        let page = transfer_page(&matrix);
        assert!(
            page.starts_with("Accuracy of each column under pgd on each row: 4 test images of "),
            "{page}"
        );
        assert!(page.contains("\nlinf radius 0:\n\n| attacked | erm | pgd |\n|---|--:|--:|\n"), "{page}");
        assert!(page.contains("\nlinf radius 0.1:\n"), "{page}");
    }
}
