//! Tables of tables as one table with dotted keys.

use serde_json::Value;
use std::collections::BTreeMap;

/// The values within `value` that are no tables, as JSON, by their dotted keys.
pub(crate) fn flat(value: &Value) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    put("", value, &mut all);
    all
}

fn put(key: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(table) => {
            for (name, value) in table {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                put(&key, value, into);
            }
        }
        Value::Null => {}
        other => {
            into.insert(key.into(), other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_dotted_and_what_is_absent_has_none() {
        let table = flat(&json!({"a": {"b": 1, "c": {"d": "x"}}, "e": null, "f": [1, 2]}));
        let expected = [("a.b", "1"), ("a.c.d", "\"x\""), ("f", "[1,2]")];
        assert_eq!(table, expected.map(|(key, value)| (key.into(), value.into())).into());
    }
}
