//! A record as it is committed: with fewer points of its curves, and on one line.

use std::collections::BTreeMap;

use anyhow::Result;
use bal_report::record::thinned;
use serde_json::Value;

/// At most this many points per curve.
const POINTS: usize = 40;

/// The record in brief: each point of a curve is the mean of those that it stands for, at the sweep of the last.
///
/// # Errors
/// When it is not JSON, or its curves are none.
pub(super) fn brief(record: &[u8]) -> Result<Vec<u8>> {
    let mut record: Value = serde_json::from_slice(record)?;
    if let Some(curves) = record.get_mut("curves") {
        let points: BTreeMap<String, Vec<(u64, f64)>> = serde_json::from_value(curves.take())?;
        let thin = points.into_iter().map(|(name, points)| (name, thinned(&points, POINTS)));
        *curves = serde_json::to_value(thin.collect::<BTreeMap<_, _>>())?;
    }
    let mut bytes = serde_json::to_vec(&record)?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_curve_of_many_points_keeps_its_mean_and_a_short_one_its_points() {
        let long: Vec<Value> = (1..=200).map(|sweep| json!([sweep, f64::from(sweep)])).collect();
        let record = json!({ "name": "erm", "curves": { "loss": long, "l2": [[3, 0.25]] } });
        let text = brief(&serde_json::to_vec_pretty(&record).unwrap()).unwrap();
        assert_eq!(text.split(|byte| *byte == b'\n').count(), 2, "one line");
        let found: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(found["name"], "erm");
        assert_eq!(found["curves"]["l2"], json!([[3, 0.25]]));
        let loss = found["curves"]["loss"].as_array().unwrap();
        assert_eq!((loss.len(), &loss[0], &loss[39]), (40, &json!([5, 3.0]), &json!([200, 198.0])));
        assert_eq!(brief(&text).unwrap(), text, "what is brief stays as it is");
    }

    #[test]
    fn a_record_without_curves_stays_what_it_is() {
        assert_eq!(brief(b"{}").unwrap(), b"{}\n");
    }
}
