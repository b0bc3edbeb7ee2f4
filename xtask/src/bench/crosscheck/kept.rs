//! Finished cells, kept so that a comparison that is interrupted goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use bal_report::atomic;
use bal_report::crosscheck::Cell;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The folder of finished cells.
pub(super) struct Kept {
    folder: PathBuf,
}

/// A cell, and what it was made of.
#[derive(Serialize, Deserialize)]
struct Entry {
    made_of: Value,
    cell: Cell,
}

impl Kept {
    /// In `folder`, made if it is not there.
    pub(super) fn at(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder })
    }

    /// A cell that was finished with all of `made_of` as it is now. What cannot be read is made anew.
    pub(super) fn get(&self, attack: &str, model: &str, made_of: &Value) -> Option<Cell> {
        let text = fs::read_to_string(self.file(attack, model)).ok()?;
        let entry: Entry = serde_json::from_str(&text).ok()?;
        (entry.made_of == *made_of).then_some(entry.cell)
    }

    /// Keeps a cell.
    pub(super) fn put(&self, cell: &Cell, made_of: &Value) -> Result<()> {
        let entry = Entry { made_of: made_of.clone(), cell: cell.clone() };
        let path = self.file(&cell.attack, &cell.model);
        Ok(atomic::write(&path, serde_json::to_string_pretty(&entry)?.as_bytes())?)
    }

    /// Forgets all: the comparison is whole.
    pub(super) fn clear(self) -> Result<()> {
        fs::remove_dir_all(&self.folder).with_context(|| format!("cannot remove {}", self.folder.display()))
    }

    fn file(&self, attack: &str, model: &str) -> PathBuf {
        self.folder.join(format!("{attack}-{model}.json"))
    }
}

/// The length of a file and when it was written: what tells a program that was built anew.
pub(super) fn state(path: &Path) -> Result<Value> {
    let data = fs::metadata(path).with_context(|| format!("cannot find {}", path.display()))?;
    let written = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(serde_json::json!([data.len(), written.map(|time| time.as_nanos().to_string())]))
}

#[cfg(test)]
mod tests {
    use bal_report::crosscheck::{Accuracy, Found, Seconds};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_comes_back_as_long_as_nothing_changed() {
        let folder = tempfile::tempdir().unwrap();
        let cell = Cell {
            attack: "apgd-ce".into(),
            model: "erm".into(),
            library: "torchattacks".into(),
            load: None,
            seconds: Seconds { ours: 2.0, ours_beside: 1.0, theirs: 3.0 },
            found: Found::Accuracy(Accuracy {
                norm: "linf".into(),
                radii: vec![0.1],
                ours: vec![0.5],
                theirs: vec![0.5],
            }),
        };
        let kept = Kept::at(folder.path().join("cells")).unwrap();
        assert_eq!(kept.get("apgd-ce", "erm", &json!(16)), None);
        kept.put(&cell, &json!(16)).unwrap();
        assert_eq!(kept.get("apgd-ce", "erm", &json!(16)), Some(cell));
        assert_eq!(kept.get("apgd-ce", "erm", &json!(32)), None);
        fs::write(folder.path().join("cells/apgd-ce-erm.json"), "{").unwrap();
        assert_eq!(kept.get("apgd-ce", "erm", &json!(16)), None);
        kept.clear().unwrap();
        assert!(!folder.path().join("cells").exists());
    }
}
