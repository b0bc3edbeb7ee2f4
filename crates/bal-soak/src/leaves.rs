//! What a command leaves in its folder, and whether it is what it has to be.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Every file below a folder by its path there, timings taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Leaves {
    files: BTreeMap<String, Vec<u8>>,
}

/// Keys of records whose values are a matter of the clock, or of how the work was spread.
const OF_THE_CLOCK: [&str; 3] = ["seconds", "wall_seconds", "threads"];

impl Leaves {
    /// What lies in `folder` now.
    pub(super) fn in_folder(folder: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        walk(folder, "", &mut files)?;
        Ok(Self { files })
    }

    /// Paths of all files.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Temporary files, which have hidden names, or lie in hidden folders.
    pub(super) fn temporary(&self) -> usize {
        self.names().filter(|name| is_temporary(name)).count()
    }

    /// How these files of a finished command differ from `wanted`, in words; temporary ones aside.
    pub(super) fn differ(&self, wanted: &Self) -> Option<String> {
        let missing = wanted.names().find(|&name| !is_temporary(name) && !self.files.contains_key(name));
        if let Some(name) = missing {
            return Some(format!("{name} is missing"));
        }
        self.names().filter(|name| !is_temporary(name)).find_map(|name| match wanted.files.get(name) {
            None => Some(format!("{name} is left behind")),
            Some(bytes) if *bytes != self.files[name] => Some(format!("{name} has other bytes")),
            Some(_) => None,
        })
    }

    /// Files that are those of the finished command and were not there before.
    pub(super) fn finished<'a>(
        &'a self,
        before: &'a Self,
        wanted: &'a Self,
    ) -> impl Iterator<Item = &'a str> {
        let new = |name: &&str| {
            let found = self.files.get(*name);
            found == wanted.files.get(*name) && found != before.files.get(*name)
        };
        self.names().filter(new)
    }

    /// Only what is below `prefix`.
    pub(super) fn below(&self, prefix: &str) -> Self {
        let there = self.files.iter().filter(|(name, _)| name.starts_with(prefix));
        Self { files: there.map(|(name, bytes)| (name.clone(), bytes.clone())).collect() }
    }

    /// What of these files of a command that was cut off is neither finished, nor in the making, nor as `before`.
    ///
    /// A file under its final name has to be the finished one or the one of before, whole.
    pub(super) fn torn(&self, before: &Self, wanted: &Self) -> Option<String> {
        self.names().filter(|name| !is_temporary(name) && !is_in_the_making(name)).find_map(|name| {
            let found = &self.files[name];
            if before.files.get(name) == Some(found) {
                return None;
            }
            match wanted.files.get(name) {
                Some(bytes) if bytes == found => None,
                // Lines are appended one by one; each has to be whole, and that of the undisturbed run.
                Some(bytes) if name.ends_with(METRICS) && bytes.starts_with(complete_lines(found)) => None,
                Some(_) => Some(format!("{name} is neither the old file nor the new one")),
                None => Some(format!("{name} is no file that the finished command leaves")),
            }
        })
    }
}

const METRICS: &str = "metrics.jsonl";

/// Whether a part of the path is hidden.
fn is_temporary(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with('.'))
}

/// What only unfinished work has: it is read by the next attempt, and taken away in the end.
fn is_in_the_making(name: &str) -> bool {
    name.split('/').any(|part| part == "checkpoint" || part.ends_with(".partial")) || has_ending(name, "part")
}

fn walk(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    let context = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let (name, path) = (format!("{prefix}{}", entry.file_name().to_string_lossy()), entry.path());
        if path.is_dir() {
            walk(&path, &format!("{name}/"), files)?;
        } else {
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let bytes = timeless(&name, bytes);
            files.insert(name, bytes);
        }
    }
    Ok(())
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

/// The content of a file without what the clock says.
fn timeless(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    if name.ends_with(METRICS) {
        return bytes.split_inclusive(|&byte| byte == b'\n').flat_map(without_times).collect();
    }
    match name {
        _ if name.ends_with("record.json") => without_times(&bytes),
        _ if has_ending(name, "html") => without_threads(bytes),
        _ => bytes,
    }
}

/// A page less the number of threads in the command that made it, which it shows.
fn without_threads(page: Vec<u8>) -> Vec<u8> {
    const FLAG: &str = " --threads ";
    let Ok(text) = std::str::from_utf8(&page) else { return page };
    let mut parts = text.split(FLAG);
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.fold(first, |text, part| text + part).into_bytes()
}

/// A JSON object less the keys of the clock; what is no JSON stays as it is.
fn without_times(text: &[u8]) -> Vec<u8> {
    let Ok(Value::Object(mut map)) = serde_json::from_slice(text) else { return text.to_vec() };
    for key in OF_THE_CLOCK {
        map.shift_remove(key);
    }
    let end: &[u8] = if text.ends_with(b"\n") { b"\n" } else { b"" };
    [Value::Object(map).to_string().as_bytes(), end].concat()
}

fn complete_lines(bytes: &[u8]) -> &[u8] {
    bytes.iter().rposition(|&byte| byte == b'\n').map_or(&[], |last| &bytes[..=last])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(files: &[(&str, &str)]) -> Leaves {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Leaves::in_folder(folder.path()).unwrap()
    }

    #[test]
    fn only_the_clock_and_temporary_files_may_differ_between_finished_commands() {
        let metrics =
            |seconds: f64, loss: f64| format!("{{\"sweep\":1,\"seconds\":{seconds},\"loss\":{loss}}}\n");
        let wanted = leaves(&[("run/metrics.jsonl", &metrics(0.5, 1.0)), ("run/w", "abc")]);
        let later =
            leaves(&[("run/metrics.jsonl", &metrics(7.0, 1.0)), ("run/w", "abc"), ("run/.tmpX", "a")]);
        assert_eq!((later.differ(&wanted), later.temporary()), (None, 1));
        for (files, said) in [
            (leaves(&[("run/metrics.jsonl", &metrics(0.5, 1.5)), ("run/w", "abc")]), "other bytes"),
            (leaves(&[("run/metrics.jsonl", &metrics(0.5, 1.0))]), "run/w is missing"),
            (
                leaves(&[("run/metrics.jsonl", &metrics(0.5, 1.0)), ("run/w", "abc"), ("run/more", "")]),
                "run/more is left",
            ),
        ] {
            let found = files.differ(&wanted).unwrap();
            assert!(found.contains(said), "{found}");
        }
    }

    #[test]
    fn a_page_may_say_on_how_many_threads_it_was_made() {
        let page =
            |command: &str| leaves(&[("page.html", &format!("<pre>bal report a --out b{command}</pre>"))]);
        assert_eq!(page(" --threads 13").differ(&page("")), None);
        assert!(page(" --threads 2 --seed 3").differ(&page(" --threads 2")).is_some());
    }

    #[test]
    fn a_command_that_was_cut_off_leaves_old_files_or_new_ones_and_whole_lines() {
        let line = "{\"sweep\":1,\"seconds\":1.0}\n{\"sweep\":2,\"seconds\":2.0}\n";
        let wanted = leaves(&[("run/metrics.jsonl", line), ("run/w", "new"), ("a.json", "new")]);
        let before = leaves(&[("a.json", "old")]);
        let halfway = [
            ("run/metrics.jsonl", "{\"sweep\":1,\"seconds\":9.0}\n{\"swe"),
            ("run/checkpoint/state", "anything"),
            ("a.json.partial/shard", "anything"),
            ("a.json", "old"),
            ("run/.tmpX", "half"),
        ];
        assert_eq!(leaves(&halfway).torn(&before, &wanted), None);
        for (name, text, said) in [
            ("run/w", "ne", "neither the old file nor the new"),
            ("a.json", "", "neither the old file nor the new"),
            ("b.json", "new", "no file that"),
            ("run/metrics.jsonl", "{\"sweep\":1,\"seconds\":9.0}\n{\"swe\n", "neither"),
        ] {
            let found = leaves(&[(name, text)]).torn(&before, &wanted).unwrap();
            assert!(found.contains(said), "{found}");
        }
    }
}
