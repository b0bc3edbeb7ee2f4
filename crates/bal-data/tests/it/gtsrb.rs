//! Preparing the fixture: a few official frames, and what Pillow made of them.

use std::fs;

use bal_data::download::Progress;
use bal_data::gtsrb::prepare;
use bal_data::{Set, idx, load};

use crate::support::names_in;
use crate::zips::{fixture, zips_in};

// Printed by fixtures/make_gtsrb.py.
const TRAINING_PIXELS: &str = "aa78ad1eec9cd3ae4d607ed6752d1819faaa55e8f2d8dc3c8954fd9d73167925";
const TEST_PIXELS: &str = "8911491a4630f7dc18d8eb4ddcd069c7e7c0f5a0d06fe05035b4fb706df2754b";

#[test]
fn frames_are_resized_bit_for_bit_as_pillow_does() {
    let folder = tempfile::tempdir().unwrap();
    prepare(&zips_in(&fixture()), folder.path(), None, &mut |_| {}).unwrap();
    let names = Set::Gtsrb.files().unwrap();
    for name in [names.train_images, names.train_labels, names.test_images, names.test_labels] {
        let expected = idx::read_u8(&fixture().join(name)).unwrap().values;
        assert_eq!(idx::read_u8(&folder.path().join(name)).unwrap().values, expected, "{name}");
    }
    let tracks = names.train_tracks.unwrap();
    let expected = idx::read_i32(&fixture().join(tracks)).unwrap().values;
    assert_eq!(idx::read_i32(&folder.path().join(tracks)).unwrap().values, expected);
}

#[test]
fn the_digests_of_the_original_pixels_are_those_that_pillow_decodes() {
    let folder = tempfile::tempdir().unwrap();
    let prepared = prepare(&zips_in(&fixture()), folder.path(), None, &mut |_| {}).unwrap();
    assert_eq!((prepared.train, prepared.test), (6, 5));
    assert_eq!(prepared.training_pixels.sha256.to_string(), TRAINING_PIXELS);
    assert_eq!(prepared.test_pixels.sha256.to_string(), TEST_PIXELS);
}

#[test]
fn preparing_twice_gives_the_same_bytes_and_only_the_five_files() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for folder in &folders {
        prepare(&zips_in(&fixture()), folder.path(), None, &mut |_| {}).unwrap();
    }
    let mut names = Set::Gtsrb.files().unwrap().all();
    names.sort_unstable();
    for folder in &folders {
        assert_eq!(names_in(folder.path()), names);
    }
    for name in names {
        let [first, second] = [0, 1].map(|at: usize| fs::read(folders[at].path().join(name)).unwrap());
        assert_eq!(first, second, "{name}");
    }
}

#[test]
fn what_was_prepared_can_be_loaded_with_its_tracks() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("gtsrb");
    fs::create_dir(&folder).unwrap();
    prepare(&zips_in(&fixture()), &folder, None, &mut |_| {}).unwrap();
    let set = load(Set::Gtsrb, root.path()).unwrap();
    assert_eq!(set.train.labels, [0, 0, 0, 13, 16, 33]);
    assert_eq!(set.train.groups.unwrap(), [0, 0, 1, 2, 3, 4]);
    assert_eq!(set.test.images.dim(), (5, 3, 32, 32));
}

#[test]
fn progress_counts_the_frames_of_both_parts() {
    let folder = tempfile::tempdir().unwrap();
    let mut steps = Vec::new();
    let mut progress = |step: Progress<'_>| {
        if let Progress::Preparing { part, done, total } = step {
            steps.push((part.to_owned(), done, total));
        }
    };
    prepare(&zips_in(&fixture()), folder.path(), None, &mut progress).unwrap();
    let expected = [("train", 0, 6), ("train", 6, 6), ("test", 0, 5), ("test", 5, 5)];
    assert_eq!(steps, expected.map(|(part, done, total)| (part.to_owned(), done, total)));
}
