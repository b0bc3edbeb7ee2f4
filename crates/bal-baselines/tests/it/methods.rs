//! Every method: the same bits on any number of threads and from any checkpoint, and settings that
//! are refused.

use crate::small::{images, task};
use bal_attacks::{Ball, Fgsm, Norm, Within};
use bal_baselines::{
    AdversarialTraining, Bal, BalSettings, Epochs, LastBatch, ParameterEnergy, Wrm, WrmSettings,
};
use bal_core::{Checkpoint, EnsembleGradient, Method, Metrics, Posterior, TrainError, Workers};
use bal_samplers::{Adam, AdamSettings};
use std::ops::ControlFlow;

const EPOCHS: Epochs = Epochs { epochs: 2, batch_size: 40, last_batch: LastBatch::Keep };
const DROPPING: Epochs = Epochs { last_batch: LastBatch::Drop, ..EPOCHS };

fn adam() -> Adam {
    Adam::new(AdamSettings { step_size: 0.05 }).unwrap()
}

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
fn settings(changes: &[(&str, &str)]) -> BalSettings {
    let mut text = BAL.to_string();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    toml::from_str(&text).unwrap()
}

fn bal(changes: &[(&str, &str)]) -> Result<Bal, TrainError> {
    Bal::new(settings(changes))
}

/// A table for each sampler of the parameter chains, beside that of `BAL`.
const SAMPLERS: [&str; 4] = [
    "[parameters.sgld]\nstep_size = 0.01\ntemperature = 1e-3\n",
    "[parameters.psgld]\nstep_size = 0.01\ntemperature = 1e-3\ndecay = 0.9\npreconditioner_floor = 0.1\n\
     initial_second_moment = 0.0\n",
    "[parameters.sghmc]\nstep_size = 0.01\ntemperature = 1e-3\nfriction = 0.1\ngradient_noise = 0.0\n",
    "[parameters.sgadahmc]\nstep_size = 0.1\ntemperature = 1e-3\nfriction = { decay = 0.1 }\n\
     gradient_noise = \"none\"\ntau = 5.0\npreconditioner_floor = 1e-5\ninitial_second_moment = 1.0\n",
];

/// BAL with its sampler replaced by `table`.
fn with_sampler(table: &str) -> Result<BalSettings, toml::de::Error> {
    let (rest, _) = BAL.split_once("[parameters.sgadald]").unwrap();
    toml::from_str(&format!("{rest}{table}"))
}

/// BAL with the settings `old` of its data chains replaced by `table`, one of the above.
fn with_data_sampler(old: &[&str], table: &str) -> Result<BalSettings, toml::de::Error> {
    let text = old.iter().fold(BAL.to_string(), |text, line| text.replacen(line, "", 1));
    let table = table.replace("[parameters.", "[data.") + "\n[parameters]";
    toml::from_str(&text.replacen("[parameters]", &table, 1))
}

/// What stands for the sampler of the data chains in `BAL`.
const LANGEVIN: [&str; 2] = ["step_size = 0.05\n", "temperature = 1e-3\n"];

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

/// Settings of the parameter chains' sampler that are about the sum over the training images.
const SUMMED: (&str, &str) = ("steps = 2\n", "steps = 2\nenergy = \"sum\"\n");

fn methods() -> Vec<Box<dyn Method>> {
    let ball = Ball::new(Norm::LInf, 0.1).unwrap();
    let fgsm = Box::new(Within::new(ball, Fgsm::new(EnsembleGradient::MemberMean)));
    let wrm = Box::new(Wrm::new(WrmSettings { loss_weight: 0.1, steps: 3 }).unwrap());
    let thinned = "samples = { thinned = { burn_in = 1, every = 2 } }";
    let mut bnn = settings(&[]);
    bnn.data = None;
    let of_data = |table| with_data_sampler(&LANGEVIN, table);
    let sampled = SAMPLERS.map(with_sampler).into_iter().chain(SAMPLERS.map(of_data));
    let sampled = sampled.map(|settings| Box::new(Bal::new(settings.unwrap()).unwrap()) as Box<dyn Method>);
    let mut methods: Vec<Box<dyn Method>> = vec![
        Box::new(AdversarialTraining::erm(adam(), EPOCHS).unwrap()),
        Box::new(AdversarialTraining::new(fgsm, adam(), EPOCHS, 0.5).unwrap()),
        Box::new(AdversarialTraining::new(wrm, adam(), EPOCHS, 0.0).unwrap()),
        Box::new(Bal::new(bnn).unwrap()),
        Box::new(bal(&[]).unwrap()),
        Box::new(
            bal(&[("samples = \"last\"", thinned), ("start = \"clean\"", "start = \"persistent\"")]).unwrap(),
        ),
        Box::new(
            bal(&[("per_image", "batch_mean"), ("reduction = \"mean\"", "reduction = \"sum\"")]).unwrap(),
        ),
    ];
    methods.extend(sampled);
    methods.push(Box::new(bal(&[SUMMED]).unwrap()));
    methods.extend(CONFINED.map(|changes| Box::new(bal(&changes).unwrap()) as Box<dyn Method>));
    methods
}

/// Data chains in a support, with every boundary and start; the last one apart for each parameter chain.
const CONFINED: [[(&str, &str); 2]; 4] = [
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

fn fit(
    method: &dyn Method,
    threads: usize,
    resume: Option<Checkpoint>,
    seen: &mut Vec<(Metrics, Checkpoint)>,
) -> Posterior {
    let workers = Workers::new(threads).unwrap();
    // 100 images in batches of 40: the last of an epoch has 20, and a shard boundary is inside none.
    let (images, held_out) = (images(100), images(6));
    let mut task = task(&images, &held_out, &workers);
    task.resume = resume;
    let posterior = method.fit(&task, &mut |progress| {
        seen.push((progress.metrics, (progress.checkpoint)()));
        ControlFlow::Continue(())
    });
    posterior.unwrap()
}

fn weights(posterior: &Posterior) -> Vec<Vec<u32>> {
    let bits = |t: &tch::Tensor| {
        let values = Vec::<f32>::try_from(t.reshape([-1])).unwrap();
        values.into_iter().map(f32::to_bits).collect()
    };
    posterior.members.iter().flat_map(|m| m.parameters.tensors().iter().map(bits)).collect()
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for method in methods() {
        let (one, two) = (fit(&*method, 1, None, &mut vec![]), fit(&*method, 2, None, &mut vec![]));
        assert_eq!(weights(&one), weights(&two), "{}", method.name());
    }
}

#[test]
fn a_run_goes_on_from_any_checkpoint_to_the_same_bits() {
    for method in methods() {
        let mut seen = Vec::new();
        let whole = fit(&*method, 2, None, &mut seen);
        assert_eq!(seen.len() as u64, method.sweeps(100));
        let metrics: Vec<Metrics> = seen.iter().map(|s| s.0).collect();
        for (_, checkpoint) in seen {
            let sweep = checkpoint.sweep as usize;
            let mut rest = Vec::new();
            let resumed = fit(&*method, 1, Some(checkpoint), &mut rest);
            assert_eq!(weights(&whole), weights(&resumed), "{} after {sweep}", method.name());
            assert_eq!(rest.iter().map(|s| s.0).collect::<Vec<_>>(), metrics[sweep..]);
            assert_eq!((&whole.mixing, &whole.regime), (&resumed.mixing, &resumed.regime));
        }
    }
}

/// Not for BAL: its data chains raise the loss that its parameter chains lower.
#[test]
fn training_lowers_the_loss_of_all_but_the_game() {
    for method in methods().into_iter().filter(|method| method.name() != "bal") {
        let mut seen = Vec::new();
        fit(&*method, 2, None, &mut seen);
        let losses: Vec<f64> = seen.iter().map(|s| s.0.loss).collect();
        assert!(losses.last() < losses.first(), "{}: {losses:?}", method.name());
    }
}

#[test]
fn perturbations_are_reported_by_the_methods_that_perturb() {
    for method in methods() {
        let mut seen = Vec::new();
        fit(&*method, 1, None, &mut seen);
        let perturbs = !["erm", "bnn"].contains(&method.name());
        assert!(seen.iter().all(|s| s.0.linf.is_some() == perturbs && s.0.l2.is_some() == perturbs));
        if method.name() == "fgsm" {
            assert!(seen.iter().all(|s| s.0.linf.unwrap() <= 0.1 + 1e-6));
        }
    }
}

/// BAL with this sampler, about the mean over the training images or about their sum.
fn sampled(energy: &str, table: &str) -> Bal {
    let mut settings = with_sampler(table).unwrap();
    settings.parameters.energy = if energy == "sum" { ParameterEnergy::Sum } else { ParameterEnergy::Mean };
    Bal::new(settings).unwrap()
}

/// With N = 100 images: temperatures are N times as high, gradients N times as large, and steps without a preconditioner
/// N times as short.
#[test]
fn settings_about_the_sum_are_those_about_the_mean_in_other_units() {
    let adaptive = "friction = \"matched\"\ngradient_noise = \"none\"\ntau = 5.0\nsecond_moment = \"persist\"\n\
        injected_noise = \"root\"\n";
    let momentum = "friction = 0.1\ngradient_noise = 0.0\n";
    let pairs = [
        (
            "[parameters.sgld]\nstep_size = 0.01\ntemperature = 1e-3\n".to_string(),
            "[parameters.sgld]\nstep_size = 0.0001\ntemperature = 0.1\n".to_string(),
        ),
        (
            format!("[parameters.sghmc]\nstep_size = 0.01\ntemperature = 1e-3\n{momentum}"),
            format!("[parameters.sghmc]\nstep_size = 0.0001\ntemperature = 0.1\n{momentum}"),
        ),
        (
            format!(
                "[parameters.sgadald]\nstep_size = 0.1\ntemperature = 1e-3\npreconditioner_floor = 1e-5\n\
                 initial_second_moment = 1e-4\n{adaptive}"
            ),
            format!(
                "[parameters.sgadald]\nstep_size = 0.1\ntemperature = 0.1\npreconditioner_floor = 0.1\n\
                 initial_second_moment = 1.0\n{adaptive}"
            ),
        ),
        (
            "[parameters.psgld]\nstep_size = 0.01\ntemperature = 1e-3\ndecay = 0.9\npreconditioner_floor = 0.1\n\
             initial_second_moment = 1e-4\n"
                .to_string(),
            "[parameters.psgld]\nstep_size = 0.01\ntemperature = 0.1\ndecay = 0.9\npreconditioner_floor = 10.0\n\
             initial_second_moment = 1.0\n"
                .to_string(),
        ),
    ];
    for (of_mean, of_sum) in pairs {
        let [mut seen, mut seen_of_sum] = [vec![], vec![]];
        let mean = fit(&sampled("mean", &of_mean), 1, None, &mut seen);
        let sum = fit(&sampled("sum", &of_sum), 1, None, &mut seen_of_sum);
        for (a, b) in mean.members.iter().zip(&sum.members) {
            for (a, b) in a.parameters.tensors().iter().zip(b.parameters.tensors()) {
                assert!(a.allclose(b, 1e-3, 1e-4, false), "{of_sum}: {a} {b}");
            }
        }
        let [chains, of_sums] = [seen.pop().unwrap().1.chains, seen_of_sum.pop().unwrap().1.chains];
        let holds_v = of_sum.contains("second_moment");
        for (a, b) in chains.iter().zip(&of_sums).filter(|_| holds_v) {
            let ratio = b.state.memory[0].first() / a.state.memory[0].first();
            assert!((ratio / 1e4 - 1.0).abs().max().double_value(&[]) < 1e-2, "{of_sum}");
        }
        let [a, b] = [mean, sum].map(|posterior| posterior.regime.unwrap());
        for (a, b) in a.temperature.iter().zip(&b.temperature) {
            assert!((a.1 - b.1).abs() < 1e-3 * b.1, "{of_sum}: {a:?} {b:?}");
        }
        for (a, b) in a.gradient.iter().zip(&b.gradient) {
            assert!((100.0 * a.1 - b.1).abs() < 1e-2 * b.1, "{of_sum}: {a:?} {b:?}");
        }
        assert_eq!((a.temperature.len(), a.gradient.len()), (3, if holds_v { 4 } else { 0 }));
        assert_eq!(a.floor_share, b.floor_share);
    }
}

#[test]
fn the_energy_of_the_settings_is_kept_in_files_and_absent_where_it_is_the_mean() {
    let text = toml::to_string(&settings(&[SUMMED])).unwrap();
    assert!(text.contains("energy = \"sum\""), "{text}");
    assert_eq!(toml::from_str::<BalSettings>(&text).unwrap().parameters.energy, ParameterEnergy::Sum);
    let said = ("steps = 2\n", "steps = 2\nenergy = \"mean\"\n");
    for changes in [&[][..], &[said]] {
        assert!(!toml::to_string(&settings(changes)).unwrap().contains("energy"));
    }
}

/// Matched friction, at a temperature of 1e-3 of the mean over 100 images.
#[test]
fn what_ran_at_which_temperature_is_said_of_samplers_and_of_nothing_else() {
    let regime = fit(&bal(&[]).unwrap(), 1, None, &mut vec![]).regime.unwrap();
    assert!(regime.temperature.iter().all(|(_, t)| (t - 0.1).abs() < 1e-6), "{regime:?}");
    assert!(regime.gradient.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{regime:?}");
    assert!(regime.floor_share.is_some_and(|share| (0.0..=1.0).contains(&share)));
    assert_eq!(fit(&*methods()[0], 1, None, &mut vec![]).regime, None);
}

#[test]
fn samples_are_the_last_states_or_the_thinned_ones() {
    let members: Vec<usize> =
        methods().iter().map(|m| fit(&**m, 1, None, &mut vec![]).members.len()).collect();
    // Six sweeps; after a burn-in of one, every second: sweeps 3 and 5 of three chains.
    assert_eq!(members, [1, 1, 1, 3, 3, 6, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
}

/// 100 images in batches of 40: two, and one of 20.
#[test]
fn a_last_batch_that_is_dropped_changes_nothing_before_it() {
    assert_eq!((EPOCHS.batches(100), EPOCHS.last_batch_size(100)), (3, 20));
    assert_eq!((DROPPING.batches(100), DROPPING.last_batch_size(100)), (2, 40));
    assert_eq!((EPOCHS.batches(80), EPOCHS.last_batch_size(80)), (2, 40));

    let (mut kept, mut dropped) = (vec![], vec![]);
    fit(&AdversarialTraining::erm(adam(), EPOCHS).unwrap(), 1, None, &mut kept);
    fit(&AdversarialTraining::erm(adam(), DROPPING).unwrap(), 1, None, &mut dropped);
    assert_eq!((kept.len(), dropped.len()), (6, 4));
    let losses = |seen: &[(Metrics, Checkpoint)]| seen[..2].iter().map(|s| s.0.loss).collect::<Vec<_>>();
    assert_eq!(losses(&kept), losses(&dropped));
}

#[test]
fn dropping_all_there_is_is_refused_before_work_begins() {
    let drop = [("batch_size = 40", "batch_size = 40, last_batch = \"drop\"")];
    let methods: [Box<dyn Method>; 2] =
        [Box::new(bal(&drop).unwrap()), Box::new(AdversarialTraining::erm(adam(), DROPPING).unwrap())];
    for method in methods {
        let error = method.check(39).unwrap_err().to_string();
        assert!(error.contains("39 are fewer than a batch of 40") && error.contains("last_batch"), "{error}");
        assert!(method.check(40).is_ok());
    }
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

#[test]
fn settings_out_of_range_are_refused_by_name() {
    for (old, new, said) in [
        ("epochs = 2", "epochs = 0", "epochs"),
        ("batch_size = 40", "batch_size = 0", "batch_size"),
        ("data_chains = 2", "data_chains = 0", "data_chains"),
        ("parameter_chains = 3", "parameter_chains = 0", "parameter_chains"),
        ("steps = 3", "steps = 0", "data.steps"),
        ("steps = 2", "steps = 0", "parameters.steps"),
        ("step_size = 0.05", "step_size = -0.05", "data"),
        ("cost_weight = 0.5", "cost_weight = nan", "cost_weight"),
        ("temperature = 1e-3", "temperature = -1.0", "data"),
        ("clean_weight = 0.5", "clean_weight = 1.5", "clean_weight"),
        ("gaussian = 1.0", "gaussian = 0.0", "gaussian"),
        ("tau = 5.0", "tau = 0.5", "tau"),
        ("mean-probability", "median", "mean-probability, mean-logits"),
        ("\"last\"", "{ thinned = { burn_in = 0, every = 0 } }", "every"),
    ] {
        let error = bal(&[(old, new)]).unwrap_err().to_string();
        assert!(error.contains(said), "{new}: {error}");
    }
    let adversarial = |weight| {
        AdversarialTraining::new(
            Box::new(Wrm::new(WrmSettings { loss_weight: 0.1, steps: 1 }).unwrap()),
            adam(),
            EPOCHS,
            weight,
        )
    };
    assert!(adversarial(f64::NAN).is_err() && adversarial(1.01).is_err() && adversarial(1.0).is_ok());
    for loss_weight in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(Wrm::new(WrmSettings { loss_weight, steps: 1 }).is_err());
    }
    assert!(Wrm::new(WrmSettings { loss_weight: 1.0, steps: 0 }).is_err());
}

#[test]
fn a_chain_that_diverges_is_named_with_its_sweep() {
    let wild = [("step_size = 0.1\n", "step_size = 1e25\n")];
    let workers = Workers::new(2).unwrap();
    let (images, held_out) = (images(100), images(6));
    let outcome =
        bal(&wild).unwrap().fit(&task(&images, &held_out, &workers), &mut |_| ControlFlow::Continue(()));
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("sweep 1: parameter chain 0 diverged"), "{error}");
}

#[test]
fn a_checkpoint_of_another_method_is_refused() {
    let methods = methods();
    let mut seen = Vec::new();
    fit(&*methods[4], 1, None, &mut seen);
    let workers = Workers::new(1).unwrap();
    let (images, held_out) = (images(100), images(6));
    let mut task = task(&images, &held_out, &workers);
    task.resume = seen.pop().map(|s| s.1);
    let error = methods[0].fit(&task, &mut |_| ControlFlow::Continue(())).unwrap_err().to_string();
    assert!(error.contains("3 chains, 1 are wanted"), "{error}");
}

#[test]
fn samples_that_never_come_are_an_error_and_not_an_empty_posterior() {
    let late = [("samples = \"last\"", "samples = { thinned = { burn_in = 100, every = 1 } }")];
    let workers = Workers::new(1).unwrap();
    let (images, held_out) = (images(100), images(6));
    let method = bal(&late).unwrap();
    let outcome = method.fit(&task(&images, &held_out, &workers), &mut |_| ControlFlow::Continue(()));
    assert!(outcome.unwrap_err().to_string().contains("no sample is kept in 6 sweeps"));
    // And before any of them is made.
    assert!(matches!(method.check(100), Err(TrainError::NoSamples { sweeps: 6 })));
    assert!(method.check(3_000).is_ok());
}
