//! Settings of BAL that the tests of all methods begin with, and what of them is refused.

use bal_baselines::{Bal, BalSettings};
use bal_core::TrainError;

const BAL: &str = r#"
schedule = { epochs = 2, batch_size = 40 }
data_chains = 2
parameter_chains = 3
samples = "last"
prediction = "mean-probability"
ensemble_gradient = "predictive"
mixing = { images = 5, every = 1, burn_in = 0 }

[data]
steps = 3
loss_scale = "per_image"
step_size = 0.05
cost_weight = 0.5
temperature = 1e-3
start = "clean"

[parameters]
steps = 2
mode = "train"
clean_weight = 0.5
reduction = "mean"
prior = { gaussian = 1.0 }

[parameters.sgadald]
step_size = 0.1
temperature = 1e-3
friction = "matched"
gradient_noise = "none"
tau = 5.0
preconditioner_floor = 1e-5
initial_second_moment = 1.0
second_moment = "persist"
injected_noise = "root"
"#;

/// The settings above with each `(old, new)` replaced.
pub(crate) fn settings(changes: &[(&str, &str)]) -> BalSettings {
    let mut text = BAL.to_string();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    toml::from_str(&text).unwrap()
}

pub(crate) fn bal(changes: &[(&str, &str)]) -> Result<Bal, TrainError> {
    Bal::new(settings(changes))
}

/// A table for each sampler of the parameter chains, beside that of `BAL`.
pub(crate) const SAMPLERS: [&str; 4] = [
    "[parameters.sgld]\nstep_size = 0.01\ntemperature = 1e-3\n",
    "[parameters.psgld]\nstep_size = 0.01\ntemperature = 1e-3\ndecay = 0.9\npreconditioner_floor = 0.1\n\
     initial_second_moment = 0.0\n",
    "[parameters.sghmc]\nstep_size = 0.01\ntemperature = 1e-3\nfriction = 0.1\ngradient_noise = 0.0\n",
    "[parameters.sgadahmc]\nstep_size = 0.1\ntemperature = 1e-3\nfriction = { decay = 0.1 }\n\
     gradient_noise = \"none\"\ntau = 5.0\npreconditioner_floor = 1e-5\ninitial_second_moment = 1.0\n",
];

/// BAL with its sampler replaced by `table`.
pub(crate) fn with_sampler(table: &str) -> Result<BalSettings, toml::de::Error> {
    let (rest, _) = BAL.split_once("[parameters.sgadald]").unwrap();
    toml::from_str(&format!("{rest}{table}"))
}

/// BAL with the settings `old` of its data chains replaced by `table`, one of the above.
pub(crate) fn with_data_sampler(old: &[&str], table: &str) -> Result<BalSettings, toml::de::Error> {
    let text = old.iter().fold(BAL.to_string(), |text, line| text.replacen(line, "", 1));
    let table = table.replace("[parameters.", "[data.") + "\n[parameters]";
    toml::from_str(&text.replacen("[parameters]", &table, 1))
}

/// What stands for the sampler of the data chains in `BAL`.
pub(crate) const LANGEVIN: [&str; 2] = ["step_size = 0.05\n", "temperature = 1e-3\n"];

#[test]
fn data_chains_have_one_sampler_and_files_get_it_back() {
    for table in SAMPLERS {
        let settings = with_data_sampler(&LANGEVIN, table).unwrap();
        let text = toml::to_string(&settings).unwrap();
        let again = toml::from_str::<BalSettings>(&text).unwrap();
        assert_eq!(again.data, settings.data);
        // Langevin dynamics is written without a table, as it always was.
        let name = settings.data.unwrap().sampler.name();
        assert_eq!(text.contains(&format!("[data.{name}]")), name != "sgld", "{text}");
    }
    let json = serde_json::to_string(&settings(&[]).data).unwrap();
    let before = r#"{"steps":3,"loss_scale":"per_image","step_size":0.05,"cost_weight":0.5,"temperature":0.001,"start":"clean"}"#;
    assert_eq!(json, before);
    for (old, table, said) in [
        (&LANGEVIN[..1], "", "missing field `step_size`"),
        (&LANGEVIN[1..], "", "missing field `temperature`"),
        (&LANGEVIN[1..], SAMPLERS[2], "belong into the sampler's table"),
        (&[], SAMPLERS[2], "belong into the sampler's table"),
        (&LANGEVIN, &SAMPLERS[1..3].concat(), "exactly one of the tables"),
        (&[], "momentum = 1.0\n", "unknown field `momentum`"),
    ] {
        let error = with_data_sampler(old, table).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn a_data_step_of_any_sampler_that_can_tell_is_refused_where_it_is_unstable() {
    // e 2 alpha S_w = 3 e below 2 (2 - a) = 3.8.
    let with = |step: &str| SAMPLERS[2].replace("step_size = 0.01", &format!("step_size = {step}"));
    assert!(Bal::new(with_data_sampler(&LANGEVIN, &with("1.26")).unwrap()).is_ok());
    let error = Bal::new(with_data_sampler(&LANGEVIN, &with("1.27")).unwrap()).unwrap_err().to_string();
    assert!(error.contains("data.step_size") && error.contains("below 1.26"), "{error}");
}

#[test]
fn exactly_one_sampler_is_needed() {
    let none = with_sampler("").unwrap_err().to_string();
    assert!(none.contains("exactly one of the tables sgld, psgld, sghmc, sgadald, sgadahmc"), "{none}");
    let two = with_sampler(&[SAMPLERS[0], SAMPLERS[2]].concat()).unwrap_err().to_string();
    assert!(two.contains("exactly one of the tables") && two.contains('2'), "{two}");
}

/// Steps of a mean over the batch are longer where the batch is smaller; those of one image's energy are not.
#[test]
fn a_small_last_batch_is_reported_where_it_changes_the_step() {
    let last = |changes: &[(&str, &str)], images| settings(changes).small_last_batch(images);
    let mean = ("loss_scale = \"per_image\"", "loss_scale = \"batch_mean\"");
    assert_eq!(last(&[mean], 100), Some(20));
    assert_eq!(last(&[mean], 15), Some(15));
    assert_eq!(last(&[mean], 101), None);
    assert_eq!(last(&[mean], 80), None);
    assert_eq!(last(&[], 100), None);
    assert_eq!(last(&[mean, ("batch_size = 40", "batch_size = 40, last_batch = \"drop\"")], 100), None);
}

#[test]
fn an_unstable_data_step_is_refused_with_the_step_that_would_do() {
    // e 2 alpha S_w = e 2 0.5 3 = 3 e >= 2.
    assert!(bal(&[("step_size = 0.05", "step_size = 0.66")]).is_ok());
    let error = bal(&[("step_size = 0.05", "step_size = 0.67")]).unwrap_err().to_string();
    assert!(error.contains("data.step_size") && error.contains("below 0.66"), "{error}");
}
