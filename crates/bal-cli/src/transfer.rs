//! `bal transfer`.

use crate::{
    args::{Transfer, usage},
    console::print,
    output::can_be_written,
    session::session,
    ways_out,
};
use anyhow::Result;
use bal_report::table;
use std::path::PathBuf;

/// Attacks each model, shows all models what was made, and prints a table for each radius.
pub(crate) fn transfer(flags: &Transfer) -> Result<()> {
    can_be_written([&flags.json, &flags.markdown].into_iter().flatten().map(PathBuf::as_path))?;
    let request = flags.request()?;
    request.attack().map_err(|error| usage(ways_out::of_settings(&error)))?;
    let matrix = bal::transfer(&request, &session(&flags.machine)?)?;
    let (whole, titles) = table::transfer_titles(&matrix);
    print(&whole);
    for (place, title) in titles.iter().enumerate() {
        print(&format!("\n{title}"));
        print(&table::transfer(&matrix, place).text());
    }
    Ok(())
}
