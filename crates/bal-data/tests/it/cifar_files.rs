//! Small sets in the files of CIFAR's authors, which the tests write.

use std::fs;
use std::path::{Path, PathBuf};

use bal_data::{DataError, Dataset, Set, load};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

use crate::support::gz;

/// Bytes of an image.
pub(crate) const PIXELS: usize = 3072;

/// One of the two forms of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Binary,
    Python,
}

impl Form {
    pub(crate) const ALL: [Form; 2] = [Form::Binary, Form::Python];

    pub(crate) fn archive(self, set: Set) -> String {
        format!("{set}-{}.tar.gz", if self == Form::Binary { "binary" } else { "python" })
    }

    pub(crate) fn folder(self, set: Set) -> &'static str {
        match (set, self) {
            (Set::Cifar10, Form::Binary) => "cifar-10-batches-bin",
            (Set::Cifar10, Form::Python) => "cifar-10-batches-py",
            (_, Form::Binary) => "cifar-100-binary",
            (_, Form::Python) => "cifar-100-python",
        }
    }

    /// Names of the files, the test images last.
    pub(crate) fn names(self, set: Set) -> Vec<String> {
        let mut names: Vec<String> = if set == Set::Cifar10 {
            (1..=5).map(|batch| format!("data_batch_{batch}")).chain(["test_batch".to_owned()]).collect()
        } else {
            ["train", "test"].map(str::to_owned).to_vec()
        };
        if self == Form::Binary {
            for name in &mut names {
                name.push_str(".bin");
            }
        }
        names
    }

    /// The files of [`images`], two in each, after their names.
    pub(crate) fn files(self, set: Set) -> Vec<(String, Vec<u8>)> {
        let file = |(batch, name): (usize, String)| {
            let images = [2 * batch, 2 * batch + 1];
            let bytes = match self {
                Form::Binary => images.iter().flat_map(|&image| record(set, image)).collect(),
                Form::Python => pickle(set, &images),
            };
            (name, bytes)
        };
        self.names(set).into_iter().enumerate().map(file).collect()
    }
}

/// Byte `j` of an image.
pub(crate) fn pixel(image: usize, j: usize) -> u8 {
    ((31 * image + 7 * j) % 251) as u8
}

pub(crate) fn label(set: Set, image: usize) -> u8 {
    ((37 * image + 3) % set.classes()) as u8
}

fn pixels(image: usize) -> impl Iterator<Item = u8> {
    (0..PIXELS).map(move |j| pixel(image, j))
}

/// An image in the binary form.
pub(crate) fn record(set: Set, image: usize) -> Vec<u8> {
    let coarse = (set == Set::Cifar100).then_some((image % 20) as u8);
    coarse.into_iter().chain([label(set, image)]).chain(pixels(image)).collect()
}

/// These images in the Python form.
pub(crate) fn pickle(set: Set, images: &[usize]) -> Vec<u8> {
    let data: Vec<u8> = images.iter().flat_map(|&image| pixels(image)).collect();
    let labels: Vec<u8> = images.iter().map(|&image| label(set, image)).collect();
    let key = if set == Set::Cifar100 { "fine_labels" } else { "labels" };
    dictionary(&[(key, &integers(&labels)), ("data", &array(images.len(), PIXELS, &data))])
}

/// A pickle of a dictionary with these entries, each given by the instructions that make its value.
pub(crate) fn dictionary(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"\x80\x02}q\x00(".to_vec();
    for (key, value) in entries {
        bytes.extend(text(key.as_bytes()));
        bytes.extend(*value);
    }
    bytes.extend(b"u.");
    bytes
}

pub(crate) fn text(text: &[u8]) -> Vec<u8> {
    [b"T", &(text.len() as u32).to_le_bytes()[..], text].concat()
}

pub(crate) fn integers(values: &[u8]) -> Vec<u8> {
    let mut bytes = b"](".to_vec();
    bytes.extend(values.iter().flat_map(|&value| [b'K', value]));
    bytes.push(b'e');
    bytes
}

/// A numpy array of bytes.
pub(crate) fn array(rows: usize, columns: usize, data: &[u8]) -> Vec<u8> {
    let length = |length: usize| [&b"J"[..], &(length as u32).to_le_bytes()].concat();
    let made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01".to_vec();
    let dtype = b"\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89";
    [made, length(rows), length(columns), dtype.to_vec(), text(data), b"tb".to_vec()].concat()
}

/// A folder `datasets/`.
pub(crate) struct Root(pub(crate) TempDir, pub(crate) Set);

impl Root {
    pub(crate) fn new(set: Set) -> Self {
        let root = Self(tempfile::tempdir().unwrap(), set);
        fs::create_dir(root.folder()).unwrap();
        root
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.0.path().join(self.1.name())
    }

    pub(crate) fn load(&self) -> Result<Dataset, DataError> {
        load(self.1, self.0.path())
    }

    /// Writes the files of a form into its folder.
    pub(crate) fn unpacked(&self, form: Form, files: &[(String, Vec<u8>)]) -> &Self {
        let folder = self.folder().join(form.folder(self.1));
        fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes).unwrap();
        }
        self
    }

    /// Writes the archive of a form.
    pub(crate) fn packed(&self, form: Form, files: &[(String, Vec<u8>)]) -> &Self {
        fs::write(self.folder().join(form.archive(self.1)), archive(form.folder(self.1), files)).unwrap();
        self
    }

    /// The message of the error, which begins with the path of `file` below the set's folder.
    pub(crate) fn error(&self, file: impl AsRef<Path>) -> String {
        let error = self.load().unwrap_err().to_string();
        assert!(error.starts_with(self.folder().join(file).to_str().unwrap()), "{error}");
        error
    }
}

/// A gzipped tar archive of these files in `folder`.
pub(crate) fn archive(folder: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Directory);
    header.set_size(0);
    archive.append_data(&mut header, format!("{folder}/"), &[][..]).unwrap();
    for (name, bytes) in files {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, format!("{folder}/{name}"), &bytes[..]).unwrap();
    }
    gz(&archive.into_inner().unwrap(), 1)
}
