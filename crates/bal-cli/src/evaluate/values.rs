//! Values of rows, attacked.

use crate::{
    args::{Evaluate, usage},
    console::print,
    session::session,
};
use anyhow::Result;
use bal::{ModelSource, ValueEvaluation, ValuesRequest};
use bal_attacks::{AttackName, ValuePgd};
use bal_report::table::Table;

/// Attacks the values that the model says, prints how far off they are, and writes the file that is asked for.
pub(super) fn evaluate(flags: &Evaluate, model: ModelSource) -> Result<()> {
    refuse_what_is_of_classes(flags)?;
    let request = ValuesRequest {
        model,
        table: flags.images.dataset.as_ref().map(Into::into),
        attack: attack(flags)?,
        radii: flags.radius.as_ref().map_or(vec![0.0], |radii| radii.as_slice().to_vec()),
        limit: flags.images.limit,
        seed: flags.seed,
    };
    let found = bal::evaluate_values(&request, &session(&flags.machine)?)?;
    show(&found);
    match &flags.outputs.json {
        Some(file) => Ok(found.write(file)?),
        None => Ok(()),
    }
}

/// PGD with what was said of it.
fn attack(flags: &Evaluate) -> Result<ValuePgd> {
    if flags.attack != Some(AttackName::Pgd) {
        return Err(usage("values of a table are attacked by pgd; radius 0 is clean"));
    }
    let said = flags.settings.settings();
    if let Some(other) = said.names().find(|name| !["norm", "steps", "step_size", "restarts"].contains(name))
    {
        return Err(usage(format!(
            "--{} is of attacks on classes; pgd on values has --norm, --steps, --step-size, --restarts and --value-loss",
            other.replace('_', "-")
        )));
    }
    let (usual, said) = (ValuePgd::default(), &flags.settings);
    Ok(ValuePgd {
        norm: said.norm.unwrap_or(usual.norm),
        steps: said.steps.unwrap_or(usual.steps),
        step_size: said.step_size.unwrap_or(usual.step_size),
        restarts: said.restarts.unwrap_or(usual.restarts),
        loss: flags.value_loss.unwrap_or(usual.loss),
    })
}

fn refuse_what_is_of_classes(flags: &Evaluate) -> Result<()> {
    let (images, outputs) = (&flags.images, &flags.outputs);
    let others = [
        ("--check", flags.check),
        ("--surrogate", flags.surrogate.is_some() || !flags.surrogate_members.is_empty()),
        ("--generator", flags.generator.is_some()),
        ("--shard", flags.shard.is_some()),
        ("--verify", flags.verify.is_some()),
        ("--seeds", flags.seeds > 1),
        ("--against", !flags.against.is_empty()),
        ("--held-out", images.held_out),
        ("--training-images", images.training_images),
        ("--sample", images.sample.is_some()),
        ("--csv", outputs.csv.is_some()),
        ("--per-image", outputs.per_image.is_some()),
        ("--save", outputs.save.is_some()),
        ("--grid", outputs.grid.is_some()),
    ];
    match others.iter().find(|(_, said)| *said) {
        Some((flag, _)) => {
            Err(usage(format!("{flag} is for models that tell classes apart, and this one says values")))
        }
        None => Ok(()),
    }
}

fn show(found: &ValueEvaluation) {
    print(&format!(
        "pgd on {}: {} of {} rows of {}, {} chains",
        found.model.source, found.target, found.rows, found.dataset, found.model.chains
    ));
    let mut table = Table::new("r", ["radius", "RMSE", "negative log-likelihood", "in the 95 % interval"]);
    for (column, radius) in found.radii.iter().enumerate() {
        table.row([
            format!("{radius:.4}"),
            format!("{:.4}", found.rmse[column]),
            format!("{:.4}", found.negative_log_likelihood[column]),
            format!("{:.3}", found.coverage[column]),
        ]);
    }
    print(&table.text());
}
