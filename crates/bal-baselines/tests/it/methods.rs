//! Every method: the same bits on any number of threads and from any checkpoint, and settings that
//! are refused.

use crate::{
    bal_settings::{LANGEVIN, SAMPLERS, bal, settings, with_data_sampler, with_sampler},
    data_flows::FLOWS,
    data_support::CONFINED,
    ensemble_adversarial::against,
    laplace::{searching, settings as laplace_settings},
    over_the_run::CHANGING,
    parameter_energy::SUMMED,
    small::{images, task},
};
use bal_attacks::{Ball, Fgsm, Norm, Within};
use bal_baselines::{
    AdversarialTraining, Bal, Epochs, Labels, Laplace, LastBatch, Structure, Wrm, WrmSettings,
};
use bal_core::{Checkpoint, EnsembleGradient, Method, Metrics, Posterior, TrainError, Workers};
use bal_samplers::{Adam, AdamSettings};
use std::ops::ControlFlow;

const EPOCHS: Epochs = Epochs { epochs: 2, batch_size: 40, last_batch: LastBatch::Keep };
const DROPPING: Epochs = Epochs { last_batch: LastBatch::Drop, ..EPOCHS };

/// Precisions that are sampled with the weights.
pub(crate) const HIERARCHICAL: (&str, &str) =
    ("{ gaussian = 1.0 }", "{ hierarchical = { shape = 1.0, rate = 0.5 } }");

pub(crate) fn adam() -> Adam {
    Adam::new(AdamSettings { step_size: 0.05 }).unwrap()
}

pub(crate) fn methods() -> Vec<Box<dyn Method>> {
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
    methods.push(Box::new(bal(&CHANGING).unwrap()));
    methods.extend(FLOWS.map(|changes| Box::new(bal(&changes).unwrap()) as Box<dyn Method>));
    methods.push(Box::new(bal(&[HIERARCHICAL]).unwrap()));
    methods.extend([against(1, Labels::Given), against(3, Labels::Predicted)]);
    let laplace = [laplace_settings(Structure::Kron), laplace_settings(Structure::Diagonal), searching()];
    methods.extend(laplace.map(|settings| Box::new(Laplace::new(settings).unwrap()) as Box<dyn Method>));
    methods
}

pub(crate) fn fit(
    method: &dyn Method,
    threads: usize,
    resume: Option<Checkpoint>,
    seen: &mut Vec<(Metrics, Checkpoint)>,
) -> Posterior {
    try_fit(method, threads, resume, seen).unwrap()
}

pub(crate) fn try_fit(
    method: &dyn Method,
    threads: usize,
    resume: Option<Checkpoint>,
    seen: &mut Vec<(Metrics, Checkpoint)>,
) -> Result<Posterior, TrainError> {
    let workers = Workers::new(threads).unwrap();
    // 100 images in batches of 40: the last of an epoch has 20, and a shard boundary is inside none.
    let (images, held_out) = (images(100), images(6));
    let mut task = task(&images, &held_out, &workers);
    task.resume = resume;
    method.fit(&task, &mut |progress| {
        seen.push((progress.metrics, (progress.checkpoint)()));
        ControlFlow::Continue(())
    })
}

pub(crate) fn weights(posterior: &Posterior) -> Vec<Vec<u32>> {
    let bits = |t: &tch::Tensor| {
        let values = Vec::<f32>::try_from(t.reshape([-1])).unwrap();
        values.into_iter().map(f32::to_bits).collect()
    };
    posterior.members.iter().flat_map(|m| m.parameters.tensors().iter().map(bits)).collect()
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    for method in methods() {
        let one = fit(&*method, 1, None, &mut vec![]);
        for threads in [2, 3] {
            let more = fit(&*method, threads, None, &mut vec![]);
            assert_eq!(weights(&one), weights(&more), "{} on {threads}", method.name());
        }
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
            assert_eq!(whole.precisions, resumed.precisions);
            assert_eq!(whole.laplace, resumed.laplace);
        }
    }
}

/// Not for BAL: its data chains raise the loss that its parameter chains lower. Not for Laplace, which does not train.
#[test]
fn training_lowers_the_loss_of_all_but_the_game() {
    for method in methods().into_iter().filter(|method| !["bal", "laplace"].contains(&method.name())) {
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
        let perturbs = !["erm", "bnn", "laplace"].contains(&method.name());
        assert!(seen.iter().all(|s| s.0.linf.is_some() == perturbs && s.0.l2.is_some() == perturbs));
        if method.name() == "fgsm" {
            assert!(seen.iter().all(|s| s.0.linf.unwrap() <= 0.1 + 1e-6));
        }
    }
}

#[test]
fn samples_are_the_last_states_or_the_thinned_ones() {
    let members: Vec<usize> =
        methods().iter().map(|m| fit(&**m, 1, None, &mut vec![]).members.len()).collect();
    // Six sweeps; after a burn-in of one, every second: sweeps 3 and 5 of three chains.
    assert_eq!(
        members,
        [1, 1, 1, 3, 3, 6, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 1, 2, 2, 2]
    );
}

#[test]
fn a_hierarchical_prior_has_a_precision_for_each_tensor_of_weights() {
    let mut seen = Vec::new();
    let posterior = fit(&bal(&[HIERARCHICAL]).unwrap(), 2, None, &mut seen);
    let names: Vec<String> =
        posterior.members[0].network.parameters().into_iter().map(|spec| spec.name).collect();
    assert_eq!(posterior.precisions.iter().map(|p| p.name.clone()).collect::<Vec<_>>(), names);
    assert!(posterior.precisions.iter().all(|p| p.mean > 0.0 && p.deviation > 0.0), "{posterior:?}");
    let plain = fit(&bal(&[]).unwrap(), 2, None, &mut vec![]);
    assert!(plain.precisions.is_empty());
    assert_ne!(weights(&plain), weights(&posterior));
}

#[test]
fn precisions_of_other_chains_are_refused() {
    let hierarchical = bal(&[HIERARCHICAL]).unwrap();
    let mut seen = Vec::new();
    fit(&hierarchical, 1, None, &mut seen);
    let mut checkpoint = seen.pop().unwrap().1;
    let kept = checkpoint.extras.iter_mut().find(|(name, _)| name == "prior_precisions.1").unwrap();
    kept.1 = kept.1.narrow(0, 0, 1);
    let error = try_fit(&hierarchical, 1, Some(checkpoint), &mut vec![]).unwrap_err().to_string();
    assert!(error.contains("`prior_precisions.1` is of another shape"), "{error}");
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
