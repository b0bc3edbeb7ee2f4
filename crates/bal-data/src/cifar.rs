//! CIFAR-10 and CIFAR-100: colour photographs of 32x32 pixels, in the files of their authors.
//!
//! The authors publish each set in two forms that hold the same images, and both are read. One folder or archive is enough:
//!
//! | in the folder of the set | what |
//! |---|---|
//! | `cifar-10-binary.tar.gz`, or unpacked `cifar-10-batches-bin/` | records: a label, then 3072 pixels |
//! | `cifar-10-python.tar.gz`, or unpacked `cifar-10-batches-py/` | pickles with `data` and `labels` |
//! | `cifar-100-binary.tar.gz`, or unpacked `cifar-100-binary/` | records: coarse and fine label, then 3072 pixels |
//! | `cifar-100-python.tar.gz`, or unpacked `cifar-100-python/` | pickles with `data` and `fine_labels` |
//!
//! Archives come before folders, because a download checks the archive, and the binary form before the pickles. The pixels of
//! an image are its red, green and blue plane, each row by row. Labels of CIFAR-100 are the fine ones, `0..100`.
//! Nothing is unpacked to disk, other files beside these are ignored, and no pickle is executed.
//!
//! Source: Krizhevsky, "Learning multiple layers of features from tiny images", technical report, University of Toronto, 2009.

mod archive;
mod binary;
mod forms;
mod numpy;
mod pickle;
mod python;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use ndarray::Array4;

use crate::own::fingerprint;
use crate::{DataError, Dataset, Set, Split};
pub(crate) use forms::archives;
use forms::{Form, forms};

/// Red, green and blue plane of an image.
const SHAPE: [usize; 3] = [3, 32, 32];
/// Bytes of an image.
const PIXELS: usize = 3 * 32 * 32;
/// Most bytes of one file. The largest, the training images of CIFAR-100, has 155 MB.
const MOST_BYTES: u64 = 256 << 20;

/// The images of one file.
#[derive(Debug)]
struct Batch {
    /// [`PIXELS`] bytes for each image.
    pixels: Vec<u8>,
    labels: Vec<u16>,
}

/// Reads `set` from `folder` in the first form that is there.
pub(crate) fn load(set: Set, folder: &Path) -> Result<Dataset, DataError> {
    let forms = forms(set);
    if let Some(form) = forms.iter().find(|form| folder.join(form.archive).exists()) {
        let path = folder.join(form.archive);
        let mut batches = archive::read(&path, form, set)?;
        return dataset(set, form, &mut |name| {
            let missing = || wrong(&path, format!("it has no {}/{name}; download it again", form.folder));
            batches.remove(name).ok_or_else(missing)
        });
    }
    if let Some(form) = forms.iter().find(|form| folder.join(form.folder).is_dir()) {
        return dataset(set, form, &mut |name| {
            let path = folder.join(form.folder).join(name);
            let file = File::open(&path).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => DataError::Missing { file: path.clone(), set },
                _ => DataError::read(&path, error),
            })?;
            (form.parse)(&whole(file, &path)?, set, &path)
        });
    }
    Err(DataError::Missing { file: folder.join(forms[0].archive), set })
}

/// Puts the files of a form together, each of which `batch` hands over.
fn dataset(
    set: Set,
    form: &Form,
    batch: &mut dyn FnMut(&'static str) -> Result<Batch, DataError>,
) -> Result<Dataset, DataError> {
    let mut part = |names: &[&'static str]| -> Result<Split, DataError> {
        let mut all = Batch { pixels: Vec::new(), labels: Vec::new() };
        for name in names {
            let Batch { pixels, labels } = batch(name)?;
            if all.labels.is_empty() {
                all = Batch { pixels, labels };
            } else {
                all.pixels.extend(pixels);
                all.labels.extend(labels);
            }
        }
        let [c, h, w] = SHAPE;
        let images = Array4::from_shape_vec((all.labels.len(), c, h, w), all.pixels)
            .expect("a batch has the pixels of as many images as labels");
        Ok(Split { images, labels: all.labels, groups: None, names: None })
    };
    let (train, test) = (part(form.train)?, part(&[form.test])?);
    let classes: Vec<String> = set.class_names().iter().map(ToString::to_string).collect();
    let digest = |part: &Split| {
        let unnamed = std::iter::repeat_n("", part.len());
        fingerprint::of(part, unnamed, &classes).to_string()
    };
    let digests = BTreeMap::from([("train".into(), digest(&train)), ("test".into(), digest(&test))]);
    Ok(Dataset { name: set.to_string(), classes: classes.len(), train, held_out: None, test, digests })
}

/// All bytes of a file; `path` is what errors call it.
fn whole(mut file: impl Read, path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    let mut limited = (&mut file).take(MOST_BYTES + 1);
    limited.read_to_end(&mut bytes).map_err(|error| DataError::read(path, error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(wrong(path, format!("it has more than {MOST_BYTES} bytes, more than any file of CIFAR")));
    }
    Ok(bytes)
}

/// The error that a file is not as the authors publish it.
fn wrong(file: &Path, reason: impl Into<String>) -> DataError {
    DataError::Cifar { file: file.to_owned(), reason: reason.into() }
}

/// The same, with the place in the file.
fn wrong_at(file: &Path, offset: usize, reason: impl std::fmt::Display) -> DataError {
    wrong(file, format!("byte {offset}: {reason}"))
}
