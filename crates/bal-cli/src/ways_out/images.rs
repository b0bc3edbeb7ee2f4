//! Images of the user's own: the setting by which they would be accepted, where the command has it.

use crate::args::Command;
use bal_data::{DataError, own::Remedy};

/// A fault of images of the user's own, and the setting by which they would be accepted, where the command has it.
pub(super) fn told(error: &DataError, command: &Command) -> String {
    let Some(remedy) = error.remedy() else { return error.to_string() };
    let images = match command {
        Command::Train(flags) => &flags.images,
        Command::Explain(flags) => &flags.images,
        Command::Init(flags) => &flags.images,
        _ => return error.fault(),
    };
    let words = if images.dataset.is_some() { by_flags(remedy) } else { by_keys(remedy) };
    format!("{}; {words}", error.fault())
}

fn by_flags(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Layout => "--layout says what it is: folders, idx or csv",
        Remedy::Size => "--image-size H,W resizes all",
        Remedy::Channels => "--channels 1 or 3 makes all gray or RGB",
        Remedy::BadFiles => "--skip-bad-files leaves them out and lists them",
        Remedy::TestShare => "--test-share sets another",
    }
}

/// The keys of an experiment file.
fn by_keys(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Layout => "`layout` of [images] says what it is: folders, idx or csv",
        Remedy::Size => "`size` of [images] resizes all",
        Remedy::Channels => "`channels` of [images], 1 or 3, makes all gray or RGB",
        Remedy::BadFiles => "`bad_files = \"skip\"` of [images] leaves them out and lists them",
        Remedy::TestShare => "`test_share` of [images] sets another",
    }
}
