//! `bal export`.

use crate::{args::Export, console::print};
use anyhow::Result;
use bal::Session;

/// Writes both parts of the data set, or nothing.
pub(crate) fn export(flags: &Export) -> Result<()> {
    let session = Session::with_threads(1)?.with_data(flags.data.as_deref());
    bal::export(&flags.dataset, flags.limit, &flags.out, &session)?;
    print(&flags.out.display().to_string());
    Ok(())
}
