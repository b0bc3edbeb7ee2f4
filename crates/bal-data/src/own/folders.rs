//! A folder per class, perhaps below `train/`, `val/` and `test/`.

use std::path::Path;

use super::bad::Skipped;
use super::class_file::read_class_names;
use super::classes::Classes;
use super::formats;
use super::listing::{Entry, Item, Listing, Side, visible};
use super::name;
use super::parts::{self, Part, parts};
use super::{Goal, OwnSettings};
use crate::DataError;

/// The file beside the folders of classes that may say their order.
const CLASSES: &str = "classes.txt";

/// Lists the images below `root`: by part, then by class, then by the bytes of their names.
pub(super) fn list(root: &Path, settings: &OwnSettings, goal: Goal) -> Result<Listing, DataError> {
    let (mut bad, mut ignored) = (vec![], vec![]);
    let mut found: Vec<(Part, Vec<Item>)> = Vec::new();
    let in_root = class_folders(root, "", &mut ignored)?;
    match parts(root, &in_root, goal)? {
        None => found.push((Part { side: None, prefix: String::new(), path: root.to_owned() }, in_root)),
        Some(parts) => {
            for part in parts {
                let folders = class_folders(&part.path, &part.prefix, &mut ignored)?;
                found.push((part, folders));
            }
        }
    }
    let classes = numbered(root, &found, &mut ignored, settings, goal)?;
    let trained = found.first().map_or("", |(part, _)| part.prefix.as_str());
    let mut entries = Vec::new();
    for (part, folders) in found.iter().filter(|(part, _)| goal.asks_for(part.side)) {
        for (label, folder) in in_order(folders, &classes, trained)? {
            add_images(part, label, folder, &mut entries, &mut bad, &mut ignored)?;
        }
    }
    let remarks = parts::tested_for_lack(found.iter().map(|(part, _)| (part.prefix.as_str(), part.side)));
    let remarks = remarks.into_iter().collect();
    Ok(Listing { root: root.to_owned(), classes, entries, groups: vec![], bad, ignored, remarks })
}

/// The classes: as the settings list them, as a file beside their folders does, else by the names of those folders.
fn numbered(
    root: &Path,
    found: &[(Part, Vec<Item>)],
    ignored: &mut Vec<String>,
    settings: &OwnSettings,
    goal: Goal,
) -> Result<Classes, DataError> {
    // To train on, all classes are those of the training images: others could not be learned. To test on, those of all parts,
    // as they are numbered together; where they are listed, what is not tested on does not matter.
    let told = settings.classes.is_some();
    let counts = |part: &Part| match goal {
        Goal::Train => matches!(part.side, None | Some(Side::Train)),
        Goal::Test => !told || goal.asks_for(part.side),
    };
    let named = found.iter().filter(|(part, _)| counts(part)).flat_map(|(_, folders)| folders);
    let names = named.map(|folder| folder.name.as_str());
    let trained = found.first().map_or(root, |(part, _)| &part.path);
    let (place, classes) = match &settings.classes {
        Some(list) => (trained, Classes::of(names, Some(list))),
        None if ignored.iter().any(|name| name == CLASSES) => {
            ignored.retain(|name| name != CLASSES);
            let file = root.join(CLASSES);
            let list = read_class_names(&file)?;
            let classes = Classes::of(names, Some(&list)).map_err(|reason| {
                DataError::own(
                    &file,
                    format!("{reason}; a line for each class says their order, correct or remove the file"),
                )
            });
            return classes;
        }
        None => (trained, Classes::of(names, None)),
    };
    classes.map_err(|reason| DataError::own(place, reason))
}

/// The folders of classes in `folder`; what else is there is noted, or refused if it is an image.
fn class_folders(folder: &Path, prefix: &str, ignored: &mut Vec<String>) -> Result<Vec<Item>, DataError> {
    let found = visible(folder)?;
    ignored.extend(found.left_alone.iter().map(|name| format!("{prefix}{name}")));
    for unnameable in found.unnameable {
        if unnameable.is_folder {
            let reason = format!("has a folder {} that {}", unnameable.shown, unnameable.reason());
            return Err(DataError::own(folder, reason));
        }
        ignored.push(format!("{prefix}{}", unnameable.shown));
    }
    let (folders, files): (Vec<Item>, Vec<Item>) = found.items.into_iter().partition(|item| item.is_folder);
    for file in files {
        if formats::named_as_image(&file.name) {
            let reason = format!("{} lies beside the folders of classes; move it into one", file.name);
            return Err(DataError::own(folder, reason));
        }
        ignored.push(format!("{prefix}{}", file.name));
    }
    if let Some([one, other]) = folders.array_windows().find(|[one, other]| one.name == other.name) {
        let [one, other] = [one, other].map(|folder| {
            folder.path.file_name().map_or_else(String::new, |name| name::apart(&name.to_string_lossy()))
        });
        return Err(DataError::own(
            folder,
            format!("has the folders {one} and {other}, two forms of one name; merge them"),
        ));
    }
    Ok(folders)
}

/// The folders in the order of their classes, each of which has to be known.
fn in_order<'a>(
    folders: &'a [Item],
    classes: &Classes,
    trained: &str,
) -> Result<Vec<(u16, &'a Item)>, DataError> {
    let label = |folder: &'a Item| match classes.label(&folder.name) {
        Some(label) => Ok((label, folder)),
        None => Err(DataError::own(&folder.path, format!("is not the name of a class in {trained}"))),
    };
    let mut found = folders.iter().map(label).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|&(label, _)| label);
    Ok(found)
}

/// Adds the images of a class.
fn add_images(
    part: &Part,
    label: u16,
    folder: &Item,
    entries: &mut Vec<Entry>,
    bad: &mut Vec<Skipped>,
    ignored: &mut Vec<String>,
) -> Result<(), DataError> {
    let Part { side, prefix, .. } = part;
    let refused = |reason: String| Err(DataError::own(&folder.path, reason));
    let found = visible(&folder.path)?;
    let below = |name: &str| format!("{prefix}{}/{name}", folder.name);
    ignored.extend(found.left_alone.iter().map(|name| below(name)));
    let nothing = found.items.is_empty() && found.unnameable.is_empty();
    if nothing && matches!(side, None | Some(Side::Train)) {
        return refused("an empty class; add images or remove the folder".to_owned());
    }
    let unnameable = found.unnameable.iter();
    bad.extend(unnameable.map(|file| Skipped { file: below(&file.shown), reason: file.reason() }));
    for item in found.items {
        if item.is_folder {
            return refused(format!(
                "holds the folder {}; images of a class lie in one folder, and only train/, val/ and test/ hold classes",
                item.name
            ));
        }
        let name = below(&item.name);
        if formats::named_as_image(&item.name) {
            entries.push(Entry { name, path: item.path, label, side: *side, group: None });
        } else {
            bad.push(Skipped { file: name, reason: formats::not_named_as_image(&item.path) });
        }
    }
    Ok(())
}
