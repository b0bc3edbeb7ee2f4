//! `bal diagnose`.

use crate::{args::Diagnose, console::print, output::can_be_written};
use anyhow::Result;
use bal_report::table;

/// So many quantities of a kind are printed: all of them are in the JSON.
const SHOWN: usize = 8;

/// Says whether the chains of a finished run agree, and how many draws theirs are worth.
pub(crate) fn diagnose(flags: &Diagnose) -> Result<()> {
    let request = flags.request();
    can_be_written(request.files().collect::<Vec<_>>())?;
    let diagnosed = bal::diagnose(&request)?;
    print(&table::diagnosis(&diagnosed.diagnosis, SHOWN));
    diagnosed.write().map(drop)
}
