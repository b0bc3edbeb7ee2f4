//! Completions and manual pages.

use crate::small::{Small, stderr};
use std::{fs, process::Command};

const SHELLS: [&str; 5] = ["bash", "zsh", "fish", "elvish", "powershell"];

/// The commands, as the help has them.
fn commands(small: &Small) -> Vec<String> {
    let help = small.succeed("--help");
    let list =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = list.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    let names: Vec<String> = names.filter(|name| *name != "help").map(String::from).collect();
    assert!(names.len() >= 5 && names.iter().any(|name| name == "train"), "{names:?}");
    names
}

#[test]
fn every_shell_gets_a_script_with_every_command() {
    let small = Small::new();
    for shell in SHELLS {
        let script = small.succeed(&format!("completions {shell}"));
        for command in commands(&small) {
            assert!(script.contains(&command), "{shell}: {command}");
        }
        assert!(script.contains("checkpoint_every") || script.contains("max-sweeps"), "{shell}");
    }
    let output = small.bal("completions sh");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("bash"), "{}", stderr(&output));
}

/// Bash, which is wherever these tests run, takes its script and completes by it.
#[test]
fn bash_completes_a_command() {
    let small = Small::new();
    fs::write(small.path("bal.bash"), small.succeed("completions bash")).unwrap();
    let script =
        "source bal.bash; COMP_WORDS=(bal eva); COMP_CWORD=1; _bal bal eva bal; echo \"${COMPREPLY[@]}\"";
    let output = Command::new("bash").args(["-c", script]).current_dir(small.path("")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "evaluate", "{}", stderr(&output));
}

#[test]
fn there_is_a_page_for_the_program_and_for_each_command() {
    let small = Small::new();
    let said = small.succeed("man --out share/man1");
    let mut expected: Vec<String> = commands(&small).iter().map(|name| format!("bal-{name}.1")).collect();
    expected.push("bal.1".into());
    expected.sort();
    let mut found: Vec<String> = (fs::read_dir(small.path("share/man1")).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(said.lines().count(), expected.len());
    let page = fs::read_to_string(small.path("share/man1/bal-evaluate.1")).unwrap();
    assert!(page.contains(".TH BAL-EVALUATE 1") && page.contains("\\-\\-attack"), "{page}");
    assert!(page.contains("\\fBbal evaluate\\fR"), "{page}");
    // Again to the same folder, and where a file is in the way.
    small.succeed("man --out share/man1");
    fs::write(small.path("file"), "").unwrap();
    let output = small.bal("man --out file");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot make file"), "{}", stderr(&output));
}
