//! Names of classes: their order, and the pairs that nobody could tell apart.

use std::collections::BTreeMap;

/// The most classes there can be: labels are bytes.
pub(super) const MOST: usize = 256;

/// Sorts names of classes: by number if all are whole numbers, else by their bytes.
///
/// Refuses, with the reason, two names that differ in case only or are the same number, names that are empty or more
/// than a line, fewer than two classes and more than [`MOST`].
pub(super) fn sorted(mut names: Vec<String>) -> Result<Vec<String>, String> {
    let mut seen: BTreeMap<String, &String> = BTreeMap::new();
    for name in &names {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(format!("class name {name:?} is empty or has control characters"));
        }
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            return Err(format!(
                "classes {other:?} and {name:?} differ in case only; rename one or merge them"
            ));
        }
    }
    match &names[..] {
        [] => return Err("there is no class".to_owned()),
        [only] => return Err(format!("there is only one class, {only:?}; a classifier needs at least two")),
        names if names.len() > MOST => {
            return Err(format!("there are {} classes, at most {MOST} fit", names.len()));
        }
        _ => {}
    }
    let numbers: Option<Vec<i64>> = names.iter().map(|name| name.parse().ok()).collect();
    let Some(numbers) = numbers else {
        names.sort();
        return Ok(names);
    };
    let mut numbered: Vec<(i64, String)> = numbers.into_iter().zip(names).collect();
    numbered.sort();
    if let Some(pair) = numbered.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let (one, other) = (&pair[0].1, &pair[1].1);
        return Err(format!("classes {one:?} and {other:?} are the same number; write it in one way"));
    }
    Ok(numbered.into_iter().map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Result<Vec<String>, String> {
        sorted(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn whole_numbers_are_sorted_as_numbers_and_words_as_bytes() {
        assert_eq!(of(&["10", "9", "-1", "0"]).unwrap(), ["-1", "0", "9", "10"]);
        assert_eq!(of(&["10", "9", "b"]).unwrap(), ["10", "9", "b"]);
        assert_eq!(of(&["dog", "Cat"]).unwrap(), ["Cat", "dog"]);
    }

    #[test]
    fn classes_that_nobody_could_tell_apart_are_refused_with_both_names() {
        for (names, expected) in [
            (&["Cat", "dog", "cat"][..], "\"Cat\" and \"cat\" differ in case only"),
            (&["1", "01"], "\"01\" and \"1\" are the same number"),
            (&["a"], "only one class, \"a\""),
            (&[], "no class"),
            (&["a", ""], "empty"),
            (&["a", "b\nc"], "control characters"),
        ] {
            let error = of(names).unwrap_err();
            assert!(error.contains(expected), "{names:?}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
        let many: Vec<String> = (0..257).map(|class| class.to_string()).collect();
        assert!(sorted(many[..256].to_vec()).is_ok());
        assert!(sorted(many).unwrap_err().contains("257 classes, at most 256"));
    }
}
