//! `bal report`.

use crate::{
    args::Report,
    output::{self, can_be_written},
    session::session,
};
use anyhow::Result;

/// Shows runs side by side on one page.
pub(crate) fn report(flags: &Report) -> Result<()> {
    can_be_written([flags.out.as_path()])?;
    bal::report(&flags.request(command()), &session(&flags.machine)?)?;
    output::written(&flags.out);
    Ok(())
}

/// The command as it was given.
fn command() -> String {
    let quoted = |word: String| {
        let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./,=:".contains(c));
        if plain { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
    };
    let words = std::env::args_os().skip(1).map(|word| quoted(word.to_string_lossy().into_owned()));
    std::iter::once("bal".to_string()).chain(words).collect::<Vec<_>>().join(" ")
}
