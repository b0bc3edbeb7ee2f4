//! The published sets themselves: MNIST as it is committed, the others where `BAL_DATA_MIRROR` has them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use bal_data::{Manifest, Mirror, Set, Share, download, idx, load};
use ndarray::Axis;

use crate::support::{datasets, mirror_folder};
use crate::zips::zips_in;

#[test]
fn committed_mnist_is_the_published_one() {
    let manifest = Manifest::built_in().unwrap();
    download::check(&manifest, Set::Mnist, &datasets()).unwrap();
    let set = load(Set::Mnist, &datasets()).unwrap();
    assert_eq!(set.train.images.dim(), (60_000, 1, 28, 28));
    assert_eq!(set.test.images.dim(), (10_000, 1, 28, 28));
    assert_eq!(set.train.counts(10), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    assert_eq!(set.test.counts(10), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    for file in &manifest.entry(Set::Mnist).unwrap().files {
        assert_eq!(set.digests[&file.name], file.gz.sha256.to_string());
    }
    // The first test image is a seven, upright: ink in its upper bar, none in its lower left.
    assert_eq!(set.test.labels[0], 7);
    let seven = set.test.images.index_axis(Axis(0), 0);
    assert!(seven[[0, 8, 10]] > 100 && seven[[0, 22, 5]] == 0);
}

#[test]
fn fetching_what_is_committed_asks_no_source() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("mnist")).unwrap();
    for name in Set::Mnist.files().unwrap().all() {
        fs::copy(datasets().join("mnist").join(name), root.path().join("mnist").join(name)).unwrap();
    }
    let manifest = Manifest::built_in().unwrap();
    let fetched = download::fetch(&manifest, Set::Mnist, root.path(), None, &mut |_| {}).unwrap();
    assert!(fetched.files.iter().all(|file| file.origin == download::Origin::Present));
}

#[test]
fn fashion_mnist_of_the_mirror_has_the_published_counts() {
    let Some(mirror) = mirror_folder("fashion_mnist_of_the_mirror_has_the_published_counts") else { return };
    let root = tempfile::tempdir().unwrap();
    let manifest = Manifest::built_in().unwrap();
    download::fetch(&manifest, Set::FashionMnist, root.path(), Some(&Mirror::Folder(mirror)), &mut |_| {})
        .unwrap();
    let set = load(Set::FashionMnist, root.path()).unwrap();
    assert_eq!(set.train.counts(10), [6000; 10]);
    assert_eq!(set.test.counts(10), [1000; 10]);
}

#[rustfmt::skip]
const SIGNS: [(usize, usize, usize); 43] = [ // training images, tracks, test images of each class
    (210, 7, 60), (2220, 74, 720), (2250, 75, 750), (1410, 47, 450), (1980, 66, 660), (1860, 62, 630), (420, 14, 150),
    (1440, 48, 450), (1410, 47, 450), (1470, 49, 480), (2010, 67, 660), (1320, 44, 420), (2100, 70, 690),
    (2160, 72, 720), (780, 26, 270), (630, 21, 210), (420, 14, 150), (1110, 37, 360), (1200, 40, 390), (210, 7, 60),
    (360, 12, 90), (330, 11, 90), (390, 13, 120), (510, 17, 150), (270, 9, 90), (1500, 50, 480), (600, 20, 180),
    (240, 8, 60), (540, 18, 150), (270, 9, 90), (450, 15, 150), (780, 26, 270), (240, 8, 60), (689, 23, 210),
    (420, 14, 120), (1200, 40, 390), (390, 13, 120), (210, 7, 60), (2070, 69, 690), (300, 10, 90), (360, 12, 90),
    (240, 8, 60), (240, 8, 90),
];

#[test]
fn gtsrb_of_the_mirror_has_the_published_counts_and_tracks() {
    let Some(mirror) = mirror_folder("gtsrb_of_the_mirror_has_the_published_counts_and_tracks") else {
        return;
    };
    let root = tempfile::tempdir().unwrap();
    let manifest = Manifest::built_in().unwrap();
    download::fetch(&manifest, Set::Gtsrb, root.path(), Some(&Mirror::Folder(mirror)), &mut |_| {}).unwrap();
    let set = load(Set::Gtsrb, root.path()).unwrap();
    assert_eq!(set.train.images.dim(), (39_209, 3, 32, 32));
    assert_eq!(set.test.images.dim(), (12_630, 3, 32, 32));
    assert_eq!(set.train.counts(43), SIGNS.map(|(train, _, _)| train));
    assert_eq!(set.test.counts(43), SIGNS.map(|(_, _, test)| test));

    let groups = set.train.groups.as_ref().unwrap();
    let mut tracks = BTreeSet::new();
    let mut lengths = BTreeMap::new();
    for (&label, &group) in set.train.labels.iter().zip(groups) {
        tracks.insert((label, group));
        *lengths.entry(group).or_insert(0) += 1;
    }
    for (class, (_, expected, _)) in SIGNS.into_iter().enumerate() {
        assert_eq!(
            tracks.iter().filter(|(label, _)| usize::from(*label) == class).count(),
            expected,
            "class {class}"
        );
    }
    assert_eq!(lengths.len(), 1307);
    assert_eq!(lengths.values().filter(|&&length| length == 29).count(), 1);
    assert_eq!(lengths.values().filter(|&&length| length == 30).count(), 1306);

    let holdout = set.train.holdout(Share::Fraction(0.1), 1).unwrap();
    let held: BTreeSet<_> = holdout.held_out.iter().map(|&index| groups[index]).collect();
    assert!(holdout.kept.iter().all(|&index| !held.contains(&groups[index])));
    assert!((3921..3951).contains(&holdout.held_out.len()), "{}", holdout.held_out.len());

    let split = set.paper_split(1);
    assert_eq!((split.train.len(), split.test.len()), (29_407, 9_802));
}

#[test]
fn eight_test_images_of_gtsrb_are_training_images_too() {
    let Some(mirror) = mirror_folder("eight_test_images_of_gtsrb_are_training_images_too") else { return };
    let set = load(Set::Gtsrb, &mirror).unwrap();
    let bytes = |split: &bal_data::Split, index: usize| -> Vec<u8> {
        split.images.index_axis(ndarray::Axis(0), index).iter().copied().collect()
    };
    let train: BTreeMap<Vec<u8>, usize> =
        (0..set.train.len()).map(|index| (bytes(&set.train, index), index)).collect();
    let mut pairs: Vec<(usize, usize)> =
        (0..set.test.len()).filter_map(|test| Some((*train.get(&bytes(&set.test, test))?, test))).collect();
    pairs.sort_unstable();
    let start = SIGNS[..14].iter().map(|(images, _, _)| images).sum::<usize>() + 23 * 30;
    let frames = [0, 3, 6, 7, 10, 13, 16, 19].map(|frame| start + frame);
    let tests = [2291, 11906, 4548, 9384, 3594, 3546, 9575, 666];
    assert_eq!(pairs, frames.into_iter().zip(tests).collect::<Vec<_>>());
}

#[test]
fn official_frames_of_the_mirror_are_prepared_as_the_mirror_has_them() {
    let Some(mirror) = mirror_folder("official_frames_of_the_mirror_are_prepared_as_the_mirror_has_them")
    else {
        return;
    };
    let (gtsrb, names) = (mirror.join("gtsrb"), Set::Gtsrb.files().unwrap());
    let output = tempfile::tempdir().unwrap();
    bal_data::gtsrb::prepare(&zips_in(&gtsrb.join("official-sample")), output.path(), None, &mut |_| {})
        .unwrap();
    let u8s = |name: &str, whole: bool| {
        idx::read_u8(&if whole { gtsrb.join(name) } else { output.path().join(name) }).unwrap().values
    };
    // The sample has frames 0, 12 and 24 of tracks 0 and 1 of each class, and the first 150 test frames.
    let mut chosen = Vec::new();
    let mut start = 0;
    for (images, _, _) in SIGNS {
        chosen.extend([0, 12, 24, 30, 42, 54].map(|frame| start + frame));
        start += images;
    }
    let first: Vec<usize> = (0..150).collect();
    let files = [
        (names.train_images, &chosen),
        (names.train_labels, &chosen),
        (names.test_images, &first),
        (names.test_labels, &first),
    ];
    for (name, indices) in files {
        assert_eq!(u8s(name, false), u8s(name, true).select(Axis(0), indices), "{name}");
    }
    let tracks = idx::read_i32(&output.path().join(names.train_tracks.unwrap())).unwrap().values;
    assert!(
        tracks.iter().zip([0, 0, 0, 1, 1, 1].into_iter().cycle()).all(|(&track, expected)| track == expected)
    );
}
