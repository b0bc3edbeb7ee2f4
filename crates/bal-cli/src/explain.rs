//! `bal explain`: what an experiment says, what it costs, and about how long it takes here.

use crate::{
    args::Explain,
    console::{print, say},
    session::session,
    ways_out,
};
use anyhow::Result;
use bal::{Experiment, ExperimentRequest, Plan, Session};
use bal_report::{cost, number::duration};
use std::{iter, path::Path};
use toml::{Table, Value};

/// Prints every setting with its meaning, then the cost.
pub(crate) fn explain(flags: &Explain) -> Result<()> {
    let session = session(&flags.machine)?;
    let is_run = flags.experiment().is_some_and(Path::is_dir);
    let path = flags.experiment().map(Path::to_path_buf);
    let (run, file) = if is_run { (path, None) } else { (None, path) };
    let (changes, images) = (flags.set.clone(), flags.images.named()?);
    let request = ExperimentRequest {
        run,
        file,
        changes,
        images,
        table: flags.images.table(),
        ..ExperimentRequest::default()
    };
    let plan = request.plan(&session)?;
    let Plan { experiment, method, network, weights, images, sweeps, .. } = &plan;
    let preset = experiment.preset.as_ref().map_or(String::new(), |preset| format!(", preset {preset}"));
    print(&format!("{}: {method}{preset}", experiment.name));
    print(&format!("{network}: {weights} weights, for {}", plan.shown()));
    let passes = match &experiment.laplace {
        Some(laplace) => format!("{} of them once", laplace.images),
        None => format!("{} passes", experiment.epochs().epochs),
    };
    print(&format!(
        "{}: {images} training images, {passes} in batches of {}: {sweeps} batches",
        experiment.dataset,
        experiment.epochs().batch_size,
    ));
    if let Some(remark) = &plan.remark {
        print(&remark.line(ways_out::of));
    }
    print("");
    for line in settings(&Table::try_from(experiment)?) {
        print(&line);
    }
    print("");
    let starts =
        plan.starts.iter().map(|first| (first, ", which it starts from unless a finished run is at hand"));
    let sources = plan
        .sources
        .iter()
        .map(|source| (source, ", which its attack runs on unless a finished run is at hand"));
    // Each gradient counts as one of the network in training, whichever network the attack runs on.
    for (experiment, role) in iter::once((experiment, "")).chain(starts).chain(sources) {
        print(&format!("cost of {}{role}: {}", experiment.name, gradients(experiment)?));
        if !flags.no_timing {
            print(&format!("    time here: {}", time(experiment, &session)?));
        }
    }
    Ok(())
}

/// A line per setting: key, value, unit and meaning.
fn settings(table: &Table) -> Vec<String> {
    let leaves = leaves(table);
    let width = |of: fn(&(String, String)) -> usize| leaves.iter().map(of).max().unwrap_or(0);
    let (keys, values) = (width(|(key, _)| key.len()), width(|(_, value)| value.len()).min(24));
    let line = |(key, value): &(String, String)| {
        let meaning = Experiment::meaning(key).map_or(String::new(), |meaning| meaning.line());
        format!("{key:<keys$}  {value:<values$}  {meaning}")
    };
    leaves.iter().map(line).collect()
}

/// Every setting with its dotted key, in their order.
pub(crate) fn leaves(table: &Table) -> Vec<(String, String)> {
    let inner = table.iter().flat_map(|(key, value)| match value {
        Value::Table(table) => {
            leaves(table).into_iter().map(|(inner, value)| (format!("{key}.{inner}"), value)).collect()
        }
        value => vec![(key.clone(), shown(value))],
    });
    inner.collect()
}

/// A value as TOML has it, small numbers with an exponent.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Float(number) => format!("{number:?}"),
        other => other.to_string(),
    }
}

fn gradients(experiment: &Experiment) -> Result<String> {
    let each = cost::gradients(&serde_json::to_value(experiment)?).unwrap_or(0.0);
    let all = each * experiment.train_images as f64;
    Ok(format!("{each} gradients of the loss for each training image, {all:.2e} in all"))
}

fn time(experiment: &Experiment, session: &Session) -> Result<String> {
    say(&format!("trying a few batches of {}", experiment.name));
    let seconds = bal::seconds_per_batch(experiment, session)?;
    let batches = experiment.method()?.sweeps(experiment.train_images as u64);
    let all = seconds * batches as f64;
    let said = duration(all);
    Ok(format!("about {said} on {} threads, at {seconds:.3} s a batch", session.threads()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_every_experiment_has_a_meaning() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("quick.toml") {
                continue;
            }
            files += 1;
            let table: Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
            for (key, _) in leaves(&table) {
                assert!(Experiment::meaning(&key).is_some(), "{key} of {}", path.display());
            }
        }
        assert!(files > 20);
    }

    #[test]
    fn settings_are_listed_with_dotted_keys_units_and_meanings() {
        let lines = settings(&"seed = 1\n[bal.data]\ntemperature = 1e-5\n".parse().unwrap());
        assert_eq!(
            lines[0],
            "seed                  1     Seed of all randomness: the same seed gives the same bits."
        );
        let temperature =
            "bal.data.temperature  1e-5  Temperature T of the data chains, in units of their energy";
        assert!(lines[1].starts_with(temperature), "{lines:?}");
    }
}
