//! Where outputs go: standard output, pipes, links, and what cannot be written.

use crate::small::{Small, stderr};
use bal_report::Evaluation;
use std::{
    fs::{self, File, Permissions},
    io::Read,
    os::unix::fs::{FileTypeExt, PermissionsExt, symlink},
    process::{Command, Stdio},
    thread,
};

#[test]
fn standard_output_pipes_and_links_get_what_is_asked_for_and_stay_what_they_are() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    assert!(Command::new("mkfifo").arg(small.path("fifo")).status().unwrap().success());
    fs::write(small.path("target.csv"), "old").unwrap();
    symlink("target.csv", small.path("link.csv")).unwrap();
    let pipe = small.path("fifo");
    let reader = thread::spawn(move || {
        let mut text = String::new();
        File::open(pipe).unwrap().read_to_string(&mut text).map(|_| text)
    });
    let attack = "evaluate run --attack fgsm --radius 0,0.1";
    let output = small.bal(&format!("{attack} --json - --csv link.csv --per-image fifo"));
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    // The JSON alone is on standard output; the table is beside it.
    fs::write(small.path("a.json"), &output.stdout).unwrap();
    assert_eq!(Evaluation::read(&small.path("a.json")).unwrap().images, 40);
    assert!(said.contains("accuracy"), "{said}");
    assert!(fs::symlink_metadata(small.path("link.csv")).unwrap().is_symlink());
    assert!(fs::read_to_string(small.path("target.csv")).unwrap().starts_with("attack,"));
    assert_eq!(reader.join().unwrap().unwrap().lines().count(), 1 + 40 * 2);
    assert!(fs::metadata(small.path("fifo")).unwrap().file_type().is_fifo());

    // A file that the shell has opened is written on, not replaced.
    let log = small.path("log");
    let mut command = small.command(&format!("{attack} --limit 9 --csv /dev/stdout"));
    let status = command.stdout(File::create(&log).unwrap()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success() && fs::read_to_string(&log).unwrap().starts_with("attack,"));
    let page = small.succeed("diagnose run --figure - --quantities weights");
    assert!(page.starts_with("<svg"), "{page}");
}

#[test]
fn what_cannot_be_written_is_refused_before_the_work() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    fs::write(small.path("protected"), "mine").unwrap();
    fs::set_permissions(small.path("protected"), Permissions::from_mode(0o444)).unwrap();
    symlink("run", small.path("to-run")).unwrap();
    let attack = "evaluate run --attack fgsm --radius 0";
    for (arguments, said) in [
        (format!("{attack} --json protected"), "protected is read-only"),
        (format!("{attack} --json to-run"), "to-run is a folder"),
        (format!("{attack} --json x --csv x"), "x is named for two outputs"),
        (format!("{attack} --json - --csv -"), "/dev/stdout is named for two outputs"),
        ("init --method pgd --out -".into(), "name a file"),
    ] {
        let before = small.listing();
        let output = small.bal(&arguments);
        assert!(!output.status.success(), "{arguments}");
        assert!(
            output.stdout.is_empty() && stderr(&output).contains(said),
            "{arguments}: {}",
            stderr(&output)
        );
        assert_eq!(before, small.listing(), "{arguments}");
    }
    assert_eq!(fs::read_to_string(small.path("protected")).unwrap(), "mine");
    let experiment = small.succeed("init --method erm --out -");
    assert!(experiment.contains("[erm]") && experiment.parse::<toml::Table>().is_ok(), "{experiment}");
    assert!(!small.path("-").exists());
}
