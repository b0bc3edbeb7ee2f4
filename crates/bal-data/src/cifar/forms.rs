//! The forms in which the authors publish the sets: which files, and what reads them.

use std::path::Path;

use super::{Batch, binary, python};
use crate::{DataError, Set};

/// One form of a set.
pub(super) struct Form {
    /// The archive, as it is published.
    pub(super) archive: &'static str,
    /// The folder in it.
    pub(super) folder: &'static str,
    /// Files of training images, in order.
    pub(super) train: &'static [&'static str],
    /// The file of test images.
    pub(super) test: &'static str,
    /// Reads the bytes of one file; the path is what errors call it.
    pub(super) parse: fn(&[u8], Set, &Path) -> Result<Batch, DataError>,
}

impl Form {
    /// The file called `name`, if it holds images.
    pub(super) fn file(&self, name: &str) -> Option<&'static str> {
        self.train.iter().chain([&self.test]).copied().find(|file| *file == name)
    }
}

const TEN: [Form; 2] = [
    Form {
        archive: "cifar-10-binary.tar.gz",
        folder: "cifar-10-batches-bin",
        train: &[
            "data_batch_1.bin",
            "data_batch_2.bin",
            "data_batch_3.bin",
            "data_batch_4.bin",
            "data_batch_5.bin",
        ],
        test: "test_batch.bin",
        parse: binary::parse,
    },
    Form {
        archive: "cifar-10-python.tar.gz",
        folder: "cifar-10-batches-py",
        train: &["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"],
        test: "test_batch",
        parse: python::parse,
    },
];

const HUNDRED: [Form; 2] = [
    Form {
        archive: "cifar-100-binary.tar.gz",
        folder: "cifar-100-binary",
        train: &["train.bin"],
        test: "test.bin",
        parse: binary::parse,
    },
    Form {
        archive: "cifar-100-python.tar.gz",
        folder: "cifar-100-python",
        train: &["train"],
        test: "test",
        parse: python::parse,
    },
];

/// The forms of `set`, preferred first; none of a set that is in IDX files.
pub(super) fn forms(set: Set) -> &'static [Form] {
    match set {
        Set::Cifar10 => &TEN,
        Set::Cifar100 => &HUNDRED,
        Set::Mnist | Set::FashionMnist | Set::Gtsrb => &[],
    }
}

/// The archives of `set`, preferred first, each of which is enough; none of a set that is in IDX files.
pub(crate) fn archives(set: Set) -> Vec<&'static str> {
    forms(set).iter().map(|form| form.archive).collect()
}
