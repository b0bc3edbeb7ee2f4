//! Fetching GTSRB: a mirror's prepared files first, the official archives otherwise.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bal_data::download::{self, Fetched, Origin};
use bal_data::{Content, DataError, Manifest, Mirror, Set};
use tempfile::TempDir;

use crate::support::{self, Server, file_entry, names_in};
use crate::zips::{TEST, TRAINING, TRUTH, Zips, edit, fixture};

/// The manifest of the fixture, its archives below `url`.
fn manifest(url: &str) -> Manifest {
    let mut text =
        "[[set]]\nname = \"gtsrb\"\nlicence = \"none\"\nhint = \"bring the zips\"\nsources = []\n".to_owned();
    for name in Set::Gtsrb.files().unwrap().all() {
        let packed = fs::read(fixture().join(name)).unwrap();
        text += &file_entry(name, Content::of(&packed), Content::of(&support::unpacked(&packed)));
    }
    let prepared = tempfile::tempdir().unwrap();
    let zips = crate::zips::zips_in(&fixture());
    let prepared = bal_data::gtsrb::prepare(&zips, prepared.path(), None, &mut |_| {}).unwrap();
    let pixels = |pixels: Content| format!("{{ bytes = {}, sha256 = \"{}\" }}", pixels.bytes, pixels.sha256);
    write!(
        text,
        "[set.official]\nurl = \"{url}\"\n\
         training = {{ name = \"{TRAINING}\", at_most_bytes = 100000 }}\n\
         test = {{ name = \"{TEST}\", at_most_bytes = 100000 }}\n\
         truth = {{ name = \"{TRUTH}\", at_most_bytes = 1000 }}\n\
         training_pixels = {}\ntest_pixels = {}\n",
        pixels(prepared.training_pixels),
        pixels(prepared.test_pixels)
    )
    .unwrap();
    Manifest::parse(&text, Path::new("test.toml")).unwrap()
}

/// The archives as files of a server.
fn archives(names: &[&str]) -> BTreeMap<String, Vec<u8>> {
    names.iter().map(|name| (format!("/{name}"), fs::read(fixture().join(name)).unwrap())).collect()
}

struct Root(TempDir);

impl Root {
    fn new() -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        fs::create_dir(root.folder()).unwrap();
        root
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("gtsrb")
    }

    fn fetch(&self, manifest: &Manifest, mirror: Option<&Mirror>) -> Result<Fetched, DataError> {
        download::fetch(manifest, Set::Gtsrb, self.0.path(), mirror, &mut |_| {})
    }

    /// All five files are there and right, besides those named.
    fn assert_complete(&self, manifest: &Manifest, besides: &[&str]) {
        download::check(manifest, Set::Gtsrb, self.0.path()).unwrap();
        let mut names = [Set::Gtsrb.files().unwrap().all(), besides.to_vec()].concat();
        names.sort_unstable();
        assert_eq!(names_in(&self.folder()), names);
    }
}

#[test]
fn the_official_archives_are_fetched_prepared_and_removed() {
    let server = Server::files(archives(&[TRAINING, TEST, TRUTH]));
    let manifest = manifest(&server.base);
    let root = Root::new();
    let fetched = root.fetch(&manifest, None).unwrap();
    assert!(fetched.files.iter().all(|file| file.origin == Origin::Prepared && file.path.exists()));
    root.assert_complete(&manifest, &[]);
    assert_eq!(server.seen().len(), 3);
    let again = root.fetch(&manifest, None).unwrap();
    assert!(again.files.iter().all(|file| file.origin == Origin::Present));
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn a_mirror_with_prepared_files_saves_the_archives() {
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("gtsrb")).unwrap();
    for name in Set::Gtsrb.files().unwrap().all() {
        fs::copy(fixture().join(name), copy.path().join("gtsrb").join(name)).unwrap();
    }
    let server = Server::files(archives(&[]));
    let manifest = manifest(&server.base);
    let root = Root::new();
    root.fetch(&manifest, Some(&Mirror::Folder(copy.path().into()))).unwrap();
    root.assert_complete(&manifest, &[]);
    assert!(server.seen().is_empty());
}

#[test]
fn a_mirror_may_hold_the_archives_instead() {
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("gtsrb")).unwrap();
    for name in [TRAINING, TEST, TRUTH] {
        fs::copy(fixture().join(name), copy.path().join("gtsrb").join(name)).unwrap();
    }
    let manifest = manifest("http://127.0.0.1:9");
    let root = Root::new();
    root.fetch(&manifest, Some(&Mirror::Folder(copy.path().into()))).unwrap();
    root.assert_complete(&manifest, &[]);
}

#[test]
fn archives_that_the_user_brought_are_used_and_left() {
    let root = Root::new();
    Zips::of_fixture().store(&root.folder());
    let manifest = manifest("http://127.0.0.1:9");
    root.fetch(&manifest, None).unwrap();
    root.assert_complete(&manifest, &[TRAINING, TEST, TRUTH]);
}

#[test]
fn an_archive_that_arrived_waits_for_the_others() {
    let some = Server::files(archives(&[TRAINING]));
    let root = Root::new();
    let error = root.fetch(&manifest(&some.base), None).unwrap_err().to_string();
    assert!(error.contains(TEST) && error.contains("404") && error.contains("bring the zips"), "{error}");
    assert_eq!(names_in(&root.folder()), ["official"]);
    let rest = Server::files(archives(&[TEST, TRUTH]));
    let manifest = manifest(&rest.base);
    root.fetch(&manifest, None).unwrap();
    root.assert_complete(&manifest, &[]);
    assert_eq!(rest.seen().len(), 2);
}

#[test]
fn archives_of_other_frames_are_refused_and_removed() {
    // Readable, in the official layout, but with one pixel changed.
    let mut zips = Zips::of_fixture();
    let (_, ppm) = crate::zips::entry(&mut zips.training, "00013/00000_00000.ppm");
    *ppm.last_mut().unwrap() ^= 1;
    let other = tempfile::tempdir().unwrap();
    zips.store(other.path());
    let mut files = archives(&[TEST, TRUTH]);
    files.insert(format!("/{TRAINING}"), fs::read(other.path().join(TRAINING)).unwrap());
    let server = Server::files(files);
    let root = Root::new();
    let error = root.fetch(&manifest(&server.base), None).unwrap_err();
    assert!(matches!(error, DataError::Originals { .. }), "{error}");
    assert!(error.to_string().contains(TRAINING) && error.to_string().contains("expected"), "{error}");
    assert!(names_in(&root.folder()).is_empty());
}

#[test]
fn other_classes_beside_the_right_frames_are_refused() {
    let mut zips = Zips::of_fixture();
    edit(&mut zips.truth, "GT-final_test.csv", ";33\r\n", ";34\r\n");
    let root = Root::new();
    zips.store(&root.folder());
    let error = root.fetch(&manifest("http://127.0.0.1:9"), None).unwrap_err();
    assert!(matches!(error, DataError::WrongContent { .. }), "{error}");
    assert!(error.to_string().contains("test-labels-idx1-ubyte.gz"), "{error}");
    assert_eq!(names_in(&root.folder()).len(), 3, "the three archives and nothing else");
}

#[test]
fn without_any_source_all_that_was_tried_is_listed() {
    let server = Server::files(BTreeMap::new());
    let root = Root::new();
    let mirror = Mirror::parse(&format!("{}/copy", server.base)).unwrap();
    let error = root.fetch(&manifest(&server.base), Some(&mirror)).unwrap_err().to_string();
    for part in
        ["/copy/gtsrb/train-images-idx4-ubyte.gz: ", "/copy/gtsrb/GTSRB_Final_Training_Images.zip: ", "404"]
    {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(names_in(&root.folder()).is_empty());
}
