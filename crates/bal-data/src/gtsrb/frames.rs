//! Frames joined with their annotations: each frame has one row, each row has one frame.

use std::collections::BTreeMap;

use super::annotations::{self, Annotation};
use super::archive::Archive;
use super::listing::{self, Entry, Training};
use crate::DataError;

/// A frame that is to be prepared.
pub(super) struct Annotated {
    pub(super) entry: Entry,
    pub(super) annotation: Annotation,
    /// Number within the class; 0 for test frames, whose tracks are not published.
    pub(super) track: u32,
}

/// All training frames by class, track and frame.
pub(super) fn training(archive: &mut Archive) -> Result<Vec<Annotated>, DataError> {
    let Training { frames, annotations } = Training::of(archive)?;
    let mut tables = BTreeMap::new();
    for (class, entry) in &annotations {
        tables.insert(*class, annotations::read(archive, entry)?);
    }
    let mut annotated = Vec::with_capacity(frames.len());
    for (key, entry) in frames {
        let annotation = tables
            .get_mut(&key.class)
            .and_then(|table| table.remove(entry.file_name()))
            .ok_or_else(|| archive.fault(&entry.path, format!("has no row in GT-{:05}.csv", key.class)))?;
        if annotation.class != key.class {
            let reason =
                format!("is of class {} by its row, of class {} by its folder", annotation.class, key.class);
            return Err(archive.fault(&entry.path, reason));
        }
        annotated.push(Annotated { entry, annotation, track: key.track });
    }
    for (class, table) in &tables {
        if let (Some(name), Some(entry)) = (table.keys().next(), annotations.get(class)) {
            return Err(archive.fault(&entry.path, format!("lists {name}, which is not in the archive")));
        }
    }
    Ok(annotated)
}

/// All test frames by number, with the classes of the other archive.
pub(super) fn test(archive: &Archive, truth: &mut Archive) -> Result<Vec<Annotated>, DataError> {
    let table_entry = listing::truth(truth)?;
    let mut table = annotations::read(truth, &table_entry)?;
    let mut annotated = Vec::new();
    for entry in listing::test_frames(archive)?.into_values() {
        let annotation = table
            .remove(entry.file_name())
            .ok_or_else(|| archive.fault(&entry.path, format!("has no row in {}", table_entry.path)))?;
        annotated.push(Annotated { entry, annotation, track: 0 });
    }
    match table.keys().next() {
        Some(name) => {
            Err(truth.fault(&table_entry.path, format!("lists {name}, which is not among the frames")))
        }
        None => Ok(annotated),
    }
}
