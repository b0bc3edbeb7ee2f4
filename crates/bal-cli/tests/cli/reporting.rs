//! Runs on a page.

use crate::{
    browser::open,
    small::{Small, stderr},
};
use std::fs;

/// Few images, so that attacks take seconds.
const FEW: &str = "--images 30 --attacked 12";

/// The pages of one run, and of two with evaluations.
fn pages() -> [String; 2] {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    small.succeed("train --experiment small.toml --seed 3 --out twin");
    small.edit("name = \"small\"", "name = \"<i>other</i>\"");
    small.succeed("train --experiment small.toml --seed 2 --out other");
    // Without evaluations, two attacks are measured.
    let said = small.succeed(&format!("report run {FEW} --out one.html"));
    assert_eq!(said.trim(), "one.html");
    let one = fs::read_to_string(small.path("one.html")).unwrap();
    for attack in ["fgsm", "pgd"] {
        assert!(one.contains(&format!("{attack}, L∞ balls, test images of mnist")), "{attack}");
    }
    assert!(one.contains("of 30</td>") && one.contains("of 12</td>"));
    // The same command, the same bytes.
    small.succeed(&format!("report run {FEW} --out one.html"));
    assert_eq!(one, fs::read_to_string(small.path("one.html")).unwrap());
    // With them, they are what is shown.
    small.succeed("evaluate run --attack ifgsm --radius 0,0.1 --json a.json");
    small.succeed("evaluate other --attack ifgsm --radius 0,0.1 --json b.json");
    small.succeed(&format!(
        "report run other --evaluation a.json --evaluation b.json {FEW} --radius 0.05 --out two.html"
    ));
    let two = fs::read_to_string(small.path("two.html")).unwrap();
    assert!(two.contains("ifgsm, L∞ balls"));
    assert!(
        !two.contains("<h4>fgsm, ") && two.contains("&lt;i&gt;other&lt;/i&gt;") && !two.contains("<i>other")
    );
    // Of two runs that are called the same, it is of the one whose weights it names.
    small.succeed(&format!("report run twin --evaluation a.json {FEW} --radius 0.05 --out twins.html"));
    let twins = fs::read_to_string(small.path("twins.html")).unwrap();
    assert_eq!(twins.matches("<h4>ifgsm, ").count(), one.matches("<h4>fgsm, ").count());
    // A record with its weights, kept without the run's metrics, has a page too.
    fs::remove_file(small.path("twin").join("metrics.jsonl")).unwrap();
    small.succeed(&format!("report twin {FEW} --out kept.html"));
    [one, two]
}

#[test]
fn runs_and_their_evaluations_become_a_page() {
    pages();
}

#[test]
fn a_page_shows_how_an_attack_moved_the_pixels() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    small.succeed("report run --images 20 --attacked 6 --attack flow-pgd --radius 1.5 --out flows.html");
    let page = fs::read_to_string(small.path("flows.html")).unwrap();
    assert_eq!(page.matches("<svg class=\"moved\"").count(), 6);
    assert!(page.contains("flow-pgd, 40 steps, flow radius 1.5"), "{page}");
    assert!(page.contains("at most 1.5 pixels") && !page.contains("<h4>fgsm, "));
    small.succeed("report run --images 20 --attacked 6 --attack pose --radius 20 --out poses.html");
    let page = fs::read_to_string(small.path("poses.html")).unwrap();
    assert!(page.contains("pose, pose radius 20") && page.matches("turned by ").count() == 6, "{page}");
}

#[test]
#[ignore = "opens a Chromium, named by BAL_CHROMIUM; `cargo xtask test` runs it where it finds one"]
fn a_browser_shows_pages_of_runs() {
    let [one, two] = pages();
    for (page, width) in [(&one, 400), (&one, 1400), (&two, 400), (&two, 1400)] {
        let seen = open(page, width, 2000);
        assert!(seen.console.is_empty(), "{:?}", seen.console);
        for fault in ["errors", "broken", "overflow", "clipped", "overlapping", "empty"] {
            assert_eq!(seen.number(fault), 0, "{fault} at {width}: {}", seen.text("said"));
        }
        assert!(seen.number("figures") >= 9);
    }
}

#[test]
fn what_cannot_be_shown_is_refused_in_one_line_and_leaves_nothing() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    small.succeed("evaluate run --attack fgsm --radius 0,0.1 --json a.json");
    let text = fs::read_to_string(small.path("a.json")).unwrap();
    fs::write(small.path("b.json"), text.replacen("\"small\"", "\"else\"", 1)).unwrap();
    let weights = text.split_once("\"weights\": [").and_then(|(_, rest)| rest.split('"').nth(1)).unwrap();
    assert_eq!(weights.len(), 64);
    fs::write(small.path("c.json"), text.replacen(weights, &"0".repeat(64), 1)).unwrap();
    fs::create_dir(small.path("begun")).unwrap();
    fs::copy(small.path("run/experiment.toml"), small.path("begun/experiment.toml")).unwrap();
    small.succeed("train --experiment small.toml --seed 2 --out broken");
    fs::write(small.path("broken/metrics.jsonl"), "no line of metrics\n").unwrap();
    for (arguments, code, said) in [
        // Said before images are attacked: there is one line.
        ("report run broken --out p.html", 1, "broken/metrics.jsonl"),
        ("report nowhere --out p.html", 1, "there is no run at nowhere"),
        ("report begun --out p.html", 1, "has not ended"),
        ("report run --out no/p.html", 1, "cannot write to no"),
        ("report run --out run", 1, "is a folder"),
        ("report run", 2, "--out"),
        ("report --out p.html", 2, "RUN"),
        ("report run --radius 0 --out p.html", 2, "the radius has to be above 0"),
        ("report run --attack pgd --radius 3 --out p.html", 2, "at most 1, got 3"),
        ("report run --attack stadv --out p.html", 2, "stadv has no radius"),
        ("report run --attack cw-one-step --out p.html", 2, "cw-one-step has no radius"),
        ("report run --attack nothing --out p.html", 2, "nothing"),
        ("report run --dataset nothing --out p.html", 1, "nothing"),
        ("report run --evaluation run/record.json --out p.html", 1, "record.json"),
        ("report run --evaluation b.json --out p.html", 1, "b.json is of else, and the runs are small"),
        ("report run --evaluation c.json --out p.html", 1, "c.json is of small, but of other weights"),
        ("report run run --evaluation a.json --out p.html", 1, "several of the runs"),
        ("report run run run run run run run run run --out p.html", 2, "at most 8"),
    ] {
        let before = small.listing();
        let output = small.bal(arguments);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {error}");
        assert!(
            error.contains(said) && (code == 2 || error.trim().lines().count() == 1),
            "{arguments}: {error}"
        );
        assert_eq!(before, small.listing(), "{arguments}");
    }
}
