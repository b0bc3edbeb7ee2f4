//! Values of the rows of tables.

use crate::{
    args::{Predict, usage},
    console::print,
    session::session,
};
use anyhow::{Context, Result};
use bal::{ModelSource, PredictedValue};
use bal_report::table::Table;
use serde_json::json;

/// Prints a value for each row of each table, with its interval and the two parts of its standard deviation.
pub(super) fn predict(flags: &Predict, model: &ModelSource) -> Result<()> {
    for (flag, said) in [
        ("--abstain-above", flags.abstain_above.is_some()),
        ("--skip-bad-files", flags.skip_bad_files),
        ("--prediction", flags.prediction.is_some()),
    ] {
        if said {
            return Err(usage(format!(
                "{flag} is for models that tell classes apart, and this one says values of rows"
            )));
        }
    }
    let session = session(&flags.machine)?;
    for file in &flags.images {
        let context = || format!("cannot predict the rows of {}", file.display());
        let (target, rows) = bal::predict_values(model, file, &session).with_context(context)?;
        if flags.json {
            for (row, value) in rows.iter().enumerate() {
                let PredictedValue { mean, interval: (low, high), sd_of_noise, sd_of_weights } = value;
                print(&serde_json::to_string(&json!({
                    "table": file,
                    "row": row,
                    "target": target.name,
                    "mean": mean,
                    "interval_95": [low, high],
                    "sd_of_noise": sd_of_noise,
                    "sd_of_weights": sd_of_weights,
                }))?);
            }
            continue;
        }
        let head = ["row", target.name.as_str(), "95 % from", "to", "sd of noise", "sd of weights"];
        let mut table = Table::new("r", head);
        for (row, value) in rows.iter().enumerate() {
            let PredictedValue { mean, interval: (low, high), sd_of_noise, sd_of_weights } = value;
            let numbers = [mean, low, high, sd_of_noise, sd_of_weights].map(|number| format!("{number:.4}"));
            table.row([row.to_string()].into_iter().chain(numbers));
        }
        print(&table.text());
    }
    Ok(())
}
