//! Folders of classes: what is read, in which order, and which layouts are refused.

use std::fs;

use bal_data::own::{self, Layout, SplitOrigin};
use bal_data::{OwnSettings, Share};

use crate::own::{Made, gray, png, skipping};

fn drawn() -> SplitOrigin {
    SplitOrigin::Drawn { seed: 0, grouped: false }
}

#[test]
fn classes_are_folders_and_a_split_is_drawn() {
    let made = Made::of_classes(&[("dog", 10), ("cat", 20)]);
    let own = made.load().unwrap();
    assert_eq!(own.classes, ["cat", "dog"]);
    assert_eq!((own.report.layout, own.report.split), (Layout::Folders, drawn()));
    for (class, images) in [20, 10].into_iter().enumerate() {
        assert_eq!(own.report.train[class] + own.report.test[class], images);
        assert!(own.report.train[class] > 0 && own.report.test[class] > 0);
    }
    assert_eq!(own.dataset.train.images.dim(), (own.report.train.iter().sum(), 1, 5, 6));
    assert_eq!(own.dataset.train.groups, None);
    assert_eq!(own.dataset.name, made.path().file_name().unwrap().to_str().unwrap());
    assert!(own.report.conversions.is_empty() && own.report.skipped.is_empty());
    // The first pixels of cats start at 40, those of dogs at 0; every image is there once.
    let mut firsts = Vec::new();
    for part in [&own.dataset.train, &own.dataset.test] {
        for (image, &label) in part.images.outer_iter().zip(&part.labels) {
            assert_eq!(label, u16::from(image[[0, 0, 0]] < 40));
            firsts.push(image[[0, 0, 0]]);
        }
    }
    firsts.sort_unstable();
    assert_eq!(firsts, (0..10).chain(40..60).collect::<Vec<u8>>());
    let (train, test) = (own.dataset.train.len(), own.dataset.test.len());
    let first = format!("{train} training and {test} test images, 2 classes, 5x6 pixels, gray");
    assert!(own.report.to_string().contains(&first));
}

#[test]
fn digests_pin_the_split_and_the_pixels_and_not_the_place() {
    let folders = [("a", 8), ("b", 8)];
    let (one, two) = (Made::of_classes(&folders), Made::of_classes(&folders));
    let digests = |made: &Made, settings: OwnSettings| made.load_by(&settings).unwrap().dataset.digests;
    let by_default = digests(&one, OwnSettings::default());
    assert_eq!(by_default.keys().collect::<Vec<_>>(), ["test", "train"]);
    assert_eq!(by_default, digests(&two, OwnSettings::default()));
    assert_ne!(by_default, digests(&two, OwnSettings { seed: 1, ..OwnSettings::default() }));
    assert_ne!(by_default, digests(&two, OwnSettings { size: Some((3, 3)), ..OwnSettings::default() }));
    two.write("a/0.png", &png(&gray(6, 5, 99)));
    assert_ne!(by_default, digests(&two, OwnSettings::default()));
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let made = Made::of_classes(&[("a", 30), ("b", 30)]);
    let by = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| made.load().unwrap().dataset)
    };
    let (one, three) = (by(1), by(3));
    assert_eq!((one.train, one.test, one.digests), (three.train, three.test, three.digests));
}

#[test]
fn train_and_test_folders_are_the_split() {
    let made = Made::of_classes(&[("train/x", 3), ("train/y", 1), ("Test/y", 2)]);
    made.write("README.txt", b"about");
    made.write(".git/config", b"");
    made.write("train/.DS_Store", b"");
    made.write("train/x/.hidden.png", b"");
    let own = made.load().unwrap();
    assert_eq!(own.report.split, SplitOrigin::Given);
    assert_eq!((&own.report.train[..], &own.report.test[..]), (&[3, 1][..], &[0, 2][..]));
    assert_eq!(own.dataset.test.labels, [1, 1]);
    assert_eq!(own.report.ignored, [".git", "README.txt", "train/.DS_Store", "train/x/.hidden.png"]);
    let text = own.report.to_string();
    assert!(text.contains("classes without test image: 1") && text.contains("4 ignored"), "{text}");
}

#[test]
fn a_train_folder_alone_is_divided_and_one_of_images_is_a_class() {
    let own = Made::of_classes(&[("train/x", 5), ("train/y", 5)]).load().unwrap();
    assert_eq!((own.classes, own.report.split), (vec!["x".to_owned(), "y".to_owned()], drawn()));
    let own = Made::of_classes(&[("train", 5), ("car", 5)]).load().unwrap();
    assert_eq!(own.classes, ["car", "train"]);
}

#[test]
fn whole_numbers_are_classes_in_their_order() {
    let own = Made::of_classes(&[("10", 2), ("9", 2), ("0", 2)]).load().unwrap();
    assert_eq!(own.classes, ["0", "9", "10"]);
}

#[test]
fn holding_out_works_on_what_was_read() {
    let own = Made::of_classes(&[("a", 20), ("b", 20)]).load().unwrap();
    let holdout = own.dataset.train.holdout(Share::Images(7), 3).unwrap();
    assert_eq!((holdout.held_out.len(), holdout.kept.len()), (7, own.dataset.train.len() - 7));
}

#[test]
fn layouts_that_are_not_understood_are_refused_with_the_way_out() {
    type Change = fn(&Made);
    let cases: &[(&str, Change, &str)] = &[
        ("an empty class", |made| fs::create_dir(made.at("c")).unwrap(), "c: an empty class"),
        (
            "a class of one image",
            |made| made.write("c/0.png", &png(&gray(6, 5, 0))),
            "class \"c\" has one image",
        ),
        ("classes by case", |made| made.write("A/0.png", b""), "\"A\" and \"a\" differ in case only"),
        ("a nested folder", |made| made.write("a/more/0.png", b""), "a: holds the folder more"),
        (
            "an image beside",
            |made| made.write("loose.jpg", b""),
            "loose.jpg lies beside the folders of classes",
        ),
        (
            "a text in a class",
            |made| made.write("a/notes.txt", b"x"),
            "a/notes.txt: is not named as an image",
        ),
        (
            "parts beside classes",
            |made| {
                made.write("train/a/0.png", b"");
                made.write("val/a/0.png", b"");
            },
            "has train/ with folders in it and also a/",
        ),
        ("a test part alone", |made| made.write("test/a/0.png", b""), "has test/ but no train/"),
        (
            "tables and IDX",
            |made| {
                made.write("images.csv", b"");
                made.write("train-images-idx3-ubyte", b"");
            },
            "more than one data set found: 1 table (images.csv), 1 IDX file (train-images-idx3-ubyte), 2 folders (a, ..)",
        ),
        (
            "two tables",
            |made| {
                made.write("images.csv", b"");
                made.write("labels.csv", b"");
            },
            "both images.csv and labels.csv",
        ),
        (
            "a name of two lines",
            |made| made.write("b\nc/0.png", b""),
            "has a folder b\\nc that has a name with control characters",
        ),
    ];
    for (name, change, expected) in cases {
        let made = Made::of_classes(&[("a", 3), ("b", 3)]);
        change(&made);
        let error = made.error();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let error = Made::of_classes(&[("train/a", 2), ("train/b", 2), ("test/c", 1)]).error();
    assert!(error.contains("test/c: is not the name of a class in train/"), "{error}");
    let error = Made::of_classes(&[("train", 2), ("test", 2)]).error();
    assert!(error.contains("train/<class>/"), "{error}");
    let made = Made::of_classes(&[("train/a", 2), ("train/b", 2)]);
    fs::create_dir_all(made.at("test/a")).unwrap();
    assert!(made.error().contains("there is no test image"));
    let error = Made::of_classes(&[("only", 5)]).error();
    assert!(error.contains("only one class, \"only\""), "{error}");
}

#[test]
fn nothing_is_no_data_set() {
    let made = Made::new();
    assert!(made.error().contains("no data set found") && made.error().ends_with("there is nothing"));
    made.write("train.csv", b"");
    assert!(made.error().ends_with("there is 1 other file (train.csv)"));
    let error = own::load(&made.at("absent"), &OwnSettings::default()).unwrap_err().to_string();
    assert!(error.contains("absent"), "{error}");
    made.write("a.zip", b"");
    let error = own::load(&made.at("a.zip"), &OwnSettings::default()).unwrap_err().to_string();
    assert!(error.contains("neither a folder, nor a table (.csv, .tsv, .txt), nor an IDX file"), "{error}");
}

#[test]
fn a_layout_that_is_told_has_to_be_there() {
    let made = Made::of_classes(&[("a", 3), ("b", 3)]);
    made.write("images.csv", b"path,label\na/0.png,u\na/1.png,u\nb/0.png,v\nb/1.png,v\n");
    let told = |layout| OwnSettings { layout: Some(layout), ..OwnSettings::default() };
    // A table wins over the folders that its images are in.
    assert_eq!(made.load().unwrap().classes, ["u", "v"]);
    assert_eq!(made.load_by(&told(Layout::Csv)).unwrap().classes, ["u", "v"]);
    assert_eq!(made.load_by(&told(Layout::Folders)).unwrap().classes, ["a", "b"]);
    assert!(made.error_by(&told(Layout::Idx)).contains("the layout is set to idx, but there is 1 table"));
    for layout in Layout::ALL {
        assert_eq!(layout.name().parse::<Layout>().unwrap(), layout);
    }
    assert!("png".parse::<Layout>().unwrap_err().contains("folders, idx and csv"));
}

#[test]
fn skipped_files_are_listed_and_a_class_may_not_vanish_by_them() {
    let made = Made::of_classes(&[("a", 5), ("b", 5)]);
    made.write("a/notes.txt", b"x");
    made.write("a/9.png", b"no image");
    let error = made.error();
    assert!(error.contains("a/notes.txt: is not named as an image"), "{error}");
    let own = made.load_by(&skipping()).unwrap();
    let skipped: Vec<&str> = own.report.skipped.iter().map(|bad| bad.file.as_str()).collect();
    assert_eq!(skipped, ["a/notes.txt", "a/9.png"]);
    assert_eq!(own.dataset.train.len() + own.dataset.test.len(), 10);
    assert!(own.report.to_string().contains("2 skipped: a/notes.txt: "));
    for at in 0..5 {
        made.write(&format!("b/{at}.png"), b"");
    }
    assert!(made.error().contains("other bad files"));
    assert!(made.error_by(&skipping()).contains("class \"b\" has no image that can be used"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let made = Made::of_classes(&[("a", 3), ("b", 3)]);
    fs::create_dir(made.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"))).unwrap();
    let error = made.error();
    assert!(error.contains("has a folder caf\\xe9 that has a name that is not UTF-8; rename it"), "{error}");
    fs::remove_dir(made.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"))).unwrap();
    // A file among images is a bad one, beside the classes it is left alone.
    fs::write(made.path().join(std::ffi::OsStr::from_bytes(b"not\xe9s")), "").unwrap();
    fs::write(made.path().join("a").join(std::ffi::OsStr::from_bytes(b"caf\xe9.png")), "").unwrap();
    let error = made.error();
    assert!(error.contains("a/caf\\xe9.png: has a name that is not UTF-8"), "{error}");
    let report = made.load_by(&skipping()).unwrap().report;
    assert_eq!((report.skipped.len(), &report.ignored[..]), (1, &["not\\xe9s".to_owned()][..]));
}

#[cfg(unix)]
#[test]
fn links_are_followed_to_files_only() {
    use std::os::unix::fs::symlink;
    let made = Made::of_classes(&[("a", 3), ("b", 3)]);
    symlink("0.png", made.at("a/7.png")).unwrap();
    assert_eq!(made.load().unwrap().report.images(), 7);
    // A class may be a link to a folder.
    let elsewhere = Made::of_classes(&[("c", 3)]);
    symlink(elsewhere.at("c"), made.at("c")).unwrap();
    assert_eq!(made.load().unwrap().classes, ["a", "b", "c"]);
    symlink("/dev/zero", made.at("a/8.png")).unwrap();
    assert!(made.error().contains("a/8.png: is not a file"));
    fs::remove_file(made.at("a/8.png")).unwrap();
    symlink("nowhere.png", made.at("a/9.png")).unwrap();
    assert!(made.error().contains("a/9.png: cannot read"));
}

#[test]
fn litter_is_left_alone_and_named_once() {
    let made = Made::of_classes(&[("a", 4), ("b", 4)]);
    for name in [
        "Thumbs.db",
        "a/Thumbs.db",
        "b/Thumbs.db",
        "a/desktop.ini",
        "__MACOSX/a/._0.png",
        "@eaDir/a.jpg",
        "a/@eaDir/0.png",
        ".ipynb_checkpoints/x.png",
        "lost+found/y",
    ] {
        made.write(name, b"litter");
    }
    let own = made.load().unwrap();
    assert_eq!((own.classes, own.report.skipped), (vec!["a".to_owned(), "b".to_owned()], vec![]));
    assert_eq!(own.report.ignored.len(), 9);
    let text = made.load().unwrap().report.to_string();
    assert!(text.contains("9 ignored: Thumbs.db (3 times), @eaDir (2 times), "), "{text}");
}

#[test]
fn val_is_put_apart_beside_train_and_test_and_is_the_test_without_one() {
    for val in ["val", "valid", "Validation"] {
        let val = |class: &str| format!("{val}/{class}");
        let (of_x, of_y) = (val("x"), val("y"));
        let made = Made::of_classes(&[
            ("train/x", 3),
            ("train/y", 3),
            (&of_x[..], 2),
            (&of_y[..], 1),
            ("test/y", 2),
        ]);
        made.write("README.md", b"");
        let own = made.load().unwrap();
        assert_eq!(
            (&own.report.train[..], &own.report.held_out[..], &own.report.test[..]),
            (&[3, 3][..], &[2, 1][..], &[0, 2][..])
        );
        let held_out = own.dataset.held_out.unwrap();
        assert_eq!(
            (&held_out.labels[..], &held_out.names.unwrap()[2]),
            (&[0, 0, 1][..], &format!("{of_y}/0.png"))
        );
        assert_eq!(own.dataset.digests.keys().collect::<Vec<_>>(), ["held-out", "test", "train"]);
        assert!(own.report.to_string().contains("6 training, 3 held-out and 2 test images"));
        fs::remove_dir_all(made.at("test")).unwrap();
        let own = made.load().unwrap();
        assert_eq!((own.dataset.held_out, &own.dataset.test.labels[..]), (None, &[0, 0, 1][..]));
        let folder = of_x.split('/').next().unwrap();
        assert_eq!(own.report.remarks, [format!("{folder}/ is tested on, as there is no test part")]);
        assert_eq!(own.report.split, SplitOrigin::Given);
    }
    let own = Made::of_classes(&[("training/x", 2), ("training/y", 2), ("testing/x", 1)]).load().unwrap();
    assert_eq!((own.report.train, own.report.test), (vec![2, 2], vec![1, 0]));
    let error = Made::of_classes(&[("train/x", 2), ("val/x", 2), ("valid/x", 1)]).error();
    assert!(error.contains("has both val/ and valid/; merge or rename them"), "{error}");
    let error = Made::of_classes(&[("a", 2), ("b", 2), ("val/a", 1)]).error();
    assert!(error.contains("has val/ but no train/"), "{error}");
}

#[test]
fn a_class_of_files_that_are_not_read_says_what_they_are() {
    let made = Made::of_classes(&[("a", 4)]);
    for at in 0..3 {
        made.write(&format!("b/{at}.heic"), b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
    }
    let error = made.error();
    assert!(error.contains("b/0.heic: is a HEIC image, which is not read; convert it to PNG"), "{error}");
    assert!(error.contains("(and 2 other bad files)"), "{error}");
    made.write("a/notes.txt", b"x");
    let error = made.error_by(&skipping());
    assert!(error.contains("class \"b\" has no image that can be used; 4 files were left out, such as \"b/0.heic\": is a HEIC"), "{error}");
    fs::remove_dir_all(made.at("b")).unwrap();
    made.write("b/0.dat", &png(&gray(6, 5, 0)));
    fs::remove_file(made.at("a/notes.txt")).unwrap();
    assert!(
        made.error().contains("b/0.dat: is a PNG file, but not named as an image (.png, "),
        "{}",
        made.error()
    );
}

#[test]
fn a_turned_image_in_a_message_about_sizes_is_said_to_be_turned() {
    use crate::own::chunk;
    let exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let made = Made::of_classes(&[("a", 3), ("b", 3)]);
    let plain = png(&gray(6, 5, 77));
    made.write("b/9.png", &[&plain[..33], &chunk(*b"eXIf", exif), &plain[33..]].concat());
    let error = made.error();
    assert!(
        error.ends_with("a/0.png has 5x6, b/9.png has 6x5 (turned upright, as its EXIF data say); set a size, to resize all"),
        "{error}"
    );
}

#[test]
fn a_refusal_names_the_setting_that_would_help_apart_from_the_fault() {
    use bal_data::own::Remedy;
    let made = Made::of_classes(&[("a", 3), ("b", 3)]);
    made.write("b/9.png", &png(&gray(7, 5, 0)));
    let error = made.load().unwrap_err();
    assert_eq!(error.remedy(), Some(Remedy::Size));
    assert!(
        error.fault().ends_with("b/9.png has 5x7")
            && error.to_string().ends_with("; set a size, to resize all")
    );
    made.write("b/9.png", b"");
    let error = made.load().unwrap_err();
    assert_eq!(error.remedy(), Some(Remedy::BadFiles));
    assert!(error.fault().ends_with("repair or remove what is bad"));
}
