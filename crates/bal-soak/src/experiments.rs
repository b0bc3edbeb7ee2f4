//! The project's experiments in a small form: seconds long, every part of the method at work.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

/// The methods, by the names of their experiments, and the sources of ensemble adversarial training.
pub(super) const METHODS: [&str; 14] = [
    "mnist-erm",
    "mnist-pgd",
    "mnist-wrm",
    "mnist-bnn",
    "mnist-bal-released",
    "mnist-bal-paper",
    "mnist-bal-exact",
    "mnist-laplace",
    "mnist-flow-pgd",
    "mnist-bal-flow",
    "mnist-bal-mixed",
    "mnist-ensemble-adversarial-light",
    "mnist-mlp-erm",
    "mnist-tramer-d-erm",
];

/// What every experiment is changed to: nine batches, with a checkpoint after every second one.
const ALL: &str = "train_images = 180\nheld_out = 20\ncheckpoint_every = 2";

/// What a method's table is changed to, where it has the key.
const TABLE: &str = r#"
schedule = { epochs = 3, batch_size = 64, last_batch = "keep" }
parameter_chains = 2
"#;

/// What single experiments are changed to.
const SINGLE: &str = "
[mnist-pgd.adversarial_training.attack.settings]
steps = 2
step_size = 0.01

[mnist-wrm.wrm.ascent]
steps = 2

[mnist-bnn.bnn.parameters]
steps = 2

[mnist-bal-released.bal]
data = { steps = 2 }
parameters = { steps = 2 }

[mnist-bal-paper.bal]
data = { steps = 2 }
parameters = { steps = 2 }
mixing = { images = 4, every = 1, burn_in = 3 }

[mnist-bal-exact.bal]
data = { steps = 2 }
parameters = { steps = 2, sgadald = { adaptation_steps = 6 } }
samples = { thinned = { burn_in = 3, every = 3 } }
mixing = { images = 4, every = 1, burn_in = 3 }

[mnist-laplace.laplace]
images = 160
batch_size = 32
members = 2

[mnist-flow-pgd.adversarial_training.attack.settings]
steps = 2

[mnist-bal-flow.bal]
data = { steps = 2 }
parameters = { steps = 2, sgadald = { adaptation_steps = 6 } }
mixing = { images = 4, every = 1, burn_in = 3 }

[mnist-bal-mixed]
networks = [
    { architecture = \"cnn\", chains = 1, start = \"mnist-erm.toml\" },
    { architecture = \"mlp-256-256\", chains = 1, start = \"mnist-mlp-erm.toml\" },
]

[mnist-bal-mixed.bal]
data = { steps = 2 }
parameters = { steps = 2, sgadald = { adaptation_steps = 6 } }
samples = { thinned = { burn_in = 3, every = 3 } }
mixing = { images = 4, every = 1, burn_in = 3 }
";

/// Writes the small form of each experiment in `from` into the folder `to`, which is made.
pub(super) fn write(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let mut single: Table = SINGLE.parse()?;
    for name in METHODS {
        let path = from.join(format!("{name}.toml"));
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut experiment: Table =
            text.parse().with_context(|| format!("cannot read {}", path.display()))?;
        change(&mut experiment, ALL.parse()?);
        let tables = experiment.iter_mut().filter_map(|(_, value)| value.as_table_mut());
        for method in tables.filter(|table| table.contains_key("schedule")) {
            let there = TABLE.parse::<Table>()?.into_iter().filter(|(key, _)| method.contains_key(key));
            let there = there.collect();
            change(method, there);
        }
        if let Some(Value::Table(changes)) = single.remove(name) {
            change(&mut experiment, changes);
        }
        fs::write(to.join(format!("{name}.toml")), toml::to_string(&experiment)?)?;
    }
    Ok(())
}

/// Gives `table` the values of `changes`, tables key by key.
fn change(table: &mut Table, changes: Table) {
    for (key, value) in changes {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(changes)) => change(inner, changes),
            (_, value) => drop(table.insert(key, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_chores::Repository;

    #[test]
    fn changed_is_only_what_the_experiment_has() {
        let folder = tempfile::tempdir().unwrap();
        let experiments = Repository::find().unwrap().root().join("experiments");
        write(&experiments, folder.path()).unwrap();
        let keys = |folder: &Path, name: &str| {
            let text = fs::read_to_string(folder.join(format!("{name}.toml"))).unwrap();
            let mut found = vec![];
            paths(&Value::Table(text.parse().unwrap()), "", &mut found);
            found.sort();
            found
        };
        for name in METHODS {
            // How samples are kept is a choice: the one that is made instead has other keys.
            let (small, large) = (keys(folder.path(), name), keys(&experiments, name));
            assert_eq!(small, large, "{name}");
        }
    }

    fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Table(table) => {
                for (key, value) in table {
                    paths(value, &format!("{path}.{key}"), found);
                }
            }
            _ => found.push(path.to_owned()),
        }
    }
}
