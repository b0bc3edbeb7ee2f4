//! Data chains in a support, and apart for each parameter chain.

use crate::{
    bal_settings::{LANGEVIN, SAMPLERS, bal, settings, with_data_sampler},
    methods::{fit, weights},
};
use bal_baselines::{Bal, BalSettings};

/// Data chains in a support, with every boundary and start; the last one apart for each parameter chain.
pub(crate) const CONFINED: [[(&str, &str); 2]; 4] = [
    [
        ("start = \"clean\"", "start = \"uniform\""),
        (
            "cost_weight = 0.5",
            "cost_weight = 0.0\nsupport = { norm = \"linf\", radius = 0.1, unit_box = true, boundary = \"reflect\" }",
        ),
    ],
    [
        ("start = \"clean\"", "start = { noise = 0.1 }"),
        (
            "cost_weight = 0.5",
            "cost_weight = 0.5\nsupport = { norm = \"l2\", radius = 0.5, unit_box = true, boundary = \"project\" }",
        ),
    ],
    [
        ("start = \"clean\"", "start = \"clean\""),
        (
            "cost_weight = 0.5",
            "cost_weight = 0.5\nsupport = { norm = \"l2\", radius = 0.5, unit_box = false, boundary = \"reject\" }",
        ),
    ],
    [
        ("start = \"clean\"", "start = \"persistent\"\nsharing = \"per_chain\""),
        (
            "cost_weight = 0.5",
            "cost_weight = 0.5\nsupport = { norm = \"linf\", radius = 0.1, unit_box = false, boundary = \"reflect\" }",
        ),
    ],
];

#[test]
fn a_support_and_sharing_are_kept_in_files_and_absent_where_they_are_not_said() {
    for changes in CONFINED {
        let settings = settings(&changes);
        let again: BalSettings = toml::from_str(&toml::to_string(&settings).unwrap()).unwrap();
        assert_eq!(again.data, settings.data);
        assert!(again.data.unwrap().support.is_some());
    }
    let text = toml::to_string(&settings(&[])).unwrap();
    assert!(!text.contains("support") && !text.contains("sharing"), "{text}");
}

#[test]
fn a_support_bounds_how_far_images_move() {
    for (changes, linf, l2) in
        [(CONFINED[0], 0.1, f64::INFINITY), (CONFINED[1], 1.0, 0.5), (CONFINED[2], 1.0, 0.5)]
    {
        let mut seen = Vec::new();
        fit(&bal(&changes).unwrap(), 1, None, &mut seen);
        for metrics in seen.iter().map(|seen| seen.0) {
            let moved = (metrics.linf.unwrap(), metrics.l2.unwrap());
            assert!(
                moved.0 > 0.0 && moved.0 <= linf * (1.0 + 1e-5) && moved.1 <= l2 * (1.0 + 1e-5),
                "{moved:?}"
            );
        }
    }
}

#[test]
fn a_support_that_the_data_chains_cannot_use_is_refused() {
    let ball = |start: &str, boundary: &str| {
        let line = format!(
            "start = {start}\nsupport = {{ norm = \"linf\", radius = 0.1, unit_box = true, boundary = \"{boundary}\" }}"
        );
        bal(&[("start = \"clean\"", &line)])
    };
    assert!(ball("\"uniform\"", "reflect").is_ok());
    let error = ball("\"uniform\"", "reject").unwrap_err().to_string();
    assert!(error.contains("data.support.boundary") && error.contains("use `reflect`"), "{error}");
    let error = ball("{ noise = 0.0 }", "reflect").unwrap_err().to_string();
    assert!(error.contains("data.start.noise"), "{error}");
    let error = bal(&[("start = \"clean\"", "start = \"uniform\"")]).unwrap_err().to_string();
    assert!(error.contains("data.start") && error.contains("need a support"), "{error}");
    let mut momentum = with_data_sampler(&LANGEVIN, SAMPLERS[2]).unwrap();
    momentum.data.as_mut().unwrap().support = settings(&CONFINED[0]).data.unwrap().support;
    let error = Bal::new(momentum).unwrap_err().to_string();
    assert!(error.contains("sghmc has momentum"), "{error}");
    // A step that would throw images out without a support.
    let long = ("step_size = 0.05", "step_size = 0.67");
    assert!(bal(&[long]).is_err() && bal(&[long, CONFINED[1][0], CONFINED[1][1]]).is_ok());
}

/// Noise, masks and starts are keyed by chain, so a game does not depend on the others beside it.
#[test]
fn games_played_apart_do_not_meet() {
    let apart = ("start = \"clean\"", "start = \"clean\"\nsharing = \"per_chain\"");
    let together = weights(&fit(&bal(&[apart]).unwrap(), 2, None, &mut vec![]));
    let alone = weights(&fit(
        &bal(&[("parameter_chains = 3", "parameter_chains = 1")]).unwrap(),
        1,
        None,
        &mut vec![],
    ));
    assert_eq!(together[..alone.len()], alone);
    let shared = weights(&fit(&bal(&[]).unwrap(), 2, None, &mut vec![]));
    assert_ne!(shared[..alone.len()], alone);
}
