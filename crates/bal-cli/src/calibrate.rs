//! `bal calibrate`.

mod table;

use crate::{
    args::{Calibrate, usage},
    output::can_be_written,
    session::session,
};
use anyhow::Result;

/// Measures how good the probabilities of what the flags name are, and whether its uncertainty tells attacked images.
pub(crate) fn calibrate(flags: &Calibrate) -> Result<()> {
    can_be_written(flags.json.as_deref())?;
    let request = flags.request()?;
    request.check().map_err(|error| usage(error.to_string()))?;
    let calibrated = bal::calibrate(&request, &session(&flags.machine)?)?;
    table::show(&calibrated.report);
    calibrated.write().map(drop)
}
