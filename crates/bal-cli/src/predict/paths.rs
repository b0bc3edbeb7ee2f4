//! The files that are named: singly, by folders, or on standard input.

use anyhow::{Context, Error, Result};
use bal_data::own;
use std::{
    ffi::OsString,
    fs,
    io::{self, BufRead, Read},
    path::{Path, PathBuf},
};

/// How standard input is named.
const STANDARD_INPUT: &str = "-";

/// The most bytes of a line of standard input: no system has longer paths.
const MOST_BYTES: u64 = 1 << 16;

/// Why there is no file.
#[derive(Debug)]
pub(super) enum Fault {
    /// This one cannot be used, in a line that names it.
    Bad(String),
    /// Nothing further can be read.
    Last(Error),
}

/// A file to look at, or why it is none.
pub(super) type Found = Result<PathBuf, Fault>;

/// All files in their order. Folders are read when their turn comes, standard input line by line, so that what is
/// kept does not grow with the number of images; of folders the names of one at a time.
pub(super) fn files(named: &[PathBuf]) -> impl Iterator<Item = Found> + '_ {
    named.iter().flat_map(|path| -> Box<dyn Iterator<Item = Found>> {
        if path.as_os_str() == STANDARD_INPUT {
            return Box::new(lines(io::stdin().lock()));
        }
        if let Err(fault) = usable(path) {
            return Box::new(std::iter::once(Err(fault)));
        }
        if !path.is_dir() {
            return Box::new(std::iter::once(Ok(path.clone())));
        }
        let mut files = Vec::new();
        let read = folder(path, &mut vec![], &mut files);
        Box::new(files.into_iter().chain(read.err().map(|error| Err(Fault::Last(error)))))
    })
}

/// A path for each line that is not empty.
fn lines(mut input: impl BufRead) -> impl Iterator<Item = Found> {
    let mut ended = false;
    let next = move || -> Option<Found> {
        if ended {
            return None;
        }
        let mut line = Vec::new();
        match input.by_ref().take(MOST_BYTES).read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) if line.len() as u64 == MOST_BYTES && !line.ends_with(b"\n") => {
                ended = true;
                let reason =
                    format!("a line of standard input has {MOST_BYTES} bytes or more, which is no path");
                return Some(Err(Fault::Last(Error::msg(reason))));
            }
            Ok(_) => {}
            Err(error) => {
                ended = true;
                return Some(Err(Fault::Last(Error::new(error).context("cannot read standard input"))));
            }
        }
        let end = if line.ends_with(b"\r\n") { 2 } else { usize::from(line.ends_with(b"\n")) };
        line.truncate(line.len() - end);
        let path = PathBuf::from(path_of(line));
        Some(usable(&path).map(|()| path))
    };
    std::iter::from_fn(next).filter(|path| !matches!(path, Ok(p) if p.as_os_str().is_empty()))
}

/// Bytes are a path as they are, where the system has it so.
#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// Refuses a path that cannot be written down as text: an answer could not say which image it is of.
fn usable(path: &Path) -> Result<(), Fault> {
    if path.to_str().is_some() {
        return Ok(());
    }
    Err(Fault::Bad(own::line_of_text(path.as_os_str()).err().unwrap_or_default()))
}

/// Adds the images in a folder and those below it, sorted; what training leaves alone is left alone. A link to a folder
/// is followed, but not into one of the folders `above`.
fn folder(path: &Path, above: &mut Vec<PathBuf>, files: &mut Vec<Found>) -> Result<()> {
    let context = || format!("cannot read the folder {}", path.display());
    let place = path.canonicalize().with_context(context)?;
    if above.contains(&place) {
        return Ok(());
    }
    above.push(place);
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(path).with_context(context)? {
        entries.push(entry.with_context(context)?.path());
    }
    entries.sort_unstable();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default();
        let shown = name.to_string_lossy();
        if own::is_left_alone(&shown) {
            continue;
        }
        let is_folder = entry.is_dir();
        if !is_folder && !own::named_as_image(&shown) {
            continue;
        }
        match own::line_of_text(name) {
            Err(fault) => files.push(Err(Fault::Bad(format!("{}: {fault}", path.display())))),
            Ok(_) if is_folder => folder(&entry, above, files)?,
            Ok(_) => files.push(Ok(entry)),
        }
    }
    above.pop();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(named: &[PathBuf]) -> Vec<Result<PathBuf, String>> {
        let said = |fault| match fault {
            Fault::Bad(reason) => reason,
            Fault::Last(error) => error.to_string(),
        };
        files(named).map(|file| file.map_err(said)).collect()
    }

    #[test]
    fn folders_give_their_images_in_order_and_files_are_taken_by_their_word() {
        let folder = tempfile::tempdir().unwrap();
        for below in ["b", "__MACOSX", "@eaDir"] {
            fs::create_dir(folder.path().join(below)).unwrap();
        }
        for name in [
            "c.png",
            "a.JPG",
            "b/x.ppm",
            "d.pbm",
            "e.webp",
            "notes.txt",
            ".hidden.png",
            "Thumbs.db",
            "@eaDir/t.jpg",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = found(&[folder.path().to_path_buf(), PathBuf::from("any.thing")]);
        let expected =
            ["a.JPG", "b/x.ppm", "c.png", "d.pbm", "e.webp"].map(|name| Ok(folder.path().join(name)));
        assert_eq!(found[..5], expected);
        assert_eq!(found[5..], [Ok(PathBuf::from("any.thing"))]);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_folders_are_followed_and_end_where_they_lead_back() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("real")).unwrap();
        fs::write(at("real/a.png"), "").unwrap();
        symlink("real", at("linked")).unwrap();
        symlink("..", at("real/back")).unwrap();
        assert_eq!(found(&[folder.path().into()]), [Ok(at("linked/a.png")), Ok(at("real/a.png"))]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_that_are_no_text_are_faults_of_their_own() {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let bad = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.png"));
        for file in [&bad, &folder.path().join("z.png")] {
            fs::write(file, "").unwrap();
        }
        let of_folder = found(&[folder.path().into()]);
        assert!(of_folder[0].as_ref().unwrap_err().contains("caf\\xe9.png: has a name that is not UTF-8"));
        assert_eq!(of_folder[1], Ok(folder.path().join("z.png")));
        assert!(found(&[bad])[0].is_err());
        let of_lines: Vec<Found> = lines(&b"a.png\r\n\nx\xff.png\nb.png"[..]).collect();
        assert!(matches!(&of_lines[..], [Ok(a), Err(Fault::Bad(_)), Ok(b)] if a == "a.png" && b == "b.png"));
    }

    #[test]
    fn an_endless_line_ends_the_input() {
        let endless = io::BufReader::new(io::repeat(b'x'));
        let of_lines: Vec<Found> = lines(endless).collect();
        assert!(matches!(&of_lines[..], [Err(Fault::Last(_))]));
    }
}
