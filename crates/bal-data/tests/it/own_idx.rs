//! IDX files of the user's own: gray and colour, one pair or two, tracks, and what is refused.

use std::fs;

use bal_data::own::{Conversion, Layout, SplitOrigin};
use bal_data::{OwnSettings, Set, idx};

use crate::own::Made;
use crate::support::{datasets, gz};

fn put(made: &Made, name: &str, dims: &[usize], values: &[u8]) {
    let mut bytes = Vec::new();
    idx::write_u8(&mut bytes, dims, values).unwrap();
    made.write(name, &if name.contains(".gz") { gz(&bytes, 1) } else { bytes });
}

/// Eight images of 2x3 pixels with labels 0, 1, 0, 1, ..
fn pair() -> Made {
    let made = Made::new();
    put(&made, "train-images-idx3-ubyte.gz", &[8, 2, 3], &(0..48).collect::<Vec<u8>>());
    put(&made, "train-labels-idx1-ubyte", &[8], &[0, 1, 0, 1, 0, 1, 0, 1]);
    made
}

#[test]
fn a_single_pair_is_divided() {
    let made = pair();
    made.write("LICENCE", b"");
    let own = made.load().unwrap();
    assert_eq!(own.report.layout, Layout::Idx);
    assert_eq!(
        (
            own.report.train.iter().sum::<usize>() + own.report.test.iter().sum::<usize>(),
            own.report.test.len()
        ),
        (8, 2)
    );
    assert!(own.report.train.iter().chain(&own.report.test).all(|&count| count > 0));
    assert_eq!(
        (own.classes, own.report.ignored),
        (vec!["0".to_owned(), "1".into()], vec!["LICENCE".to_owned()])
    );
    let names: Vec<&str> = own.dataset.digests.keys().map(String::as_str).collect();
    assert_eq!(names, ["test", "train", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"]);
    for (image, label) in own.dataset.train.images.outer_iter().zip(&own.dataset.train.labels) {
        assert_eq!(u16::from(image[[0, 0, 0]] / 6 % 2), *label);
    }
}

#[test]
fn colour_is_made_channels_first_and_gray_on_request() {
    let made = pair();
    fs::remove_file(made.at("train-images-idx3-ubyte.gz")).unwrap();
    put(&made, "train-images-idx4-ubyte", &[8, 1, 2, 3], &(0..48).collect::<Vec<u8>>());
    put(&made, "test-images-idx4-ubyte", &[1, 1, 2, 3], &[10, 20, 30, 0, 0, 1]);
    put(&made, "test-labels-idx1-ubyte", &[1], &[1]);
    let own = made.load().unwrap();
    assert_eq!(own.report.split, SplitOrigin::Given);
    assert_eq!(own.dataset.test.images.as_slice().unwrap(), [10, 0, 20, 0, 30, 1]);
    let gray = made.load_by(&OwnSettings { channels: Some(1), ..OwnSettings::default() }).unwrap();
    assert_eq!(gray.dataset.test.images.as_slice().unwrap(), [20, 0]);
    assert_eq!(gray.report.conversions[&Conversion::ToGray], 9);
}

#[test]
fn tracks_are_groups() {
    let made = pair();
    // Big-endian i32: tracks 0, 0, 0, 0, 1, 1, 1, 1, counted within each class.
    let tracks: Vec<u8> = [0_i32, 0, 0, 0, 1, 1, 1, 1].iter().flat_map(|track| track.to_be_bytes()).collect();
    made.write("train-tracks-idx1-int", &[&[0, 0, 0x0c, 1, 0, 0, 0, 8], &tracks[..]].concat());
    let own = made.load().unwrap();
    assert_eq!(own.report.split, SplitOrigin::Drawn { seed: 0, grouped: true });
    let groups = |part: &bal_data::Split| part.groups.clone().unwrap();
    assert_eq!(own.report.test, [2, 2]);
    assert!(groups(&own.dataset.test).iter().all(|group| !groups(&own.dataset.train).contains(group)));
    put(&made, "t10k-images-idx3-ubyte", &[2, 2, 3], &[0; 12]);
    put(&made, "t10k-labels-idx1-ubyte", &[2], &[0, 1]);
    assert_eq!(groups(&made.load().unwrap().dataset.train), [0, 2, 0, 2, 1, 3, 1, 3]);
}

#[test]
fn mnist_in_its_own_files_is_mnist() {
    let made = Made::new();
    let names = Set::Mnist.files().unwrap();
    for name in names.all() {
        fs::copy(datasets().join("mnist").join(name), made.at(name)).unwrap();
    }
    let (own, mnist) = (made.load().unwrap(), bal_data::load(Set::Mnist, &datasets()).unwrap());
    assert_eq!((own.dataset.train, own.dataset.test), (mnist.train, mnist.test));
    assert!(mnist.digests.iter().all(|(name, digest)| own.dataset.digests[name] == *digest));
}

#[test]
fn pairs_that_cannot_be_used_are_refused() {
    type Change = fn(&Made);
    let cases: &[(&str, Change, &str)] = &[
        (
            "no labels",
            |m| fs::remove_file(m.at("train-labels-idx1-ubyte")).unwrap(),
            "has no train-labels-idx1-ubyte",
        ),
        ("twice", |m| put(m, "train-labels-idx1-ubyte.gz", &[1], &[0]), "remove one"),
        ("fewer labels", |m| put(m, "train-labels-idx1-ubyte", &[7], &[0; 7]), "has 7 entries, but"),
        ("a matrix of labels", |m| put(m, "train-labels-idx1-ubyte", &[8, 1], &[0; 8]), "expected [n]"),
        ("one class", |m| put(m, "train-labels-idx1-ubyte", &[8], &[0; 8]), "only one class"),
        ("no images", |m| put(m, "train-images-idx3-ubyte.gz", &[0, 2, 3], &[]), "none of them 0"),
        (
            "two channels",
            |m| {
                fs::remove_file(m.at("train-images-idx3-ubyte.gz")).unwrap();
                put(m, "train-images-idx4-ubyte", &[8, 1, 3, 2], &[0; 48]);
            },
            "[n, h, w, 3]",
        ),
        ("both ranks", |m| put(m, "train-images-idx4-ubyte", &[8, 1, 2, 3], &[0; 48]), "has both"),
        (
            "test pair of another size",
            |m| {
                put(m, "t10k-images-idx3-ubyte", &[1, 3, 3], &[0; 9]);
                put(m, "t10k-labels-idx1-ubyte", &[1], &[0]);
            },
            "train/0 has 2x3, t10k/0 has 3x3; set a size",
        ),
        (
            "a test label of no class",
            |m| {
                put(m, "t10k-images-idx3-ubyte", &[1, 2, 3], &[0; 6]);
                put(m, "t10k-labels-idx1-ubyte", &[1], &[5]);
            },
            "label 5, which no training image has",
        ),
        (
            "two test pairs",
            |m| {
                m.write("t10k-labels-idx1-ubyte", b"");
                m.write("test-labels-idx1-ubyte", b"");
            },
            "both t10k-.. and test-..",
        ),
        ("cut", |m| m.write("train-images-idx3-ubyte.gz", b"\0\0\x08\x03\0\0\0\x08"), "ends at byte 8"),
        (
            "a lying header",
            |m| {
                m.write("train-images-idx3-ubyte.gz", &[&[0, 0, 8, 3][..], &[0xff; 12]].concat());
            },
            "declare more than",
        ),
    ];
    for (name, change, expected) in cases {
        let made = pair();
        change(&made);
        let error = made.error();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn torchvisions_folders_are_found_with_the_compressed_files_beside() {
    let made = Made::new();
    let pixels = (0..48).collect::<Vec<u8>>();
    for folder in ["MNIST/raw", "raw"] {
        if folder == "raw" {
            fs::rename(made.at("MNIST/raw"), made.at("raw")).unwrap();
            fs::remove_dir(made.at("MNIST")).unwrap();
        } else {
            put(&made, &format!("{folder}/train-images-idx3-ubyte"), &[8, 2, 3], &pixels);
            put(&made, &format!("{folder}/train-images-idx3-ubyte.gz"), &[8, 2, 3], &pixels);
            put(&made, &format!("{folder}/train-labels-idx1-ubyte"), &[8], &[0, 1, 0, 1, 0, 1, 0, 1]);
        }
        let own = made.load().unwrap();
        assert_eq!((own.report.layout, own.dataset.train.len() + own.dataset.test.len()), (Layout::Idx, 8));
        assert_eq!(own.report.path, made.at(folder));
        assert_eq!(
            own.report.remarks,
            ["train-images-idx3-ubyte.gz holds the same as its plain form, which was read"]
        );
        if folder == "MNIST/raw" {
            assert_eq!(own.dataset.name, "MNIST");
        }
    }
    put(&made, "raw/train-images-idx3-ubyte.gz", &[8, 2, 3], &[0; 48]);
    assert!(
        made.error().contains("train-images-idx3-ubyte and train-images-idx3-ubyte.gz differ; remove one")
    );
    put(&made, "Other/raw/train-images-idx3-ubyte.gz", &[8, 2, 3], &[0; 48]);
    assert!(
        made.error().contains("has IDX files in Other/raw and raw; give the path of one"),
        "{}",
        made.error()
    );
}

#[test]
fn names_with_dots_and_those_of_emnist_are_found_and_labels_that_occur_are_the_classes() {
    let made = Made::new();
    put(&made, "train-images.idx3-ubyte", &[8, 2, 3], &(0..48).collect::<Vec<u8>>());
    put(&made, "train-labels.idx1-ubyte.gz", &[8], &[1, 2, 26, 1, 2, 26, 1, 2]);
    made.write("train-images-idx3-ubyte/train-images-idx3-ubyte", b"");
    let own = made.load().unwrap();
    assert_eq!(own.classes, ["1", "2", "26"]);
    assert_eq!(own.report.remarks, ["3 labels occur, from 1 to 26; classes are called by them"]);
    assert_eq!(own.report.ignored, ["train-images-idx3-ubyte"]);

    let emnist = Made::new();
    for set in ["letters", "digits"] {
        put(
            &emnist,
            &format!("emnist-{set}-train-images-idx3-ubyte"),
            &[4, 2, 3],
            &(0..24).collect::<Vec<u8>>(),
        );
        put(&emnist, &format!("emnist-{set}-train-labels-idx1-ubyte"), &[4], &[1, 2, 1, 2]);
        put(&emnist, &format!("emnist-{set}-test-images-idx3-ubyte"), &[2, 2, 3], &[9; 12]);
        put(&emnist, &format!("emnist-{set}-test-labels-idx1-ubyte"), &[2], &[2, 1]);
    }
    let error = emnist.error();
    assert!(
        error.contains("several data sets in IDX files (emnist-digits-.., emnist-letters-..)"),
        "{error}"
    );
    let path = emnist.at("emnist-letters-train-images-idx3-ubyte");
    let own = bal_data::own::load(&path, &OwnSettings::default()).unwrap();
    assert_eq!(
        (own.dataset.name.as_str(), &own.classes[..]),
        ("emnist-letters", &["1".to_owned(), "2".to_owned()][..])
    );
    assert_eq!(own.dataset.test.labels, [1, 0]);
}

#[test]
fn test_files_alone_can_be_tested_on() {
    let made = Made::new();
    put(&made, "t10k-images-idx3-ubyte", &[3, 2, 3], &(0..18).collect::<Vec<u8>>());
    put(&made, "t10k-labels-idx1-ubyte", &[3], &[4, 2, 4]);
    assert!(made.error().contains("has no train-images-idx3-ubyte or train-images-idx4-ubyte"));
    let by = |classes: Option<&[&str]>| {
        let classes = classes.map(|classes| classes.iter().map(|&class| class.to_owned()).collect());
        bal_data::own::load_labelled(made.path(), &OwnSettings { classes, ..OwnSettings::default() })
    };
    assert_eq!(by(Some(&["0", "2", "4"])).unwrap().images.labels, [2, 1, 2]);
    // Without any list the numbers of classes would depend on which of them are there.
    let error = by(None).unwrap_err().to_string();
    assert!(error.contains("no image has label 3") && error.contains("list the classes"), "{error}");
    put(&made, "train-labels-idx1-ubyte", &[2], &[0, 4]);
    put(&made, "train-images-idx3-ubyte", &[2, 2, 3], &[0; 12]);
    assert!(
        by(None).unwrap_err().to_string().contains("a test image has label 2, which no training image has")
    );
}
