//! A classifier's answers as the report takes them.

use crate::answers::Answers;
use anyhow::Result;
use bal_report::{Answer, calibration::Doubt};

/// What a classifier says of some images, and how sure it is.
pub(super) struct Shown {
    pub(super) answers: Vec<Answer>,
    pub(super) doubt: Doubt,
}

impl Shown {
    /// Answers beside the labels of the images.
    pub(super) fn new(answers: &Answers, labels: &[usize]) -> Result<Self> {
        let (entropy, information) = answers.uncertainty()?;
        let probabilities = answers.probabilities()?;
        let pair = |(probabilities, &label): (Vec<f64>, &usize)| Answer { probabilities, label };
        Ok(Self {
            answers: probabilities.into_iter().zip(labels).map(pair).collect(),
            // One member cannot disagree: what it has is 0 for every image, and no measurement.
            doubt: Doubt { entropy, mutual_information: (answers.members() > 1).then_some(information) },
        })
    }

    /// Which images are classified wrongly.
    pub(super) fn wrong(&self) -> Vec<bool> {
        self.answers.iter().map(|answer| !answer.is_right()).collect()
    }
}
