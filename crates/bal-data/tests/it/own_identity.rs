//! What an image is decides its side and its label: not what lies beside it, how a name is written, or in which order.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use bal_data::own::{self, ClassOrder, Equal};
use bal_data::{Own, OwnSettings, Share};

use crate::own::{Made, gray, png, skipping};

/// Names of the images on both sides.
fn sides(own: &Own) -> [BTreeSet<String>; 2] {
    [&own.dataset.train, &own.dataset.test].map(|part| part.names.clone().unwrap().into_iter().collect())
}

fn with_classes(classes: &[&str]) -> OwnSettings {
    let classes = classes.iter().map(|&class| class.to_owned()).collect();
    OwnSettings { classes: Some(classes), ..OwnSettings::default() }
}

#[test]
fn no_file_changes_sides_when_others_come_go_or_move() {
    let made = Made::of_classes(&[("a", 40), ("b", 40)]);
    let [train, test] = sides(&made.load().unwrap());
    assert_eq!((train.len() + test.len(), train.is_disjoint(&test)), (80, true));
    for at in 0..10 {
        fs::remove_file(made.at(&format!("a/{at}.png"))).unwrap();
        made.write(&format!("b/new{at}.png"), &png(&gray(6, 5, 200 + at)));
    }
    fs::rename(made.at("a/20.png"), made.at("a/renamed.png")).unwrap();
    let after = made.load_by(&OwnSettings { size: Some((3, 3)), ..OwnSettings::default() }).unwrap();
    let [train_after, test_after] = sides(&after);
    assert!(train.is_disjoint(&test_after) && test.is_disjoint(&train_after));
    assert_eq!(train.contains("a/20.png"), train_after.contains("a/renamed.png"));
    assert_eq!(train_after.len() + test_after.len(), 80);
}

/// The rule in the words of the documentation, computed again here.
#[test]
fn a_side_can_be_told_from_the_file_alone() {
    let made = Made::of_classes(&[("a", 30), ("b", 30)]);
    for (share, seed) in [(0.2, 0), (0.5, 9)] {
        let own = made
            .load_by(&OwnSettings { test_share: Share::Fraction(share), seed, ..OwnSettings::default() })
            .unwrap();
        for (side, names) in sides(&own).into_iter().enumerate() {
            for name in names {
                let digest = bal_data::Digest::of(&fs::read(made.at(&name)).unwrap()).to_string();
                let bytes: Vec<u8> =
                    (0..32).map(|at| u8::from_str_radix(&digest[2 * at..2 * at + 2], 16).unwrap()).collect();
                let text = [b"side of a drawn split, version 1\n", &seed.to_le_bytes()[..], &bytes].concat();
                let number = u64::from_str_radix(&bal_data::Digest::of(&text).to_string()[..16], 16).unwrap();
                assert_eq!(number as f64 / 2_f64.powi(64) < share, side == 1, "{name}");
            }
        }
    }
}

#[test]
fn a_list_says_the_order_of_classes_and_a_file_beside_them_does() {
    let made = Made::of_classes(&[("10", 3), ("9", 3), ("1", 3)]);
    let own = made.load().unwrap();
    assert_eq!(
        (&own.classes[..], own.report.order),
        (&["1", "9", "10"].map(str::to_owned)[..], ClassOrder::Numbers)
    );
    let note = own.report.order_note().unwrap();
    assert!(note.contains("(1, 9, 10, ..)") && note.contains("would be 1, 10, 9"), "{note}");
    assert!(own.report.to_string().contains(&note));
    let own = made.load_by(&with_classes(&["10", "1", "9"])).unwrap();
    assert_eq!(
        (&own.classes[..], own.report.order),
        (&["10", "1", "9"].map(str::to_owned)[..], ClassOrder::Given)
    );
    assert_eq!(own.report.order_note(), None);
    let labels: BTreeSet<(String, u16)> = [&own.dataset.train, &own.dataset.test]
        .into_iter()
        .flat_map(|part| part.names.clone().unwrap().into_iter().zip(part.labels.clone()))
        .map(|(name, label)| (name.split('/').next().unwrap().to_owned(), label))
        .collect();
    assert_eq!(labels, [("10", 0), ("1", 1), ("9", 2)].map(|(name, label)| (name.to_owned(), label)).into());

    made.write("classes.txt", b"9\n10\n1\n");
    let own = made.load().unwrap();
    assert_eq!(
        (&own.classes[..], own.report.order),
        (&["9", "10", "1"].map(str::to_owned)[..], ClassOrder::Given)
    );
    assert!(own.report.ignored.is_empty());
    made.write("classes.txt", b"9\n10\n");
    let error = made.error();
    assert!(error.contains("classes.txt: class \"1\" is none of the 2 classes"), "{error}");
    made.write("classes.txt", b"9\n10\n1\n2\n");
    assert!(made.error().contains("class \"2\" has no image"));
    // The settings win over the file.
    assert_eq!(made.load_by(&with_classes(&["1", "9", "10"])).unwrap().classes, ["1", "9", "10"]);
    for (list, expected) in [
        (&["1", "9"][..], "class \"10\" is none of the 2 classes that are known: \"1\", \"9\""),
        (&["1", "9", "10", "1"], "class \"1\" is there twice"),
    ] {
        let error = made.error_by(&with_classes(list));
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn what_has_some_classes_or_no_training_part_can_be_tested_on() {
    let known = with_classes(&["oak", "ash", "elm"]);
    let some = Made::of_classes(&[("ash", 1), ("elm", 2)]);
    let labelled = own::load_labelled(some.path(), &known).unwrap();
    assert_eq!(labelled.images.labels, [1, 2, 2]);
    assert_eq!(labelled.images.names.unwrap(), ["ash/0.png", "elm/0.png", "elm/1.png"]);
    assert_eq!((labelled.classes, labelled.report.test), (known.classes.clone().unwrap(), vec![0, 1, 2]));
    assert!(labelled.report.train.iter().all(|&count| count == 0));
    // A folder test/ alone, and one beside others: those are to test on.
    for folders in [
        &[("test/elm", 1)][..],
        &[("test/elm", 1), ("train/oak", 2), ("val/ash", 2)],
        &[("val/elm", 1)],
        &[("Validation/elm", 1), ("train/oak", 2)],
    ] {
        let made = Made::of_classes(folders);
        let labelled = own::load_labelled(made.path(), &known).unwrap();
        assert_eq!(labelled.images.labels, [2], "{folders:?}");
        assert!(made.error_by(&OwnSettings::default()).len() > 10);
    }
    // The digest is that of the same images as the test part of a data set.
    let made = Made::of_classes(&[("train/oak", 2), ("train/ash", 2), ("train/elm", 2), ("test/elm", 2)]);
    let whole = made.load_by(&known).unwrap();
    assert_eq!(own::load_labelled(made.path(), &known).unwrap().digest, whole.dataset.digests["test"]);

    let stranger = Made::of_classes(&[("ash", 1), ("fir", 2)]);
    let error = own::load_labelled(stranger.path(), &known).unwrap_err().to_string();
    assert!(
        error.contains("class \"fir\" is none of the 3 classes that are known: \"oak\", \"ash\", \"elm\""),
        "{error}"
    );
    // A class that is not tested on does not matter.
    let made = Made::of_classes(&[("train/fir", 2), ("train/ash", 2), ("test/ash", 1)]);
    assert_eq!(own::load_labelled(made.path(), &known).unwrap().images.labels, [1]);
    // Without a list classes are those of all parts together, as in training.
    let made = Made::of_classes(&[("train/ash", 2), ("train/elm", 2), ("test/elm", 2)]);
    assert_eq!(own::load_labelled(made.path(), &OwnSettings::default()).unwrap().images.labels, [1, 1]);
    fs::create_dir(made.at("test/ash")).unwrap();
    assert_eq!(own::load_labelled(made.path(), &OwnSettings::default()).unwrap().images.labels, [1, 1]);
    for at in 0..2 {
        fs::remove_file(made.at(&format!("test/elm/{at}.png"))).unwrap();
    }
    let error = own::load_labelled(made.path(), &OwnSettings::default()).unwrap_err().to_string();
    assert!(error.contains("there is no image that can be used"), "{error}");
}

#[test]
fn equal_images_are_counted_and_many_of_them_are_a_warning() {
    let made = Made::of_classes(&[("a", 20), ("b", 20)]);
    let own = made.load().unwrap();
    assert_eq!((own.report.equal, own.report.warnings()), (Equal::default(), vec![]));
    // Equal as files, and equal only once they are read.
    fs::copy(made.at("a/0.png"), made.at("b/copy.png")).unwrap();
    let own = made.load().unwrap();
    assert_eq!((own.report.equal.images, own.report.equal.of_another_class), (2, 2));
    assert_eq!(own.report.warnings(), ["2 images are equal to an image of another class"]);
    // With a split that is given, copies may be on both sides.
    let given = Made::of_classes(&[("train/a", 2), ("train/b", 20), ("test/b", 1)]);
    fs::copy(given.at("train/a/0.png"), given.at("test/b/copy.png")).unwrap();
    let warnings = given.load().unwrap().report.warnings();
    assert_eq!(warnings[1..], ["1 test images are equal to training images"]);
    let glass = image::GrayAlphaImage::from_fn(6, 5, |x, _| image::LumaA([0, u8::from(x == 0)]));
    for at in 0..10 {
        let mut drawing = glass.clone();
        // Ink that cannot be seen.
        drawing.put_pixel(1, 1, image::LumaA([at, 0]));
        made.write(&format!("a/glass{at}.png"), &png(&drawing.into()));
    }
    let own = made.load().unwrap();
    assert_eq!(own.report.equal.images, 12);
    let warnings = own.report.warnings();
    assert!(warnings[0].starts_with("12 of 51 images are equal to another one"), "{warnings:?}");
    let text = own.report.to_string();
    assert!(text.contains("10 laid on white where transparent"), "{text}");
    assert!(text.contains("12 equal to another one") && text.contains("warning: 12 of 51"), "{text}");
    assert!(own.report.note().unwrap().starts_with("of 51 images 10 laid on white"));
}

#[test]
fn names_in_both_unicode_forms_are_one_name() {
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
    let made = Made::of_classes(&[(&format!("train/{composed}")[..], 3), ("train/tea", 3)]);
    made.write(&format!("test/{decomposed}/0.png"), &png(&gray(6, 5, 90)));
    let own = made.load().unwrap();
    assert_eq!(own.classes, [composed, "tea"]);
    assert_eq!(
        (own.dataset.test.labels.clone(), own.dataset.test.names.clone().unwrap()),
        (vec![0], vec![format!("test/{composed}/0.png")])
    );
    // The same, written in the other form, has the same digests.
    let other = Made::of_classes(&[(&format!("train/{decomposed}")[..], 3), ("train/tea", 3)]);
    other.write(&format!("test/{composed}/0.png"), &png(&gray(6, 5, 90)));
    assert_eq!(other.load().unwrap().dataset.digests, own.dataset.digests);
    other.write(&format!("train/{composed}/0.png"), b"");
    let error = other.error();
    assert!(
        error.contains(
            "has the folders \"cafe\\u{301}\" and \"caf\\u{e9}\", two forms of one name; merge them"
        ),
        "{error}"
    );
}

#[test]
fn a_table_finds_files_in_either_unicode_form() {
    for (on_disk, written) in [("cafe\u{301}", "caf\u{e9}"), ("caf\u{e9}", "cafe\u{301}")] {
        let made = Made::new();
        let mut table = "path,label\n".to_owned();
        for at in 0..4 {
            made.write(&format!("{on_disk}/{on_disk}{at}.png"), &png(&gray(6, 5, at as u8)));
            writeln!(table, "{written}/{written}{at}.png,{}", if at < 2 { written } else { "tea" }).unwrap();
        }
        made.write("images.csv", table.as_bytes());
        let own = made.load().unwrap();
        assert_eq!(own.classes, ["caf\u{e9}", "tea"]);
        assert!(own.dataset.train.names.unwrap().iter().all(|name| name.starts_with("caf\u{e9}/caf\u{e9}")));
        // A row may not name the file again in the other form.
        writeln!(table, "{on_disk}/{on_disk}0.png,tea").unwrap();
        made.write("images.csv", table.as_bytes());
        assert!(made.error().contains("is in line 2 already"), "{}", made.error());
    }
}

#[test]
fn more_than_256_classes_are_numbered() {
    let folders: Vec<(String, usize)> = (0..300).map(|class| (format!("class{class:03}"), 2)).collect();
    let folders: Vec<(&str, usize)> = folders.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    let made = Made::new();
    for (at, (folder, count)) in folders.iter().enumerate() {
        for image in 0..*count {
            made.write(&format!("{folder}/{image}.png"), &png(&gray(3, 2 + image as u32, at as u8)));
        }
    }
    let own = made
        .load_by(&OwnSettings {
            size: Some((2, 2)),
            bad_files: skipping().bad_files,
            ..OwnSettings::default()
        })
        .unwrap();
    assert_eq!((own.classes.len(), own.dataset.classes), (300, 300));
    assert_eq!(own.dataset.train.labels.iter().max(), Some(&299));
    assert_eq!(own.dataset.train.len() + own.dataset.test.len(), 600);
}
