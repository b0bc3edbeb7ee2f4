//! `bal compare`.

use crate::{args::Compare, console::print, output::can_be_written, session::Console};
use anyhow::Result;
use bal::{Comparison, Session};
use bal_report::table;
use std::sync::Arc;

/// Compares the evaluations that the flags name.
pub(crate) fn compare(flags: &Compare) -> Result<()> {
    can_be_written(flags.json.as_deref())?;
    let session = Session::with_threads(1)?.observed_by(Arc::new(Console));
    bal::compare(&flags.request(), &session)?.iter().for_each(show);
    Ok(())
}

/// Prints which two are compared on what, and a line for each common radius.
pub(crate) fn show(comparison: &Comparison) {
    let Comparison { first, second, images, split, dataset, norm, .. } = comparison;
    let norm = norm.as_ref().map(|norm| format!(", {norm}")).unwrap_or_default();
    print(&format!("compared on {images} {} images of {dataset}{norm}", split.words()));
    for (place, side) in [("first", first), ("second", second)] {
        let file = side.file.as_ref().map(|file| format!(" ({file})")).unwrap_or_default();
        print(&format!("{place}: {}, {}{file}", side.model, side.attack));
    }
    print(&table::comparison(comparison).text());
}
