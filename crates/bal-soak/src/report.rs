//! What a part of the soak tried and what fell: a record, and the table that is made of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bal_report::table;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use bal_chores::{Repository, processor};

/// The parts, in the order of the page.
pub(super) const PARTS: [&str; 6] = ["kills", "pairs", "disk", "fuzz", "threads", "ranks"];

/// One part of the soak.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// One of [`PARTS`].
    pub(super) name: String,
    /// The processor, as the operating system names it.
    cpu: String,
    /// Of all that was drawn.
    seed: u64,
    /// How it was tried, where there is a choice.
    pub(super) how: Vec<String>,
    pub(super) rows: Vec<Row>,
    /// What fell.
    pub(super) faults: Vec<String>,
}

/// What was tried of one thing, and how often.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    what: String,
    /// Each count with what it counts; the same in every row.
    counts: Vec<(String, u64)>,
}

impl Row {
    pub(super) fn new(what: impl Into<String>, counts: &[(&str, u64)]) -> Self {
        let counts = counts.iter().map(|&(name, count)| (name.to_owned(), count)).collect();
        Self { what: what.into(), counts }
    }
}

/// What fell, as it falls.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<String>);

impl Faults {
    /// Says it at once, too: a soak takes hours.
    pub(super) fn add(&mut self, fault: String) {
        eprintln!("FAULT {fault}");
        self.0.push(fault);
    }

    /// Leaves a folder where it is, to be looked at; returns where, as the end of a sentence.
    pub(super) fn keep(&self, folder: TempDir) -> Result<String> {
        // A soak that goes wrong throughout must not fill the disk.
        const MOST: usize = 10;
        if self.0.len() >= MOST {
            return Ok(String::new());
        }
        let goal = folder.path().parent().and_then(Path::parent).context("the folder lies nowhere")?;
        let goal = goal.join("faults");
        fs::create_dir_all(&goal)?;
        let goal = goal.join(folder.path().file_name().context("the folder has no name")?);
        fs::rename(folder.keep(), &goal).context("cannot keep what went wrong")?;
        Ok(format!("; it is kept in {}", goal.display()))
    }
}

impl Part {
    pub(super) fn new(name: &str, seed: u64, rows: Vec<Row>, faults: Faults) -> Self {
        Self { name: name.to_owned(), cpu: processor(), seed, how: vec![], rows, faults: faults.0 }
    }

    /// The table of the page.
    pub(super) fn table(&self) -> String {
        let mut lines: Vec<String> = vec![format!("{}, seed {}.", self.cpu, self.seed)];
        lines.extend(self.how.iter().cloned());
        lines = vec![lines.join(" "), String::new()];
        if let Some(first) = self.rows.first() {
            let names: Vec<&str> = first.counts.iter().map(|(name, _)| name.as_str()).collect();
            lines.push(format!("|  | {} |", names.join(" | ")));
            lines.push(format!("| --- |{}", " --: |".repeat(names.len())));
            lines.extend(self.rows.iter().map(|row| line(&row.what, row.counts.iter().map(|count| count.1))));
            let sum = |at: usize| self.rows.iter().filter_map(|row| Some(row.counts.get(at)?.1)).sum();
            lines.push(line("all", (0..names.len()).map(sum)));
        }
        lines.push(String::new());
        match &self.faults[..] {
            [] => lines.push("Nothing fell.".to_owned()),
            faults => lines.extend(faults.iter().map(|fault| format!("- {fault}"))),
        }
        lines.join("\n")
    }

    /// Writes the record, and the table into the page.
    pub(super) fn keep(&self, repository: &Repository) -> Result<()> {
        let path = record(repository, &self.name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        bal_files::write(&path, &[serde_json::to_vec_pretty(self)?, b"\n".to_vec()].concat())
            .with_context(|| format!("cannot write {}", path.display()))?;
        page(repository).map(|_| ())
    }

    fn read(path: &Path) -> Result<Self> {
        let context = || format!("cannot read {}", path.display());
        serde_json::from_slice(&fs::read(path).with_context(context)?).with_context(context)
    }
}

fn record(repository: &Repository, part: &str) -> PathBuf {
    repository.results().join("soak").join(format!("{part}.json"))
}

/// One line of a table; thousands are set apart.
fn line(what: &str, counts: impl Iterator<Item = u64>) -> String {
    let counts: Vec<String> = counts.map(grouped).collect();
    format!("| {what} | {} |", counts.join(" | "))
}

fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// Writes the tables of docs/reliability.md from the records; returns its path.
pub(crate) fn page(repository: &Repository) -> Result<PathBuf> {
    let path = repository.root().join("docs/reliability.md");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    bal_files::write(&path, drawn(repository, &text)?.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// The page's text with the tables of the records.
fn drawn(repository: &Repository, text: &str) -> Result<String> {
    PARTS.into_iter().try_fold(text.to_owned(), |text, part| {
        let path = record(repository, part);
        if !path.is_file() {
            return Ok(text);
        }
        Ok(table::replace_section(&text, part, &Part::read(&path)?.table())?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_the_tables_of_the_records() {
        let repository = Repository::find().unwrap();
        let text = fs::read_to_string(repository.root().join("docs/reliability.md")).unwrap();
        assert!(drawn(&repository, &text).unwrap() == text, "run `cargo xtask figures`");
    }

    #[test]
    fn a_table_has_a_line_for_each_thing_and_their_sum() {
        let rows = vec![
            Row::new("a", &[("tried", 1200), ("fell", 0)]),
            Row::new("b", &[("tried", 34), ("fell", 1)]),
        ];
        let mut faults = Faults::default();
        faults.add("b fell".to_owned());
        let part = Part::new("kills", 7, rows, faults);
        let table = part.table();
        for line in
            ["|  | tried | fell |", "| a | 1,200 | 0 |", "| b | 34 | 1 |", "| all | 1,234 | 1 |", "- b fell"]
        {
            assert!(table.lines().any(|found| found == line), "{line} is not in\n{table}");
        }
        let back: Part = serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap();
        assert_eq!(back.table(), table);
    }
}
