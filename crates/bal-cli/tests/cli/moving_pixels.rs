//! Attacks that move pixels, from the command to the files.

use crate::{
    small::{Small, TEST, stderr},
    torchscript::flags,
};
use bal_models::TensorFile;
use bal_report::Evaluation;
use std::fs;

/// Each attack in a few steps, with what radii measure and the shape of what moves an image.
const ATTACKS: [(&str, &str, &[i64]); 3] = [
    ("--attack flow-pgd --steps 3 --restarts 2 --radius 0,0.3,1.5", "flow", &[2, 28, 28]),
    ("--attack stadv --steps 10 --search-steps 3", "flow-cost", &[2, 28, 28]),
    ("--attack pose --rotations 3 --translations 3 --radius 0,10,30", "pose", &[3]),
];

fn trained() -> Small {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    small
}

#[test]
fn every_file_of_an_attack_that_moves_pixels_says_how_far_and_verifies() {
    let small = trained();
    for (attack, measure, shape) in ATTACKS {
        let files = "--json a.json --csv a.csv --per-image rows.csv --save x.safetensors --grid grid.png";
        let table = small.succeed(&format!("evaluate run {attack} {files}"));
        assert!(table.contains(&format!("mean {measure}")), "{table}");
        let evaluation = Evaluation::read(&small.path("a.json")).unwrap();
        assert_eq!(evaluation.norm.as_deref(), Some(measure));
        let last = evaluation.radii.len() - 1;
        assert!(evaluation.reached[last].size.unwrap() > 0.0 && evaluation.accuracy[last] < 1.0, "{attack}");
        let head = |file: &str| {
            let text = fs::read_to_string(small.path(file)).unwrap();
            text.lines().next().unwrap().to_string()
        };
        assert!(head("a.csv").ends_with(",l2,linf,size") && head("rows.csv").ends_with(",file,size"));
        let saved = TensorFile::read(&small.path("x.safetensors")).unwrap();
        let expected = [&[evaluation.radii.len() as i64, TEST as i64], shape].concat();
        assert_eq!(saved.tensors["witness"].size(), expected);
        assert!(fs::read(small.path("grid.png")).unwrap().starts_with(b"\x89PNG"));

        let said = small.succeed("evaluate run --verify x.safetensors --per-image again.csv");
        assert!(said.contains("images are moved as the file says, within their radii"), "{said}");
        assert_eq!(fs::read(small.path("rows.csv")).unwrap(), fs::read(small.path("again.csv")).unwrap());

        small.succeed(&format!("evaluate run {attack} --save x.npz --threads 3 --json b.json"));
        small.succeed("evaluate run --verify x.npz");
        let arrays = TensorFile::read_npz(&small.path("x.npz")).unwrap();
        assert_eq!(arrays.tensors, saved.tensors, "{attack}: other bits on other threads");
        assert_eq!(fs::read(small.path("a.json")).unwrap(), fs::read(small.path("b.json")).unwrap());
    }
}

#[test]
fn a_witness_that_was_changed_is_refused() {
    let small = trained();
    small.succeed(
        "evaluate run --attack pose --radius 5,20 --rotations 3 --translations 3 --save x.safetensors",
    );
    let mut saved = TensorFile::read(&small.path("x.safetensors")).unwrap();
    let witness = saved.tensors["witness"].copy();
    let _ = witness.get(0).fill_(1.0);
    saved.tensors.insert("witness".into(), witness);
    saved.write(&small.path("turned.safetensors")).unwrap();
    let witness = saved.tensors["witness"].narrow(2, 0, 2);
    saved.tensors.insert("witness".into(), witness);
    saved.write(&small.path("short.safetensors")).unwrap();
    saved.tensors.remove("witness");
    saved.write(&small.path("none.safetensors")).unwrap();
    for (file, said) in [
        ("turned", "image 0 is not what its pose makes of it: a pixel differs by"),
        ("short", "witness"),
        ("none", "witness"),
    ] {
        let output = small.bal(&format!("evaluate run --verify {file}.safetensors"));
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert!(stderr(&output).contains(said), "{file}: {}", stderr(&output));
    }
}

#[test]
fn seeds_comparisons_checks_and_transfer_work() {
    let small = trained();
    let pose = "evaluate run --attack pose --draws 2 --radius 10,20";
    small.succeed(&format!("{pose} --json one.json"));
    let said =
        small.succeed(&format!("{pose} --seeds 3 --json three.json --against one.json --save x.safetensors"));
    assert!(said.contains("single seeds") && said.contains("40 test images of mnist, pose"), "{said}");
    small.succeed("evaluate run --verify x.safetensors");
    let [one, three] = ["one.json", "three.json"].map(|file| Evaluation::read(&small.path(file)).unwrap());
    assert!(three.accuracy.iter().zip(&one.accuracy).all(|(three, one)| three <= one));
    small.succeed("compare one.json three.json");
    small.succeed("evaluate run --attack pgd --steps 2 --radius 0.1 --json pgd.json");
    let output = small.bal("compare one.json pgd.json");
    assert!(stderr(&output).contains("the norms differ, pose and linf"), "{}", stderr(&output));

    let output = small.bal("evaluate run --attack flow-pgd --steps 2 --radius 0.3 --check --limit 10");
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("they say nothing of flow-pgd, which moves pixels"), "{said}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("at linf radius 0.1"), "{said}");

    let shown =
        "--attack flow-pgd --steps 3 --radius 0.3 --members 1 --surrogate-members 0 --json shown.json";
    small.succeed(&format!("evaluate run {shown} --save x.safetensors"));
    let shown = Evaluation::read(&small.path("shown.json")).unwrap();
    assert_eq!((shown.attack.as_str(), shown.norm.as_deref()), ("transfer", Some("flow")));
    small.succeed("evaluate run --members 1 --verify x.safetensors");
}

#[test]
fn distances_of_stadv_are_total_variations_and_serve_every_radius() {
    let small = trained();
    small.succeed("evaluate run --attack stadv --steps 20 --search-steps 4 --json free.json");
    let free = Evaluation::read(&small.path("free.json")).unwrap();
    let nearest = free.nearest.unwrap();
    let found: Vec<f64> = nearest.distances.iter().flatten().copied().filter(|d| *d > 0.0).collect();
    assert!(found.len() > 5, "{found:?}");
    let middle = found[0];
    let at = format!("--steps 20 --search-steps 4 --radius 0,{middle} --json at.json --save x.safetensors");
    small.succeed(&format!("evaluate run --attack stadv {at}"));
    let at = Evaluation::read(&small.path("at.json")).unwrap();
    let right = nearest.distances.iter().filter(|d| d.is_none_or(|d| d > middle)).count();
    assert!((at.accuracy[1] - right as f64 / TEST as f64).abs() < 1e-12);
    small.succeed("evaluate run --verify x.safetensors");
}

#[test]
fn a_killed_evaluation_of_flows_goes_on_to_the_same_bits() {
    let small = Small::new();
    let attack = |file: &str| {
        let more = "--attack flow-pgd --steps 8 --radius 0.2,0.4 --limit 640 --threads 1";
        flags(&[""], &format!("{more} --json {file} --save {file}.safetensors"))
    };
    small.succeed(&attack("whole.json"));
    let first = small.path("part.json.partial/shard-00000.safetensors");
    assert!(small.kill_when(&attack("part.json"), || first.is_file()), "it ended before it was killed");
    let output = small.bal(&attack("part.json"));
    assert!(output.status.success() && stderr(&output).contains("going on where"), "{}", stderr(&output));
    for end in ["", ".safetensors"] {
        let read = |name: &str| fs::read(small.path(&format!("{name}.json{end}"))).unwrap();
        assert_eq!(read("whole"), read("part"), "{end}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_what_can() {
    let small = trained();
    for (flags, said) in [
        ("--attack flow-pgd", "needs a radius: --radius 0,0.1,0.2,0.3, in pixels of displacement"),
        ("--attack pose", "needs a radius: --radius 0,10,20,30, in degrees"),
        ("--attack pose --radius 10 --norm l2", "the attack pose has no setting `norm`"),
        ("--attack stadv --restarts 2", "the attack stadv has no setting `restarts`"),
        ("--attack pgd --radius 0.1 --control-points 7", "the attack pgd has no setting `control_points`"),
        ("--attack stadv --smoothing 0", "smoothing must be"),
    ] {
        let output = small.bal(&format!("evaluate run {flags}"));
        assert_eq!(output.status.code(), Some(2), "{flags}");
        assert!(stderr(&output).contains(said), "{flags}: {}", stderr(&output));
    }
    let output = small.bal("evaluate run --attack flow-pgd --radius 0.3 --control-points 29");
    let said = "control_points must be at most the pixels per side of the images, got 29";
    assert!(stderr(&output).contains(said), "{}", stderr(&output));
}
