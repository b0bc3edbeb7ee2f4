//! In which settings runs differ.

use super::listed::Listed;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A setting that is not the same in all runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Dotted: `bal.data.steps`.
    pub key: String,
    /// Its value in each run; `None` where the run has no such setting.
    pub values: Vec<Option<Value>>,
}

/// All of them, by key.
pub fn differences(runs: &[&Listed]) -> Vec<Difference> {
    let settings: Vec<BTreeMap<String, Value>> = runs.iter().map(|run| flat(&run.experiment)).collect();
    let keys: std::collections::BTreeSet<&String> = settings.iter().flat_map(BTreeMap::keys).collect();
    let difference = |key: &String| Difference {
        key: key.clone(),
        values: settings.iter().map(|settings| settings.get(key).cloned()).collect(),
    };
    let all = keys.into_iter().map(difference);
    all.filter(|difference| difference.values.windows(2).any(|pair| pair[0] != pair[1])).collect()
}

/// Every setting under its dotted key; what is absent means none.
fn flat(settings: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    collect(settings, "", &mut found);
    found
}

fn collect(value: &Value, key: &str, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Null => {}
        Value::Object(table) => {
            for (name, value) in table {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                collect(value, &key, found);
            }
        }
        other => drop(found.insert(key.into(), other.clone())),
    }
}
