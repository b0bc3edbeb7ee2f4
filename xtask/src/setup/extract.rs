//! Unpacks libraries and headers from wheels, and nothing else.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use zip::ZipArchive;

use crate::setup::wheels::Wheel;

/// Unpacks `archive`, the checked file of `wheel`, into `folder`: libraries into `lib/`, headers into `include/`.
///
/// An archive with any entry that would climb out of the folder is refused before anything is written.
pub(super) fn extract(wheel: &Wheel, archive: &Path, folder: &Path) -> Result<()> {
    let name = || archive.display();
    let file = File::open(archive).with_context(|| format!("cannot open {}", name()))?;
    let mut zip =
        ZipArchive::new(BufReader::new(file)).with_context(|| format!("{} is not a wheel", name()))?;
    let mut missing: Vec<&str> = wheel.libraries.iter().map(String::as_str).collect();
    let wanted = wanted_entries(wheel, archive, &mut zip, &mut missing)?;
    if let Some(missing) = missing.first() {
        bail!("{} has no {missing}", name());
    }
    for (index, destination) in wanted {
        let destination = folder.join(destination);
        let mut entry = zip.by_index(index).with_context(|| format!("cannot read {}", name()))?;
        write(&mut entry, &destination)
            .with_context(|| format!("cannot unpack {} to {}", name(), destination.display()))?;
    }
    Ok(())
}

/// Index and destination of each entry that is wanted; libraries that were found leave `missing`.
fn wanted_entries(
    wheel: &Wheel,
    archive: &Path,
    zip: &mut ZipArchive<BufReader<File>>,
    missing: &mut Vec<&str>,
) -> Result<Vec<(usize, PathBuf)>> {
    let mut wanted = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index(index).with_context(|| format!("cannot read {}", archive.display()))?;
        let name = entry.name().with_context(|| format!("{} has an unreadable name", archive.display()))?;
        if !Path::new(&*name).components().all(|part| matches!(part, Component::Normal(_))) {
            bail!("{} is refused: its entry {name:?} climbs out of the folder", archive.display());
        }
        if !entry.is_file() {
            continue;
        }
        if let Some(position) = missing.iter().position(|library| *library == name) {
            let library = missing.swap_remove(position);
            let file = library.rsplit('/').next().unwrap_or(library);
            wanted.push((index, Path::new("lib").join(file)));
        } else if let Some(header) = wheel.include.as_deref().and_then(|include| name.strip_prefix(include)) {
            wanted.push((index, Path::new("include").join(header)));
        }
    }
    Ok(wanted)
}

fn write(from: &mut impl io::Read, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    io::copy(from, &mut File::create_new(to)?)?;
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::setup::wheels::tests::small_wheel;

    /// A small wheel, with `more` entries after its own.
    pub(in crate::setup) fn archive(more: &[(&str, &[u8])]) -> Vec<u8> {
        let own: [(&str, &[u8]); 5] = [
            ("small/lib/liba.so", b"library a"),
            ("other/lib/libb.so.1", b"library b"),
            ("small/lib/libc.so", b"not wanted"),
            ("small/include/a/b.h", b"header"),
            ("small/code.py", b"not wanted"),
        ];
        let mut zip = ZipWriter::new(io::Cursor::new(Vec::new()));
        for (name, bytes) in own.iter().chain(more) {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn extracted(bytes: &[u8], wheel: &Wheel) -> (tempfile::TempDir, Result<()>) {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("small.whl");
        fs::write(&archive, bytes).unwrap();
        let result = extract(wheel, &archive, &folder.path().join("out"));
        (folder, result)
    }

    #[test]
    fn libraries_and_headers_are_unpacked_and_nothing_else() {
        let bytes = archive(&[]);
        let (folder, result) = extracted(&bytes, &small_wheel(&bytes));
        result.unwrap();
        let out = folder.path().join("out");
        assert_eq!(fs::read(out.join("lib/liba.so")).unwrap(), b"library a");
        assert_eq!(fs::read(out.join("lib/libb.so.1")).unwrap(), b"library b");
        assert_eq!(fs::read(out.join("include/a/b.h")).unwrap(), b"header");
        assert_eq!(fs::read_dir(out.join("lib")).unwrap().count(), 2);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 2);
    }

    #[test]
    fn an_entry_that_climbs_out_is_refused_before_anything_is_written() {
        for name in ["../x", "small/include/../../../x", "/etc/x", "small/include/a/../b.h"] {
            let bytes = archive(&[(name, b"x")]);
            let (folder, result) = extracted(&bytes, &small_wheel(&bytes));
            let error = result.unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("refused"), "{error}");
            assert!(!folder.path().join("out").exists() && !folder.path().join("x").exists());
        }
    }

    #[test]
    fn a_missing_library_is_named() {
        let bytes = archive(&[]);
        let mut wheel = small_wheel(&bytes);
        wheel.libraries.push("small/lib/libz.so".into());
        let error = extracted(&bytes, &wheel).1.unwrap_err().to_string();
        assert!(error.ends_with("has no small/lib/libz.so"), "{error}");
    }

    #[test]
    fn what_is_not_an_archive_is_named() {
        let error = extracted(b"no zip", &small_wheel(b"no zip")).1.unwrap_err().to_string();
        assert!(error.ends_with("small.whl is not a wheel"), "{error}");
    }
}
