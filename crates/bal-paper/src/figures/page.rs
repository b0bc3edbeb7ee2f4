//! The pages of `results/`: templates whose numbers and tables come from records.
//!
//! A template is `crates/bal-paper/pages/NAME.md`. `{{..}}` is a number ([`placeholder`]), `{{table NAME}}` the tables of a
//! figure. Outside of these no number may stand in figures, but in names that begin with a letter, after the words of
//! [`COUNTED`], in link targets, and in code spans; a code span that is nothing but a number has to be one of [`SETTINGS`].

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::{on_record, placeholder, published, tables};
use bal_chores::Repository;

/// Words that a number may follow: it is a place in the paper.
const COUNTED: [&str; 2] = ["Figure", "section"];

/// Numbers that were chosen, not measured: radii of attacks and trainings, learning rates, and the text's own thresholds.
const SETTINGS: [&str; 23] = [
    "0.01", "0.0167", "0.02", "0.0333", "0.04", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.5", "1",
    "1.5", "2", "10", "2/255", "4/255", "8/255", "1e-3", "1e-5", "94 %", "97 %",
];

/// Writes every page anew; returns their paths.
///
/// # Errors
/// When a placeholder names nothing, when a number was typed in, and when a file cannot be read or written.
pub(super) fn write(repository: &Repository) -> Result<Vec<PathBuf>> {
    let pages = pages(repository)?;
    for (path, text) in &pages {
        bal_files::write(path, text.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(pages.into_iter().map(|(path, _)| path).collect())
}

/// Every page and what belongs there.
fn pages(repository: &Repository) -> Result<Vec<(PathBuf, String)>> {
    let (results, published) = (repository.results(), published(repository)?);
    let mut drawn = BTreeMap::new();
    for name in on_record(&results) {
        drawn.extend(tables(name, &results, &published)?);
    }
    let templates = repository.root().join("crates/bal-paper/pages");
    let mut pages = Vec::new();
    for entry in fs::read_dir(&templates).with_context(|| format!("cannot read {}", templates.display()))? {
        let path = entry?.path();
        let name = path.file_name().context("a template has a name")?;
        let template =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let fill = |text: &str| match text.strip_prefix("table ") {
            Some(table) => drawn.get(table).cloned().with_context(|| format!("there is no table {table}")),
            None => placeholder::filled(text, &results),
        };
        let text = filled(&template, fill).with_context(|| path.display().to_string())?;
        let folder = if name == "README.md" { results.clone() } else { results.join("pages") };
        pages.push((folder.join(name), text));
    }
    pages.sort();
    Ok(pages)
}

/// The template with `fill` of each placeholder in its place.
fn filled(template: &str, fill: impl Fn(&str) -> Result<String>) -> Result<String> {
    let (mut page, mut prose) = (String::new(), String::new());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (text, after) = after.split_once("}}").context("a placeholder has no end")?;
        page.push_str(before);
        prose.push_str(before);
        page.push_str(&fill(text).with_context(|| format!("{{{{{text}}}}}"))?);
        rest = after;
    }
    page.push_str(rest);
    prose.push_str(rest);
    if let Some(word) = typed_in(&prose) {
        bail!("{word} was typed in: write the record, field and form that it comes from");
    }
    Ok(page)
}

/// The first number that stands in the prose itself.
fn typed_in(prose: &str) -> Option<String> {
    for (at, span) in prose.split('`').enumerate() {
        let alone = |text: &str| text.chars().all(|c| c.is_ascii_digit() || ".,/%e-− ".contains(c));
        if at % 2 == 1 {
            if alone(span) && !SETTINGS.contains(&span) {
                return Some(span.into());
            }
            continue;
        }
        let mut before = "";
        for word in without_targets(span).split(|c: char| c.is_whitespace() || "()[]|,;:/–−".contains(c))
        {
            let starts_as_name = word.trim_start_matches(['*', '_', '"']).starts_with(char::is_alphabetic);
            if word.contains(|c: char| c.is_ascii_digit()) && !starts_as_name && !COUNTED.contains(&before) {
                return Some(word.into());
            }
            if !word.is_empty() {
                before = COUNTED.into_iter().find(|counted| word.ends_with(counted)).unwrap_or_default();
            }
        }
    }
    None
}

/// Markdown without where its links lead.
fn without_targets(text: &str) -> String {
    let mut parts = text.split("](");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "] " + part.split_once(')').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crosscheck::Side;

    #[test]
    fn every_page_is_that_of_its_template_and_the_records() {
        let repository = Repository::find().unwrap();
        let pages = pages(&repository).unwrap();
        for (path, text) in &pages {
            let there = fs::read_to_string(path).unwrap_or_default();
            assert!(there == *text, "run `cargo xtask figures`: {} is stale", path.display());
        }
        let readme = pages.iter().find(|(path, _)| path.ends_with("results/README.md")).unwrap();
        assert!(readme.1.lines().count() <= 400, "the page is to be read to its end");
        let known: Vec<_> = pages.iter().map(|(path, _)| path.file_name().unwrap().to_owned()).collect();
        for entry in fs::read_dir(repository.results().join("pages")).unwrap() {
            let name = entry.unwrap().file_name();
            assert!(known.contains(&name), "{} has no template", name.display());
        }
    }

    #[test]
    fn the_tables_of_crossed_attacks_are_those_of_the_record() {
        let repository = Repository::find().unwrap();
        let page = fs::read_to_string(repository.root().join("docs/evaluation.md")).unwrap();
        for side in Side::ALL {
            let tables = crate::figures::crosscheck_tables(&repository, side).unwrap();
            let written = crate::tables::replace_section(&page, side.section(), &tables).unwrap();
            assert!(
                written == page,
                "run `cargo xtask figures`: the tables of docs/evaluation.md are not the record's"
            );
        }
    }

    #[test]
    fn a_changed_record_changes_the_page() {
        let results = tempfile::tempdir().unwrap();
        let template = "ERM has {{erm x}} at `0.15`.";
        let page = |value: &str| {
            fs::write(results.path().join("erm.json"), format!("{{\"x\": {value}}}")).unwrap();
            filled(template, |text| placeholder::filled(text, results.path())).unwrap()
        };
        assert_eq!(page("0.738"), "ERM has .738 at `0.15`.");
        assert_eq!(page("0.739"), "ERM has .739 at `0.15`.");
    }

    #[test]
    fn a_typed_number_is_refused() {
        for text in [
            "It has .885.",
            "It has 0.885",
            "| 88.5 % |",
            "5 chains",
            "[.861, x]",
            "`0.885`",
            "**.9**",
            "(9)",
            "0.8-0.9",
        ] {
            assert!(typed_in(text).is_some(), "{text}");
        }
        assert!(filled("{{a}} and .7", |_| Ok(".9".into())).unwrap_err().to_string().contains(".7"));
    }

    #[test]
    fn names_places_settings_and_commands_are_no_results() {
        for text in [
            "L2 of Figure 1",
            "[text](a-1.svg) after",
            "AVX-512",
            "at `0.15` and `8/255`",
            "`cargo x --seeds 3`",
            "section 3.1",
        ] {
            assert_eq!(typed_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_placeholder_without_end_or_meaning_is_refused() {
        assert!(filled("{{a", |_| Ok(String::new())).is_err());
        let error = filled("{{a b}}", |_| bail!("nothing")).unwrap_err();
        assert!(format!("{error:#}").contains("{{a b}}"), "{error:#}");
    }
}
