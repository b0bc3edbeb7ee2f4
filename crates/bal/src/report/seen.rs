//! What a classifier says of images, as a page shows it.

use crate::answers::Answers;
use anyhow::Result;
use bal_core::{Classifier, Images, Workers};
use bal_page::Seen;
use bal_report::Answer;

/// One answer for each image, in their order, whatever the number of workers.
pub(super) fn of_images(
    classifier: &dyn Classifier,
    images: &Images,
    workers: &Workers,
) -> Result<Vec<Seen>> {
    let numbers: Vec<i64> = (0..images.len()).collect();
    let batch = images.batch(&numbers);
    let answers = Answers::of(classifier, &batch.x, &numbers, images.device(), workers)?;
    let (entropy, information) = answers.uncertainty()?;
    let labels = Vec::<i64>::try_from(batch.classes()?)?;
    let rows = answers.probabilities()?.into_iter().zip(labels).zip(entropy).zip(information);
    let seen = |(((probabilities, label), predictive_entropy), mutual_information)| Seen {
        answer: Answer { probabilities, label: label as usize },
        predictive_entropy,
        mutual_information,
    };
    Ok(rows.map(|row: (((Vec<f64>, i64), f64), f64)| seen(row)).collect())
}
