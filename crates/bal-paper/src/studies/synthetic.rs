//! Test aid: results folders with made-up runs.

use std::fs;
use std::path::Path;

use crate::published::Published;
pub(crate) use bal_report::testing::{calibration, evaluation};

/// The published numbers that the project ships.
pub(crate) fn published() -> Published {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Published::read(&root.join("../../results/published.json")).unwrap()
}

/// Writes a run whose accuracies fall with the square of the radius, by `drop` at .15.
pub(crate) fn write_run(results: &Path, run: &str, quick: bool, images: usize, drop: f64) {
    let folder = results.join(run);
    fs::create_dir_all(&folder).unwrap();
    let mut record = bal_report::testing::record(run);
    record.quick = quick;
    record.write(&folder.join("record.json")).unwrap();
    let radii: Vec<_> = (0..10).map(|k| 0.15 * f64::from(k) / 9.0).collect();
    let under_fgsm: Vec<_> = radii.iter().map(|r| 0.992 - drop * (r / 0.15).powi(2)).collect();
    let radii = radii.into_iter().map(Some).collect();
    evaluation("fgsm", radii, &under_fgsm, images).write(&folder.join("fgsm.json")).unwrap();
    evaluation("cw-one-step", vec![None], &[0.35 - 0.6 * drop], images)
        .write(&folder.join("cw-one-step.json"))
        .unwrap();
}
