//! How images are read, in the flags of `bal predict`.

use bal::Remedy;

pub(super) fn of(remedy: &Remedy) -> Option<String> {
    match remedy {
        Remedy::NoReading => Some("leave --gray and --ground out".into()),
        _ => None,
    }
}
