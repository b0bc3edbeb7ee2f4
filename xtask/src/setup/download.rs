//! Wheels on disk: fetched once, checked, and kept until LibTorch is unpacked from them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::setup::remove;
use crate::setup::wheels::Wheel;
use crate::size::readable;

/// Makes sure that the file of `wheel` is in `folder`, and is the right one.
///
/// A right one is used as it is, a wrong one removed. `fetch` brings the wheel's file into an empty folder;
/// it gets a second chance, since most faults are broken connections.
pub(super) fn obtain(
    wheel: &Wheel,
    folder: &Path,
    fetch: impl Fn(&Wheel, &Path) -> Result<()>,
) -> Result<()> {
    let path = folder.join(&wheel.file);
    if path.exists() {
        match wheel.fault(&path)? {
            None => {
                eprintln!("{} is there already", wheel.file);
                return Ok(());
            }
            Some(fault) => eprintln!("{} is fetched again: {fault}", wheel.file),
        }
        remove(&path)?;
    }
    fetch_once(wheel, &path, &fetch).or_else(|error| {
        eprintln!("trying once more: {error:#}");
        fetch_once(wheel, &path, &fetch)
    })
}

/// Fetches into a folder of its own; the file gets its name only when it is right.
fn fetch_once(wheel: &Wheel, path: &Path, fetch: &impl Fn(&Wheel, &Path) -> Result<()>) -> Result<()> {
    let incoming = path.with_file_name("incoming");
    remove(&incoming)?;
    fs::create_dir_all(&incoming).with_context(|| format!("cannot make {}", incoming.display()))?;
    eprintln!("fetching {} ({})", wheel.file, readable(wheel.bytes));
    let result = fetch(wheel, &incoming).and_then(|()| take(wheel, &incoming.join(&wheel.file), path));
    remove(&incoming)?;
    result
}

fn take(wheel: &Wheel, arrived: &Path, path: &Path) -> Result<()> {
    if !arrived.exists() {
        bail!("{} did not arrive: pip brought another file", wheel.file);
    }
    if let Some(fault) = wheel.fault(arrived)? {
        bail!("{} is not the file that was published: {fault}", wheel.file);
    }
    fs::rename(arrived, path).with_context(|| format!("cannot rename {}", arrived.display()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::anyhow;

    use super::*;
    use crate::setup::wheels::tests::small_wheel;

    const RIGHT: &[u8] = b"the right bytes";

    #[test]
    fn a_right_file_is_not_fetched_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.whl"), RIGHT).unwrap();
        obtain(&small_wheel(RIGHT), folder.path(), |_, _| Err(anyhow!("fetched"))).unwrap();
        assert_eq!(fs::read(folder.path().join("small.whl")).unwrap(), RIGHT);
    }

    #[test]
    fn a_wrong_file_is_removed_and_fetched_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("small.whl"), b"half of").unwrap();
        let bring = |wheel: &Wheel, into: &Path| Ok(fs::write(into.join(&wheel.file), RIGHT)?);
        obtain(&small_wheel(RIGHT), folder.path(), bring).unwrap();
        assert_eq!(fs::read(folder.path().join("small.whl")).unwrap(), RIGHT);
    }

    #[test]
    fn a_broken_connection_gets_a_second_chance() {
        let folder = tempfile::tempdir().unwrap();
        let tries = Cell::new(0);
        let bring = |wheel: &Wheel, into: &Path| {
            tries.set(tries.get() + 1);
            let bytes = if tries.get() == 1 { &RIGHT[..4] } else { RIGHT };
            Ok(fs::write(into.join(&wheel.file), bytes)?)
        };
        obtain(&small_wheel(RIGHT), folder.path(), bring).unwrap();
        assert_eq!(tries.get(), 2);
    }

    #[test]
    fn a_file_that_stays_wrong_is_an_error_with_both_digests_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let wheel = small_wheel(RIGHT);
        let tries = Cell::new(0);
        let bring = |wheel: &Wheel, into: &Path| {
            tries.set(tries.get() + 1);
            Ok(fs::write(into.join(&wheel.file), b"something else")?)
        };
        let error = obtain(&wheel, folder.path(), bring).unwrap_err().to_string();
        let found = bal_data::Digest::of(b"something else").to_string();
        assert!(error.contains(&wheel.sha256.to_string()) && error.contains(&found), "{error}");
        assert_eq!(tries.get(), 2);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
