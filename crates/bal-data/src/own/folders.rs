//! A folder per class, perhaps below `train/` and `test/`.

use std::path::Path;

use super::bad::Skipped;
use super::classes;
use super::listing::{Entry, Item, Listing, Side, named_as_image, visible};
use crate::DataError;

/// Lists the images below `root`: by class, then by the bytes of their names; training images first.
pub(super) fn list(root: &Path) -> Result<Listing, DataError> {
    let mut listing =
        Listing { root: root.to_owned(), classes: vec![], entries: vec![], bad: vec![], ignored: vec![] };
    match parts(root)? {
        None => {
            let folders = class_folders(root, "", &mut listing)?;
            listing.classes = sorted(root, &folders)?;
            add_images(&mut listing, &folders, "", None)?;
        }
        Some((train, test)) => {
            // The only folders here are the two parts.
            class_folders(root, "", &mut listing)?;
            let prefix = format!("{}/", train.name);
            let folders = class_folders(&train.path, &prefix, &mut listing)?;
            listing.classes = sorted(&train.path, &folders)?;
            add_images(&mut listing, &folders, &prefix, test.as_ref().map(|_| Side::Train))?;
            if let Some(test) = test {
                let prefix = format!("{}/", test.name);
                let folders = class_folders(&test.path, &prefix, &mut listing)?;
                add_images(&mut listing, &folders, &prefix, Some(Side::Test))?;
            }
        }
    }
    Ok(listing)
}

/// The folders `train` and, if it is there, `test`; `None` where classes lie in `root` itself.
///
/// `train` is a part rather than a class if it holds folders.
fn parts(root: &Path) -> Result<Option<(Item, Option<Item>)>, DataError> {
    let refused = |reason: String| DataError::own(root, reason);
    let (mut train, mut test, mut others) = (vec![], vec![], vec![]);
    for item in visible(root)?.items.into_iter().filter(|item| item.is_folder) {
        if item.name.eq_ignore_ascii_case("train") {
            train.push(item);
        } else if item.name.eq_ignore_ascii_case("test") {
            test.push(item);
        } else {
            others.push(item);
        }
    }
    for twice in [&train, &test] {
        if let [one, other, ..] = &twice[..] {
            let reason = format!("has both {}/ and {}/; merge or rename them", one.name, other.name);
            return Err(refused(reason));
        }
    }
    let (train, test) = (train.pop(), test.pop());
    let nested = |item: &Option<Item>| -> Result<bool, DataError> {
        let Some(item) = item else { return Ok(false) };
        Ok(visible(&item.path)?.items.iter().any(|item| item.is_folder))
    };
    let (in_train, in_test) = (nested(&train)?, nested(&test)?);
    match (train, test, others.first()) {
        (Some(train), test, None) if in_train => Ok(Some((train, test))),
        (Some(train), _, Some(other)) if in_train => Err(refused(format!(
            "has {}/ with folders in it and also {}/; give a folder that holds train/ and test/ alone",
            train.name, other.name
        ))),
        (None, Some(test), _) if in_test => Err(refused(format!("has {}/ but no train/", test.name))),
        (Some(train), Some(test), None) => Err(refused(format!(
            "{}/ and {}/ hold no folder per class; sort their images into train/<class>/ and test/<class>/",
            train.name, test.name
        ))),
        _ => Ok(None),
    }
}

/// The folders of classes in `folder`; what else is there is noted, or refused if it is an image.
fn class_folders(folder: &Path, prefix: &str, listing: &mut Listing) -> Result<Vec<Item>, DataError> {
    let found = visible(folder)?;
    listing.ignored.extend(found.hidden.iter().map(|name| format!("{prefix}{name}")));
    let (folders, files): (Vec<Item>, Vec<Item>) = found.items.into_iter().partition(|item| item.is_folder);
    for file in files {
        if named_as_image(&file.name) {
            let reason = format!("{} lies beside the folders of classes; move it into one", file.name);
            return Err(DataError::own(folder, reason));
        }
        listing.ignored.push(format!("{prefix}{}", file.name));
    }
    Ok(folders)
}

fn sorted(folder: &Path, folders: &[Item]) -> Result<Vec<String>, DataError> {
    let names = folders.iter().map(|folder| folder.name.clone()).collect();
    classes::sorted(names).map_err(|reason| DataError::own(folder, reason))
}

/// Adds the images of each class, which has to be one of the listing's.
fn add_images(
    listing: &mut Listing,
    folders: &[Item],
    prefix: &str,
    side: Option<Side>,
) -> Result<(), DataError> {
    let mut by_label = Vec::new();
    for folder in folders {
        let Some(label) = listing.classes.iter().position(|class| *class == folder.name) else {
            let reason = "is not the name of a class in train/".to_owned();
            return Err(DataError::own(&folder.path, reason));
        };
        by_label.push((label as u8, folder));
    }
    by_label.sort_by_key(|&(label, _)| label);
    for (label, folder) in by_label {
        let found = visible(&folder.path)?;
        let below = |name: &str| format!("{prefix}{}/{name}", folder.name);
        listing.ignored.extend(found.hidden.iter().map(|name| below(name)));
        if found.items.is_empty() && side != Some(Side::Test) {
            return Err(DataError::own(
                &folder.path,
                "an empty class; add images or remove the folder".to_owned(),
            ));
        }
        for item in found.items {
            let name = below(&item.name);
            if item.is_folder {
                let reason = format!(
                    "holds the folder {}; images of a class lie in one folder, and only train/ and test/ hold classes",
                    item.name
                );
                return Err(DataError::own(&folder.path, reason));
            }
            if named_as_image(&item.name) {
                listing.entries.push(Entry { name, path: item.path, label, side, group: None });
            } else {
                let reason = "is not named as an image (.png, .jpg, .jpeg, .ppm, .pgm)".to_owned();
                listing.bad.push(Skipped { file: name, reason });
            }
        }
    }
    Ok(())
}
