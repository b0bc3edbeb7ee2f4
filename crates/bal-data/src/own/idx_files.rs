//! Which IDX files of a folder belong together, by their names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::listing::visible;
use crate::DataError;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Content {
    Images,
    Labels,
    Tracks,
}

/// The part of a data set that a file is of, by how its name begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum IdxPart {
    Train,
    T10k,
    Test,
}

impl IdxPart {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::T10k => "t10k",
            Self::Test => "test",
        }
    }
}

impl Content {
    fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
            Self::Tracks => "tracks",
        }
    }

    /// How names of such files end: dimensions and type.
    fn ends(self) -> &'static [&'static str] {
        match self {
            Self::Images => &["idx3-ubyte", "idx4-ubyte"],
            Self::Labels => &["idx1-ubyte"],
            Self::Tracks => &["idx1-int"],
        }
    }
}

/// A file name such as `emnist-letters-train-images-idx3-ubyte.gz` or `t10k-labels.idx1-ubyte`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdxName {
    /// What comes before the part, such as `emnist-letters-`; often nothing.
    pub(super) family: String,
    pub(super) part: IdxPart,
    pub(super) content: Content,
}

impl IdxName {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let name = name.strip_suffix(".gz").unwrap_or(name);
        for part in [IdxPart::Train, IdxPart::T10k, IdxPart::Test] {
            for content in [Content::Images, Content::Labels, Content::Tracks] {
                let middle = format!("{}-{}", part.name(), content.name());
                let Some(at) = name.rfind(&middle) else { continue };
                let (family, rest) = (&name[..at], &name[at + middle.len()..]);
                let apart = !family.ends_with(char::is_alphanumeric);
                let end = rest.strip_prefix(['-', '.']).is_some_and(|end| content.ends().contains(&end));
                if apart && end {
                    return Some(Self { family: family.to_owned(), part, content });
                }
            }
        }
        None
    }
}

/// The IDX files of one data set in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdxFiles {
    pub(super) root: PathBuf,
    /// How their names begin.
    pub(super) family: String,
    names: BTreeSet<String>,
    /// What is of no such file.
    pub(super) others: Vec<String>,
}

impl IdxFiles {
    /// The files of `family` in a folder.
    pub(super) fn of_family(root: &Path, family: &str) -> Result<Self, DataError> {
        let found = visible(root)?;
        let mut files = Self {
            root: root.to_owned(),
            family: family.to_owned(),
            names: BTreeSet::new(),
            others: found.left_alone,
        };
        files.others.extend(found.unnameable.into_iter().map(|file| file.shown));
        for item in found.items {
            let of_family = IdxName::parse(&item.name).is_some_and(|name| name.family == family);
            if of_family && !item.is_folder {
                files.names.insert(item.name);
            } else {
                files.others.push(item.name);
            }
        }
        Ok(files)
    }

    /// The part to test on, if there is one.
    pub(super) fn test(&self) -> Result<Option<IdxPart>, DataError> {
        let has =
            |part| self.names.iter().filter_map(|name| IdxName::parse(name)).any(|name| name.part == part);
        match (has(IdxPart::T10k), has(IdxPart::Test)) {
            (true, true) => {
                let reason =
                    "has both t10k-.. and test-.. files; remove or rename one of the pairs".to_owned();
                Err(DataError::own(&self.root, reason))
            }
            (true, false) => Ok(Some(IdxPart::T10k)),
            (false, true) => Ok(Some(IdxPart::Test)),
            (false, false) => Ok(None),
        }
    }

    /// Whether there is a file of this part.
    pub(super) fn has(&self, part: IdxPart) -> bool {
        self.names.iter().filter_map(|name| IdxName::parse(name)).any(|name| name.part == part)
    }

    /// The only file of this part and content, and the same file compressed, if that is beside it.
    pub(super) fn one(&self, part: IdxPart, content: Content) -> Result<Option<Found>, DataError> {
        let wanted = IdxName { family: self.family.clone(), part, content };
        let of_names = self.names.iter().filter(|name| IdxName::parse(name).as_ref() == Some(&wanted));
        let found: Vec<&String> = of_names.collect();
        let of = |name: &String| File { path: self.root.join(name), name: name.clone() };
        match found[..] {
            [] => Ok(None),
            [name] => Ok(Some(Found { file: of(name), compressed: None })),
            // Names are sorted, so the plain one comes first.
            [plain, gz] if *gz == format!("{plain}.gz") => {
                Ok(Some(Found { file: of(plain), compressed: Some(of(gz)) }))
            }
            [one, other, ..] => {
                Err(DataError::own(&self.root, format!("has both {one} and {other}; remove one")))
            }
        }
    }

    /// The file, which has to be there.
    pub(super) fn needed(&self, part: IdxPart, content: Content) -> Result<Found, DataError> {
        self.one(part, content)?.ok_or_else(|| {
            let names = content
                .ends()
                .iter()
                .map(|end| format!("{}{}-{}-{end}", self.family, part.name(), content.name()));
            let names = names.collect::<Vec<_>>().join(" or ");
            DataError::own(&self.root, format!("has no {names} (plain or .gz); the pair needs it"))
        })
    }
}

/// A file of a data set.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// A file that was looked for.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) file: File,
    /// The same name with `.gz`, as unpacking leaves it.
    pub(super) compressed: Option<File>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_mnist_its_relatives_and_of_dots() {
        let parsed = |name: &str| {
            IdxName::parse(name).map(|name| (name.family, name.part.name(), name.content.name()))
        };
        let of = |family: &str, part, content| Some((family.to_owned(), part, content));
        for (name, expected) in [
            ("train-images-idx3-ubyte", of("", "train", "images")),
            ("train-images.idx3-ubyte.gz", of("", "train", "images")),
            ("t10k-labels.idx1-ubyte", of("", "t10k", "labels")),
            ("test-images-idx4-ubyte.gz", of("", "test", "images")),
            ("train-tracks-idx1-int.gz", of("", "train", "tracks")),
            ("emnist-letters-train-images-idx3-ubyte.gz", of("emnist-letters-", "train", "images")),
            ("emnist-letters-test-labels-idx1-ubyte", of("emnist-letters-", "test", "labels")),
            ("retrain-images-idx3-ubyte", None),
            ("train-images-idx1-ubyte", None),
            ("train-images-idx3-ubyte.zip", None),
            ("images-idx3-ubyte", None),
        ] {
            assert_eq!(parsed(name), expected, "{name}");
        }
    }
}
