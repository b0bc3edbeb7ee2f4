//! What a model was trained on is not what it is tested on, wherever the images lie.

use crate::{
    small::{Small, stderr},
    torchscript::flags,
};
use bal_models::read_run_images;
use bal_report::{CalibrationReport, Evaluation, Record, Split};
use image::{GrayImage, Luma};
use std::{fs, path::Path};

/// Learns images by heart: of noise nothing else can be learned.
const BY_HEART: &str = r#"
name = "mnist-heart"
dataset = "mnist"
architecture = "cnn"
precision = "fp32"
seed = 1
train_images = 80
held_out = 0
checkpoint_every = 1000

[erm]
schedule = { epochs = 40, batch_size = 20, last_batch = "keep" }
adam = { step_size = 1e-3 }
"#;

const TREES: [&str; 4] = ["ash", "beech", "elm", "oak"];

/// Images of pure noise, each its own.
fn noise(folder: &Path, numbers: std::ops::Range<u32>) {
    fs::create_dir_all(folder).unwrap();
    let class =
        folder.file_name().unwrap().to_string_lossy().bytes().fold(7, |sum, b| sum * 31 + u64::from(b));
    for number in numbers {
        let mut state = class * 1_000_003 + u64::from(number);
        let mut draw = || {
            // Knuth's generator, of which the upper bits are random enough.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..8).for_each(|_| {
            draw();
        });
        let image = GrayImage::from_fn(12, 12, |_, _| Luma([draw()]));
        image.save(folder.join(format!("{number:03}.png"))).unwrap();
    }
}

/// A run that knows 100 images of noise by heart but for those that it is tested on.
fn learned(held_out: usize) -> Small {
    let small = Small::new();
    for tree in TREES {
        noise(&small.path("noise").join(tree), 0..25);
    }
    fs::write(small.path("heart.toml"), BY_HEART).unwrap();
    small.succeed(&format!(
        "train --experiment heart.toml --set held_out={held_out} --dataset noise --out run"
    ));
    small
}

/// What `bal evaluate` says of the images as they are, and the evaluation.
fn evaluate(small: &Small, arguments: &str) -> (String, Evaluation) {
    let output = small.bal(&format!("evaluate {arguments} --attack fgsm --radius 0 --json out.json"));
    assert!(output.status.success(), "{arguments}: {}", stderr(&output));
    (stderr(&output), Evaluation::read(&small.path("out.json")).unwrap())
}

fn refused(small: &Small, arguments: &str) -> String {
    let output = small.bal(&format!("evaluate {arguments} --attack fgsm --radius 0"));
    assert_eq!(output.status.code(), Some(1), "{arguments}: {}", stderr(&output));
    stderr(&output)
}

/// Of each image whether it is classified rightly.
fn right(evaluation: &Evaluation) -> &str {
    &evaluation.per_image.correct[0]
}

fn trained_on(evaluation: &Evaluation) -> Option<u64> {
    evaluation.image_set.as_ref().unwrap().trained_on
}

#[test]
fn training_images_are_not_tested_on_whatever_comes_goes_or_moves() {
    let small = learned(0);
    let images = read_run_images(&small.path("run/data.safetensors")).unwrap();
    assert_eq!((images.train.images.len(), images.test.images.len(), images.given), (80, 20, false));
    let record = Record::read(&small.path("run/record.json")).unwrap();
    for (part, of) in images.parts() {
        assert_eq!(record.dataset.parts[part], of.digest);
    }
    assert_eq!(record.dataset.classes.unwrap(), TREES);
    let (said, as_trained) = evaluate(&small, "run");
    assert!(!said.contains("note"), "{said}");
    assert_eq!((as_trained.images, trained_on(&as_trained)), (20, Some(0)));
    assert!(as_trained.accuracy[0] < 0.75, "{:?}", as_trained.accuracy);
    assert_eq!(as_trained.image_set.as_ref().unwrap().digest, images.test.digest);

    // One more: the own test images first, as they were, then the new one.
    noise(&small.path("noise/ash"), 25..26);
    let (said, more) = evaluate(&small, "run");
    assert!(said.contains("note: of the 101 images of "), "{said}");
    assert!(
        said.contains(
            "noise-heart was trained on 80, which are left out; 20 are its own test images; 1 is new"
        ),
        "{said}"
    );
    assert_eq!((more.images, trained_on(&more)), (21, Some(0)));
    assert_eq!(&right(&more)[..20], right(&as_trained));
    fs::remove_file(small.path("noise/ash/025.png")).unwrap();

    // Elsewhere, and called otherwise.
    fs::rename(small.path("noise"), small.path("b\u{e4}ume \u{6797}")).unwrap();
    let gone = refused(&small, "run");
    assert!(gone.contains("are not at") && gone.contains("--dataset"), "{gone}");
    for (tree, number) in TREES.iter().zip(0..) {
        let folder = small.path("b\u{e4}ume \u{6797}").join(tree);
        fs::rename(folder.join("000.png"), folder.join(format!("z {number}.png"))).unwrap();
    }
    let mut command = small.command("evaluate run --attack fgsm --radius 0 --json out.json --dataset");
    let output = command.arg("b\u{e4}ume \u{6797}").output().unwrap();
    assert!(
        output.status.success() && stderr(&output).contains("20 are its own test images"),
        "{}",
        stderr(&output)
    );
    let moved = Evaluation::read(&small.path("out.json")).unwrap();
    assert_eq!((right(&moved), &moved.image_set), (right(&as_trained), &as_trained.image_set));
    fs::rename(small.path("b\u{e4}ume \u{6797}"), small.path("moved")).unwrap();

    // By a file of weights in the run's folder; anywhere else nothing is known, and that is said.
    let (_, weights) = evaluate(&small, "--weights run/posterior.safetensors --dataset moved");
    assert_eq!((right(&weights), trained_on(&weights)), (right(&as_trained), Some(0)));
    fs::copy(small.path("run/posterior.safetensors"), small.path("w.safetensors")).unwrap();
    let (said, weights) = evaluate(&small, "--weights w.safetensors --dataset moved");
    assert!(said.contains("all its 100 images") && said.contains("cannot be told"), "{said}");
    assert_eq!((weights.images, trained_on(&weights)), (100, None));

    // Calibration and pages follow.
    small.succeed("calibrate run --dataset moved --json c.json");
    let calibration = CalibrationReport::read(&small.path("c.json")).unwrap();
    assert_eq!((calibration.images, &calibration.image_set), (20, &as_trained.image_set));
    small.succeed("report run --dataset moved --images 100 --attacked 4 --out page.html");
    assert!(fs::read_to_string(small.path("page.html")).unwrap().contains("of 20</td>"));
}

#[test]
fn training_images_are_tested_on_where_they_are_asked_for_by_name() {
    let small = learned(8);
    let (_, test) = evaluate(&small, "run");
    let (_, training) = evaluate(&small, "run --training-images");
    assert_eq!((training.split, training.images, trained_on(&training)), (Split::Train, 72, Some(72)));
    assert!(training.accuracy[0] > 0.9 && test.accuracy[0] < 0.75, "{:?}", training.accuracy);
    let (_, held_out) = evaluate(&small, "run --held-out");
    assert_eq!((held_out.split, held_out.images, trained_on(&held_out)), (Split::HeldOut, 8, Some(0)));
    assert_eq!(Record::read(&small.path("run/record.json")).unwrap().held_out, Some(held_out.accuracy[0]));

    // Elsewhere, some of them.
    fs::rename(small.path("noise"), small.path("moved")).unwrap();
    for flag in ["--training-images", "--held-out"] {
        let (_, moved) = evaluate(&small, &format!("run {flag} --dataset moved"));
        let then = if flag == "--held-out" { &held_out } else { &training };
        assert_eq!((right(&moved), &moved.image_set), (right(then), &then.image_set), "{flag}");
    }
    fs::remove_dir_all(small.path("moved/oak")).unwrap();
    let (said, some) = evaluate(&small, "run --training-images --dataset moved");
    assert!(said.contains("note: of the 72 images that noise-heart was trained on,"), "{said}");
    assert!(some.accuracy[0] > 0.9 && some.images < 72, "{:?}", some.accuracy);

    for arguments in ["run --training-images --held-out", "--weights w --training-images"] {
        let output = small.bal(&format!("evaluate {arguments} --attack fgsm --radius 0"));
        assert_eq!(output.status.code(), Some(2), "{arguments}");
    }
}

/// A run divides the same images otherwise than the one whose weights it starts from.
#[test]
fn what_the_start_was_trained_on_is_not_tested_on_either() {
    let small = learned(0);
    let start = read_run_images(&small.path("run/data.safetensors")).unwrap();
    fs::write(small.path("second.toml"), format!("{BY_HEART}\n[start]\nexperiment = \"heart.toml\"\n"))
        .unwrap();
    let train = "train --experiment second.toml --set erm.schedule.epochs=1 --start run --split-seed 1 --dataset noise";
    let output = small.bal(&format!("{train} --out second"));
    let said = stderr(&output);
    let images = read_run_images(&small.path("second/data.safetensors")).unwrap();
    let tested = images.test.images.iter().filter(|image| start.train.images.contains(image)).count();
    assert!(tested > 5 && tested < images.test.images.len(), "{tested}");
    assert!(
        said.contains(&format!("noise-heart, which the run starts from, was trained on {tested} of the ")),
        "{said}"
    );
    assert_eq!(images.start.len(), tested);
    let (said, evaluation) = evaluate(&small, "second");
    assert_eq!(
        (evaluation.images as usize, trained_on(&evaluation)),
        (images.test.images.len() - tested, Some(0))
    );
    let left = images.test.images.len() - tested;
    let note = format!("which are left out; {left} are of its own {} test images", images.test.images.len());
    assert!(said.contains(&note), "{said}");
}

#[test]
fn test_images_that_somebody_named_are_tested_on_and_copies_of_training_images_are_told() {
    let small = Small::new();
    for tree in TREES {
        noise(&small.path("noise/train").join(tree), 0..20);
        noise(&small.path("noise/test").join(tree), 20..25);
    }
    // The same image twice, on both sides, when it was trained.
    fs::copy(small.path("noise/train/oak/000.png"), small.path("noise/test/oak/copy.png")).unwrap();
    fs::write(small.path("heart.toml"), BY_HEART).unwrap();
    small.succeed("train --experiment heart.toml --dataset noise --out run");
    let (said, as_trained) = evaluate(&small, "run");
    assert!(said.contains("warning: 1 of the 21 test images of ") && said.contains("are copies"), "{said}");
    assert_eq!((as_trained.images, trained_on(&as_trained)), (21, Some(1)));

    // One that was trained on and put among the test images since.
    fs::rename(small.path("noise/train/ash/003.png"), small.path("noise/test/ash/003.png")).unwrap();
    let (said, since) = evaluate(&small, "run");
    assert!(said.contains("noise-heart was trained on 1, which are left out; 21 are its own"), "{said}");
    assert_eq!((right(&since), &since.image_set), (right(&as_trained), &as_trained.image_set));

    // The part to test on alone, which does not say that it is one, and the part to train on alone.
    let (said, alone) = evaluate(&small, "run --dataset noise/test");
    assert!(said.contains("was trained on 2, which are left out; 20 are of its own 21"), "{said}");
    assert_eq!((right(&alone), trained_on(&alone)), (&right(&as_trained)[..20], Some(0)));
    let nothing = refused(&small, "run --dataset noise/train");
    for part in ["noise-heart was trained on all 79 images of ", "--dataset", "--training-images"] {
        assert!(nothing.contains(part), "{part}: {nothing}");
    }
    let (_, training) = evaluate(&small, "run --dataset noise/train --training-images");
    assert_eq!((training.split, training.images), (Split::Train, 79));
}

#[test]
fn a_run_of_before_its_images_were_kept_is_tested_only_where_they_are_as_they_were() {
    let small = learned(0);
    let (_, as_trained) = evaluate(&small, "run");
    fs::remove_file(small.path("run/data.safetensors")).unwrap();
    let (said, of_before) = evaluate(&small, "run");
    assert!(!said.contains("note") && !said.contains("warning"), "{said}");
    assert_eq!((right(&of_before), trained_on(&of_before)), (right(&as_trained), None));
    fs::create_dir(small.path("copy")).unwrap();
    for tree in TREES {
        noise(&small.path("copy").join(tree), 0..25);
    }
    let (said, copy) = evaluate(&small, "run --dataset copy");
    assert!(said.contains("all its 100 images are tested on") && said.contains("cannot be told"), "{said}");
    assert_eq!(trained_on(&copy), None);
    noise(&small.path("noise/ash"), 25..26);
    let error = refused(&small, "run");
    assert!(
        error.contains("is not as it was when noise-heart was trained") && error.lines().count() == 1,
        "{error}"
    );
    // Of another run, it is not believed.
    small.succeed("train --experiment heart.toml --dataset noise --out other");
    fs::copy(small.path("other/data.safetensors"), small.path("run/data.safetensors")).unwrap();
    assert!(refused(&small, "run").contains("is damaged or of another run"));
}

#[test]
fn images_that_changed_are_refused_where_results_are_kept_of_the_others() {
    let small = learned(0);
    // Saved images are found again where they lie now.
    small.succeed("evaluate run --attack fgsm --radius 0,0.05 --json a.json --save x.safetensors");
    small.succeed("report run --evaluation a.json --images 20 --attacked 4 --out page.html");
    fs::rename(small.path("noise"), small.path("moved")).unwrap();
    let said = small.succeed("evaluate run --verify x.safetensors --dataset moved");
    assert!(said.contains("verified: 40 images"), "{said}");
    fs::rename(small.path("moved"), small.path("noise")).unwrap();

    // A page takes evaluations of the images that the run is tested on now.
    fs::remove_dir_all(small.path("noise/oak")).unwrap();
    let output = small.bal("report run --evaluation a.json --images 20 --attacked 4 --out page.html");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("a.json is of other images than noise-heart is tested on now"),
        "{}",
        stderr(&output)
    );
}

/// The repository's MNIST as pictures, so many for each part.
fn digits(small: &Small, count: usize) {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
    small.succeed(&format!("export mnist --data {} --limit {count} --out digits", data.display()));
}

#[test]
fn a_half_done_evaluation_goes_on_with_the_same_images_only() {
    let small = Small::new();
    digits(&small, 192);
    let evaluate = flags(
        &[""],
        "--dataset digits --input-shape 1,28,28 --attack pgd --steps 30 --radius 0.1 --threads 1 --json out.json",
    );
    let first = small.path("out.json.partial/shard-00000.safetensors");
    assert!(small.kill_when(&evaluate, || first.is_file()), "it ended before it was killed");
    // An image of the last shard, which is not attacked yet.
    let class = small.path("digits/test/9");
    let image = fs::read_dir(&class).unwrap().next().unwrap().unwrap().path();
    let as_it_was = fs::read(&image).unwrap();
    let other = small.path("digits/test/8");
    fs::copy(fs::read_dir(&other).unwrap().next().unwrap().unwrap().path(), &image).unwrap();
    let output = small.bal(&evaluate);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("its digest of the images is"), "{}", stderr(&output));
    // Put back, and the folder called otherwise: the same images.
    fs::write(&image, as_it_was).unwrap();
    fs::rename(small.path("digits"), small.path("moved")).unwrap();
    let output = small.bal(&evaluate.replace("--dataset digits", "--dataset moved"));
    assert!(output.status.success() && stderr(&output).contains("going on where"), "{}", stderr(&output));
}

#[test]
fn classes_are_told_by_their_names_and_doubt_is_said_where_there_are_none() {
    let small = learned(0);
    // Two of the four classes, at a place that has no others.
    for tree in ["beech", "oak"] {
        noise(&small.path("two").join(tree), 0..25);
    }
    let (_, two) = evaluate(&small, "run --training-images --dataset two");
    assert!(two.accuracy[0] > 0.9, "{:?}", two.accuracy);
    assert_eq!(two.image_set.as_ref().unwrap().classes.as_ref().unwrap(), &TREES);
    noise(&small.path("others/oak"), 0..3);
    noise(&small.path("others/palm"), 0..3);
    let error = refused(&small, "run --dataset others");
    assert!(error.contains("palm") && error.contains("ash"), "{error}");

    // A network without names: which output is meant is a guess, unless a file says it.
    digits(&small, 100);
    let of = |dataset: &str, more: &str| {
        let attack = "--attack fgsm --radius 0 --json out.json";
        let arguments = flags(&[""], &format!("--dataset {dataset} --input-shape 1,28,28 {attack} {more}"));
        let output = small.bal(&arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        (stderr(&output), Evaluation::read(&small.path("out.json")).unwrap())
    };
    let (said, all) = of("digits", "");
    assert!(!said.contains("warning"), "{said}");
    for digit in ["3", "7"] {
        fs::create_dir_all(small.path("some/test").join(digit)).unwrap();
        for file in fs::read_dir(small.path("digits/test").join(digit)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), small.path("some/test").join(digit).join(file.file_name())).unwrap();
        }
    }
    let (said, guessed) = of("some", "");
    assert!(
        said.contains("has 10 outputs") && said.contains("2 classes") && said.contains("--class-names"),
        "{said}"
    );
    fs::write(small.path("names.txt"), "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n").unwrap();
    let (said, named) = of("some", "--class-names names.txt");
    assert!(!said.contains("warning"), "{said}");
    let labels = |digit: &str| fs::read_dir(small.path("digits/test").join(digit)).unwrap().count();
    let before = |digit: usize| (0..digit).map(|digit| labels(&digit.to_string())).sum::<usize>();
    let of_digit = |digit: usize| &right(&all)[before(digit)..before(digit + 1)];
    assert_eq!(right(&named), [of_digit(3), of_digit(7)].concat());
    assert_eq!(guessed.images, named.images);
    assert_ne!(guessed.image_set.unwrap().digest, named.image_set.unwrap().digest);
}
