//! What the program says: results on standard output, news and errors on standard error.
//!
//! A reader who leaves, as `head` does, ends no work.

use anyhow::{Result, bail};
use std::{
    io::Write,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// A line for the user, beside the results. Where nobody reads them any more, the work goes on without.
pub(crate) fn say(line: &str) {
    writeln!(std::io::stderr().lock(), "{line}").ok();
}

/// Why a line of results was not written: a full disk, say.
static LOST: OnceLock<std::io::Error> = OnceLock::new();

/// Whether standard output is a file that the user asked for.
static IS_A_FILE: AtomicBool = AtomicBool::new(false);

/// From now on lines of results go to standard error: standard output is for a file that the user asked for.
pub(crate) fn leave_standard_output() {
    IS_A_FILE.store(true, Ordering::Relaxed);
}

/// A line of results. The work goes on if it cannot be written, and [`printed`] tells in the end.
pub(crate) fn print(line: &str) {
    if IS_A_FILE.load(Ordering::Relaxed) {
        return say(line);
    }
    if let Err(error) = write_out(format!("{line}\n").as_bytes()) {
        LOST.get_or_init(|| error);
    }
}

/// That every line of results was written, or not wanted any more.
pub(crate) fn printed() -> Result<()> {
    LOST.get().map_or(Ok(()), |error| {
        bail!(
            "cannot write the results to standard output: {error}; the files that were asked for are written"
        )
    })
}

/// Results that are more than lines.
pub(crate) fn write_out(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // Whoever reads, `head` perhaps, has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
