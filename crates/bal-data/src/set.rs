//! The published data sets: names, shapes and file names.

mod class_names;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::DataError;

/// A published data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Set {
    /// Handwritten digits: 60,000 and 10,000 gray images of 28x28, 10 classes.
    Mnist,
    /// Articles of clothing, in the sizes and the layout of MNIST.
    FashionMnist,
    /// German traffic signs: 39,209 and 12,630 RGB images, resized to 32x32, 43 classes.
    Gtsrb,
    /// Photographs: 50,000 and 10,000 RGB images of 32x32, 10 classes.
    #[serde(rename = "cifar-10")]
    Cifar10,
    /// Photographs: 50,000 and 10,000 RGB images of 32x32, 100 classes.
    #[serde(rename = "cifar-100")]
    Cifar100,
}

impl Set {
    /// Every set: those of the paper, in its order, then CIFAR.
    pub const ALL: [Set; 5] = [Set::Mnist, Set::FashionMnist, Set::Gtsrb, Set::Cifar10, Set::Cifar100];

    /// The sets of the paper's experiments.
    pub const PAPER: [Set; 3] = [Set::Mnist, Set::FashionMnist, Set::Gtsrb];

    /// The name on command lines, in experiment files and of the folder below `datasets/`.
    pub fn name(self) -> &'static str {
        match self {
            Set::Mnist => "mnist",
            Set::FashionMnist => "fashion-mnist",
            Set::Gtsrb => "gtsrb",
            Set::Cifar10 => "cifar-10",
            Set::Cifar100 => "cifar-100",
        }
    }

    /// Number of classes; labels are `0..classes`.
    pub fn classes(self) -> usize {
        match self {
            Set::Mnist | Set::FashionMnist | Set::Cifar10 => 10,
            Set::Gtsrb => 43,
            Set::Cifar100 => 100,
        }
    }

    /// What the classes are called, in the order of their labels.
    pub fn class_names(self) -> &'static [&'static str] {
        match self {
            Set::Mnist => &class_names::DIGITS,
            Set::FashionMnist => &class_names::CLOTHES,
            Set::Gtsrb => &class_names::SIGNS,
            Set::Cifar10 => &class_names::OBJECTS,
            Set::Cifar100 => &class_names::MORE_OBJECTS,
        }
    }

    /// Shape of one image as `[channels, height, width]`.
    pub fn image_shape(self) -> [usize; 3] {
        match self {
            Set::Mnist | Set::FashionMnist => [1, 28, 28],
            Set::Gtsrb | Set::Cifar10 | Set::Cifar100 => [3, 32, 32],
        }
    }

    /// The IDX files that make up the set, as they are named in its folder; `None` for CIFAR, which is in one of
    /// [`Set::archives`].
    pub fn files(self) -> Option<FileNames> {
        Some(match self {
            Set::Mnist | Set::FashionMnist => FileNames {
                train_images: "train-images-idx3-ubyte.gz",
                train_labels: "train-labels-idx1-ubyte.gz",
                train_tracks: None,
                test_images: "t10k-images-idx3-ubyte.gz",
                test_labels: "t10k-labels-idx1-ubyte.gz",
            },
            Set::Gtsrb => GTSRB_FILES,
            Set::Cifar10 | Set::Cifar100 => return None,
        })
    }

    /// The archives of which one makes up the set, preferred first; none for sets in IDX files.
    pub fn archives(self) -> Vec<&'static str> {
        crate::cifar::archives(self)
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Set {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        Set::ALL
            .into_iter()
            .find(|set| set.name() == text)
            .ok_or_else(|| DataError::UnknownSet(text.to_owned()))
    }
}

/// The files that GTSRB is prepared as.
pub(crate) const GTSRB_FILES: FileNames = FileNames {
    train_images: "train-images-idx4-ubyte.gz",
    train_labels: "train-labels-idx1-ubyte.gz",
    train_tracks: Some("train-tracks-idx1-int.gz"),
    test_images: "test-images-idx4-ubyte.gz",
    test_labels: "test-labels-idx1-ubyte.gz",
};

/// Names of a set's IDX files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileNames {
    /// Training images, u8.
    pub train_images: &'static str,
    /// Training labels, u8.
    pub train_labels: &'static str,
    /// Track number within the class for each training image, i32; GTSRB only.
    pub train_tracks: Option<&'static str>,
    /// Test images, u8.
    pub test_images: &'static str,
    /// Test labels, u8.
    pub test_labels: &'static str,
}

impl FileNames {
    /// All names, training files first.
    pub fn all(&self) -> Vec<&'static str> {
        let mut names = vec![self.train_images, self.train_labels];
        names.extend(self.train_tracks);
        names.extend([self.test_images, self.test_labels]);
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back_and_unknown_names_list_the_known_ones() {
        for set in Set::ALL {
            assert_eq!(set.name().parse::<Set>().unwrap(), set);
            assert_eq!(set.class_names().len(), set.classes());
            assert_eq!(set.files().is_some(), set.archives().is_empty());
        }
        let error = "cifar".parse::<Set>().unwrap_err().to_string();
        assert!(
            error.contains("\"cifar\"") && Set::ALL.iter().all(|set| error.contains(set.name())),
            "{error}"
        );
    }
}
