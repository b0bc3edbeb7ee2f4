//! `key=value`: one setting of an experiment changed.

use crate::Refusal;
use anyhow::Result;
use toml::{Table, Value};

/// Puts `change`, a dotted key and a TOML value, into `table`.
///
/// Experiments are complete, so only a key that is there may be changed. A value that is no TOML is
/// taken as a string: `samples=last`.
pub(crate) fn apply(table: &mut Table, change: &str) -> Result<()> {
    let Some((key, text)) = change.split_once('=') else {
        return Err(wrong(format!("{change}: expected KEY=VALUE, as in seed=3")));
    };
    let (key, text) = (key.trim(), text.trim());
    let value = format!("value = {text}").parse::<Table>().ok().and_then(|mut t| t.remove("value"));
    let value = value.unwrap_or_else(|| Value::String(text.into()));
    let mut at = table;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        if !at.contains_key(part) {
            let known = at.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(wrong(format!("{key}: the experiment has no `{part}` there; it has {known}")));
        }
        if parts.peek().is_none() {
            at.insert(part.into(), value);
            return Ok(());
        }
        at = match at.get_mut(part) {
            Some(Value::Table(inner)) => inner,
            _ => return Err(wrong(format!("{key}: `{part}` is a value, not a table"))),
        };
    }
    Ok(())
}

fn wrong(fault: String) -> anyhow::Error {
    Refusal::of_request(fault).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        "seed = 1\n[bal]\nsamples = \"last\"\n[bal.schedule]\nepochs = 2\n".parse().unwrap()
    }

    #[test]
    fn a_nested_key_is_changed() {
        let mut table = table();
        apply(&mut table, "bal.schedule.epochs=5").unwrap();
        apply(&mut table, "bal.samples = { thinned = { burn_in = 1, every = 2 } }").unwrap();
        assert_eq!(table["bal"]["schedule"]["epochs"].as_integer(), Some(5));
        assert_eq!(table["bal"]["samples"]["thinned"]["every"].as_integer(), Some(2));
        apply(&mut table, "bal.samples=last").unwrap();
        assert_eq!(table["bal"]["samples"].as_str(), Some("last"));
    }

    #[test]
    fn what_is_not_there_cannot_be_set() {
        for (change, said) in [
            ("sed=3", "it has seed, bal"),
            ("bal.schedule.epoch=3", "it has epochs"),
            ("seed.x=3", "not a table"),
            ("seed", "expected KEY=VALUE"),
        ] {
            let error = apply(&mut table(), change).unwrap_err();
            assert!(error.downcast_ref::<Refusal>().unwrap().of_request);
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
