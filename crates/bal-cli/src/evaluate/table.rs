//! An evaluation on standard output.

use crate::console::print;
use bal_report::Evaluation;

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
    print("radius      accuracy  95 % interval      mean Linf  mean L2");
    for (point, reached) in evaluation.points().zip(&evaluation.reached) {
        print(&format!(
            "{:<10}  {:.4}    [{:.4}, {:.4}]   {:.4}     {:.3}",
            point.radius.map_or("-".to_string(), |r| format!("{r:.6}")),
            point.accuracy,
            point.interval.low,
            point.interval.high,
            reached.linf,
            reached.l2
        ));
    }
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
