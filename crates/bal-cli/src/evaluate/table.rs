//! An evaluation on standard output.

use crate::console::print;
use bal_report::{
    Evaluation,
    table::{Table, interval, number},
};

/// Prints what was attacked, and a line for each radius.
pub(crate) fn show(evaluation: &Evaluation) {
    print(&format!(
        "{} on {}: {} {} images of {}, {} chains, {}",
        evaluation.attack,
        evaluation.model.source,
        evaluation.images,
        evaluation.split.words(),
        evaluation.dataset,
        evaluation.model.chains,
        evaluation.model.prediction
    ));
    let spread = evaluation.spread();
    let of_seeds = spread.is_some().then_some("single seeds");
    let norm = evaluation.norm.as_deref().unwrap_or_default();
    // How far pixels were moved, of an attack that moves them.
    let sized = evaluation.reached.iter().any(|reached| reached.size.is_some());
    let moved = sized.then(|| format!("mean {norm}"));
    let head = ["radius", "accuracy", "95 % interval", "mean Linf", "mean L2"].map(String::from);
    let head = head.into_iter().chain(moved).chain(of_seeds.map(String::from));
    let mut table = Table::new("lr", head);
    for (column, (point, reached)) in evaluation.points().zip(&evaluation.reached).enumerate() {
        let of_seeds = spread.as_ref().map(|spread| spread[column]);
        let cells = [
            number(point.radius, 6),
            number(Some(point.accuracy), 4),
            interval(point.interval, 4),
            number(Some(reached.linf), 4),
            number(Some(reached.l2), 3),
        ];
        let of_seeds = of_seeds.map(|(least, most)| format!("{least:.4} to {most:.4}"));
        let moved = sized.then(|| number(reached.size, 4));
        table.row(cells.into_iter().chain(moved).chain(of_seeds));
    }
    print(&table.text());
    if let Some(nearest) = &evaluation.nearest {
        print(&match nearest.median {
            Some(median) => format!("median {norm} distance to an error: {median:.4}"),
            None => "no error was found for more than half of the images".into(),
        });
    }
    if let Some(counts) = evaluation.broken_by.as_ref().and_then(|counts| counts.last()) {
        let counts: Vec<String> = counts.iter().map(|(part, images)| format!("{part} {images}")).collect();
        print(&format!("broken at the largest radius by: {}", counts.join(", ")));
    }
}
