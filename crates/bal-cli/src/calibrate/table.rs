//! A calibration report on standard output.

use crate::console::print;
use bal_report::calibration::{Attacked, BINS, CalibrationReport, Detection, DoubtSummary, Measured};

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
        "images                        accuracy  ECE     NLL      Brier   (ECE: {BINS} bins of equal width)"
    ));
    line("clean", &report.clean);
    for attacked in &report.attacked {
        line(&name(attacked), &attacked.measured);
    }
    print(&format!(
        "uncertainty in nats           entropy: right  wrong   information: right  wrong   (at most {:.3})",
        (report.classes as f64).ln()
    ));
    means("clean", &report.clean);
    for attacked in &report.attacked {
        means(&name(attacked), &attacked.measured);
    }
    if report.attacked.is_empty() {
        return;
    }
    print("attacked or clean: AUROC      by entropy               by mutual information    (95 % intervals)");
    for attacked in &report.attacked {
        let name = name(attacked);
        let of = attacked.detection;
        print(&format!("{name:<28}  {}  {}", area(Some(of.entropy)), area(of.mutual_information)));
        if let Some(of) = attacked.detection_of_wrong {
            let (entropy, information) = (area(Some(of.entropy)), area(of.mutual_information));
            print(&format!("{:<28}  {entropy}  {information}", "  of these, the wrong ones"));
        }
    }
}

fn name(attacked: &Attacked) -> String {
    format!("{}, {} {}", attacked.loss, attacked.norm, shortened(attacked.radius))
}

/// A radius that fits the column: 4/255 has no end.
fn shortened(radius: f64) -> f64 {
    (radius * 1e6).round() / 1e6
}

fn line(name: &str, measured: &Measured) {
    let of = &measured.calibration;
    print(&format!("{name:<28}  {:.4}    {:.4}  {:7.4}  {:.4}", of.accuracy, of.ece, of.nll, of.brier));
}

fn means(name: &str, measured: &Measured) {
    let entropy = |part: &Option<DoubtSummary>| number(part.as_ref().map(|part| part.entropy.mean));
    let information = |part: &Option<DoubtSummary>| {
        number(part.as_ref().and_then(|part| part.mutual_information.as_ref()).map(|amounts| amounts.mean))
    };
    let (right, wrong) = (&measured.right, &measured.wrong);
    print(&format!(
        "{name:<28}           {}  {}               {}  {}",
        entropy(right),
        entropy(wrong),
        information(right),
        information(wrong)
    ));
}

fn number(value: Option<f64>) -> String {
    value.map_or("     -".into(), |value| format!("{value:.4}"))
}

fn area(detection: Option<Detection>) -> String {
    match detection {
        Some(Detection { auroc, interval }) => {
            format!("{auroc:.4} [{:.4}, {:.4}]", interval.low, interval.high)
        }
        None => format!("{:<23}", "-"),
    }
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
