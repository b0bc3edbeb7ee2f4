//! The JSON of `bal calibrate`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Answer, Calibration, Detection, Doubt, DoubtSummary, check};
use crate::{ImageSet, Model, ReportError, Split, json};

/// What `bal calibrate` measured. Keys of the JSON are the names of the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationReport {
    /// Whose probabilities they are.
    pub model: Model,
    /// The data set: `mnist`, ..
    pub dataset: String,
    /// Which of its images.
    pub split: Split,
    /// How many images.
    pub images: u64,
    /// How many classes; uncertainties are at most its logarithm.
    pub classes: u64,
    /// Settings of the attacks but loss and radius, the seed, and the sample's size where one was drawn.
    pub settings: serde_json::Value,
    /// Of the images as they are.
    pub clean: Measured,
    /// Of the images attacked, loss by loss and radius by radius.
    pub attacked: Vec<Attacked>,
    /// Which images exactly; absent where nobody wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_set: Option<ImageSet>,
}

/// How good the probabilities for some images are, and how uncertain the classifier is of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Of the probabilities of the prediction.
    pub calibration: Calibration,
    /// Uncertainty of the images that are classified rightly; `null` where none is.
    pub right: Option<DoubtSummary>,
    /// Of those that are not; `null` where none is.
    pub wrong: Option<DoubtSummary>,
}

/// The images under one attack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attacked {
    /// The loss that PGD raised: `cross-entropy`, `confident`.
    pub loss: String,
    /// The norm of its ball: `linf`, `l2`.
    pub norm: String,
    /// The ball's radius on pixels in [0, 1].
    pub radius: f64,
    /// Of the attacked images.
    pub measured: Measured,
    /// How well uncertainty tells all attacked images from the clean ones.
    pub detection: Detections,
    /// How well it tells those that the classifier gets wrong, attacked, from all clean ones; `null` where it gets none
    /// wrong.
    pub detection_of_wrong: Option<Detections>,
}

/// How well each measure of uncertainty tells attacked images from clean ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detections {
    /// By the predictive entropy.
    pub entropy: Detection,
    /// By the mutual information; `null` of a point estimate, which has none.
    pub mutual_information: Option<Detection>,
}

impl CalibrationReport {
    /// Reads and checks a report.
    ///
    /// Errors name the file and the key: missing or unknown keys, counts that disagree with the images, numbers out of
    /// their range.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let report: Self = json::read(path)?;
        report.check(path)?;
        Ok(report)
    }

    /// Checks the report as [`Self::read`] does and writes it, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        self.check(path)?;
        json::write(path, self)
    }

    fn check(&self, path: &Path) -> Result<(), ReportError> {
        check::consistent(self).map_err(|what| ReportError::invalid(path, what))
    }
}

impl Measured {
    /// Of one answer and one amount of doubt for each image, by a classifier of `classes`; `None` without images, when
    /// their numbers differ, or when a label is no class.
    pub fn of(answers: &[Answer], doubt: &Doubt, classes: u64) -> Option<Self> {
        let information = doubt.mutual_information.as_ref();
        if doubt.entropy.len() != answers.len() || information.is_some_and(|i| i.len() != answers.len()) {
            return None;
        }
        let right: Vec<bool> = answers.iter().map(Answer::is_right).collect();
        let wrong: Vec<bool> = right.iter().map(|right| !right).collect();
        Some(Self {
            calibration: Calibration::of(answers)?,
            right: doubt.only(&right).summary(classes),
            wrong: doubt.only(&wrong).summary(classes),
        })
    }
}

impl Detections {
    /// Of the uncertainty of attacked images and that of clean ones; `None` when there are none of one kind.
    pub fn of(attacked: &Doubt, clean: &Doubt) -> Option<Self> {
        let information = attacked.mutual_information.as_ref().zip(clean.mutual_information.as_ref());
        Some(Self {
            entropy: Detection::of(&attacked.entropy, &clean.entropy)?,
            mutual_information: information.and_then(|(attacked, clean)| Detection::of(attacked, clean)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Answer;
    use crate::testing::calibration;

    #[test]
    fn a_report_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calibration.json");
        calibration(100).write(&path).unwrap();
        assert_eq!(CalibrationReport::read(&path).unwrap(), calibration(100));
    }

    #[test]
    fn right_and_wrong_images_are_told_apart() {
        let answers = [
            Answer { probabilities: vec![0.9, 0.1], label: 0 },
            Answer { probabilities: vec![0.6, 0.4], label: 1 },
            Answer { probabilities: vec![0.2, 0.8], label: 1 },
        ];
        let doubt = Doubt { entropy: vec![0.3, 0.6, 0.5], mutual_information: None };
        let of = Measured::of(&answers, &doubt, 2).unwrap();
        let (right, wrong) = (of.right.unwrap(), of.wrong.unwrap());
        assert_eq!((right.images, wrong.images, wrong.entropy.mean), (2, 1, 0.6));
        assert!((right.entropy.mean - 0.4).abs() < 1e-12);
        assert_eq!(Measured::of(&answers[..2], &doubt, 2), None);
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_key() {
        type Change = fn(&mut serde_json::Value);
        let cases: [(Change, &str); 8] = [
            (|v| v["images"] = 99.into(), "clean.calibration.bins count 100 images, but images is 99"),
            (|v| v["classes"] = 1.into(), "classes must be at least 2"),
            (|v| v["clean"]["calibration"]["ece"] = 1.5.into(), "clean.calibration.ece"),
            (|v| v["clean"]["calibration"]["nll"] = (-1).into(), "clean.calibration.nll"),
            (|v| v["clean"]["right"]["images"] = 1.into(), "clean counts"),
            (|v| v["attacked"][0]["radius"] = (-1).into(), "attacked[0].radius"),
            (|v| v["attacked"][0]["detection"]["entropy"]["auroc"] = 2.into(), "attacked[0].detection"),
            (|v| v["clean"]["right"]["entropy"]["histogram"] = serde_json::json!([1]), "histogram"),
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calibration.json");
        for (change, expected) in cases {
            let mut value = serde_json::to_value(calibration(100)).unwrap();
            change(&mut value);
            std::fs::write(&path, value.to_string()).unwrap();
            let message = CalibrationReport::read(&path).unwrap_err().to_string();
            assert!(message.contains(expected) && message.contains("calibration.json"), "{message}");
        }
    }
}
