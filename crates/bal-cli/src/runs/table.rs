//! Runs on standard output.

use crate::console::print;
use bal::runs::{Difference, Listed, State};
use bal_report::{number::duration, table::Table};
use serde_json::Value;

const HEADS: [&str; 8] = ["run", "state", "method", "data set", "seed", "held out", "R-hat", "time"];

/// A line per run.
pub(super) fn runs(runs: &[Listed]) {
    if runs.is_empty() {
        print("no runs");
        return;
    }
    let mut table = Table::new("l", HEADS);
    table.rows.extend(runs.iter().map(row));
    print(&table.text());
}

/// A line per setting that differs between runs.
pub(super) fn differences(runs: &[&Listed], differences: &[Difference]) {
    print("");
    if differences.is_empty() {
        print("all settings are the same");
        return;
    }
    let paths = runs.iter().map(|run| run.path.display().to_string());
    let mut table = Table::new("l", ["setting".to_string()].into_iter().chain(paths));
    let rows = differences.iter().map(|difference| {
        let values = difference.values.iter().map(|value| value.as_ref().map_or("-".into(), text));
        [difference.key.clone()].into_iter().chain(values).collect()
    });
    table.rows.extend(rows);
    print(&table.text());
}

fn row(run: &Listed) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or("-".into());
    let method = match (&run.method, &run.preset) {
        (Some(method), Some(preset)) => Some(format!("{method} ({preset})")),
        (method, _) => method.clone(),
    };
    vec![
        run.path.display().to_string(),
        state(run),
        or_dash(method),
        or_dash(run.dataset.clone()),
        or_dash(run.seed.map(|seed| seed.to_string())),
        or_dash(run.held_out.map(|accuracy| format!("{accuracy:.4}"))),
        or_dash(run.r_hat.map(|r_hat| format!("{:.3}{}", r_hat.max, r_hat.left_out()))),
        or_dash(run.wall_seconds.map(duration)),
    ]
}

fn state(run: &Listed) -> String {
    let [done, planned] = [run.sweeps, run.sweeps_planned].map(|sweeps| sweeps.unwrap_or(0));
    let quick = if run.quick { ", quick" } else { "" };
    match run.state {
        State::Finished | State::Record if run.stopped_early => format!("ended at {done}/{planned}{quick}"),
        State::Finished => format!("finished{quick}"),
        State::Record => format!("record only{quick}"),
        State::Begun => match run.checkpoint {
            Some(checkpoint) => format!("begun, {done}/{planned}, kept {checkpoint}"),
            None => format!("begun, {done}/{planned}"),
        },
        State::Broken => "broken".into(),
    }
}

/// A setting as an experiment file has it.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}
