//! The files that are named: singly, by folders, or on standard input.

use anyhow::{Context, Result};
use std::{
    fs,
    io::{self, BufRead},
    path::{Path, PathBuf},
};

/// Endings of the files in a folder that are taken for images.
const ENDINGS: [&str; 6] = ["png", "jpg", "jpeg", "ppm", "pgm", "pnm"];

/// How standard input is named.
const STANDARD_INPUT: &str = "-";

/// All files in their order. Folders are read when their turn comes, standard input line by line, so that what is
/// kept does not grow with the number of images; of folders the names of one at a time.
pub(super) fn files(named: &[PathBuf]) -> impl Iterator<Item = Result<PathBuf>> + '_ {
    named.iter().flat_map(|path| -> Box<dyn Iterator<Item = Result<PathBuf>>> {
        if path.as_os_str() == STANDARD_INPUT {
            let lines = io::stdin().lock().lines();
            let path =
                |line: io::Result<String>| line.map(PathBuf::from).context("cannot read standard input");
            return Box::new(
                lines.map(path).filter(|path| !matches!(path, Ok(p) if p.as_os_str().is_empty())),
            );
        }
        if !path.is_dir() {
            return Box::new(std::iter::once(Ok(path.clone())));
        }
        match folder(path) {
            Ok(files) => Box::new(files.into_iter().map(Ok)),
            Err(error) => Box::new(std::iter::once(Err(error))),
        }
    })
}

/// The images in a folder and those below it, sorted; hidden ones are left alone.
fn folder(path: &Path) -> Result<Vec<PathBuf>> {
    let context = || format!("cannot read the folder {}", path.display());
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(path).with_context(context)? {
        entries.push(entry.with_context(context)?.path());
    }
    entries.sort_unstable();
    let mut files = Vec::new();
    for entry in entries {
        if entry.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if entry.is_dir() && !entry.is_symlink() {
            files.extend(folder(&entry)?);
        } else if entry.extension().is_some_and(|ending| is_image(&ending.to_string_lossy())) {
            files.push(entry);
        }
    }
    Ok(files)
}

fn is_image(ending: &str) -> bool {
    ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_their_images_in_order_and_files_are_taken_by_their_word() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for name in ["c.png", "a.JPG", "b/x.ppm", "notes.txt", ".hidden.png"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let named = [folder.path().to_path_buf(), PathBuf::from("any.thing")];
        let found: Vec<PathBuf> = files(&named).map(Result::unwrap).collect();
        let expected = ["a.JPG", "b/x.ppm", "c.png"].map(|name| folder.path().join(name));
        assert_eq!(found[..3], expected);
        assert_eq!(found[3..], [PathBuf::from("any.thing")]);
    }
}
