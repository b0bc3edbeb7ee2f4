//! Whether the parts of a calibration report agree with each other.

use super::{CalibrationReport, Detection, Detections, DoubtSummary, HISTOGRAM, Measured};

/// Says what is wrong with a report, by key and value.
pub(super) fn consistent(report: &CalibrationReport) -> Result<(), String> {
    if report.images == 0 {
        return Err("images must be at least 1, got 0".into());
    }
    if report.classes < 2 {
        return Err(format!("classes must be at least 2, got {}", report.classes));
    }
    if let Some(image_set) = &report.image_set {
        image_set.check(report.images)?;
    }
    measured("clean", &report.clean, report)?;
    for (index, attacked) in report.attacked.iter().enumerate() {
        let key = format!("attacked[{index}]");
        between(&format!("{key}.radius"), attacked.radius, f64::MAX)?;
        measured(&format!("{key}.measured"), &attacked.measured, report)?;
        detections(&format!("{key}.detection"), &attacked.detection)?;
        if let Some(of_wrong) = &attacked.detection_of_wrong {
            detections(&format!("{key}.detection_of_wrong"), of_wrong)?;
        }
    }
    Ok(())
}

fn measured(key: &str, measured: &Measured, report: &CalibrationReport) -> Result<(), String> {
    let of = &measured.calibration;
    let ranges = [
        ("accuracy", of.accuracy, 1.0),
        ("nll", of.nll, f64::MAX),
        ("brier", of.brier, 2.0),
        ("ece", of.ece, 1.0),
    ];
    for (name, value, most) in ranges {
        between(&format!("{key}.calibration.{name}"), value, most)?;
    }
    for (index, bin) in of.bins.iter().enumerate() {
        let key = format!("{key}.calibration.bins[{index}]");
        for (name, value) in
            [("low", bin.low), ("high", bin.high), ("confidence", bin.confidence), ("accuracy", bin.accuracy)]
        {
            between(&format!("{key}.{name}"), value, 1.0)?;
        }
    }
    let binned = total(of.bins.iter().map(|bin| bin.images));
    if binned != report.images {
        return Err(format!("{key}.calibration.bins count {binned} images, but images is {}", report.images));
    }
    let parts = [("right", &measured.right), ("wrong", &measured.wrong)];
    let counted = total(parts.iter().filter_map(|(_, part)| part.as_ref()).map(|part| part.images));
    if counted != report.images {
        return Err(format!("{key} counts {counted} images right or wrong, but images is {}", report.images));
    }
    for (name, part) in parts {
        if let Some(part) = part {
            summary(&format!("{key}.{name}"), part, report.classes)?;
        }
    }
    Ok(())
}

fn summary(key: &str, summary: &DoubtSummary, classes: u64) -> Result<(), String> {
    let amounts =
        [("entropy", Some(&summary.entropy)), ("mutual_information", summary.mutual_information.as_ref())];
    for (name, amounts) in amounts {
        let Some(amounts) = amounts else { continue };
        between(&format!("{key}.{name}.mean"), amounts.mean, (classes as f64).ln())?;
        let (bins, images) = (amounts.histogram.len(), total(amounts.histogram.iter().copied()));
        if bins != HISTOGRAM || images != summary.images {
            return Err(format!(
                "{key}.{name}.histogram has {bins} bins with {images} images; expected {HISTOGRAM} with {}",
                summary.images
            ));
        }
    }
    Ok(())
}

fn detections(key: &str, detections: &Detections) -> Result<(), String> {
    let all = [("entropy", Some(detections.entropy)), ("mutual_information", detections.mutual_information)];
    for (name, detection) in all {
        let Some(Detection { auroc, interval }) = detection else { continue };
        between(&format!("{key}.{name}.auroc"), auroc, 1.0)?;
        if !interval.contains(auroc) {
            return Err(format!("{key}.{name}.interval does not hold the auroc {auroc}"));
        }
    }
    Ok(())
}

/// Refuses what is not in `[0, most]`, but for rounding; written so that NaN is refused too.
fn between(key: &str, value: f64, most: f64) -> Result<(), String> {
    let inside = (-1e-9..=most + 1e-9).contains(&value);
    if inside {
        Ok(())
    } else {
        Err(format!("{key} must be finite, at least 0 and at most {most}, got {value}"))
    }
}

fn total(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}
