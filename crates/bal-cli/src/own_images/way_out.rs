//! How a command at hand sets what would have images accepted.

use anyhow::{Error, anyhow};
use bal_data::{DataError, own::Remedy};

/// The fault, and the flags of a command that has those of training.
pub(crate) fn by_flags(error: DataError) -> Error {
    with(error, |remedy| match remedy {
        Remedy::Layout => "--layout says what it is: folders, idx or csv",
        Remedy::Size => "--image-size H,W resizes all",
        Remedy::Channels => "--channels 1 or 3 makes all gray or RGB",
        Remedy::BadFiles => "--skip-bad-files leaves them out and lists them",
        Remedy::TestShare => "--test-share sets another",
    })
}

/// The fault, and the keys of an experiment file.
pub(crate) fn by_keys(error: DataError) -> Error {
    with(error, |remedy| match remedy {
        Remedy::Layout => "`layout` of [images] says what it is: folders, idx or csv",
        Remedy::Size => "`size` of [images] resizes all",
        Remedy::Channels => "`channels` of [images], 1 or 3, makes all gray or RGB",
        Remedy::BadFiles => "`bad_files = \"skip\"` of [images] leaves them out and lists them",
        Remedy::TestShare => "`test_share` of [images] sets another",
    })
}

/// The fault alone, for a command that cannot set how images are read.
pub(crate) fn by_nothing(error: DataError) -> Error {
    match error.remedy() {
        Some(_) => anyhow!(error.fault()),
        None => error.into(),
    }
}

fn with(error: DataError, words: impl Fn(Remedy) -> &'static str) -> Error {
    match error.remedy() {
        Some(remedy) => anyhow!("{}; {}", error.fault(), words(remedy)),
        None => error.into(),
    }
}
