//! The binary form: one record after another.
//!
//! ```text
//! CIFAR-10:   label u8                           | 1024 red | 1024 green | 1024 blue
//! CIFAR-100:  coarse label u8 | fine label u8    | 1024 red | 1024 green | 1024 blue
//! ```

use std::path::Path;

use super::{Batch, PIXELS, wrong};
use crate::{DataError, Set};

/// Coarse labels of CIFAR-100.
const COARSE: usize = 20;

/// The images of a file with these bytes; errors call it `path`.
pub(super) fn parse(bytes: &[u8], set: Set, path: &Path) -> Result<Batch, DataError> {
    let classes: &[usize] = if set == Set::Cifar100 { &[COARSE, 100] } else { &[10] };
    let record = classes.len() + PIXELS;
    if bytes.is_empty() {
        return Err(wrong(path, "it is empty"));
    }
    if !bytes.len().is_multiple_of(record) {
        let reason = format!(
            "its {} bytes are no whole number of images of {record} bytes; it is cut, or no file of {set}",
            bytes.len()
        );
        return Err(wrong(path, reason));
    }
    let images = bytes.len() / record;
    let mut batch = Batch { pixels: Vec::with_capacity(images * PIXELS), labels: Vec::with_capacity(images) };
    for (number, image) in bytes.chunks_exact(record).enumerate() {
        let (labels, pixels) = image.split_at(classes.len());
        for (place, (&label, &classes)) in labels.iter().zip(classes).enumerate() {
            if usize::from(label) >= classes {
                let (file, offset) = (path.to_owned(), (number * record + place) as u64);
                return Err(DataError::Label { file, offset, label: label.into(), classes });
            }
        }
        batch.pixels.extend(pixels);
        batch.labels.extend(labels.last().map(|&label| u16::from(label)));
    }
    Ok(batch)
}
