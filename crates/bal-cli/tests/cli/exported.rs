//! A network that PyTorch exported, under attack.

use crate::small::{Small, stderr};
use std::{fs, path::PathBuf};

/// Three kinds of networks for images of 3 x 16 x 16 in ten classes.
fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../bal-models/tests/fixtures/exported-{name}.pt2"))
}

/// A folder with colour images of 16 x 16 in ten classes, and the networks.
fn photographs() -> Small {
    let small = Small::new();
    for class in 0..10u8 {
        let folder = small.path(&format!("photographs/test/{class}"));
        fs::create_dir_all(&folder).unwrap();
        for number in 0..4u8 {
            let pixels = (0..3 * 16 * 16u32)
                .map(|i| ((i * 7 + u32::from(class) * 31 + u32::from(number)) % 256) as u8);
            let bytes = [b"P6 16 16 255\n".to_vec(), pixels.collect()].concat();
            fs::write(folder.join(format!("{number}.ppm")), bytes).unwrap();
        }
    }
    for name in ["cnn", "residual", "transformer"] {
        fs::copy(fixture(name), small.path(&format!("{name}.pt2"))).unwrap();
    }
    small
}

#[test]
fn an_exported_program_is_evaluated_calibrated_and_verified_with_the_same_bits_on_any_threads() {
    let small = photographs();
    for name in ["cnn", "residual", "transformer"] {
        let attack = "--attack autoattack --radius 0.01,0.03 --steps 3 --queries 5";
        let model = format!("--pt2 {name}.pt2 --dataset photographs --mean 0.5 --std 0.25");
        small.succeed(&format!("evaluate {model} {attack} --threads 1 --json one.json --save one.npz"));
        small.succeed(&format!("evaluate {model} {attack} --threads 3 --json three.json"));
        let [one, three] = ["one.json", "three.json"].map(|file| fs::read(small.path(file)).unwrap());
        assert!(one == three, "{name}");
        let said = small.succeed(&format!("evaluate {model} --verify one.npz"));
        assert!(said.contains("verified: 80 images"), "{said}");
        small.succeed(&format!("calibrate {model} --radius 0.01 --steps 2"));
    }
}

#[test]
fn programs_are_members_of_an_ensemble_and_surrogates_of_each_other() {
    let small = photographs();
    small.succeed(
        "evaluate --pt2 cnn.pt2 residual.pt2 --dataset photographs --attack fgsm --radius 0.01 --json e.json",
    );
    assert!(fs::read_to_string(small.path("e.json")).unwrap().contains("\"chains\": 2"));
    small.succeed(
        "evaluate --pt2 cnn.pt2 --surrogate transformer.pt2 --dataset photographs --attack pgd --steps 2 --radius 0.01",
    );
    small.succeed(
        "transfer cnn.pt2 residual.pt2 --dataset photographs --attack fgsm --radius 0.01 --json t.json",
    );
}

#[test]
fn a_file_of_another_kind_is_named_with_the_flag_that_it_wants() {
    let small = photographs();
    let script =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../bal-models/tests/fixtures/torchscript.pt");
    fs::copy(script, small.path("script.pt")).unwrap();
    fs::copy(fixture("cnn"), small.path("program.pt")).unwrap();
    let attack = "--dataset photographs --attack fgsm --radius 0.01";
    for (arguments, expected) in [
        ("--pt2 script.pt", "script.pt is TorchScript, and an exported program is wanted"),
        ("--pt2 script.pt", "--torchscript script.pt"),
        ("--torchscript program.pt", "program.pt is an exported program, and TorchScript is wanted"),
        ("--torchscript cnn.pt2", "--pt2 cnn.pt2"),
        ("cnn.pt2", "--pt2 cnn.pt2"),
        ("--pt2 cnn.pt2 --torchscript script.pt", "cannot be used with"),
        ("--pt2 none.pt2", "none.pt2"),
        ("--pt2 cnn.pt2 --input-shape 1,28,28", "1,28,28"),
    ] {
        let output = small.bal(&format!("evaluate {arguments} {attack}"));
        let said = stderr(&output);
        assert!(!output.status.success() && said.contains(expected), "{arguments}: {said}");
    }
}
