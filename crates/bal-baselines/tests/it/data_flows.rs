//! Adversarial data that are images whose pixels were moved.

use crate::{
    bal_settings::{bal, settings},
    methods::fit,
};
use bal_baselines::{Bal, BalSettings};

/// The flows of the quadratic cost, anywhere, and those of total variation, in a support.
pub(crate) const FLOWS: [[(&str, &str); 2]; 2] = [
    [
        ("cost_weight = 0.5", "cost_weight = 0.5\nflow = { quadratic = { stiffness = 1.0 } }"),
        ("start = \"clean\"", "start = { noise = 0.1 }"),
    ],
    [
        (
            "cost_weight = 0.5",
            "cost_weight = 0.01\nflow = { total_variation = { smoothing = 0.01 } }\n\
             support = { norm = \"linf\", radius = 0.5, unit_box = false, boundary = \"reflect\" }",
        ),
        ("start = \"clean\"", "start = \"persistent\""),
    ],
];

#[test]
fn settings_of_flows_come_back_and_are_not_written_where_pixels_change() {
    for changes in FLOWS {
        let settings = settings(&changes);
        let again: BalSettings = toml::from_str(&toml::to_string(&settings).unwrap()).unwrap();
        assert_eq!(again.data, settings.data);
        assert!(again.data.unwrap().flow.is_some());
    }
    assert!(!toml::to_string(&settings(&[])).unwrap().contains("flow"));
}

#[test]
fn flows_move_images_and_leave_them_images() {
    for changes in FLOWS {
        let mut seen = Vec::new();
        fit(&bal(&changes).unwrap(), 1, None, &mut seen);
        for metrics in seen.iter().map(|seen| seen.0) {
            let linf = metrics.linf.unwrap();
            assert!(linf > 0.0 && linf <= 1.0, "{linf}");
        }
    }
}

#[test]
fn flows_that_would_go_anywhere_or_be_thrown_about_are_refused_by_name() {
    let refused = |changes: &[(&str, &str)]| bal(changes).unwrap_err().to_string();
    let [(from, to), _] = FLOWS[1];
    let alone = to.lines().take(2).collect::<Vec<_>>().join("\n");
    let boxed = to.replace("unit_box = false", "unit_box = true");
    let kinked = to.replace("smoothing = 0.01", "smoothing = 0.0");
    let steep = to.replace("cost_weight = 0.01", "cost_weight = 0.1");
    for (to, part) in [
        (alone.as_str(), "data.flow"),
        (&boxed, "data.support.unit_box"),
        (&kinked, "data.flow.total_variation.smoothing"),
        (&steep, "data.step_size"),
    ] {
        let error = refused(&[(from, to)]);
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(Bal::new(settings(&FLOWS[1])).is_ok());
}
