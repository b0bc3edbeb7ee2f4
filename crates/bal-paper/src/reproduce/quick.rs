//! `experiments/quick.toml`: the settings that make every run take seconds.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use bal_chores::Repository;

/// The table for all experiments.
const ALL: &str = "all";

/// Settings by experiment, as `bal train --set` takes them.
#[derive(Debug)]
pub(super) struct Overrides {
    tables: Table,
}

impl Overrides {
    /// The experiments as they are written.
    pub(super) fn none() -> Self {
        Self { tables: Table::new() }
    }

    pub(super) fn read(repository: &Repository) -> Result<Self> {
        let path = repository.root().join("experiments/quick.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text, &path)
    }

    fn parse(text: &str, file: &Path) -> Result<Self> {
        let tables: Table = text.parse().with_context(|| format!("{} is not TOML", file.display()))?;
        for (name, value) in &tables {
            let experiment = file.with_file_name(format!("{name}.toml"));
            if name != ALL && !experiment.is_file() {
                bail!("{}: [{name}] is neither [{ALL}] nor an experiment beside it", file.display());
            }
            if !value.is_table() {
                bail!("{}: {name} must be a table of settings", file.display());
            }
        }
        Ok(Self { tables })
    }

    /// `key=value` for `experiment`, those of its own after those for all, so that its own win.
    pub(super) fn of(&self, experiment: &str) -> Vec<String> {
        let mut settings = Vec::new();
        for name in [ALL, experiment] {
            if let Some(Value::Table(table)) = self.tables.get(name) {
                flatten("", table, &mut settings);
            }
        }
        settings
    }
}

/// Tables within tables become dotted keys; values stay TOML.
fn flatten(prefix: &str, table: &Table, settings: &mut Vec<String>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) => flatten(&format!("{prefix}{key}."), inner, settings),
            value => settings.push(format!("{prefix}{key}={value}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As if beside `bnn.toml` and `wrm.toml`.
    fn parse(text: &str) -> Result<Overrides> {
        let folder = tempfile::tempdir().unwrap();
        for name in ["bnn.toml", "wrm.toml"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        Overrides::parse(text, &folder.path().join("quick.toml"))
    }

    #[test]
    fn settings_of_a_run_follow_those_for_all() {
        let overrides =
            parse("[all]\nepochs = 1\n[bnn]\nmethod.burn_in = 2\nepochs = 3\n[wrm]\nepochs = 4\n").unwrap();
        assert_eq!(overrides.of("erm"), ["epochs=1"]);
        let mut bnn = overrides.of("bnn");
        assert_eq!(bnn.remove(0), "epochs=1");
        bnn.sort();
        assert_eq!(bnn, ["epochs=3", "method.burn_in=2"]);
    }

    #[test]
    fn values_stay_toml() {
        let overrides =
            parse("[all]\na = 'text'\nb = 1e-3\nc = [1, 2]\nd = true\n[all.e.f]\ng = 5\n").unwrap();
        let mut settings = overrides.of("erm");
        settings.sort();
        assert_eq!(settings, ["a=\"text\"", "b=0.001", "c=[1, 2]", "d=true", "e.f.g=5"]);
    }

    #[test]
    fn a_misspelt_experiment_is_named() {
        let error = parse("[bal-realeased]\nepochs = 1\n").unwrap_err().to_string();
        assert!(error.contains("[bal-realeased] is neither"), "{error}");
        let error = parse("epochs = 1\n").unwrap_err().to_string();
        assert!(error.contains("epochs"), "{error}");
    }

    #[test]
    fn without_quick_nothing_is_set() {
        assert_eq!(Overrides::none().of("erm"), [""; 0]);
    }
}
