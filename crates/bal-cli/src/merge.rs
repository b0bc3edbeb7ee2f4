//! `bal merge`.

use crate::{args::Merge, console::say, evaluate::table, session::Console, ways_out};
use anyhow::Result;
use bal::{Merged, Session};
use std::sync::Arc;

/// Puts the parts of an evaluation together and reports what is left of its accuracy.
pub(crate) fn merge(flags: &Merge) -> Result<()> {
    let session = Session::with_threads(1)?.observed_by(Arc::new(Console));
    let Merged { evaluation, warnings } = bal::merge(&flags.request(), &session)?;
    table::show(&evaluation);
    for warning in &warnings {
        say(&warning.line(ways_out::of));
    }
    Ok(())
}
