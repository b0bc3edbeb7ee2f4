//! What was read of images of the user's own in this process: they are not read again for what is known, and what was said
//! of them is not said again.

use super::ImageSettings;
use bal_data::{DataError, own::Own};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Images and how they were read.
type Key = (String, String);

struct Memory {
    /// Read, and wanted again at once.
    kept: Option<(Key, Own)>,
    /// Of all that was read.
    digests: BTreeMap<Key, BTreeMap<String, String>>,
    said: BTreeSet<PathBuf>,
}

static MEMORY: Mutex<Memory> =
    Mutex::new(Memory { kept: None, digests: BTreeMap::new(), said: BTreeSet::new() });

fn memory() -> MutexGuard<'static, Memory> {
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(path: &str, settings: &ImageSettings) -> Key {
    (path.to_owned(), format!("{settings:?}"))
}

/// What was kept of `path`, which is then no longer kept; else what `read` reads.
pub(super) fn load(
    path: &str,
    settings: &ImageSettings,
    read: impl FnOnce() -> Result<Own, DataError>,
) -> Result<Own, DataError> {
    let key = key(path, settings);
    if let Some((kept, own)) = memory().kept.take()
        && kept == key
    {
        return Ok(own);
    }
    let own = read()?;
    memory().digests.insert(key, own.dataset.digests.clone());
    Ok(own)
}

pub(super) fn keep(path: &str, settings: &ImageSettings, own: Own) {
    memory().kept = Some((key(path, settings), own));
}

pub(super) fn digests(path: &str, settings: &ImageSettings) -> Option<BTreeMap<String, String>> {
    memory().digests.get(&key(path, settings)).cloned()
}

/// Whether nothing was said of the images at `path` yet; from now on something was.
pub(super) fn is_news(path: &Path) -> bool {
    memory().said.insert(path.to_owned())
}
