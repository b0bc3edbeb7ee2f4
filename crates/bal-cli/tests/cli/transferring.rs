//! `bal transfer`: its cells are evaluations, and its rows outlive a kill.

use crate::small::{Small, stderr};
use bal_report::{Evaluation, TransferMatrix};
use std::fs;

/// A point estimate with one hidden layer.
const POINT: &str = r#"
name = "NAME"
dataset = "mnist"
architecture = "mlp-12"
precision = "fp32"
seed = 3
train_images = 280
held_out = 20
checkpoint_every = 8

[erm]
schedule = { epochs = 2, batch_size = 96 }
adam = { step_size = 1e-2 }
"#;

/// Two point estimates, and two chains of BAL.
fn models() -> Small {
    let small = Small::new();
    for (name, seed) in [("a", 3), ("b", 4)] {
        let text = POINT.replace("NAME", name).replace("seed = 3", &format!("seed = {seed}"));
        fs::write(small.path("point.toml"), text).unwrap();
        small.succeed(&format!("train --experiment point.toml --out {name}"));
    }
    small.succeed("train --experiment small.toml --out small --max-sweeps 6");
    small
}

fn matrix(small: &Small, file: &str) -> TransferMatrix {
    TransferMatrix::read(&small.path(file)).unwrap()
}

/// For every kind of attack: in balls, of several parts, to the nearest error with and without radii, one step, moved pixels.
#[test]
fn the_diagonal_is_the_evaluation_of_each_model_and_other_cells_have_the_row_as_surrogate() {
    let small = models();
    let models = ["a", "small"];
    for attack in [
        "fgsm --radius 0,0.1",
        "fgsm --radius 0.1 --random-step 0.5",
        "pgd --radius 0.05,0.1 --steps 3 --restarts 2 --seed 7",
        "autoattack --radius 0.05,0.1 --steps 3 --queries 10",
        "deepfool --steps 5",
        "fab --radius 0.05,0.1 --steps 3 --targets 2",
        "cw-one-step",
        "flow-pgd --radius 0.2 --steps 3",
        "uniform-noise --radius 0.1 --draws 3 --sample 30",
    ] {
        let evaluate = |flags: &str| {
            small.succeed(&format!("evaluate {flags} --attack {attack} --json one.json"));
            Evaluation::read(&small.path("one.json")).unwrap()
        };
        small.succeed(&format!("transfer {} --attack {attack} --json all.json", models.join(" ")));
        let all = matrix(&small, "all.json");
        assert_eq!(all.models, models);
        for (row, surrogate) in models.iter().enumerate() {
            for (column, target) in models.iter().enumerate() {
                let expected = if row == column {
                    evaluate(target)
                } else {
                    evaluate(&format!("{target} --surrogate {surrogate}"))
                };
                assert_eq!(all.cell(row, column), Some(&expected), "{attack}: {surrogate} to {target}");
            }
        }
        fs::remove_file(small.path("all.json")).unwrap();
    }
}

#[test]
fn the_tables_say_who_is_attacked_and_threads_change_nothing() {
    let small = models();
    let transfer = "transfer a b small --attack pgd --steps 3 --radius 0,0.1 --limit 30";
    let said = small.succeed(&format!("{transfer} --threads 1 --json one.json --markdown one.md"));
    small.succeed(&format!("{transfer} --threads 3 --json three.json --markdown three.md"));
    for end in ["json", "md"] {
        let read = |name: &str| fs::read(small.path(&format!("{name}.{end}"))).unwrap();
        assert!(read("one") == read("three"), "{end}");
    }
    assert!(
        said.starts_with("Accuracy of each column under pgd on each row: 30 test images of mnist"),
        "{said}"
    );
    assert!(said.contains("linf radius 0.1") && said.contains("attacked"), "{said}");
    let page = fs::read_to_string(small.path("one.md")).unwrap();
    assert!(page.contains("| attacked | a | b | small |"), "{page}");
    let accuracy = matrix(&small, "one.json").cell(1, 2).unwrap().accuracy[1];
    assert!(page.contains(&format!("{accuracy:.4} [")), "{page}");
    // What is written to standard output stands there alone.
    let json = small.succeed(&format!("{transfer} --json -"));
    assert!(serde_json::from_str::<TransferMatrix>(&json).is_ok(), "{json}");
    // Models of one name are known by their paths, and the gradient is that of the flag.
    fs::rename(small.path("b"), small.path("copy")).unwrap();
    small.succeed("train --experiment point.toml --seed 9 --out b");
    let said = small
        .succeed("transfer b copy --attack fgsm --radius 0.1 --ensemble-gradient member-mean --json m.json");
    assert!(said.contains("\nb ") && said.contains("\ncopy "), "{said}");
    assert_eq!(matrix(&small, "m.json").cell(0, 1).unwrap().settings["ensemble_gradient"], "member-mean");
}

#[test]
fn a_killed_matrix_goes_on_after_its_last_finished_row() {
    let small = models();
    let transfer = "transfer a b small --attack pgd --steps 60 --radius 0.1";
    small.succeed(&format!("{transfer} --json whole.json"));
    let first = small.path("part.json.partial/row-000.json");
    let killed = small.kill_when(&format!("{transfer} --json part.json --threads 1"), || first.exists());
    assert!(killed, "it was too quick");
    // A row that is there is not made again: what it says stays.
    let kept = fs::read(&first).unwrap();
    let other = small.bal("transfer a b small --attack pgd --steps 60 --radius 0.2 --json part.json");
    assert_eq!(other.status.code(), Some(1));
    assert!(
        stderr(&other).contains("a part of another evaluation: its radii is [0.1]"),
        "{}",
        stderr(&other)
    );
    let mut damaged = kept.clone();
    let place = damaged.len() - 3;
    damaged[place] ^= 1;
    fs::write(&first, damaged).unwrap();
    let output = small.bal(&format!("{transfer} --json part.json"));
    assert!(stderr(&output).contains("row-000.json is damaged"), "{}", stderr(&output));
    fs::write(&first, kept).unwrap();
    let output = small.bal(&format!("{transfer} --json part.json"));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("going on where"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("pgd on a"), "{}", stderr(&output));
    let read = |name: &str| fs::read(small.path(name)).unwrap();
    assert!(read("whole.json") == read("part.json"));
    assert!(!small.path("part.json.partial").exists());
}

#[test]
fn models_that_cannot_be_shown_each_others_images_are_refused_before_any_attack() {
    let small = models();
    small.succeed("export mnist --limit 60 --out digits");
    for part in ["train", "test"] {
        fs::remove_dir_all(small.path("digits").join(part).join("9")).unwrap();
    }
    for (name, size) in [("few", "28,28"), ("tiny", "14,14")] {
        small.succeed(&format!(
            "train --experiment point.toml --set held_out=0 --dataset digits --channels 1 --image-size {size} --out {name}"
        ));
    }
    for (arguments, code, said) in [
        ("transfer a --attack fgsm --radius 0.1", 2, "2 values required"),
        ("transfer a b --radius 0.1", 2, "--attack"),
        ("transfer a b --attack fgsm", 2, "--radius"),
        ("transfer a b --attack fgsm --radius 0.1 --steps 3", 2, "no setting `steps`"),
        ("transfer a b --attack cw-one-step --radius 0.1", 2, "no radius"),
        ("transfer a b a --attack fgsm --radius 0.1", 2, "a is named twice"),
        ("transfer a nowhere --attack fgsm --radius 0.1", 1, "there is no run at nowhere"),
        ("transfer a few --dataset mnist --attack fgsm --radius 0.1", 1, "digits-b"),
        ("transfer a tiny --dataset mnist --attack fgsm --radius 0.1", 1, "images of shape [1, 14, 14]"),
        ("transfer a b --attack fgsm --radius 0.1 --json absent/m.json", 1, "absent"),
        ("transfer a b --attack fgsm --radius 0.1 --json m --markdown m", 1, "named for two outputs"),
    ] {
        let output = small.bal(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{arguments}: {}", stderr(&output));
    }
}
