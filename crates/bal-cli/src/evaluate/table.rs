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
    let mut table = Table::new("lr", ["radius", "accuracy", "95 % interval", "mean Linf", "mean L2"]);
    for (point, reached) in evaluation.points().zip(&evaluation.reached) {
        table.row([
            number(point.radius, 6),
            number(Some(point.accuracy), 4),
            interval(point.interval, 4),
            number(Some(reached.linf), 4),
            number(Some(reached.l2), 3),
        ]);
    }
    print(&table.text());
    let norm = evaluation.norm.as_deref().unwrap_or_default();
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
