//! Which output of a network stands for which class of a data set.

use crate::{Note, Remedy, published::folder_name};
use std::collections::HashMap;

/// For each of the classes `found`, its place among `known`, which are as they are called by whoever trained; an error is the
/// name that is not there.
pub(crate) fn places(found: &[String], known: &[String]) -> Result<Vec<i64>, String> {
    let known: HashMap<String, i64> = known.iter().map(|name| folder_name(name)).zip(0..).collect();
    let place = |name: &String| known.get(&folder_name(name)).copied().ok_or_else(|| name.clone());
    found.iter().map(place).collect()
}

/// What to say where nobody has said what a network's outputs stand for, and the order of the classes leaves a doubt.
pub(crate) fn in_doubt(name: &str, outputs: i64, classes: &[String], dataset: &str) -> Option<Note> {
    let taken = |what: String| Note::warning(what).with(Remedy::ClassNames);
    if (classes.len() as i64) < outputs {
        let (first, last) = (classes.first()?, classes.last()?);
        let count = classes.len();
        return Some(taken(format!(
            "{name} has {outputs} outputs and {dataset} {count} classes, which are taken for the first {count} outputs, \
             from {first} to {last}"
        )));
    }
    let mut as_text = classes.to_vec();
    as_text.sort();
    let (at, other) = as_text.iter().enumerate().find(|(at, other)| classes[*at] != **other)?;
    Some(taken(format!(
        "the classes of {dataset} are taken in the order of their numbers, so that output {at} is {}; in the order of their \
         names as text, which torchvision's ImageFolder has, it is {other}",
        classes[at]
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn classes_are_found_by_name_wherever_they_stand() {
        let known = names(&["ash", "beech", "T-shirt/top"]);
        assert_eq!(places(&names(&["beech"]), &known), Ok(vec![1]));
        assert_eq!(places(&names(&["T-shirt or top", "ash"]), &known), Ok(vec![2, 0]));
        assert_eq!(places(&names(&["ash", "oak"]), &known), Err("oak".into()));
    }

    #[test]
    fn doubt_is_said_where_there_is_some() {
        let said = |outputs, classes: &[&str]| {
            in_doubt("x.pt", outputs, &names(classes), "photos").map(|note| note.to_string())
        };
        assert_eq!(said(2, &["a", "b"]), None);
        assert_eq!(said(3, &["0", "1", "2"]), None);
        let fewer = said(4, &["beech", "oak"]).unwrap();
        assert!(
            fewer.contains("x.pt has 4 outputs and photos 2 classes")
                && fewer.contains("a file of class names")
        );
        let numbers: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let order = said(11, &numbers).unwrap();
        assert!(order.contains("output 2 is 2;") && order.contains("it is 10;"), "{order}");
    }
}
