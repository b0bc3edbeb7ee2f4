//! Tables of which each comparison under strong attacks has one.

use std::path::Path;

use crate::studies::{ROBUSTNESS_STUDIES, Study};
use bal_report::ReportError;

/// The tables that `of_study` makes of a results folder, and `note` below them if there are any.
///
/// Errors are those of `of_study`.
pub(super) fn by_study(
    results_dir: &Path,
    of_study: impl Fn(&'static Study, &Path) -> Result<Option<String>, ReportError>,
    note: &str,
) -> Result<Vec<String>, ReportError> {
    let mut blocks = Vec::new();
    for study in ROBUSTNESS_STUDIES {
        blocks.extend(of_study(study, results_dir)?);
    }
    if !blocks.is_empty() {
        blocks.push(note.into());
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_stands_below_tables_only() {
        let none = by_study(Path::new("results"), |_, _| Ok(None), "note").unwrap();
        assert!(none.is_empty());
        let mnist = |study: &Study, _: &Path| Ok((study.name == "fig1").then(|| "table".to_owned()));
        assert_eq!(by_study(Path::new("results"), mnist, "note").unwrap(), ["table", "note"]);
    }
}
