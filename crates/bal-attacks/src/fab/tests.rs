//! Settings of FAB; what it finds is compared with known optima in `tests/minimal`.

use super::*;

#[test]
fn settings_out_of_range_are_named() {
    let sound = FabSettings::default();
    let error = |settings| Fab::new(settings).unwrap_err().to_string();
    assert_eq!(error(FabSettings { steps: 0, ..sound }), "steps must be at least 1, got 0");
    assert_eq!(error(FabSettings { targets: 0, ..sound }), "targets must be at least 1, got 0");
    assert_eq!(error(FabSettings { backward: 1.5, ..sound }), "backward must be > 0 and <= 1, got 1.5");
    assert_eq!(error(FabSettings { overshoot: -1.0, ..sound }), "overshoot must be finite and >= 0, got -1");
    assert!(error(FabSettings { greatest_pull: f64::NAN, ..sound }).contains("greatest_pull"));
}

#[test]
fn it_has_a_norm_and_takes_radii_or_none() {
    let fab =
        crate::Attack::nearest(Fab::new(FabSettings { norm: Norm::LInf, ..FabSettings::default() }).unwrap());
    assert_eq!(fab.norm(), Some(Norm::LInf));
    assert!(fab.takes(None).is_ok() && fab.takes(Some(0.1)).is_ok());
}
