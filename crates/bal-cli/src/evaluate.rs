//! `bal evaluate`.

pub(crate) mod table;
mod values;

use crate::{
    args::{Evaluate, usage},
    compare,
    console::{print, say},
    output::can_be_written,
    session::{place, session, session_among},
    ways_out,
};
use anyhow::{Result, bail};
use bal::{EvaluateRequest, Part, PartDone, Session, Verified, VerifyRequest};
use std::path::Path;

/// Attacks what the flags name and reports what is left of its accuracy.
pub(crate) fn evaluate(flags: &Evaluate) -> Result<()> {
    let place = place()?;
    // Of several ranks the first alone writes.
    if place.as_ref().is_none_or(|place| place.rank == 0) {
        can_be_written(flags.outputs.outputs().files().collect::<Vec<_>>())?;
    }
    let model = flags.model.source(flags.settings.ensemble_gradient)?;
    if bal::says_values(&model) {
        if place.is_some() {
            return Err(usage("values of a table are evaluated by one process; start no ranks"));
        }
        return values::evaluate(flags, model);
    }
    if flags.value_loss.is_some() {
        return Err(usage(
            "--value-loss is for runs on tables; this model tells classes apart, and has --loss",
        ));
    }
    if let Some(request) = flags.verification()? {
        return verify(flags, &request);
    }
    let request = flags.request()?;
    request.attack().map_err(|error| usage(ways_out::of_settings(&error)))?;
    if let Some(part) = flags.shard {
        if place.is_some() {
            return Err(usage(
                "--shard makes one part of many, and several ranks share all parts out by themselves; leave --shard out, or \
                 start one process",
            ));
        }
        return part_of(&request, part, &session(&flags.machine)?);
    }
    let session = session_among(&flags.machine)?;
    if !session.is_first() {
        return bal::measure_beside(&request, &session);
    }
    let measured = bal::measure(&request, &session)?;
    table::show(&measured.evaluation);
    for warning in &measured.warnings {
        say(&warning.line(ways_out::of));
    }
    measured.comparisons.iter().for_each(compare::show);
    measured.write().map(drop)
}

/// Attacks one part of the images, and says what to do when all are there.
fn part_of(request: &EvaluateRequest, part: Part, session: &Session) -> Result<()> {
    let PartDone { images, radii, accuracy } = bal::evaluate_part(request, part, session)?;
    let at = |(radius, share): (&Option<f64>, &f64)| match radius {
        Some(radius) => format!("{share:.3} at {radius}"),
        None => format!("{share:.3}"),
    };
    let shares: Vec<String> = radii.iter().zip(&accuracy).map(at).collect();
    let file = request.outputs.json.as_deref().unwrap_or(Path::new("FILE"));
    print(&format!("part {part}: accuracy on its {images} images {}", shares.join(", ")));
    print(&format!("when all parts are there: bal merge {}", file.display()));
    Ok(())
}

/// Measures and classifies saved images once more.
fn verify(flags: &Evaluate, request: &VerifyRequest) -> Result<()> {
    if flags.settings.settings().names().any(|setting| setting != "ensemble_gradient") {
        return Err(usage("--verify attacks nothing; leave the settings of an attack out"));
    }
    let Verified { evaluation, images, fault } = bal::verify(request, &session(&flags.machine)?)?;
    table::show(&evaluation);
    if let Some(fault) = fault {
        bail!("{fault}");
    }
    let moved = evaluation.reached.iter().any(|reached| reached.size.is_some());
    let place = if moved { "moved as the file says, within their radii" } else { "in their balls" };
    print(&format!(
        "verified: {images} images are {place} and in [0, 1], and are classified as the file says"
    ));
    Ok(())
}
