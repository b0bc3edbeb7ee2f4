//! An evaluation image by image.

use bal_attacks::AccuracyCurve;
use bal_report::ImageRow;

/// A row for each image and radius, images in their order; `numbers` are theirs in the data set, `files` their files.
pub(crate) fn rows(curve: &AccuracyCurve, numbers: &[i64], files: Option<&[String]>) -> Vec<ImageRow> {
    let row = |image: usize, column: usize| {
        let outcome = &curve.outcomes[column];
        ImageRow {
            index: numbers[curve.indices[image] as usize],
            label: curve.labels[image],
            clean: curve.clean[image],
            radius: curve.radii[column],
            predicted: outcome.predicted[image],
            broken_by: outcome.broken_by[image].and_then(|part| curve.parts.get(part).cloned()),
            l2: outcome.l2[image],
            linf: outcome.linf[image],
            size: outcome.size.as_ref().map(|size| size[image]),
            file: files.and_then(|files| files.get(curve.indices[image] as usize).cloned()),
            distance: curve.distances.as_ref().and_then(|distances| distances[image]),
        }
    };
    let columns = curve.outcomes.len();
    (0..curve.images())
        .flat_map(|image| (0..columns).map(move |column| (image, column)))
        .map(|(i, c)| row(i, c))
        .collect()
}
