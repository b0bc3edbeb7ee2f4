//! The data sets that the program knows by name, and the folder they are in.

use crate::{Refusal, Remedy};
use anyhow::Result;
use bal_data::{DataError, Dataset, Set};
use std::path::{Path, PathBuf};

/// GTSRB's training images, divided as in the paper's experiment.
const PAPER_SPLIT: &str = "gtsrb-paper";
/// Which division: the same for every run, so that runs have the same test images.
const PAPER_SPLIT_SEED: u64 = 1;

/// GTSRB in its official split, in colour. Other names of GTSRB mean its images in gray, as the paper has them.
const IN_COLOUR: &str = "gtsrb-colour";

/// Whether the program knows a data set of this name.
pub fn is_known(name: &str) -> bool {
    set(name).is_ok()
}

/// The names that the program knows, for messages.
pub(crate) fn known_names() -> String {
    let names = Set::ALL.iter().map(|set| set.name()).chain([PAPER_SPLIT, IN_COLOUR]);
    names.collect::<Vec<_>>().join(", ")
}

/// Whether a network gets the images of a known data set in gray.
pub(crate) fn is_gray(name: &str) -> bool {
    name != IN_COLOUR && set(name).is_ok_and(|set| set == Set::Gtsrb)
}

/// The files that a known data set is made of.
fn set(name: &str) -> Result<Set, DataError> {
    match name {
        PAPER_SPLIT | IN_COLOUR => Ok(Set::Gtsrb),
        name => name.parse(),
    }
}

/// What the classes of a data set that the program knows are called.
pub(crate) fn class_names(name: &str) -> Option<Vec<String>> {
    let set = set(name).ok()?;
    Some(set.class_names().iter().map(ToString::to_string).collect())
}

/// The name of a class as a folder can have it.
pub(crate) fn folder_name(class: &str) -> String {
    class.replace('/', " or ")
}

/// Loads a data set that the program knows, in colour where it is; `root` is the folder of data sets.
pub(crate) fn known(name: &str, root: Option<&Path>) -> Result<Dataset> {
    let set = set(name)?;
    let root = folder(root)?;
    let dataset = bal_data::load(set, &root).map_err(|error| {
        let fault = format!("cannot load {set} from {}", root.display());
        Refusal::new(fault, Remedy::Download(set.to_string())).because(error.into())
    })?;
    Ok(if name == PAPER_SPLIT { dataset.paper_split(PAPER_SPLIT_SEED) } else { dataset })
}

/// The folder of data sets: as given, else `$BAL_DATA`, else `datasets/` here or in the source tree
/// that the program was built from.
pub(crate) fn folder(given: Option<&Path>) -> Result<PathBuf> {
    let variable = std::env::var_os("BAL_DATA").map(PathBuf::from);
    if let Some(folder) = given.map(Path::to_path_buf).or(variable) {
        if folder.is_dir() {
            return Ok(folder);
        }
        let fault = format!("there is no folder of data sets at {}", folder.display());
        return Err(Refusal::new(fault, Remedy::DataFolder).into());
    }
    let source_tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
    let found = [PathBuf::from("datasets"), source_tree].into_iter().find(|folder| folder.is_dir());
    found.ok_or_else(|| Refusal::new("there is no folder datasets/ here", Remedy::DataFolder).into())
}

/// The folder that data sets are fetched into: as [`folder`] finds them, except that it need not be there.
pub(crate) fn folder_to_fill(given: Option<&Path>) -> PathBuf {
    let variable = || std::env::var_os("BAL_DATA").map(PathBuf::from);
    given
        .map(Path::to_path_buf)
        .or_else(variable)
        .unwrap_or_else(|| folder(None).unwrap_or_else(|_| PathBuf::from("datasets")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gtsrb_is_gray_unless_its_name_says_otherwise() {
        for (name, gray) in [
            ("gtsrb", true),
            ("gtsrb-paper", true),
            ("gtsrb-colour", false),
            ("cifar-10", false),
            ("cifar-100", false),
            ("mnist", false),
        ] {
            assert!(is_known(name) && known_names().split(", ").any(|known| known == name), "{name}");
            assert_eq!(is_gray(name), gray, "{name}");
            assert!(class_names(name).is_some_and(|names| names.len() >= 10));
        }
        assert!(!is_known("gtsrb-color") && class_names("photos").is_none());
    }
}
