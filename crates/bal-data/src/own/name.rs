//! Names of files and classes: one form for both ways in which Unicode puts letters and accents together, and how they
//! are shown.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// How many names a line shows.
const SHOWN: usize = 5;

/// The name in Unicode's composed form (NFC), so that a name which a Mac has written is the same name elsewhere.
pub(super) fn canonical(name: &str) -> String {
    match is_nfc_quick(name.chars()) {
        IsNormalized::Yes => name.to_owned(),
        _ => name.nfc().collect(),
    }
}

/// A name in quotes, on one line.
pub(super) fn shown(name: &str) -> String {
    format!("{name:?}")
}

/// Two names that may look the same, letters outside ASCII as their numbers.
pub(super) fn apart(name: &str) -> String {
    format!("\"{}\"", name.escape_default())
}

/// The first few names, and whether there are more.
pub(super) fn some(names: &[String]) -> String {
    let mut words: Vec<String> = names.iter().take(SHOWN).map(|name| shown(name)).collect();
    if names.len() > SHOWN {
        words.push("..".to_owned());
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_one_name_and_can_be_told_apart_in_a_message() {
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
        assert_ne!(composed, decomposed);
        assert_eq!(canonical(composed), canonical(decomposed));
        assert_eq!(
            (apart(composed).as_str(), apart(decomposed).as_str()),
            ("\"caf\\u{e9}\"", "\"cafe\\u{301}\"")
        );
        assert_eq!(canonical("plain 7"), "plain 7");
    }
}
