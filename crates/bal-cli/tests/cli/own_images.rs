//! Training and attacking on a folder of images.

use crate::small::{Small, stderr};
use bal_report::Record;
use image::{Rgb, RgbImage};
use std::{fs, path::Path};

/// Images of three colours, a folder each.
fn photos(small: &Small, folder: &str, classes: [&str; 3], each: u32) {
    for (class, name) in classes.into_iter().enumerate() {
        let folder = small.path(folder).join(name);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..each {
            let image = RgbImage::from_fn(10, 12, |x, y| {
                let mut colour = [(x * 7 + y * 5 + number * 11) as u8 % 60; 3];
                colour[class] = 200;
                Rgb(colour)
            });
            image.save(folder.join(format!("{number}.png"))).unwrap();
        }
    }
}

const FRUIT: [&str; 3] = ["apple", "banana", "plum"];
const TRAIN: &str =
    "train --experiment small.toml --set held_out=3 --set bal.samples=last --out run --dataset";

#[test]
fn a_posterior_of_a_folder_knows_its_classes_and_is_attacked_on_its_own_test_images() {
    let small = Small::new();
    photos(&small, "fruit", FRUIT, 20);
    let output = small.bal(&format!("{TRAIN} fruit"));
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    let record = Record::read(&small.path("run/record.json")).unwrap();
    // Which of the 60 are tested on follows from the bytes of their files.
    let tested = record.dataset.test_images;
    let split = format!("{} training and {tested} test images, 3 classes, 12x10 pixels, RGB", 60 - tested);
    for part in [&split, "in 3 classes", "weights"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!((3..30).contains(&tested), "{tested}");
    assert_eq!((record.name.as_str(), record.dataset.train_images), ("fruit-small", 57 - tested));
    assert!(record.dataset.files.contains_key("train"));
    let bytes = fs::read(small.path("run/posterior.safetensors")).unwrap();
    let header = String::from_utf8_lossy(&bytes[..2000]).into_owned();
    for part in ["3,12,10", "apple", "banana", "plum"] {
        assert!(header.contains(part), "{header}");
    }

    // Without --dataset the run's own test images; of images that are new to it all, if they come without a split.
    let own = small.succeed("evaluate run --attack fgsm --radius 0,0.05 --json own.json");
    assert!(own.contains("fgsm"), "{own}");
    photos(&small, "more", FRUIT, 24);
    for (class, number) in FRUIT.iter().flat_map(|class| (0..20).map(move |number| (class, number))) {
        fs::remove_file(small.path(&format!("more/{class}/{number}.png"))).unwrap();
    }
    small.succeed(
        "evaluate run --dataset more --attack fgsm --radius 0 --json more.json --save more.safetensors",
    );
    small.succeed("evaluate run --verify more.safetensors");
    let images = |file: &str| bal_report::Evaluation::read(&small.path(file)).unwrap().images;
    assert_eq!((images("own.json"), images("more.json")), (tested, 12));

    // Where the folder is does not matter to a run that goes on.
    small.succeed("train --resume --out run");
}

#[test]
fn images_that_do_not_fit_are_refused_before_anything_is_written() {
    let small = Small::new();
    photos(&small, "fruit", FRUIT, 6);
    fs::write(small.path("fruit/plum/7.png"), "no image").unwrap();
    photos(&small, "one", FRUIT, 6);
    fs::create_dir(small.path("one/quince")).unwrap();
    fs::copy(small.path("one/plum/1.png"), small.path("one/quince/1.png")).unwrap();
    photos(&small, "empty", FRUIT, 6);
    fs::create_dir(small.path("empty/quince")).unwrap();
    let before = small.listing();
    for (arguments, said) in [
        (format!("{TRAIN} nowhere"), "there is no data set nowhere"),
        (format!("{TRAIN} fruit"), "7.png"),
        (format!("{TRAIN} one"), "quince"),
        (format!("{TRAIN} empty"), "quince"),
        (format!("{TRAIN} fruit --skip-bad-files --image-size 2,2"), "at least 4 pixels"),
        (format!("{TRAIN} fruit --channels 4"), "1 (gray) or 3 (RGB)"),
        (format!("{TRAIN} fruit --test-share 1.5"), "1.5"),
        (format!("{TRAIN} mnist --channels 1"), "of your own only"),
        ("train --experiment small.toml --image-size 8,8".into(), "--dataset"),
    ] {
        let output = small.bal(&arguments);
        let error = stderr(&output);
        assert!(!output.status.success() && error.contains(said), "{arguments}: {error}");
        assert!(!error.contains("panicked") && !error.contains("internal fault"), "{error}");
        assert_eq!(before, small.listing(), "{arguments}");
    }
    small.succeed(&format!("{TRAIN} fruit --skip-bad-files"));
    photos(&small, "trees", ["ash", "beech", "oak"], 3);
    let output = small.bal("evaluate run --dataset trees --attack fgsm --radius 0");
    let error = stderr(&output);
    assert!(error.contains("fruit-small cannot be tested on"), "{error}");
    assert!(error.contains("class \"ash\" is none of the 3 classes that are known: \"apple\""), "{error}");
}

/// One training for much that is said of it: parts, litter, the order of classes, how colours are read.
#[test]
fn what_is_held_out_left_alone_and_converted_is_said_once_and_kept_by_the_run() {
    let small = Small::new();
    photos(&small, "set/train", FRUIT, 8);
    photos(&small, "set/val", FRUIT, 3);
    photos(&small, "set/test", FRUIT, 4);
    for litter in ["Thumbs.db", "train/plum/Thumbs.db", "train/desktop.ini"] {
        fs::write(small.path("set").join(litter), "").unwrap();
    }
    fs::write(small.path("names.txt"), "plum\nbanana\napple\n").unwrap();
    let output = small.bal(&format!("{TRAIN} set --channels 1 --gray luma --class-names names.txt"));
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    for part in [
        "24 training, 9 held-out and 12 test images, 3 classes, 12x10 pixels, gray",
        "45 made gray by their luma",
        "3 ignored: Thumbs.db (2 times), train/desktop.ini",
        "9 images are held out as the data have them; none are drawn",
    ] {
        assert_eq!(said.matches(part).count(), 1, "{part}: {said}");
    }
    let record = Record::read(&small.path("run/record.json")).unwrap();
    assert_eq!(record.dataset.train_images, 24);
    assert_eq!(record.dataset.classes.unwrap(), ["plum", "banana", "apple"]);
    assert_eq!(
        (&record.experiment["held_out"], &record.experiment["images"]["gray"]),
        (&9.into(), &"luma".into())
    );
    let images = |file: &str| bal_report::Evaluation::read(&small.path(file)).unwrap().images;
    let evaluate = |flags: &str| {
        let output = small.bal(&format!("evaluate run {flags} --attack fgsm --radius 0 --json e.json"));
        assert!(output.status.success(), "{flags}: {}", stderr(&output));
        (images("e.json"), stderr(&output))
    };
    assert_eq!(evaluate("--held-out").0, 9);
    let (tested, said) = evaluate("--per-image rows.csv");
    assert_eq!((tested, said.matches("of 12 images 12 made gray by their luma").count()), (12, 1), "{said}");
    let rows = fs::read_to_string(small.path("rows.csv")).unwrap();
    let files: Vec<&str> = rows.lines().map(|row| row.rsplit(',').next().unwrap()).collect();
    assert_eq!(files[..3], ["file", "test/plum/0.png", "test/plum/1.png"]);

    // A folder with some of the classes: labels are found by name.
    photos(&small, "some/test", ["apple", "plum", "banana"], 2);
    fs::remove_dir_all(small.path("some/test/plum")).unwrap();
    assert_eq!(evaluate("--dataset some --per-image rows.csv").0, 4);
    let rows = fs::read_to_string(small.path("rows.csv")).unwrap();
    let labels: Vec<&str> = rows.lines().skip(1).map(|row| row.split(',').nth(1).unwrap()).collect();
    assert_eq!(labels, ["1", "1", "2", "2"]);

    // Colours as the run reads them, also of single files.
    let predicted = small.succeed("predict run set/test/plum/0.png --json");
    assert!(predicted.contains("\"conversions\":[\"to-luma\"]"), "{predicted}");
    for (arguments, expected) in [
        ("predict run set/test/plum/0.png --gray mean", "was trained on images with gray = luma"),
        ("evaluate run --gray luma --attack fgsm --radius 0", "cannot be used with"),
        (&format!("{TRAIN} set --gray green"), "known are mean and luma"),
    ] {
        let output = small.bal(arguments);
        assert!(!output.status.success() && stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

#[test]
fn a_way_out_is_named_only_by_commands_that_have_it() {
    let small = Small::new();
    photos(&small, "fruit", FRUIT, 4);
    fs::write(small.path("fruit/plum/7.webp"), "no image").unwrap();
    for (arguments, said) in [
        (format!("{TRAIN} fruit"), "; --skip-bad-files leaves them out and lists them"),
        (format!("{TRAIN} fruit --skip-bad-files --test-share 2"), "; --test-share sets another"),
        (
            "evaluate --weights posterior.safetensors --dataset fruit --attack fgsm --radius 0".into(),
            "repair or remove what is bad\n",
        ),
    ] {
        let weights =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/fig1/erm/posterior.safetensors");
        fs::copy(weights, small.path("posterior.safetensors")).unwrap();
        let error = stderr(&small.bal(&arguments));
        assert!(error.contains(said), "{arguments}: {error}");
        assert!(arguments.starts_with("train") || !error.contains("--skip"), "{error}");
    }
    fs::remove_file(small.path("fruit/plum/7.webp")).unwrap();
    RgbImage::new(10, 11).save(small.path("fruit/plum/7.png")).unwrap();
    let error = stderr(&small.bal(&format!("{TRAIN} fruit")));
    assert!(error.contains("plum/7.png has 11x10; --image-size H,W resizes all"), "{error}");
}

/// PNGs of a class lie together, so batches are other ones: the weights differ as those of two seeds do.
#[test]
fn a_data_set_written_as_pictures_trains_as_the_data_set_does() {
    let small = Small::new();
    let train = "train --experiment small.toml --set bal.samples=last --set held_out=0";
    small.succeed("export mnist --out digits");
    small.succeed(&format!("{train} --set train_images=300 --out direct"));
    let said = stderr(&small.bal(&format!("{train} --dataset digits --out pictures")));
    assert!(said.contains("300 training and 40 test images, 10 classes, 28x28 pixels, gray"), "{said}");
    let images = |run: &str| Record::read(&small.path(run).join("record.json")).unwrap().dataset;
    assert_eq!(images("direct").train_images, images("pictures").train_images);
    let accuracy = |run: &str, flags: &str| {
        small.succeed(&format!("evaluate {run} {flags} --attack fgsm --radius 0 --json {run}.json"));
        bal_report::Evaluation::read(&small.path(&format!("{run}.json"))).unwrap().accuracy[0]
    };
    let difference = accuracy("direct", "") - accuracy("pictures", "");
    assert!(difference.abs() <= 0.25, "{difference}");

    let output = small.bal("export mnist --out digits");
    assert!(stderr(&output).contains("there already"), "{}", stderr(&output));
    assert!(stderr(&small.bal("export photos --out p")).contains("photos"));
}
