//! Classes: their names, the order in which they are numbered, and the pairs that nobody could tell apart.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::name;

/// The most classes there can be: labels have 16 bits.
pub(super) const MOST: usize = 1 << 16;

/// What decides which class has which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassOrder {
    /// All names are whole numbers, in the order of these.
    Numbers,
    /// The bytes of the names.
    Text,
    /// A list, in the settings or in a file of the data set.
    Given,
}

/// The classes of a data set, numbered.
#[derive(Clone, Debug)]
pub(super) struct Classes {
    names: Vec<String>,
    labels: HashMap<String, u16>,
    pub(super) order: ClassOrder,
}

impl Classes {
    /// The classes `found`, by number if all are whole numbers, else by their bytes; or those of a `given` list, in its
    /// order, which all that were found have to be in.
    ///
    /// Names are in one Unicode form already. Refuses, with the reason, what [`sorted`] and [`listed`] refuse, and a
    /// class that is not in the list.
    pub(super) fn of<'a>(
        found: impl IntoIterator<Item = &'a str>,
        given: Option<&[String]>,
    ) -> Result<Self, String> {
        let mut found: Vec<String> = found.into_iter().map(str::to_owned).collect();
        found.sort_unstable();
        found.dedup();
        let Some(given) = given else {
            let (names, order) = sorted(found)?;
            return Ok(Self::numbered(names, order));
        };
        let classes = Self::numbered(listed(given)?, ClassOrder::Given);
        let Some(unknown) = found.iter().find(|name| classes.label(name).is_none()) else {
            return Ok(classes);
        };
        Err(format!(
            "class {} is none of the {} classes that are known: {}",
            name::shown(unknown),
            classes.names.len(),
            name::some(&classes.names)
        ))
    }

    fn numbered(names: Vec<String>, order: ClassOrder) -> Self {
        let labels = names.iter().cloned().zip(0..=u16::MAX).collect();
        Self { names, labels, order }
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of a class.
    pub(super) fn label(&self, name: &str) -> Option<u16> {
        self.labels.get(name).copied()
    }
}

/// Sorts names of classes: by number if all are whole numbers, else by their bytes.
///
/// Refuses, with the reason, what [`distinct`] refuses, two names that are the same number, and fewer than two classes.
fn sorted(mut names: Vec<String>) -> Result<(Vec<String>, ClassOrder), String> {
    distinct(&names)?;
    match &names[..] {
        [] => return Err("there is no class".to_owned()),
        [only] => {
            let only = name::shown(only);
            return Err(format!("there is only one class, {only}; a classifier needs at least two"));
        }
        _ => {}
    }
    let numbers: Option<Vec<i64>> = names.iter().map(|name| name.parse().ok()).collect();
    let Some(numbers) = numbers else {
        names.sort();
        return Ok((names, ClassOrder::Text));
    };
    let mut numbered: Vec<(i64, String)> = numbers.into_iter().zip(names).collect();
    numbered.sort();
    if let Some(pair) = numbered.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let (one, other) = (&pair[0].1, &pair[1].1);
        return Err(format!("classes {one:?} and {other:?} are the same number; write it in one way"));
    }
    Ok((numbered.into_iter().map(|(_, name)| name).collect(), ClassOrder::Numbers))
}

/// A list of names of classes in one Unicode form; refused as [`distinct`] does, and if one is in it twice.
pub(super) fn listed(given: &[String]) -> Result<Vec<String>, String> {
    let names: Vec<String> = given.iter().map(|name| name::canonical(name)).collect();
    distinct(&names).map_err(|reason| format!("the list of classes: {reason}"))?;
    if names.len() < 2 {
        return Err(format!("the list of classes has {}; a classifier needs at least two", names.len()));
    }
    Ok(names)
}

/// Refuses, with the reason, names that are empty or more than a line, two that are equal or differ in case only, and
/// more than [`MOST`].
fn distinct(names: &[String]) -> Result<(), String> {
    let mut seen: BTreeMap<String, &String> = BTreeMap::new();
    for name in names {
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(format!("class name {name:?} is empty or has control characters"));
        }
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            let [one, another] = [other, name].map(|name| name::shown(name));
            return Err(if other == name {
                format!("class {one} is there twice")
            } else {
                format!("classes {one} and {another} differ in case only; rename one or merge them")
            });
        }
    }
    if names.len() > MOST {
        return Err(format!("there are {} classes, at most {MOST} fit", names.len()));
    }
    Ok(())
}

/// Whether sorting these names as text, as torchvision's `ImageFolder` does, gives another order.
pub(super) fn text_sorts_otherwise(names: &[String]) -> bool {
    !names.is_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Result<Vec<String>, String> {
        Classes::of(names.iter().copied(), None).map(|classes| classes.names)
    }

    #[test]
    fn whole_numbers_are_sorted_as_numbers_and_words_as_bytes() {
        assert_eq!(of(&["10", "9", "-1", "0"]).unwrap(), ["-1", "0", "9", "10"]);
        assert_eq!(of(&["10", "9", "b"]).unwrap(), ["10", "9", "b"]);
        assert_eq!(of(&["dog", "Cat"]).unwrap(), ["Cat", "dog"]);
        assert!(text_sorts_otherwise(&of(&["2", "10"]).unwrap()));
        assert!(!text_sorts_otherwise(&of(&["02", "10"]).unwrap()));
    }

    #[test]
    fn a_list_says_the_order_and_has_every_class() {
        let list = ["10", "2", "7"].map(str::to_owned);
        let classes = Classes::of(["2", "10"], Some(&list)).unwrap();
        assert_eq!((classes.names(), classes.order), (&list[..], ClassOrder::Given));
        assert_eq!((classes.label("7"), classes.label("3")), (Some(2), None));
        let error = Classes::of(["2", "3"], Some(&list)).unwrap_err();
        assert_eq!(error, "class \"3\" is none of the 3 classes that are known: \"10\", \"2\", \"7\"");
        for (list, expected) in [
            (&["a", "a"][..], "class \"a\" is there twice"),
            (&["a", "A"], "differ in case only"),
            (&["a", ""], "is empty"),
            (&["a"], "has 1; a classifier needs at least two"),
        ] {
            let list: Vec<String> = list.iter().map(|&name| name.to_owned()).collect();
            assert!(listed(&list).unwrap_err().contains(expected), "{list:?}");
        }
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
    }

    #[test]
    fn labels_of_16_bits_number_65536_classes() {
        let many: Vec<String> = (0..=MOST).map(|class| class.to_string()).collect();
        let names = |count: usize| many[..count].iter().map(String::as_str).collect::<Vec<_>>();
        let classes = Classes::of(names(MOST), None).unwrap();
        assert_eq!((classes.label("65535"), classes.label("256")), (Some(65_535), Some(256)));
        assert!(of(&names(MOST + 1)).unwrap_err().contains("65537 classes, at most 65536"));
    }
}
