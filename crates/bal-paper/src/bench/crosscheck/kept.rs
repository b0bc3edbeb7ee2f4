//! What is finished, kept so that a comparison that is interrupted goes on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bal_data::Content;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The load from which on times are no measurement.
pub(super) const BUSY: f64 = 0.5;

/// The folder of finished pieces.
pub(super) struct Kept {
    folder: PathBuf,
    /// The processor: what another one timed does not count.
    cpu: String,
    /// The load of the machine when the comparison began.
    load: Option<f64>,
}

/// A piece of work, and what it was made of.
#[derive(Serialize, Deserialize)]
struct Entry<T> {
    cpu: String,
    made_of: Value,
    load: Option<f64>,
    piece: T,
}

impl Kept {
    /// In `folder`, made if it is not there, with the processor and the load that the machine has now.
    pub(super) fn at(folder: PathBuf, cpu: String, load: Option<f64>) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder, cpu, load })
    }

    /// A piece and the load at which it was made: the one that is kept if the processor and all of `made_of` are as they were,
    /// and its times can stand; else what `make` makes, which is kept from then on.
    pub(super) fn or_make<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        made_of: Value,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<(T, Option<f64>)> {
        let path = self.folder.join(format!("{name}.json"));
        // What cannot be read is made anew.
        let found = entry(&path).filter(|entry| {
            entry.cpu == self.cpu && entry.made_of == made_of && stands(entry.load, self.load)
        });
        if let Some(entry) = found {
            return Ok((entry.piece, entry.load));
        }
        let entry = Entry { cpu: self.cpu.clone(), made_of, load: self.load, piece: make()? };
        bal_files::write(&path, serde_json::to_string_pretty(&entry)?.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok((entry.piece, entry.load))
    }

    /// Forgets all: the comparison is whole. What is not a piece stays in the folder.
    pub(super) fn clear(self) -> Result<()> {
        let folder = &self.folder;
        for file in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let path = file.with_context(|| format!("cannot read {}", folder.display()))?.path();
            if entry::<Value>(&path).is_some() {
                fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }
}

/// The piece in a file, if it is one.
fn entry<T: DeserializeOwned>(path: &Path) -> Option<Entry<T>> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// What tells a program that was built from other sources, or other weights, wherever and whenever they were put there.
pub(super) fn content(path: &Path) -> Result<Value> {
    Ok(Content::of_file(path)?.to_string().into())
}

/// Whether a piece that was finished at one load need not be timed again at another: what a busy machine timed does not
/// stand on a quiet one.
fn stands(then: Option<f64>, now: Option<f64>) -> bool {
    then.is_none_or(|then| then <= BUSY) || now.is_none_or(|now| now > BUSY)
}

#[cfg(test)]
mod tests {
    use anyhow::bail;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_piece_comes_back_as_long_as_nothing_changed() {
        let folder = tempfile::tempdir().unwrap();
        let on = |cpu: &str| Kept::at(folder.path().join("pieces"), cpu.into(), Some(0.2)).unwrap();
        let kept = on("a processor");
        let known = |made_of: u64| kept.or_make::<Vec<f64>>("a", json!(made_of), || bail!("made anew"));
        assert!(known(16).is_err());
        kept.or_make("a", json!(16), || Ok(vec![0.5])).unwrap();
        assert_eq!(known(16).unwrap(), (vec![0.5], Some(0.2)));
        assert!(known(32).is_err());
        assert!(on("another").or_make::<Vec<f64>>("a", json!(16), || bail!("made anew")).is_err());
        fs::write(folder.path().join("pieces/a.json"), "{").unwrap();
        assert!(known(16).is_err());
        kept.or_make("b", json!(16), || Ok(vec![0.5])).unwrap();
        kept.clear().unwrap();
        // A file that is no piece is not ours to remove.
        assert!(folder.path().join("pieces/a.json").exists());
        assert!(!folder.path().join("pieces/b.json").exists());
    }

    #[test]
    fn what_a_busy_machine_timed_is_timed_again_on_a_quiet_one() {
        assert!(!stands(Some(3.0), Some(0.1)));
        for (then, now) in
            [(Some(0.1), Some(3.0)), (Some(3.0), Some(2.0)), (Some(0.1), Some(0.2)), (None, Some(0.1))]
        {
            assert!(stands(then, now), "{then:?}, {now:?}");
        }
    }
}
