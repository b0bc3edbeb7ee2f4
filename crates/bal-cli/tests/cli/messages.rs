//! What messages say of flags: a library knows none, and the program names only those that the command at hand has.
//!
//! All string literals of the sources are read, and of `args/` the documentation too, which clap shows as help. A flag behind
//! `bal COMMAND` is one of that command; any other has to be one of every command that the file is part of ([`PARTS`]).

use crate::small::Small;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Which commands the files with flags in their messages are part of: the longest path that fits counts.
const PARTS: [(&str, &[&str]); 28] = [
    ("args.rs", &["evaluate"]),
    ("args/attack.rs", &["evaluate", "transfer"]),
    ("args/calibrate.rs", &["calibrate"]),
    ("args/compare.rs", &["compare"]),
    ("args/diagnose.rs", &["diagnose"]),
    ("args/experiments.rs", &["explain", "init"]),
    ("args/images.rs", &["evaluate", "calibrate"]),
    ("args/model.rs", &["evaluate", "calibrate"]),
    ("args/outputs.rs", &["evaluate"]),
    ("args/predict.rs", &["predict"]),
    ("args/report.rs", &["report"]),
    ("args/training_data.rs", &["train", "explain", "init"]),
    ("args/transfer.rs", &["transfer"]),
    ("calibrate", &["calibrate"]),
    ("compare.rs", &["compare"]),
    ("diagnose", &["diagnose"]),
    ("evaluate", &["evaluate"]),
    ("explain", &["explain"]),
    ("init.rs", &["init"]),
    ("predict", &["predict"]),
    // All commands with a machine.
    ("session.rs", &["train", "evaluate", "predict", "explain", "init", "calibrate", "report", "transfer"]),
    ("train.rs", &["train"]),
    ("ways_out/attacks.rs", &["evaluate"]),
    ("ways_out/images.rs", &["train", "explain", "init"]),
    ("ways_out/models.rs", &["evaluate", "calibrate"]),
    ("ways_out/predicting.rs", &["predict"]),
    ("ways_out/testing.rs", &["evaluate", "calibrate"]),
    ("ways_out/training.rs", &["train"]),
];

/// Programs of others, whose flags are theirs.
const OTHERS: [&str; 4] = ["cargo", "apt-get", "pip", "tensorboard"];

/// Messages of a source, each with the number of its line.
fn messages(path: &Path, documentation: bool) -> Vec<(usize, String)> {
    let source = fs::read_to_string(path).unwrap();
    // What tests say is no message.
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    literals(source, documentation)
}

/// String literals, and outer documentation where asked for.
fn literals(source: &str, documentation: bool) -> Vec<(usize, String)> {
    let text: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    let starts = |at: usize, what: &str| text[at..].iter().take(what.len()).collect::<String>() == what;
    while at < text.len() {
        let begun = line;
        if starts(at, "//") {
            let end = (at..text.len()).find(|&i| text[i] == '\n').unwrap_or(text.len());
            if documentation && starts(at, "///") {
                found.push((line, text[at + 3..end].iter().collect()));
            }
            at = end;
        } else if text[at] == 'r' && (starts(at, "r\"") || starts(at, "r#\"")) {
            let (open, close) = if starts(at, "r#") { (3, "\"#") } else { (2, "\"") };
            let end = (at + open..text.len()).find(|&i| starts(i, close)).unwrap();
            found.push((line, text[at + open..end].iter().collect()));
            line += text[at..end].iter().filter(|&&c| c == '\n').count();
            at = end + close.len();
        } else if text[at] == '"' {
            let mut literal = String::new();
            at += 1;
            while text[at] != '"' {
                if text[at] == '\\' {
                    at += 1;
                    // A line that goes on, its indentation left out.
                    if text[at] == '\n' {
                        while text[at].is_whitespace() {
                            line += usize::from(text[at] == '\n');
                            at += 1;
                        }
                        continue;
                    }
                    literal.push(if text[at] == 'n' { '\n' } else { text[at] });
                } else {
                    line += usize::from(text[at] == '\n');
                    literal.push(text[at]);
                }
                at += 1;
            }
            found.push((begun, literal));
            at += 1;
        } else if text[at] == '\'' && text.get(at + 2) == Some(&'\'') {
            // A character, perhaps a quote; a lifetime has no second one.
            at += 3;
        } else if starts(at, "'\\") {
            at += 2 + (at + 2..text.len()).position(|i| text[i] == '\'').unwrap();
            at += 1;
        } else {
            line += usize::from(text[at] == '\n');
            at += 1;
        }
    }
    found
}

/// Words such as `--out`, each with the command that stands before it on its line, if one does. Variables of style sheets
/// (`--s1:`, `var(--ink)`) are none.
fn flags(message: &str) -> Vec<(Option<String>, String)> {
    let mut found = Vec::new();
    for line in message.lines() {
        let mut command = None;
        let words: Vec<&str> = line.split([' ', '`', '[', ']', '(', ')', ',', ';', '"', '\'']).collect();
        for (place, word) in words.iter().enumerate() {
            let of_bal = place > 0 && words[place - 1] == "bal";
            if of_bal && word.chars().all(|c| c.is_ascii_lowercase()) && !word.is_empty() {
                command = Some((*word).to_string());
            }
            if OTHERS.contains(word) {
                command = Some((*word).to_string());
            }
            let of_style = place > 0 && words[place - 1].ends_with("var");
            let Some(name) = word.strip_prefix("--").filter(|_| !of_style) else { continue };
            let end = name.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            let (name, rest) = name.split_at(end.unwrap_or(name.len()));
            if name.starts_with(|c: char| c.is_ascii_lowercase()) && !rest.starts_with([':', '{']) {
                found.push((command.clone(), format!("--{name}")));
            }
        }
    }
    found
}

/// Sources below a folder, by their paths from there.
fn sources(folder: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut left = vec![folder.to_path_buf()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_string();
            if path.is_dir() && !name.ends_with("tests") {
                left.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !name.ends_with("tests.rs") {
                found.insert(name, path);
            }
        }
    }
    found
}

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

#[test]
fn no_message_of_a_library_names_a_flag() {
    let mut seen = 0;
    for entry in fs::read_dir(crates()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        // Programs; all but the first speak with xtask or whoever runs its chores.
        if ["bal-cli", "bal-bench", "bal-paper", "bal-soak"].contains(&name.as_str()) {
            continue;
        }
        for (file, path) in sources(&path.join("src")) {
            for (line, message) in messages(&path, false) {
                seen += 1;
                let flags = flags(&message);
                assert!(flags.is_empty(), "{name}/src/{file}:{line} names {flags:?}: {message}");
            }
        }
    }
    assert!(seen > 1000, "{seen}");
}

#[test]
fn every_flag_in_a_message_is_one_of_the_command_at_hand() {
    let small = Small::new();
    let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut has = |command: &str, flag: &str| {
        let of = known.entry(command.into()).or_insert_with(|| {
            let help = small.succeed(&format!("{command} --help"));
            let named = |line: &str| {
                let word = line.trim_start().split([' ', ',']).find(|word| word.starts_with("--"))?;
                line.starts_with("  ").then(|| word.to_string())
            };
            help.lines().filter(|line| line.trim_start().starts_with('-')).filter_map(named).collect()
        });
        of.iter().any(|known| known == flag)
    };
    let (mut seen, mut wrong) = (0, Vec::new());
    for (file, path) in sources(&crates().join("bal-cli/src")) {
        for (line, message) in messages(&path, file.starts_with("args")) {
            for (command, flag) in flags(&message) {
                seen += 1;
                let part = PARTS.iter().filter(|(part, _)| file.starts_with(part)).max_by_key(|p| p.0.len());
                let commands: Vec<String> = match (command, part) {
                    (Some(command), _) if OTHERS.contains(&command.as_str()) => continue,
                    (Some(command), _) => vec![command],
                    (None, Some((_, commands))) => commands.iter().map(ToString::to_string).collect(),
                    (None, None) => {
                        wrong.push(format!("src/{file}:{line} names {flag}, and PARTS says of no command"));
                        continue;
                    }
                };
                for command in commands.iter().filter(|command| !has(command, &flag)) {
                    wrong.push(format!("src/{file}:{line}: bal {command} has no {flag}: {message}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 50, "{seen}");
}

#[test]
fn messages_and_their_flags_are_found() {
    let source = "// \"--no\"\nlet a = '\"'; say(\"give \\\n    --out FILE\"); let b: &'static str = r#\"a\n\"--set\"#;\n/// For --verify.\n";
    let found = literals(source, true);
    assert_eq!(
        found,
        [(2, "give --out FILE".into()), (3, "a\n\"--set".into()), (5, " For --verify.".into())]
    );
    assert_eq!(literals(source, false).len(), 2);
    let of = |message: &str| {
        flags(message).into_iter().map(|(c, f)| (c.unwrap_or_default(), f)).collect::<Vec<_>>()
    };
    assert_eq!(
        of("`bal train --resume --out {}`; --sample 3"),
        [
            ("train".into(), "--resume".into()),
            ("train".into(), "--out".into()),
            ("train".into(), "--sample".into()),
        ]
    );
    assert_eq!(of("x --y-z=1\n(--w)"), [(String::new(), "--y-z".into()), (String::new(), "--w".into())]);
    assert_eq!(of(":root{{--s{i}:{c}}} var(--ink) a--b -- ---"), [] as [(String, String); 0]);
}
