//! A file that lists the classes, one a line: their order.

use std::collections::BTreeMap;
use std::path::Path;

use super::{classes, name, raw};
use crate::DataError;

/// Reads the names of classes from a text file, one a line, in the order of their labels.
///
/// Spaces around a name and a byte order mark do not count.
///
/// # Errors
///
/// One line that names the file, and the line where it is one: the file cannot be read or is not UTF-8; a line is empty or
/// has control characters; a name is there twice, two differ in case only, there are fewer than two, or more than 65,536.
pub fn read_class_names(file: &Path) -> Result<Vec<String>, DataError> {
    let refused = |reason: String| DataError::own(file, reason);
    let bytes = raw::bytes(file).map_err(refused)?;
    let text = str::from_utf8(&bytes)
        .map_err(|_| refused("is not UTF-8; save the list in that encoding".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    let mut names = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let name = name::canonical(line.trim());
        let fault = match lines.insert(name.clone(), number) {
            _ if name.is_empty() => "is empty".to_owned(),
            _ if name.chars().any(char::is_control) => "has control characters".to_owned(),
            Some(earlier) => format!("names {name} once more, as line {earlier} does"),
            None => {
                names.push(name);
                continue;
            }
        };
        let reason = format!("{fault}; a class a line is wanted, in the order of their labels");
        return Err(DataError::Row { file: file.to_owned(), line: number, reason });
    }
    classes::listed(&names).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_class_and_what_is_no_list_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("classes.txt");
        std::fs::write(&file, "\u{feff}zebra\r\n ant \ncafe\u{301}\n").unwrap();
        assert_eq!(read_class_names(&file).unwrap(), ["zebra", "ant", "caf\u{e9}"]);
        for (bytes, expected) in [
            (&b"a\nb\na\n"[..], "line 3: names a once more, as line 1 does"),
            (b"a\n\nb\n", "line 2: is empty"),
            (b"a\nA\n", "differ in case only"),
            (b"a\n", "has 1;"),
            (b"", "has 0;"),
            (b"caf\xe9\nb\n", "is not UTF-8"),
            (b"a\0b\nc\n", "line 1: has control characters"),
        ] {
            std::fs::write(&file, bytes).unwrap();
            let error = read_class_names(&file).unwrap_err().to_string();
            assert!(error.contains(expected) && error.starts_with(file.to_str().unwrap()), "{error}");
        }
        let absent = read_class_names(&folder.path().join("absent")).unwrap_err();
        assert!(absent.to_string().contains("cannot read"));
    }
}
