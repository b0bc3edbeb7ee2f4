//! A calibration report on standard output.

use crate::console::print;
use bal_report::calibration::{Attacked, BINS, CalibrationReport, Detection, DoubtSummary, Measured};
use bal_report::table::{Table, dash, number, perhaps_with_interval, with_interval};

/// Prints what was measured: a line for the clean images and one for each attack, then what uncertainty tells.
pub(super) fn show(report: &CalibrationReport) {
    print(&format!(
        "{}: {} {} images of {}, {} chains, {}",
        report.model.source,
        report.images,
        report.split.words(),
        report.dataset,
        report.model.chains,
        report.model.prediction
    ));
    print(&format!(
        "\nProbabilities, with 95 % intervals; ECE: {BINS} bins of equal width, NLL in nats\n{}",
        probabilities(report).text()
    ));
    print(&format!(
        "\nUncertainty in nats, at most {:.3}: mean over right and wrong images\n{}",
        (report.classes as f64).ln(),
        uncertainty(report).text()
    ));
    if !report.attacked.is_empty() {
        print(&format!(
            "\nAttacked images told from clean ones: AUROC, 95 % intervals\n{}",
            detection(report).text()
        ));
    }
}

fn probabilities(report: &CalibrationReport) -> Table {
    let mut table = Table::new("lr", ["images", "accuracy", "ECE", "NLL", "Brier"]);
    for (name, measured) in measured(report) {
        let of = &measured.calibration;
        let scores = of.scores().map(|(score, interval)| perhaps_with_interval(score, interval, 4));
        table.row([name, number(Some(of.accuracy), 4)].into_iter().chain(scores));
    }
    table
}

fn uncertainty(report: &CalibrationReport) -> Table {
    let head = ["images", "entropy: right", "wrong", "mutual information: right", "wrong"];
    let mut table = Table::new("lr", head);
    for (name, Measured { right, wrong, .. }) in measured(report) {
        let entropy = |of: &Option<DoubtSummary>| number(of.as_ref().map(|of| of.entropy.mean), 4);
        let information = |of: &Option<DoubtSummary>| {
            let amounts = of.as_ref().and_then(|of| of.mutual_information.as_ref());
            number(amounts.map(|of| of.mean), 4)
        };
        table.row([name, entropy(right), entropy(wrong), information(right), information(wrong)]);
    }
    table
}

fn detection(report: &CalibrationReport) -> Table {
    let mut table = Table::new("lr", ["images", "by entropy", "by mutual information"]);
    for attacked in &report.attacked {
        let of = attacked.detection;
        table.row([name(attacked), area(Some(of.entropy)), area(of.mutual_information)]);
        if let Some(of) = attacked.detection_of_wrong {
            let wrong = "  of these, the wrong ones".into();
            table.row([wrong, area(Some(of.entropy)), area(of.mutual_information)]);
        }
    }
    table
}

/// The clean images, then each attack.
fn measured(report: &CalibrationReport) -> impl Iterator<Item = (String, &Measured)> {
    let attacked = report.attacked.iter().map(|of| (name(of), &of.measured));
    std::iter::once(("clean".into(), &report.clean)).chain(attacked)
}

fn name(attacked: &Attacked) -> String {
    format!("{}, {} {}", attacked.loss, attacked.norm, shortened(attacked.radius))
}

/// A radius that fits the column: 4/255 has no end.
fn shortened(radius: f64) -> f64 {
    (radius * 1e6).round() / 1e6
}

fn area(detection: Option<Detection>) -> String {
    detection.map_or_else(dash, |of| with_interval(of.auroc, of.interval, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radii_keep_six_decimals_at_most() {
        assert_eq!(shortened(4.0 / 255.0).to_string(), "0.015686");
        assert_eq!(shortened(0.1).to_string(), "0.1");
    }
}
