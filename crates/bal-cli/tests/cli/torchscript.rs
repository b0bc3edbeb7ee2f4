//! `bal evaluate --torchscript`: networks of anybody's, sound and hostile, on the repository's MNIST.

use crate::small::{Small, stderr};
use bal_report::Evaluation;
use std::path::PathBuf;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn fixture(name: &str) -> String {
    let path = repository().join(format!("crates/bal-models/tests/fixtures/torchscript{name}.pt"));
    path.display().to_string()
}

/// The flags of an evaluation of these fixtures on MNIST.
pub(crate) fn flags(names: &[&str], more: &str) -> String {
    let files: Vec<String> = names.iter().map(|name| fixture(name)).collect();
    let data = repository().join("datasets");
    format!("evaluate --torchscript {} --data {} {more}", files.join(" "), data.display())
}

const ATTACK: &str = "--attack pgd --steps 3 --radius 0,0.05 --limit 100";

#[test]
fn an_ensemble_of_networks_evaluates_to_the_same_numbers_on_any_number_of_threads() {
    let small = Small::new();
    let evaluate = |threads: usize, file: &str| {
        let normalised = "--input-shape 1,28,28 --classes 10 --mean 0.1307 --std 0.3081";
        let more = format!("{ATTACK} {normalised} --threads {threads} --json {file}");
        small.succeed(&flags(&["", "-2"], &more));
        Evaluation::read(&small.path(file)).unwrap()
    };
    let (one, two) = (evaluate(1, "one.json"), evaluate(2, "two.json"));
    assert_eq!(one, two);
    assert_eq!((one.images, one.model.chains, one.model.architecture.as_deref()), (100, 2, None));
    assert_eq!(one.model.source, "torchscript.pt + torchscript-2.pt");
    assert_eq!(one.model.prediction, "mean-probability");
    assert!(one.reached[1].linf > 0.04 && one.reached[1].linf <= 0.05 + 1e-6);
    // Without normalisation the network sees other images.
    small.succeed(&flags(&["", "-2"], &format!("{ATTACK} --json plain.json")));
    assert_ne!(Evaluation::read(&small.path("plain.json")).unwrap().per_image, one.per_image);
}

#[test]
fn networks_that_cannot_be_attacked_are_refused_before_anything_is_written() {
    let small = Small::new();
    for (name, more, code, said) in [
        ("-classes", "--classes 10", 1, &["torchscript-classes.pt", "[8, 7]", "(--classes)"][..]),
        ("-classes", "", 1, &["torchscript-classes.pt", "7 classes", "image 0 of mnist is of class 7"]),
        ("", "--classes 7", 1, &["torchscript.pt", "[8, 10]", "[8, 7]"]),
        ("-nan", "", 1, &["torchscript-nan.pt", "not finite", "(--mean, --std)"]),
        ("-constant", "", 1, &["torchscript-constant.pt", "ignores its input"]),
        ("-tuple", "", 1, &["torchscript-tuple.pt", "tuple"]),
        ("-colour", "", 1, &["torchscript-colour.pt", "1,28,28"]),
        ("-flat", "", 1, &["torchscript-flat.pt", "shape [80]"]),
        ("-integers", "", 1, &["torchscript-integers.pt", "Int64"]),
        ("-raises", "", 1, &["torchscript-raises.pt", "nothing here"]),
        ("-double", "", 1, &["torchscript-double.pt", "model.float()"]),
        ("-weights", "", 1, &["torchscript-weights.pt", "state_dict", "torch.jit.script"]),
        ("-nowhere", "", 1, &["torchscript-nowhere.pt", "cannot read"]),
        (
            "",
            "--input-shape 28,28,1",
            1,
            &["images of shape 28,28,1 are asked for", "1,28,28", "channels, height, width"],
        ),
        ("", "--input-shape 28,28", 2, &["--input-shape", "1,28,28"]),
        ("", "--input-shape 0,28,28", 2, &["--input-shape"]),
        ("", "--classes 1", 2, &["--classes"]),
        ("", "--std 0", 2, &["--std", "above 0"]),
        ("", "--std -1", 2, &["--std", "above 0"]),
        ("", "--mean nan", 2, &["--mean", "not finite"]),
        ("", "--mean x", 2, &["--mean"]),
        ("", "--mean 0.1,0.2,0.3", 1, &["--mean", "3 numbers", "1 channels"]),
        ("", "--weights w.safetensors", 2, &["cannot be used with"]),
        ("", "--architecture cnn", 2, &["--architecture", "cannot be used with"]),
        ("", "--held-out", 2, &["--held-out", "cannot be used with"]),
    ] {
        let before = small.listing();
        let output = small.bal(&flags(&[name], &format!("{ATTACK} {more} --json out.json")));
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{name} {more}: {error}");
        assert!(said.iter().all(|part| error.contains(part)), "{name} {more}: {said:?} in {error}");
        assert!(!error.contains("panicked") && !error.contains("internal fault"), "{error}");
        assert!(code == 2 || error.lines().count() == 1, "{error}");
        assert_eq!(before, small.listing(), "{name} {more}");
    }
    for arguments in
        ["run --mean 0.5", "run --classes 10", "run --torchscript x.pt", "--weights w --held-out"]
    {
        let output = small.bal(&format!("evaluate {arguments} {ATTACK}"));
        assert_eq!(output.status.code(), Some(2), "{arguments}");
    }
}

#[test]
fn checks_are_printed_before_the_table() {
    let small = Small::new();
    let output = small.succeed(&flags(&[""], &format!("{ATTACK} --check")));
    let lines: Vec<&str> = output.lines().collect();
    assert!(lines[0].starts_with("checks on 100 images, at linf radius 0.05: "), "{output}");
    let table = lines.iter().position(|line| line.starts_with("pgd on torchscript.pt")).unwrap();
    assert!(lines[1..table].iter().all(|line| line.contains("docs/evaluation.md#")), "{output}");
    small.succeed("train --experiment small.toml --out run");
    let output = small.succeed("evaluate run --attack cw-one-step --check");
    assert!(output.starts_with("checks on 40 images, at linf radius 0.1: "), "{output}");
}

#[test]
fn a_network_that_draws_random_numbers_is_told_and_attacked_over_its_draws() {
    let small = Small::new();
    let attack = "--attack autoattack-rand --repetitions 3 --steps 4 --radius 0,0.05,0.2 --limit 60";
    let output = small.succeed(&flags(&["-random"], &format!("{attack} --check --json rand.json")));
    assert!(output.lines().any(|line| line.contains("docs/evaluation.md#random-outputs")), "{output}");
    let found = Evaluation::read(&small.path("rand.json")).unwrap();
    assert_eq!((found.attack.as_str(), &found.settings["repetitions"]), ("autoattack-rand", &3.into()));
    // What is asked at the end is one more draw, so that numbers vary: an untrained network keeps some images when nothing is
    // added, and next to none at a radius of .2.
    assert!(found.accuracy[0] > 0.0 && found.accuracy[0] > found.accuracy[2], "{:?}", found.accuracy);
    assert!(found.reached[2].linf <= 0.2 + 1e-6, "{:?}", found.reached);
    // A network that draws nothing is not said to.
    let output = small.succeed(&flags(&[""], &format!("{ATTACK} --check")));
    assert!(!output.contains("#random-outputs"), "{output}");
}

#[test]
fn files_of_weights_are_one_ensemble() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    let file = "run/posterior.safetensors";
    let evaluate = |files: &str, json: &str| {
        small.succeed(&format!("evaluate --weights {files} --attack fgsm --radius 0,0.1 --json {json}"));
        Evaluation::read(&small.path(json)).unwrap()
    };
    let (once, twice) = (evaluate(file, "once.json"), evaluate(&format!("{file} {file}"), "twice.json"));
    assert_eq!(twice.model.chains, 2 * once.model.chains);
    assert_eq!(once.per_image.correct, twice.per_image.correct);
    assert_eq!(twice.model.source, "posterior.safetensors + posterior.safetensors");
}
