//! Exported splits come back as they were, GTSRB's frames too.

use std::io::Read;

use bal_data::own::{self, Conversion, Layout};
use bal_data::{OwnSettings, Set, Share, Split};
use ndarray::Array4;

use crate::own::Made;
use crate::support::names_in;

fn split(channels: usize) -> Split {
    let images =
        Array4::from_shape_fn((12, channels, 3, 4), |(n, c, y, x)| (20 * n + 5 * c + 4 * y + x) as u8);
    Split { images, labels: (0..12).map(|n| n / 6).collect(), groups: None, names: None }
}

fn classes() -> Vec<String> {
    vec!["left".to_owned(), "right".to_owned()]
}

#[test]
fn what_is_exported_is_read_back() {
    for channels in [1, 3] {
        let (made, split) = (Made::new(), split(channels));
        own::export(&split, &classes(), &made.at("set/train")).unwrap();
        own::export(&split, &classes(), &made.at("set/test")).unwrap();
        let own = own::load(&made.at("set"), &OwnSettings::default()).unwrap();
        assert_eq!(own.classes, classes());
        let unnamed = |split: &Split| Split { names: None, ..split.clone() };
        assert_eq!((unnamed(&own.dataset.train), unnamed(&own.dataset.test)), (split.clone(), split));
        assert_eq!(own.dataset.train.names.unwrap()[7], "train/right/07.png");
        assert_eq!(names_in(&made.at("set")), ["test", "train"]);
    }
}

#[test]
fn what_cannot_be_exported_leaves_nothing() {
    let made = Made::new();
    let error = |split: &Split, classes: &[&str], name: &str| {
        let classes: Vec<String> = classes.iter().map(|&class| class.to_owned()).collect();
        own::export(split, &classes, &made.at(name)).unwrap_err().to_string()
    };
    assert!(error(&split(2), &["a", "b"], "new").contains("2 channels"));
    assert!(error(&split(1), &["a"], "new").contains("label 1 is not in 0..1"));
    for class in ["", ".", "..", "../up", "a/b", ".hidden", "a\nb"] {
        assert!(error(&split(1), &["a", class], "new").contains("name of a folder"), "{class:?}");
    }
    // A class that is twice in the list fails after writing began.
    assert!(error(&split(1), &["a", "a"], "new").contains("cannot write"));
    assert_eq!(names_in(made.path()), Vec::<String>::new());
    made.write("old/a.txt", b"kept");
    assert!(error(&split(1), &["a", "b"], "old").contains("is there already"));
    assert_eq!(names_in(made.path()), ["old"]);
}

#[test]
fn mnist_goes_through_a_folder_unchanged() {
    let mnist = bal_data::load(Set::Mnist, &crate::support::datasets()).unwrap();
    let some = mnist.test.select(&(0..500).collect::<Vec<_>>());
    let (made, digits) = (Made::new(), (0..10).map(|digit| digit.to_string()).collect::<Vec<_>>());
    own::export(&some, &digits, &made.at("digits")).unwrap();
    let settings = OwnSettings { test_share: Share::Images(100), ..OwnSettings::default() };
    let own = own::load(&made.at("digits"), &settings).unwrap();
    assert_eq!((own.classes, own.report.layout), (digits, Layout::Folders));
    assert_eq!((own.dataset.train.len(), own.dataset.test.len()), (400, 100));
    let bytes = |split: &Split| -> Vec<(u16, Vec<u8>)> {
        split
            .labels
            .iter()
            .copied()
            .zip(split.images.outer_iter().map(|i| i.iter().copied().collect()))
            .collect()
    };
    let (mut before, mut after) =
        (bytes(&some), [bytes(&own.dataset.train), bytes(&own.dataset.test)].concat());
    before.sort();
    after.sort();
    assert_eq!(before, after);
}

#[test]
fn frames_of_gtsrb_in_a_plain_folder_become_the_prepared_images() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gtsrb");
    let made = Made::new();
    let frames = std::fs::File::open(fixtures.join("GTSRB_Final_Training_Images.zip")).unwrap();
    let mut frames = zip::ZipArchive::new(frames).unwrap();
    let mut count = 0;
    for at in 0..frames.len() {
        let mut entry = frames.by_index(at).unwrap();
        let name = entry.name().unwrap().into_owned();
        if let [.., class, file] = name.split('/').collect::<Vec<_>>()[..]
            && std::path::Path::new(file).extension().is_some_and(|end| end == "ppm")
        {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            // The same frames to train and to test on, so that none is drawn away.
            made.write(&format!("train/{class}/{file}"), &bytes);
            made.write(&format!("test/{class}/{file}"), &bytes);
            count += 1;
        }
    }
    let own = made.load_by(&OwnSettings { size: Some((32, 32)), ..OwnSettings::default() }).unwrap();
    let prepared = bal_data::idx::read_u8(&fixtures.join("train-images-idx4-ubyte.gz")).unwrap().values;
    let prepared: Array4<u8> = prepared.into_dimensionality().unwrap();
    assert_eq!(own.dataset.train.images, prepared.permuted_axes([0, 3, 1, 2]));
    assert!(own.report.conversions[&Conversion::Resized] <= 2 * count);
}
