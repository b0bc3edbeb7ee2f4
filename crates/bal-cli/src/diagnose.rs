//! `bal diagnose`: whether a run's chains agree.

mod followed;

use crate::{args::Diagnose, evaluate::can_be_written, progress::print, run_folder::RunFolder};
use anyhow::{Result, bail};
use bal_diagnostics::{Diagnosis, Quantity};
pub(crate) use followed::{Followed, log_probabilities};
use serde_json::json;

/// At most this many quantities of a kind are shown, those that agree least.
const SHOWN: usize = 10;

/// Measures the agreement of the run's chains and says what it means.
pub(crate) fn diagnose(flags: &Diagnose) -> Result<()> {
    if let Some(file) = &flags.json {
        can_be_written(file)?;
    }
    let folder = RunFolder::new(&flags.run);
    let (record, posterior) = folder.finished()?;
    let experiment: crate::experiment::Experiment = serde_json::from_value(record.experiment.clone())?;
    let Some(chains) = experiment.parameter_chains() else {
        bail!("{} is of {}: a point estimate has no chains to compare", flags.run.display(), record.method);
    };
    let mut notes = Vec::new();
    let mut parts: Vec<(&str, Vec<Followed>)> = Vec::new();
    match followed::log_probabilities(&folder)? {
        Some(followed) => parts.push(("log p(y | x) of held-out images, in nats", followed)),
        None => notes.push(
            "held-out log-probabilities were not followed: `mixing.images` is 0, the run had fewer than two chains or four \
             draws, or it was made before they were kept"
                .to_string(),
        ),
    }
    match followed::weights(&posterior, chains, &flags.weights)? {
        Ok(followed) => parts.push(("weights, over the posterior's samples", followed)),
        Err(note) => notes.push(note),
    }
    parts.push(("energies and loss over sweeps, one chain of means", followed::energies(&folder)?));

    print(&format!("{}: {chains} parameter chains, {} sweeps", record.name, record.sweeps));
    for line in experiment.step_sizes() {
        print(&format!("  {line}"));
    }
    let mut quantities = Vec::new();
    for (title, followed) in &parts {
        let mut measured: Vec<&Quantity> = followed.iter().map(|followed| &followed.quantity).collect();
        measured.sort_by(|a, b| b.r_hat.unwrap_or(0.0).total_cmp(&a.r_hat.unwrap_or(0.0)));
        print("");
        let beyond = measured.len().saturating_sub(SHOWN);
        let more = if beyond > 0 {
            format!(" (the {SHOWN} of {} that agree least)", measured.len())
        } else {
            String::new()
        };
        print(&format!("{title}{more}"));
        print(&format!(
            "  {:<32} {:>7} {:>9} {:>9} {:>6} {:>12} {:>11}",
            "quantity", "R-hat", "bulk ESS", "tail ESS", "draws", "mean", "sd"
        ));
        for quantity in measured.iter().take(SHOWN) {
            print(&line(quantity));
        }
        quantities.extend(followed.iter().map(|followed| followed.quantity.clone()));
    }
    for note in &notes {
        print("");
        print(&format!("note: {note}"));
    }
    // A mean over chains tells of the run's end, and nothing of whether chains agree.
    let of_chains: Vec<Quantity> =
        quantities.iter().filter(|quantity| quantity.chains > 1).cloned().collect();
    let verdict = if of_chains.is_empty() {
        "Whether chains agree cannot be told: nothing was followed in more than one of them.".to_string()
    } else {
        Diagnosis::new(of_chains).verdict()
    };
    print("");
    print(&verdict);
    if let Some(file) = &flags.json {
        let written = json!({
            "run": record.name,
            "chains": chains,
            "quantities": quantities,
            "notes": notes,
            "verdict": verdict,
        });
        bal_report::atomic::write(file, format!("{written:#}\n").as_bytes())?;
    }
    Ok(())
}

fn line(quantity: &Quantity) -> String {
    let Quantity { name, draws, mean, sd, r_hat, bulk_ess, tail_ess, .. } = quantity;
    let number =
        |value: Option<f64>, digits: usize| value.map_or("-".into(), |value| format!("{value:.digits$}"));
    format!(
        "  {name:<32} {:>7} {:>9} {:>9} {draws:>6} {mean:>12.5} {sd:>11.5}",
        number(*r_hat, 3),
        number(*bulk_ess, 1),
        number(*tail_ess, 1)
    )
}
