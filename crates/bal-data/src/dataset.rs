//! A whole set in memory, read from its files and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::Array4;

use crate::idx::{self, Loaded};
use crate::shuffle::{Purpose, permutation};
use crate::{DataError, Set, Split, cifar};

/// Training and test images of a set.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Name of the set: that of [`Set::name`], or of the user's folder or table.
    pub name: String,
    /// Number of classes; labels are `0..classes`.
    pub classes: usize,
    /// Training images.
    pub train: Split,
    /// Images that the data put apart from both others, to choose settings by; `None` where there are none.
    pub held_out: Option<Split>,
    /// Test images.
    pub test: Split,
    /// SHA-256 of each file that was read, in hexadecimal, by file name: for the record of a run.
    /// Of a [set of the user's own](crate::own) and of CIFAR, which has two forms, `train`, `test` and, if it is there,
    /// `held-out`: of names, labels, groups and pixels of each part.
    pub digests: BTreeMap<String, String>,
}

/// Reads `set` from `root/<set>/`, where `root` is the folder `datasets/`, in its official split.
///
/// Every label is in `0..classes`, images and labels agree in number, and images have the shape of the set; this holds
/// for any `Dataset`, though not that the files are the published ones: compare [`Dataset::digests`], or see
/// [`download::check`](crate::download::check).
pub fn load(set: Set, root: &Path) -> Result<Dataset, DataError> {
    let folder = root.join(set.name());
    let Some(names) = set.files() else { return cifar::load(set, &folder) };
    let mut reader = Reader { set, folder, digests: BTreeMap::new() };
    let mut train = reader.split(names.train_images, names.train_labels)?;
    if let Some(name) = names.train_tracks {
        train.groups = Some(reader.groups(name, &train, names.train_images)?);
    }
    let test = reader.split(names.test_images, names.test_labels)?;
    let (name, classes) = (set.to_string(), set.classes());
    Ok(Dataset { name, classes, train, held_out: None, test, digests: reader.digests })
}

impl Dataset {
    /// The split of the paper's GTSRB experiment: a random three quarters of the *training* images to train on, the
    /// rest to test on; the official test images are dropped.
    ///
    /// `round(3 n / 4)` images are kept (29,407 and 9,802 of GTSRB's), in their order. The paper does not say that
    /// tracks stayed together, so here they do not: test images have near-duplicates among the training images.
    #[must_use]
    pub fn paper_split(self, seed: u64) -> Self {
        let images = self.train.len();
        let mut order = permutation(images, seed, Purpose::PaperSplit);
        let kept = (3 * images + 2) / 4;
        let mut test = order.split_off(kept);
        order.sort_unstable();
        test.sort_unstable();
        Self { train: self.train.select(&order), test: self.train.select(&test), ..self }
    }
}

/// Reads the files of one set.
struct Reader {
    set: Set,
    folder: PathBuf,
    digests: BTreeMap<String, String>,
}

impl Reader {
    fn split(&mut self, images_name: &str, labels_name: &str) -> Result<Split, DataError> {
        let images = self.images(images_name)?;
        let labels = self.labels(labels_name)?;
        self.same_number(labels_name, labels.len(), images_name, images.dim().0)?;
        Ok(Split { images, labels, groups: None, names: None })
    }

    /// Images as `[n, c, h, w]`: files of RGB images are `[n, h, w, 3]`, those of gray ones `[n, h, w]`.
    fn images(&mut self, name: &str) -> Result<Array4<u8>, DataError> {
        let values = self.read(name, idx::read_u8)?;
        let [c, h, w] = self.set.image_shape();
        let found = values.shape().to_vec();
        let (shape, in_words) = if c == 1 {
            (vec![h, w], format!("[n, {h}, {w}] with n > 0"))
        } else {
            (vec![h, w, c], format!("[n, {h}, {w}, {c}] with n > 0"))
        };
        let wrong = || DataError::Shape {
            file: self.folder.join(name),
            expected: in_words.clone(),
            found: found.clone(),
        };
        let n = match found.split_first() {
            Some((&n, rest)) if n > 0 && rest == shape => n,
            _ => return Err(wrong()),
        };
        let mut bytes = values.into_raw_vec_and_offset().0;
        if c > 1 {
            channels_first(&mut bytes, c, h * w);
        }
        Array4::from_shape_vec((n, c, h, w), bytes).map_err(|_| wrong())
    }

    fn labels(&mut self, name: &str) -> Result<Vec<u16>, DataError> {
        let values = self.read(name, idx::read_u8)?;
        self.one_dimension(name, values.shape())?;
        let labels: Vec<u16> = values.into_raw_vec_and_offset().0.into_iter().map(u16::from).collect();
        let classes = self.set.classes();
        match labels.iter().position(|&label| usize::from(label) >= classes) {
            None => Ok(labels),
            Some(at) => Err(DataError::Label {
                file: self.folder.join(name),
                offset: idx::header_bytes(1) + at as u64,
                label: labels[at],
                classes,
            }),
        }
    }

    /// Numbers the tracks over all classes, in the order of class and track; in the file they count within a class.
    fn groups(&mut self, name: &str, split: &Split, images_name: &str) -> Result<Vec<u32>, DataError> {
        let values = self.read(name, idx::read_i32)?;
        self.one_dimension(name, values.shape())?;
        let tracks = values.into_raw_vec_and_offset().0;
        self.same_number(name, tracks.len(), images_name, split.len())?;
        if let Some(at) = tracks.iter().position(|track| !(0..100_000).contains(track)) {
            let offset = idx::header_bytes(1) + 4 * at as u64;
            return Err(DataError::Track { file: self.folder.join(name), offset, track: tracks[at] });
        }
        let keys = || split.labels.iter().copied().zip(tracks.iter().copied());
        let mut numbers: BTreeMap<(u16, i32), u32> = keys().map(|key| (key, 0)).collect();
        numbers.values_mut().zip(0..).for_each(|(number, next)| *number = next);
        Ok(keys().map(|key| numbers[&key]).collect())
    }

    /// Reads one file and notes its digest.
    fn read<T>(
        &mut self,
        name: &str,
        read: fn(&Path) -> Result<Loaded<T>, DataError>,
    ) -> Result<ndarray::ArrayD<T>, DataError> {
        let path = self.folder.join(name);
        let loaded = read(&path).map_err(|error| match error {
            DataError::Read { file, source } if source.kind() == std::io::ErrorKind::NotFound => {
                DataError::Missing { file, set: self.set }
            }
            error => error,
        })?;
        self.digests.insert(name.to_owned(), loaded.sha256.to_string());
        Ok(loaded.values)
    }

    fn one_dimension(&self, name: &str, found: &[usize]) -> Result<(), DataError> {
        match found {
            [_] => Ok(()),
            _ => Err(DataError::Shape {
                file: self.folder.join(name),
                expected: "[n]".to_owned(),
                found: found.to_vec(),
            }),
        }
    }

    fn same_number(
        &self,
        name: &str,
        found: usize,
        images_name: &str,
        images: usize,
    ) -> Result<(), DataError> {
        if found == images {
            return Ok(());
        }
        let (file, images_file) = (self.folder.join(name), self.folder.join(images_name));
        Err(DataError::Count { file, found, images_file, images })
    }
}

/// Turns interleaved pixels into planes, image by image and in place: a second copy of all images is not needed.
pub(crate) fn channels_first(images: &mut [u8], channels: usize, pixels: usize) {
    let mut planes = vec![0; channels * pixels];
    for image in images.chunks_exact_mut(channels * pixels) {
        for (channel, plane) in planes.chunks_exact_mut(pixels).enumerate() {
            for (to, pixel) in plane.iter_mut().zip(image.chunks_exact(channels)) {
                *to = pixel[channel];
            }
        }
        image.copy_from_slice(&planes);
    }
}

#[cfg(test)]
mod tests;
