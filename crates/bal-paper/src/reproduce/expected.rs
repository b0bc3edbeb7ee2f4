//! How long a run should take, by the records of others.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bal_report::{Record, cost};
use serde_json::Value;
use toml::Table;

use crate::reproduce::place::Place;
use crate::reproduce::quick::Overrides;
use crate::reproduce::runs::Run;
use bal_chores::Repository;

/// A finished run: its network, and seconds for a gradient of one image.
struct Pace {
    architecture: String,
    method: String,
    seconds: f64,
}

/// The paces of finished runs.
pub(super) struct Paces(Vec<Pace>);

impl Paces {
    /// Those of all records among the results.
    pub(super) fn read(repository: &Repository, place: &Place, runs: &[Run]) -> Result<Self> {
        let mut paces = Vec::new();
        for run in runs {
            let path = record(repository, place, run);
            if path.is_file() {
                paces.extend(pace(&Record::read(&path)?));
            }
        }
        Ok(Self(paces))
    }

    /// Seconds of training: its gradients at the pace of the fastest run of the same method and network, or of any
    /// method on that network; `None` where nothing like it is on record.
    pub(super) fn expected(
        &self,
        repository: &Repository,
        run: &Run,
        overrides: &Overrides,
    ) -> Result<Option<f64>> {
        let experiment = resolved(repository, run, overrides)?;
        let Some(work) = work(&experiment) else { return Ok(None) };
        let network = experiment["architecture"].as_str().unwrap_or_default();
        let method = method(&experiment);
        // Slower ones may be of older kernels, or have run beside something else.
        let fastest = |method: Option<&str>| {
            let alike = self.0.iter().filter(|pace| pace.architecture == network);
            let of_method = alike.filter(|pace| method.is_none_or(|method| pace.method == method));
            of_method.map(|pace| pace.seconds).min_by(f64::total_cmp)
        };
        Ok(fastest(Some(&method)).or_else(|| fastest(None)).map(|pace| pace * work))
    }
}

/// Where the record of a run is, if there is one.
pub(super) fn record(repository: &Repository, place: &Place, run: &Run) -> PathBuf {
    repository.root().join(&place.results).join(&run.folder).join("record.json")
}

fn pace(record: &Record) -> Option<Pace> {
    let done = record.sweeps as f64 / record.sweeps_planned as f64;
    let seconds = record.wall_seconds / (work(&record.experiment)? * done);
    let architecture = record.experiment["architecture"].as_str()?.to_owned();
    seconds.is_finite().then(|| Pace { architecture, method: method(&record.experiment), seconds })
}

/// Gradients of single images.
fn work(experiment: &Value) -> Option<f64> {
    Some(cost::gradients(experiment)? * experiment["train_images"].as_f64()?)
}

/// The table that makes the method: the one with a schedule.
fn method(experiment: &Value) -> String {
    let mut tables = experiment.as_object().into_iter().flatten();
    tables.find(|(_, table)| table["schedule"].is_object()).map_or_else(String::new, |(name, _)| name.clone())
}

/// The experiment of a run with what it changes.
fn resolved(repository: &Repository, run: &Run, overrides: &Overrides) -> Result<Value> {
    let path = repository.root().join(run.experiment_file());
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut table: Table = text.parse().with_context(|| format!("{} is not TOML", path.display()))?;
    for setting in run.settings.iter().chain(&overrides.of(&run.experiment)) {
        change(&mut table, setting, &path)?;
    }
    Ok(serde_json::to_value(table)?)
}

/// Sets a dotted key, as `bal train --set` does.
fn change(table: &mut Table, setting: &str, file: &Path) -> Result<()> {
    let wrong = || format!("{}: {setting:?} is no KEY=VALUE", file.display());
    let (key, value) = setting.split_once('=').with_context(wrong)?;
    let value: Table = format!("value = {value}").parse().with_context(wrong)?;
    let mut at = table;
    let (folders, last) = match key.rsplit_once('.') {
        Some((folders, last)) => (folders.split('.').collect(), last),
        None => (Vec::new(), key),
    };
    for folder in folders {
        let inner = at.get_mut(folder).and_then(toml::Value::as_table_mut);
        at = inner.with_context(wrong)?;
    }
    at.insert(last.into(), value["value"].clone());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(run: &Run, of: &[Run]) -> Option<f64> {
        let repository = Repository::find().unwrap();
        let paces = Paces::read(&repository, &Place::new(false), of).unwrap();
        paces.expected(&repository, run, &Overrides::none()).unwrap()
    }

    #[test]
    fn a_run_s_own_record_gives_its_own_time_and_more_chains_take_longer() {
        let repository = Repository::find().unwrap();
        let released = Run::new("fig1", "bal-released", "mnist-bal-released", 1);
        let path = record(&repository, &Place::new(false), &released);
        let took = Record::read(&path).unwrap().wall_seconds;
        let one = expected(&released, std::slice::from_ref(&released)).unwrap();
        assert!((one / took - 1.0).abs() < 1e-9, "{one} {took}");
        let twice = released.clone().with(&["bal.parameter_chains=10"]);
        let ratio = expected(&twice, &[released]).unwrap() / one;
        assert!((ratio - 2.0).abs() < 1e-9, "{ratio}");
    }

    #[test]
    fn a_method_without_a_record_takes_the_fastest_pace_of_its_network() {
        let of = |name: &str| Run::new("fig3", name, &format!("gtsrb-{name}"), 1);
        let bal = of("bal-released");
        let by = ["erm", "pgd"].map(|name| expected(&bal, &[of(name)]).unwrap());
        // Which of the two is the faster depends on when and where they were trained.
        assert!((by[0] - by[1]).abs() > 1.0, "{by:?}");
        assert_eq!(expected(&bal, &[of("erm"), of("pgd")]), Some(by[0].min(by[1])));
    }

    #[test]
    fn nothing_is_expected_of_a_network_that_no_record_has() {
        let signs = Run::new("fig3", "erm", "gtsrb-erm", 1);
        assert_eq!(expected(&signs, &[Run::new("fig1", "erm", "mnist-erm", 1)]), None);
    }
}
