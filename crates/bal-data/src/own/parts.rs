//! Which folders are the parts of a data set: to train on, to choose settings by, to test on.

use std::path::{Path, PathBuf};

use super::Goal;
use super::listing::{Item, Side, visible};
use crate::DataError;

/// A folder of classes.
pub(super) struct Part {
    /// `None` where the data bring no split.
    pub(super) side: Option<Side>,
    /// What names of its files begin with.
    pub(super) prefix: String,
    pub(super) path: PathBuf,
}

/// Names of the parts' folders, in lower case.
const NAMES: [(Side, &[&str]); 3] = [
    (Side::Train, &["train", "training"]),
    (Side::HeldOut, &["val", "valid", "validation"]),
    (Side::Test, &["test", "testing"]),
];

/// The part that is called so, as a folder or in a table.
pub(super) fn side_of(name: &str) -> Option<Side> {
    let mut parts = NAMES.iter();
    let called = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
    parts.find(|(_, names)| called(names)).map(|&(side, _)| side)
}

/// What images of a part are for, as `sides` has the parts that there are: without a part to test on, the one to choose
/// settings by is tested on.
pub(super) fn meaning(side: Side, sides: impl IntoIterator<Item = Side>) -> Side {
    let tests = sides.into_iter().any(|side| side == Side::Test);
    if side == Side::HeldOut && !tests { Side::Test } else { side }
}

/// What to say where the part to choose settings by is tested on; parts as they are called, and what they are for.
pub(super) fn tested_for_lack<'a>(parts: impl Iterator<Item = (&'a str, Option<Side>)>) -> Option<String> {
    let is_val = |name: &str| side_of(name.trim_end_matches('/')) == Some(Side::HeldOut);
    let mut tested = parts.filter(|(name, side)| is_val(name) && *side == Some(Side::Test));
    tested.next().map(|(name, _)| format!("{name} is tested on, as there is no test part"))
}

/// The parts among the `folders` of `root`, those to train on first; `None` where these are classes themselves.
///
/// `train` is a part rather than a class if it holds folders; so are, without it, `val` and `test`. To train on, the
/// part `train` has to be there; to test on, any.
pub(super) fn parts(root: &Path, folders: &[Item], goal: Goal) -> Result<Option<Vec<Part>>, DataError> {
    let refused = |reason: String| Err(DataError::own(root, reason));
    let mut found: Vec<(Side, &Item)> = Vec::new();
    let mut other = None;
    for folder in folders {
        match side_of(&folder.name) {
            Some(side) => found.push((side, folder)),
            None => other = other.or(Some(folder)),
        }
    }
    found.sort_by_key(|&(side, _)| side);
    let mut nested = Vec::new();
    for &(side, folder) in &found {
        if visible(&folder.path)?.items.iter().any(|item| item.is_folder) {
            nested.push((side, folder));
        }
    }
    let Some(&(first, folder)) = nested.first() else {
        return match (&found[..], other) {
            ([(Side::Train, one), (_, another), ..], None) => refused(format!(
                "{0}/ and {1}/ hold no folder per class; sort their images into {0}/<class>/ and {1}/<class>/",
                one.name, another.name
            )),
            _ => Ok(None),
        };
    };
    if let Some([(_, one), (_, another)]) = found.array_windows().find(|[one, another]| one.0 == another.0) {
        return refused(format!("has both {}/ and {}/; merge or rename them", one.name, another.name));
    }
    if first != Side::Train && goal == Goal::Train {
        return refused(format!("has {}/ but no train/", folder.name));
    }
    if let Some(other) = other {
        return refused(format!(
            "has {}/ with folders in it and also {}/; give a folder that holds train/, val/ and test/ alone",
            folder.name, other.name
        ));
    }
    // Where the split is to be drawn, of all images.
    let alone = found.len() == 1 && first == Side::Train;
    let sides: Vec<Side> = found.iter().map(|&(side, _)| side).collect();
    let part = |&(side, folder): &(Side, &Item)| Part {
        side: (!alone).then(|| meaning(side, sides.iter().copied())),
        prefix: format!("{}/", folder.name),
        path: folder.path.clone(),
    };
    Ok(Some(found.iter().map(part).collect()))
}
