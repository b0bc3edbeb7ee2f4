//! What is said of an image: a line of a table or a JSON object.

use bal_data::own::Conversion;
use serde::Serialize;
use std::path::Path;

/// A prediction with its uncertainty.
#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    pub(super) image: &'a Path,
    /// The most probable class, counted from 0; none where the prediction is too uncertain.
    pub(super) class: Option<usize>,
    /// What it is called.
    pub(super) label: Option<&'a str>,
    /// Its probability, or that of the class that it would have been.
    pub(super) probability: f64,
    /// In nats.
    pub(super) predictive_entropy: f64,
    /// In nats.
    pub(super) mutual_information: f64,
    /// Of every class, in their order.
    pub(super) probabilities: &'a [f64],
    /// What was done to the image before the network saw it.
    pub(super) conversions: &'a [Conversion],
}

/// The table's first line.
pub(super) fn heading(width: usize) -> String {
    format!("{:<width$}  probability  entropy  information  image", "label")
}

impl Answer<'_> {
    /// A line of the table, whose labels take `width` columns.
    pub(super) fn line(&self, width: usize) -> String {
        let label = self.label.unwrap_or("(abstains)");
        let notes: Vec<String> = self.conversions.iter().map(ToString::to_string).collect();
        let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join(", ")) };
        format!(
            "{label:<width$}  {:>11.4}  {:>7.4}  {:>11.4}  {}{notes}",
            self.probability,
            self.predictive_entropy,
            self.mutual_information,
            one_line(self.image)
        )
    }
}

/// A path on one line.
fn one_line(path: &Path) -> String {
    let mut line = String::new();
    for letter in path.to_string_lossy().chars() {
        if letter.is_control() { line.extend(letter.escape_default()) } else { line.push(letter) }
    }
    line
}

/// Columns of the longest label.
pub(super) fn width(labels: &[String]) -> usize {
    let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    longest.max("(abstains)".len())
}
