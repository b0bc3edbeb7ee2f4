//! Two processes at once: a folder is one process's at a time, and what both want is made once.

use crate::{
    small::{Small, stderr},
    torchscript::flags,
};
use bal_report::metrics;
use std::{
    fs,
    process::{Child, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

fn start(small: &Small, arguments: &str) -> Child {
    small.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn wait_until(reached: impl Fn() -> bool) {
    let begun = Instant::now();
    while !reached() {
        assert!(begun.elapsed() < Duration::from_mins(2), "it does not come so far");
        sleep(Duration::from_millis(2));
    }
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_second_training_in_a_folder_is_refused_in_one_line_that_names_the_first() {
    let small = Small::new();
    small.edit("epochs = 3", "epochs = 3000");
    let first = start(&small, "train --experiment small.toml --out run");
    wait_until(|| small.batches("run") > 1);
    for resume in ["", "--resume"] {
        let before = Instant::now();
        let output = small.bal(&format!("train --experiment small.toml --out run {resume}"));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let holder = format!("run is in use by process {} (bal train", first.id());
        assert!(said.contains(&holder) && said.contains("give another --out"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(before.elapsed() < Duration::from_secs(20), "it waited");
    }
    end(first);
    // What a killed process leaves keeps nobody out.
    assert!(small.path("run/.lock").exists());
    small.edit("epochs = 3000", "epochs = 3");
    let said = stderr(&small.bal("train --experiment small.toml --resume --out run"));
    assert!(said.contains("another experiment"), "{said}");
}

/// Whoever comes second, before the first has a folder, while it trains or just as it ends: no finished run is lost, and no
/// line of the metrics torn.
#[test]
fn pairs_of_trainings_lose_nothing_at_any_offset() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out whole");
    let posterior = |run: &str| fs::read(small.path(run).join("posterior.safetensors")).unwrap();
    for offset in [0, 30, 150, 600] {
        let run = format!("run-{offset}");
        let arguments = format!("train --experiment small.toml --resume --out {run}");
        let first = start(&small, &arguments);
        sleep(Duration::from_millis(offset));
        let second = start(&small, &arguments);
        let outputs = [first, second].map(|child| child.wait_with_output().unwrap());
        assert!(outputs.iter().any(|output| output.status.success()), "{offset}");
        for output in outputs.iter().filter(|output| !output.status.success()) {
            let said = stderr(output);
            assert!(said.contains("in use by") && said.lines().count() == 1, "{offset}: {said}");
        }
        assert!(posterior(&run) == posterior("whole"), "{offset}");
        let lines = metrics::read(&small.path(&run).join("metrics.jsonl")).unwrap();
        assert!(lines.iter().map(|line| line.sweep).eq(1..=9), "{offset}");
        let names = small.listing().into_iter().filter(|name| name.contains(&run));
        assert!(names.into_iter().all(|name| !name.contains(".lock") && !name.contains("checkpoint")));
    }
}

#[test]
fn two_runs_with_one_start_train_it_once() {
    let small = Small::new();
    let first = "name = \"first\"\ndataset = \"mnist\"\narchitecture = \"cnn\"\nseed = 9\ntrain_images = 280\n\
                 held_out = 20\ncheckpoint_every = 5\n[erm]\nschedule = { epochs = 100, batch_size = 96 }\n\
                 adam = { step_size = 1e-3 }\n";
    fs::write(small.path("first.toml"), first).unwrap();
    small.edit("[bal]\n", "[start]\nexperiment = \"first.toml\"\n[bal]\n");
    let starts = || -> Vec<_> {
        let entries = fs::read_dir(small.path("runs/cache")).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let one = start(&small, "train --experiment small.toml --out one");
    wait_until(|| starts().iter().any(|start| start.join("metrics.jsonl").exists()));
    let process = one.id();
    let two = start(&small, "train --experiment small.toml --out two");
    let [one, two] = [one, two].map(|child| child.wait_with_output().unwrap());
    assert!(one.status.success() && two.status.success(), "{} {}", stderr(&one), stderr(&two));
    let said = stderr(&two);
    assert!(said.contains(&format!("waiting for process {process} (bal train")), "{said}");
    assert!(!said.contains("first first"), "{said}");
    assert_eq!(starts().len(), 1);
    let posterior = |run: &str| fs::read(small.path(run).join("posterior.safetensors")).unwrap();
    assert!(posterior("one") == posterior("two"));
}

#[test]
fn a_second_evaluation_into_a_file_is_refused_while_the_first_makes_it() {
    let small = Small::new();
    let attack = "--attack pgd --steps 400 --radius 0.05,0.1 --limit 640 --threads 1";
    let evaluate = flags(&[""], &format!("{attack} --json a.json"));
    let first = start(&small, &evaluate);
    wait_until(|| small.path("a.json.partial/.lock").exists());
    let output = small.bal(&evaluate);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("a.json is being made by process {}", first.id())), "{said}");
    end(first);
}

#[test]
fn a_run_that_fails_takes_away_what_it_made_and_nothing_else() {
    let small = Small::new();
    let wild =
        "train --experiment small.toml --tensorboard --set bal.parameters.sgadald.step_size=1e25 --out";
    fs::create_dir(small.path("mine")).unwrap();
    let before = small.listing();
    for out in ["mine", "new", "deep/er/new"] {
        let output = small.bal(&format!("{wild} {out}"));
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert_eq!(before, small.listing(), "{out}");
    }
    // A run that was begun before is left as it is, checkpoint or not.
    small.edit("checkpoint_every = 1", "checkpoint_every = 1000");
    small.kill_when("train --experiment small.toml --out begun", || {
        small.path("begun/metrics.jsonl").exists()
    });
    fs::remove_file(small.path("begun/.lock")).ok();
    fs::write(small.path("begun/metrics.jsonl"), "{}\n").unwrap();
    let before = small.listing();
    let output = small.bal("train --resume --out begun");
    assert!(stderr(&output).contains("metrics.jsonl, line 1"), "{}", stderr(&output));
    assert_eq!(before, small.listing());
}
