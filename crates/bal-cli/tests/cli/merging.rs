//! Parts of an evaluation, made by several processes and put together.

use crate::small::{Small, stderr};
use std::fs;

/// A run, and its 280 training images, which make five groups of 64.
fn run() -> Small {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run --max-sweeps 6");
    small
}

const PGD: &str = "evaluate run --training-images --attack pgd --steps 2 --radius 0.05,0.1";

/// The folders of parts.
fn parts(small: &Small) -> Vec<String> {
    small.listing().into_iter().filter(|name| name.ends_with(".partial")).collect()
}

/// What `bal` says when it refuses.
fn refused(small: &Small, arguments: &str) -> String {
    let output = small.bal(arguments);
    assert!(!output.status.success(), "{arguments}");
    stderr(&output)
}

#[test]
fn parts_of_any_attack_in_any_order_make_the_bytes_of_one_evaluation() {
    let small = run();
    for attack in [
        "pgd --steps 2 --radius 0.05,0.1",
        "autoattack --radius 0.1 --steps 2 --queries 5",
        "fab --radius 0.05 --steps 2 --targets 2",
        "deepfool --steps 3",
        "cw-one-step",
        "flow-pgd --radius 0.2 --steps 2",
        "uniform-noise --radius 0.1 --draws 2 --sample 200",
    ] {
        let evaluate = format!("evaluate run --training-images --attack {attack}");
        small.succeed(&format!("{evaluate} --json whole.json --csv whole.csv --per-image whole-rows.csv"));
        for part in ["3/3", "1/3", "2/3"] {
            small.succeed(&format!("{evaluate} --json merged.json --shard {part} --threads 1"));
        }
        small.succeed("merge merged.json --csv merged.csv --per-image merged-rows.csv");
        for (merged, whole) in [
            ("merged.json", "whole.json"),
            ("merged.csv", "whole.csv"),
            ("merged-rows.csv", "whole-rows.csv"),
        ] {
            let [merged, whole] = [merged, whole].map(|file| fs::read(small.path(file)).unwrap());
            assert!(merged == whole, "{attack}");
        }
        assert!(parts(&small).is_empty(), "{:?}", parts(&small));
        fs::remove_file(small.path("merged.json")).unwrap();
    }
}

#[test]
fn a_part_goes_on_where_it_ended_and_merging_waits_for_all() {
    let small = run();
    let said = refused(&small, "merge aa.json");
    assert!(said.contains("no part of an evaluation lies beside aa.json"), "{said}");
    small.succeed(&format!("{PGD} --json aa.json --shard 1/2"));
    let said = refused(&small, "merge aa.json");
    assert!(said.contains("not begun yet: part 2/2"), "{said}");
    small.succeed(&format!("{PGD} --json aa.json --shard 2/2"));

    // A killed part has lost a group of images.
    let lost = small.path("aa.json.1-of-2.partial/shard-00002.safetensors");
    fs::remove_file(&lost).unwrap();
    let said = refused(&small, "merge aa.json");
    assert!(said.contains("part 1/2 is not finished: it has 2 of 3 groups"), "{said}");
    assert!(!small.path("aa.json").exists());
    let output = small.bal(&format!("{PGD} --json aa.json --shard 1/2"));
    let said = stderr(&output);
    assert!(output.status.success() && said.contains("going on where"), "{said}");
    assert!(lost.is_file());
    small.succeed("merge aa.json");
    assert!(small.path("aa.json").is_file());
}

#[test]
fn parts_of_other_evaluations_are_not_merged() {
    let small = run();
    small.succeed(&format!("{PGD} --json aa.json --shard 1/2"));
    small.succeed(&format!("{PGD} --seed 1 --json aa.json --shard 2/2"));
    let said = refused(&small, "merge aa.json");
    assert!(said.contains("part 2/2 is of another evaluation than part 1/2: its settings"), "{said}");
    small.succeed(&format!("{PGD} --json aa.json --shard 1/3"));
    let said = refused(&small, "merge aa.json");
    assert!(
        said.contains("parts of 2 and parts of 3") || said.contains("parts of 3 and parts of 2"),
        "{said}"
    );
    assert_eq!(parts(&small).len(), 3);
}

#[test]
fn what_only_the_whole_has_is_not_asked_of_a_part() {
    let small = run();
    for wrong in [
        "--shard 2/2",
        "--json a.json --shard 3/2",
        "--json a.json --shard 2",
        "--json a.json --shard 1/2 --seeds 2",
        "--json a.json --shard 1/2 --save a.npz",
        "--json a.json --shard 1/2 --check",
        "--json - --shard 1/2",
        "--json a.json --shard 6/6",
    ] {
        let output = small.bal(&format!("{PGD} {wrong}"));
        assert_eq!(output.status.code(), Some(2), "{wrong}: {}", stderr(&output));
    }
    assert!(!small.listing().iter().any(|name| name.contains("a.json")), "{:?}", small.listing());
}
