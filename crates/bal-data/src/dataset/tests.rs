//! Loading made-up sets: what arrives where, and what is refused.

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

/// Writes IDX files of u8 (tracks: i32) into a set's folder.
struct Made {
    root: TempDir,
    set: Set,
}

impl Made {
    fn new(set: Set) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(set.name())).unwrap();
        Self { root, set }
    }

    fn u8(&self, name: &str, dims: &[usize], values: &[u8]) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        idx::write_u8(&mut encoder, dims, values).unwrap();
        self.store(name, &encoder.finish().unwrap());
    }

    fn i32(&self, name: &str, values: &[i32]) {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        let mut writer = idx::Writer::i32(Vec::new(), &[values.len()]).unwrap();
        writer.push(&bytes).unwrap();
        self.store(name, &writer.finish().unwrap().0);
    }

    fn store(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.root.path().join(self.set.name()).join(name), bytes).unwrap();
    }

    fn load(&self) -> Result<Dataset, DataError> {
        load(self.set, self.root.path())
    }
}

/// Three training and two test images, each filled with its own number.
fn digits() -> Made {
    let made = Made::new(Set::Mnist);
    let names = Set::Mnist.files().unwrap();
    let filled = |n: u8| (0..n).flat_map(|image| [image; 28 * 28]).collect::<Vec<_>>();
    made.u8(names.train_images, &[3, 28, 28], &filled(3));
    made.u8(names.train_labels, &[3], &[9, 0, 4]);
    made.u8(names.test_images, &[2, 28, 28], &filled(2));
    made.u8(names.test_labels, &[2], &[1, 2]);
    made
}

/// Four training images of two classes and one test image; a pixel's red, green and blue are 3p, 3p + 1, 3p + 2.
fn signs() -> Made {
    let made = Made::new(Set::Gtsrb);
    let names = Set::Gtsrb.files().unwrap();
    let filled = |n: usize| (0..n * 3072).map(|at| (at % 251) as u8).collect::<Vec<_>>();
    made.u8(names.train_images, &[4, 32, 32, 3], &filled(4));
    made.u8(names.train_labels, &[4], &[0, 0, 7, 7]);
    made.i32(names.train_tracks.unwrap(), &[0, 3, 0, 0]);
    made.u8(names.test_images, &[1, 32, 32, 3], &filled(1));
    made.u8(names.test_labels, &[1], &[42]);
    made
}

#[test]
fn gray_images_are_loaded_with_one_channel_and_the_digest_of_each_file() {
    let made = digits();
    let set = made.load().unwrap();
    assert_eq!((set.name.as_str(), set.classes), ("mnist", 10));
    assert_eq!(set.train.images.dim(), (3, 1, 28, 28));
    assert_eq!((set.train.labels.as_slice(), set.train.groups), (&[9, 0, 4][..], None));
    assert!(set.test.images.iter().take(784).all(|&byte| byte == 0));
    assert!(set.test.images.iter().skip(784).all(|&byte| byte == 1));
    for name in Set::Mnist.files().unwrap().all() {
        let bytes = std::fs::read(made.root.path().join("mnist").join(name)).unwrap();
        assert_eq!(set.digests[name], crate::Digest::of(&bytes).to_string());
    }
}

#[test]
fn colour_images_are_loaded_with_channels_first() {
    let set = signs().load().unwrap();
    assert_eq!(set.train.images.dim(), (4, 3, 32, 32));
    for ((n, c, y, x), &byte) in set.train.images.indexed_iter() {
        assert_eq!(usize::from(byte), (n * 3072 + (y * 32 + x) * 3 + c) % 251);
    }
}

#[test]
fn tracks_of_different_classes_are_different_groups() {
    let set = signs().load().unwrap();
    assert_eq!(set.train.groups.unwrap(), [0, 1, 2, 2]);
    assert_eq!(set.test.groups, None);
}

#[test]
fn the_papers_split_divides_the_training_images_three_to_one() {
    let whole = signs().load().unwrap();
    let split = whole.clone().paper_split(5);
    assert_eq!((split.train.len(), split.test.len()), (3, 1));
    assert_eq!(split.train.groups.as_ref().unwrap().len(), 3);
    let mut labels = [split.train.labels.clone(), split.test.labels.clone()].concat();
    labels.sort_unstable();
    assert_eq!(labels, [0, 0, 7, 7]);
    assert_eq!(split.train, whole.clone().paper_split(5).train);
    assert!((0..20).any(|seed| whole.clone().paper_split(seed).test != split.test));
}

#[test]
fn faulty_sets_get_an_error_with_file_and_place() {
    type Fault = fn(&Made);
    let names = Set::Gtsrb.files().unwrap();
    let cases: &[(&str, Fault, &str, &str)] = &[
        (
            "file missing",
            |made| std::fs::remove_file(made.root.path().join("gtsrb/test-labels-idx1-ubyte.gz")).unwrap(),
            names.test_labels,
            "is not there; gtsrb is to be downloaded",
        ),
        (
            "label out of range",
            |made| made.u8("train-labels-idx1-ubyte.gz", &[4], &[0, 42, 43, 0]),
            names.train_labels,
            "byte 10: label 43 is not in 0..43",
        ),
        (
            "fewer labels",
            |made| made.u8("train-labels-idx1-ubyte.gz", &[3], &[0; 3]),
            names.train_labels,
            "has 3 entries, but",
        ),
        (
            "more tracks",
            |made| made.i32("train-tracks-idx1-int.gz", &[0; 5]),
            "train-tracks-idx1-int.gz",
            "has 5 entries, but",
        ),
        (
            "negative track",
            |made| made.i32("train-tracks-idx1-int.gz", &[0, 0, 0, -1]),
            "train-tracks-idx1-int.gz",
            "byte 20: track -1",
        ),
        (
            "tracks of the wrong type",
            |made| made.u8("train-tracks-idx1-int.gz", &[4], &[0; 4]),
            "train-tracks-idx1-int.gz",
            "byte 2: holds elements of type 0x08, expected 0x0c",
        ),
        (
            "channels first",
            |made| made.u8("test-images-idx4-ubyte.gz", &[1, 3, 32, 32], &[0; 3072]),
            names.test_images,
            "dimensions [1, 3, 32, 32], expected [n, 32, 32, 3] with n > 0",
        ),
        (
            "no images",
            |made| made.u8("test-images-idx4-ubyte.gz", &[0, 32, 32, 3], &[]),
            names.test_images,
            "with n > 0",
        ),
        (
            "labels of two dimensions",
            |made| made.u8("test-labels-idx1-ubyte.gz", &[1, 1], &[0]),
            names.test_labels,
            "dimensions [1, 1], expected [n]",
        ),
        (
            "not gzip",
            |made| made.store("test-labels-idx1-ubyte.gz", b"no"),
            names.test_labels,
            "ends at byte 2",
        ),
    ];
    for (name, fault, file, expected) in cases {
        let made = signs();
        fault(&made);
        let error = made.load().unwrap_err().to_string();
        let path = made.root.path().join("gtsrb").join(file);
        assert!(error.starts_with(path.to_str().unwrap()), "{name}: {error}");
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn a_set_that_was_never_fetched_says_how_to_fetch_it() {
    let root = tempfile::tempdir().unwrap();
    let error = load(Set::FashionMnist, root.path()).unwrap_err().to_string();
    assert!(error.contains("fashion-mnist is to be downloaded"), "{error}");
}
