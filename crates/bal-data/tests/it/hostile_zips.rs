//! Archives that are not what they should be: refused by name, with nothing left behind.

use std::fs;
use std::path::Path;

use bal_data::gtsrb::prepare;

use crate::support::names_in;
use crate::zips::{TEST, TRAINING, TRUTH, Zips, edit, entry, zipped};

const FRAMES: &str = "GTSRB/Final_Training/Images";

/// Prepares the archives in `folder` and expects an error of the archive `name`, and no file.
fn assert_refused(case: &str, folder: &Path, name: &str, expected: &str) {
    let output = tempfile::tempdir().unwrap();
    let error =
        prepare(&crate::zips::zips_in(folder), output.path(), None, &mut |_| {}).unwrap_err().to_string();
    assert!(error.starts_with(folder.join(name).to_str().unwrap()), "{case}: {error}");
    assert!(error.contains(expected), "{case}: {error}");
    assert!(names_in(output.path()).is_empty(), "{case}: {:?}", names_in(output.path()));
}

#[test]
fn entries_that_leave_their_folder_are_refused_by_name() {
    for name in
        ["../x", "/etc/x", "GTSRB/../../x", "GTSRB/..", "..\\x", "a\\..\\x", "\\\\host\\x", "C:\\x", "C:x"]
    {
        for archive in [TRAINING, TEST, TRUTH] {
            let mut zips = Zips::of_fixture();
            let entries = match archive {
                TRAINING => &mut zips.training,
                TEST => &mut zips.test,
                _ => &mut zips.truth,
            };
            entries.push((name.to_owned(), b"x".to_vec()));
            let folder = tempfile::tempdir().unwrap();
            zips.store(folder.path());
            assert_refused(name, folder.path(), archive, &format!("entry {name:?}: "));
        }
    }
}

type Change = fn(&mut Zips);

/// Case, change of the fixture, archive that is refused, reason.
type Case = (&'static str, Change, &'static str, &'static str);

#[test]
fn training_archives_of_the_wrong_layout_are_refused_with_the_entry() {
    let cases: &[Case] = &[
        ("bomb", bomb, TRAINING, "00000/00000_00024.ppm\": unpacks to more than 1048576 bytes"),
        (
            "frame without row",
            |zips| edit(&mut zips.training, "GT-00013.csv", "00000_00000.ppm", "00007_00000.ppm"),
            TRAINING,
            "00013/00000_00000.ppm\": has no row in GT-00013.csv",
        ),
        (
            "row without frame",
            |zips| zips.training.retain(|(name, _)| !name.ends_with("00001_00012.ppm")),
            TRAINING,
            "GT-00000.csv\": lists 00001_00012.ppm, which is not in the archive",
        ),
        (
            "no table",
            |zips| zips.training.retain(|(name, _)| !name.ends_with("GT-00016.csv")),
            TRAINING,
            "has no row in GT-00016.csv",
        ),
        (
            "other class",
            |zips| edit(&mut zips.training, "GT-00013.csv", ";13\r\n", ";14\r\n"),
            TRAINING,
            "is of class 14 by its row, of class 13 by its folder",
        ),
        (
            "other size",
            |zips| edit(&mut zips.training, "GT-00013.csv", ";25;25;", ";25;26;"),
            TRAINING,
            "has (25, 25) pixels, (25, 26) by its row",
        ),
        (
            "class folder beyond 42",
            |zips| zips.training.push((format!("{FRAMES}/00043/00000_00000.ppm"), vec![])),
            TRAINING,
            "is in no class folder",
        ),
        (
            "strange file",
            |zips| zips.training.push((format!("{FRAMES}/00001/Thumbs.db"), vec![])),
            TRAINING,
            "is neither a frame",
        ),
        (
            "overlong number",
            |zips| zips.training.push((format!("{FRAMES}/00001/99999999999999999999_00000.ppm"), vec![])),
            TRAINING,
            "is neither a frame",
        ),
        (
            "no training frames",
            |zips| zips.training.clear(),
            TRAINING,
            "has no frames below GTSRB/Final_Training",
        ),
    ];
    assert_all_refused(cases);
}

#[test]
fn test_archives_of_the_wrong_layout_are_refused_with_the_entry() {
    let cases: &[Case] = &[
        (
            "class out of range",
            |zips| edit(&mut zips.truth, "GT-final_test.csv", ";33\r\n", ";43\r\n"),
            TRUTH,
            "class 43 is not in 0..43",
        ),
        (
            "frame cut",
            |zips| entry(&mut zips.test, "00107.ppm").1.truncate(5000),
            TEST,
            "00107.ppm\": declares",
        ),
        (
            "not a frame",
            |zips| entry(&mut zips.test, "00107.ppm").1 = b"GIF89a".to_vec(),
            TEST,
            "00107.ppm\": ",
        ),
        (
            "strange test file",
            |zips| zips.test.push(("GTSRB/Final_Test/Images/1.ppm".to_owned(), vec![])),
            TEST,
            "is not a frame NNNNN.ppm",
        ),
        ("no test frames", |zips| zips.test.clear(), TEST, "has no frames below GTSRB/Final_Test"),
        ("no test classes", |zips| zips.truth.clear(), TRUTH, "has no GT-final_test.csv"),
        (
            "test row without frame",
            |zips| zips.test.retain(|(name, _)| !name.ends_with("00015.ppm")),
            TRUTH,
            "lists 00015.ppm, which is not among the frames",
        ),
    ];
    assert_all_refused(cases);
}

fn assert_all_refused(cases: &[Case]) {
    for (case, change, archive, expected) in cases {
        let mut zips = Zips::of_fixture();
        change(&mut zips);
        let folder = tempfile::tempdir().unwrap();
        zips.store(folder.path());
        assert_refused(case, folder.path(), archive, expected);
    }
}

/// Puts a frame into the training archive that is larger than any official one, though it packs well.
fn bomb(zips: &mut Zips) {
    let frame = [b"P6\n700 700\n255\n".as_slice(), &vec![0; 3 * 700 * 700]].concat();
    entry(&mut zips.training, "00000_00024.ppm").1 = frame;
}

#[test]
fn damaged_archives_are_refused() {
    type Damage = fn(&mut Vec<u8>);
    let cases: [(&str, Damage, &str); 6] = [
        ("empty", |bytes| bytes.clear(), ""),
        ("not a zip", |bytes| *bytes = b"<html>moved</html>".repeat(100), ""),
        ("cut", |bytes| bytes.truncate(bytes.len() / 2), ""),
        // Bit 0 of the flags, at byte 6 of a local header and byte 8 of a central one.
        ("encrypted", |bytes| flip(bytes, b"PK\x01\x02", 8), "is encrypted"),
        ("checksum", |bytes| flip(bytes, b"PK\x01\x02", 16), "hecksum"),
        (
            "the same name twice",
            |bytes| replace(bytes, b"00000/00000_00024.ppm", b"00000/00000_00000.ppm"),
            "two entries of the same name",
        ),
    ];
    for (case, damage, expected) in cases {
        let zips = Zips::of_fixture();
        let folder = tempfile::tempdir().unwrap();
        zips.store(folder.path());
        let mut training = zips.training.clone();
        // The entry that is damaged must be one that is read.
        training.retain(|(name, _)| !name.ends_with("Readme-Images.txt"));
        let mut bytes = zipped(&training);
        damage(&mut bytes);
        fs::write(folder.path().join(TRAINING), bytes).unwrap();
        assert_refused(case, folder.path(), TRAINING, expected);
    }
}

#[test]
fn a_missing_archive_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert_refused("missing", folder.path(), TRAINING, "cannot read");
}

/// Flips the lowest bit of the byte at `offset` of the first record that starts with `mark`.
fn flip(bytes: &mut [u8], mark: &[u8], offset: usize) {
    let at = bytes.windows(mark.len()).position(|window| window == mark).unwrap();
    bytes[at + offset] ^= 1;
}

/// Replaces each `from` by `to`, which is as long.
fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
}
