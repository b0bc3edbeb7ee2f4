//! Ctrl-C ends a run with a checkpoint, and the run goes on from there to the same weights.

use crate::small::{Small, stderr};
use std::{fs, process::Stdio, thread::sleep, time::Duration};

#[test]
fn ctrl_c_leaves_a_checkpoint_and_says_how_to_go_on() {
    let small = Small::new();
    // Checkpoints only where somebody asks for them.
    small.edit("checkpoint_every = 1", "checkpoint_every = 1000");
    small.edit("epochs = 3", "epochs = 8");
    small.succeed("train --experiment small.toml --out whole");

    let mut command = small.command("train --experiment small.toml --out run");
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = || fs::read_to_string(small.path("run/metrics.jsonl")).map_or(0, |text| text.lines().count());
    while lines() < 2 {
        sleep(Duration::from_millis(2));
    }
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(
        said.contains("interrupted after batch") && said.contains("bal train --resume --out run"),
        "{said}"
    );
    assert!(small.path("run/checkpoint/state.safetensors").is_file());
    assert!(!small.path("run/record.json").exists() && !small.path("run/posterior.safetensors").exists());

    small.succeed("train --resume --out run");
    let posterior = |run: &str| fs::read(small.path(run).join("posterior.safetensors")).unwrap();
    assert!(posterior("run") == posterior("whole"));
}
