//! Runs on standard output.

use crate::console::print;
use bal::runs::{Difference, Listed, State};
use serde_json::Value;
use std::time::Duration;

const HEADS: [&str; 8] = ["run", "state", "method", "data set", "seed", "held out", "R-hat", "time"];

/// A line per run.
pub(super) fn runs(runs: &[Listed]) {
    if runs.is_empty() {
        print("no runs");
        return;
    }
    let heads = HEADS.map(String::from).to_vec();
    aligned(&[vec![heads], runs.iter().map(row).collect()].concat());
}

/// A line per setting that differs between runs.
pub(super) fn differences(runs: &[&Listed], differences: &[Difference]) {
    print("");
    if differences.is_empty() {
        print("all settings are the same");
        return;
    }
    let paths = runs.iter().map(|run| run.path.display().to_string());
    let heads = ["setting".to_string()].into_iter().chain(paths).collect();
    let rows = differences.iter().map(|difference| {
        let values = difference.values.iter().map(|value| value.as_ref().map_or("-".into(), text));
        [difference.key.clone()].into_iter().chain(values).collect()
    });
    aligned(&[vec![heads], rows.collect()].concat());
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

/// `3 s`, `4 min`, `2.5 h`.
fn duration(seconds: f64) -> String {
    let whole = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_secs_f64();
    match whole {
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6_000.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

/// A setting as an experiment file has it.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

/// Prints columns two blanks apart.
fn aligned(rows: &[Vec<String>]) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        print(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_a_unit_that_suits_them() {
        for (seconds, told) in
            [(0.2, "0 s"), (99.0, "99 s"), (240.0, "4 min"), (9_000.0, "2.5 h"), (-1.0, "0 s")]
        {
            assert_eq!(duration(seconds), told);
        }
    }
}
