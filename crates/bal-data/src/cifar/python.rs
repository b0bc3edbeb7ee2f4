//! The Python form: a pickled dictionary with the pixels as an array and the labels as a list.
//!
//! ```text
//! data          array of bytes, [n, 3072]: 1024 red, 1024 green, 1024 blue
//! labels        n integers (CIFAR-10);   fine_labels   n integers (CIFAR-100)
//! ```
//!
//! The other keys (`batch_label`, `filenames`, `coarse_labels`) are not asked for.

use std::path::Path;

use super::pickle::{Id, Pickle, Value};
use super::{Batch, PIXELS};
use crate::{DataError, Set};

/// The images of a file with these bytes; errors call it `path`.
pub(super) fn parse(bytes: &[u8], set: Set, path: &Path) -> Result<Batch, DataError> {
    let pickle = Pickle::read(bytes, path)?;
    let Value::Dictionary(entries) = pickle.value(pickle.root()) else {
        return Err(pickle.fault(pickle.root(), "it holds no dictionary"));
    };
    let entry = |key: &str| -> Result<Id, DataError> {
        // The last one is what Python gets.
        let found = entries.iter().rev().find(|(name, _)| pickle.text(*name) == Some(key.as_bytes()));
        found
            .map(|&(_, value)| value)
            .ok_or_else(|| pickle.fault(pickle.root(), format!("it has no {key:?}")))
    };
    let pixels = pixels(&pickle, entry("data")?, bytes)?;
    let key = if set == Set::Cifar100 { "fine_labels" } else { "labels" };
    let list = entry(key)?;
    let labels = labels(&pickle, list, key, set.classes(), path)?;
    if labels.len() * PIXELS != pixels.len() {
        let reason = format!("{key:?} has {} entries for {} images", labels.len(), pixels.len() / PIXELS);
        return Err(pickle.fault(list, reason));
    }
    Ok(Batch { pixels, labels })
}

fn pixels(pickle: &Pickle<'_>, id: Id, bytes: &[u8]) -> Result<Vec<u8>, DataError> {
    let Value::Array(array) = pickle.value(id) else {
        return Err(pickle.fault(id, "\"data\" is no array"));
    };
    let [images, columns] = array.shape;
    if images == 0 || columns != PIXELS {
        let reason =
            format!("\"data\" has the shape [{images}, {columns}], expected [n, {PIXELS}] with n > 0");
        return Err(pickle.fault(id, reason));
    }
    let bytes = &bytes[array.bytes.clone()];
    if !array.columns_first {
        return Ok(bytes.to_vec());
    }
    let mut rows = vec![0; bytes.len()];
    for (column, values) in bytes.chunks_exact(images).enumerate() {
        for (image, &value) in values.iter().enumerate() {
            rows[image * PIXELS + column] = value;
        }
    }
    Ok(rows)
}

fn labels(
    pickle: &Pickle<'_>,
    list: Id,
    key: &str,
    classes: usize,
    path: &Path,
) -> Result<Vec<u16>, DataError> {
    let Value::List(items) = pickle.value(list) else {
        return Err(pickle.fault(list, format!("{key:?} is no list")));
    };
    let label = |&item: &Id| {
        let number = pickle.integer(item);
        let number =
            number.ok_or_else(|| pickle.fault(item, format!("{key:?} holds a value that is no integer")))?;
        match u16::try_from(number) {
            Ok(label) if usize::from(label) < classes => Ok(label),
            Ok(label) => {
                let (file, offset) = (path.to_owned(), pickle.offset(item) as u64);
                Err(DataError::Label { file, offset, label, classes })
            }
            Err(_) => Err(pickle.fault(item, format!("label {number} is not in 0..{classes}"))),
        }
    };
    items.iter().map(label).collect()
}
