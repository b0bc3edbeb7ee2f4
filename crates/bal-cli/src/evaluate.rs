//! `bal evaluate`.

mod table;

use crate::{
    args::{Evaluate, usage},
    compare,
    console::{print, say},
    output::can_be_written,
    session::session,
    ways_out,
};
use anyhow::{Result, bail};
use bal::{Verified, VerifyRequest};

/// Attacks what the flags name and reports what is left of its accuracy.
pub(crate) fn evaluate(flags: &Evaluate) -> Result<()> {
    can_be_written(flags.outputs.outputs().files().collect::<Vec<_>>())?;
    if let Some(request) = flags.verification()? {
        return verify(flags, &request);
    }
    let request = flags.request()?;
    request.attack().map_err(|error| usage(ways_out::of_settings(&error)))?;
    let session = session(&flags.machine)?;
    let measured = bal::measure(&request, &session)?;
    table::show(&measured.evaluation);
    for warning in &measured.warnings {
        say(&warning.line(ways_out::of));
    }
    measured.comparisons.iter().for_each(compare::show);
    measured.write().map(drop)
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
