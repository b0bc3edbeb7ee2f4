//! Evaluations compared image by image, and attacks with several seeds.

use crate::small::{Small, stderr};
use bal_report::{Comparison, Evaluation, PerImage};
use std::fs;

/// Two runs and an evaluation of each, `a.json` and `b.json`.
fn two() -> Small {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run --max-sweeps 6");
    small.succeed("train --experiment small.toml --seed 2 --out other --max-sweeps 6");
    small.succeed("evaluate run --attack fgsm --radius 0,0.1,0.2 --json a.json");
    small.succeed("evaluate other --attack fgsm --radius 0.1,0.2,0.3 --json b.json");
    small
}

#[test]
fn an_evaluation_against_a_file_says_what_the_files_compared_say() {
    let small = two();
    let table = small.succeed("compare a.json b.json --json c.json");
    let against =
        small.succeed("evaluate run --attack fgsm --radius 0,0.1,0.2 --against b.json --against a.json");
    let rows = |text: &str| -> Vec<String> {
        let after = text.split("compared on").nth(1).unwrap();
        after.lines().filter(|line| line.starts_with("0.")).map(String::from).collect()
    };
    assert_eq!(rows(&table).len(), 2, "{table}");
    assert_eq!(rows(&table), rows(&against), "{against}");
    assert!(against.contains("40 test images of mnist, linf") && against.contains("(b.json)"), "{against}");
    let comparisons: Vec<Comparison> =
        serde_json::from_slice(&fs::read(small.path("c.json")).unwrap()).unwrap();
    let [a, b] = ["a.json", "b.json"].map(|file| Evaluation::read(&small.path(file)).unwrap());
    let point = comparisons[0].points[0];
    assert_eq!((point.radius, point.accuracy), (Some(0.1), [a.accuracy[1], b.accuracy[0]]));
    assert_eq!(point.pairs.images(), 40);
    // With itself there is no difference.
    assert!(against.trim_end().ends_with("0                  0  1.0000"), "{against}");
}

#[test]
fn what_cannot_be_compared_is_refused_before_the_attack() {
    let small = two();
    small.succeed("evaluate run --attack pgd --steps 2 --norm l2 --radius 1 --json l2.json");
    small.succeed("evaluate run --attack pgd --steps 2 --radius 0.1 --limit 7 --json few.json");
    fs::write(small.path("no.json"), "{}").unwrap();
    for (file, said) in [
        ("l2.json", "the norms differ, linf and l2; `bal evaluate` of both with the same --dataset"),
        (
            "few.json",
            "small and few.json cannot be compared image by image: the numbers of images differ, 40 and 7",
        ),
        ("b.json", "no radius is common: 0.15, and 0.1, 0.2, 0.3"),
        ("no.json", "no.json: missing field"),
        ("nowhere.json", "nowhere.json"),
    ] {
        let attack = "--attack pgd --steps 100000 --radius 0.15 --json out.json";
        let output = small.bal(&format!("evaluate run {attack} --against {file}"));
        assert_eq!(output.status.code(), Some(1), "{file}");
        assert!(stderr(&output).contains(said), "{file}: {}", stderr(&output));
        assert!(!small.path("out.json").exists() && !small.path("out.json.partial").exists());
    }
    let output = small.bal("compare a.json l2.json --json out.json");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("a.json and l2.json cannot be compared"), "{}", stderr(&output));
    assert!(!small.path("out.json").exists());
    // Another attack is compared, and said.
    small.succeed("evaluate run --attack pgd --steps 2 --radius 0.1 --json pgd.json");
    let output = small.bal("compare a.json pgd.json");
    assert!(output.status.success());
    assert!(stderr(&output).contains("note: a.json and pgd.json differ in more than the model, the attack"));
}

#[test]
fn with_several_seeds_an_image_is_right_only_if_it_is_right_with_each() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run --max-sweeps 6");
    let evaluate = |flags: &str| {
        let attack = "--attack uniform-noise --radius 0.3,0.5";
        let said = small.succeed(&format!("evaluate run {attack} {flags} --json out.json"));
        (said, Evaluation::read(&small.path("out.json")).unwrap())
    };
    let single: Vec<Evaluation> = (5..8).map(|seed| evaluate(&format!("--seed {seed}")).1).collect();
    let (said, all) = evaluate("--seed 5 --seeds 3");
    let each = single.iter().map(|of| of.per_image.clone()).collect::<Vec<PerImage>>();
    assert_eq!(all.per_image, PerImage::left_by_all(&each));
    let seeds = all.seeds.clone().unwrap();
    assert_eq!(seeds.iter().map(|of| of.seed).collect::<Vec<_>>(), [5, 6, 7]);
    for (of_seed, alone) in seeds.iter().zip(&single) {
        assert_eq!(of_seed.accuracy, alone.accuracy);
        assert_eq!(alone.seeds, None);
    }
    let (least, most) = all.spread().unwrap()[0];
    assert!(said.contains("single seeds") && said.contains(&format!("{least:.4} to {most:.4}")), "{said}");
    let output = small.bal("evaluate run --attack fgsm --radius 0.1 --seeds 0");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn every_seed_goes_on_where_it_was_interrupted() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run --max-sweeps 6");
    let attack = "evaluate run --attack pgd --steps 60 --radius 0.1,0.2 --seeds 3 --threads 1";
    small.succeed(&format!("{attack} --json whole.json --save whole.npz"));
    let kept = small.path("a.json.seed-1.partial/shard-00000.safetensors");
    let killed = small.kill_when(&format!("{attack} --json a.json --save a.npz"), || kept.is_file());
    let output = small.bal(&format!("{attack} --json a.json --save a.npz"));
    assert!(output.status.success(), "{}", stderr(&output));
    if killed {
        assert!(stderr(&output).contains("a.json.seed-1.partial ended"), "{}", stderr(&output));
    }
    for (one, other) in [("whole.json", "a.json"), ("whole.npz", "a.npz")] {
        assert!(fs::read(small.path(one)).unwrap() == fs::read(small.path(other)).unwrap(), "{other}");
    }
    assert!(small.listing().iter().all(|name| !name.contains("partial")), "{:?}", small.listing());
    small.succeed("evaluate run --verify a.npz");
}
