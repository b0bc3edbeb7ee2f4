//! BAL with several networks in one posterior.

use crate::{
    bal_settings::{bal, settings},
    methods::{HIERARCHICAL, weights},
    small::{Linear, images, noise},
};
use bal_baselines::{Bal, CrossEntropy, DataEnergy, Pixels};
use bal_core::{
    Architecture, Checkpoint, Energy, Member, Method, NoiseGenerator, NoiseStream, Position, Posterior,
    Replicate, Task, TaskNetwork, TrainError, Workers,
};
use bal_models::{Sizes, architecture};
use std::{ops::ControlFlow, sync::Arc};

/// Two chains of a linear network, then one of a network with hidden units.
fn networks() -> Vec<TaskNetwork> {
    let other = architecture("mlp-4", Some(Sizes { input: [1, 2, 2], classes: 3 })).unwrap();
    vec![
        TaskNetwork { chains: 2, ..TaskNetwork::new(Arc::new(Linear)) },
        TaskNetwork { chains: 1, ..TaskNetwork::new(other) },
    ]
}

fn fit(
    method: &Bal,
    networks: Vec<TaskNetwork>,
    threads: usize,
    resume: Option<Checkpoint>,
) -> Result<(Posterior, Vec<Checkpoint>), TrainError> {
    let workers = Workers::new(threads).unwrap();
    let (images, held_out) = (images(100), images(6));
    let task = Task {
        networks,
        images: &images,
        held_out: &held_out,
        seed: 5,
        generator: NoiseGenerator::ChaCha8,
        workers: &workers,
        resume,
    };
    let mut seen = Vec::new();
    let posterior = method.fit(&task, &mut |progress| {
        seen.push((progress.checkpoint)());
        ControlFlow::Continue(())
    });
    Ok((posterior?, seen))
}

fn names(posterior: &Posterior) -> Vec<String> {
    posterior.members.iter().map(|member| member.network.name().to_owned()).collect()
}

#[test]
fn bits_depend_neither_on_threads_nor_on_interruptions() {
    for changes in [
        vec![],
        vec![HIERARCHICAL],
        vec![("temperature = 1e-3", "sharing = \"per_chain\"\ntemperature = 1e-3")],
    ] {
        let method = bal(&changes).unwrap();
        let (whole, seen) = fit(&method, networks(), 2, None).unwrap();
        assert_eq!(names(&whole), ["linear", "linear", "mlp-4"]);
        for checkpoint in seen.into_iter().take(5) {
            let (resumed, _) = fit(&method, networks(), 1, Some(checkpoint)).unwrap();
            assert_eq!(weights(&whole), weights(&resumed), "{changes:?}");
            assert_eq!(whole.mixing, resumed.mixing);
            assert_eq!(whole.precisions, resumed.precisions);
        }
    }
}

#[test]
fn samples_stand_network_by_network_and_each_sample_by_sample() {
    let thinned = bal(&[("\"last\"", "{ thinned = { burn_in = 1, every = 2 } }")]).unwrap();
    let (posterior, seen) = fit(&thinned, networks(), 2, None).unwrap();
    assert_eq!(names(&posterior), ["linear", "linear", "linear", "linear", "mlp-4", "mlp-4"]);
    // After sweeps 3 and 5; chains 0 and 1 of each.
    for (member, (sweep, chain)) in [(3, 0), (3, 1), (5, 0), (5, 1), (3, 2), (5, 2)].into_iter().enumerate() {
        let then = &seen[sweep - 1].chains[chain].state.position;
        let found = &posterior.members[member].parameters;
        assert!(found.tensors().iter().zip(then.tensors()).all(|(a, b)| a == b), "member {member}");
    }
}

#[test]
fn without_adversarial_data_no_network_sees_the_others() {
    let mut apart = settings(&[]);
    apart.data = None;
    let (together, _) = fit(&Bal::new(apart.clone()).unwrap(), networks(), 2, None).unwrap();
    apart.parameter_chains = 2;
    let alone = networks().drain(..1).collect();
    let (alone, _) = fit(&Bal::new(apart).unwrap(), alone, 2, None).unwrap();
    assert_eq!(weights(&together)[..weights(&alone).len()], weights(&alone));
}

#[test]
fn with_adversarial_data_they_see_each_other_through_these_alone() {
    let mut both = settings(&[]);
    let (together, _) = fit(&Bal::new(both.clone()).unwrap(), networks(), 2, None).unwrap();
    both.parameter_chains = 2;
    let alone = networks().drain(..1).collect();
    let (alone, _) = fit(&Bal::new(both).unwrap(), alone, 2, None).unwrap();
    assert_ne!(weights(&together)[..weights(&alone).len()], weights(&alone));
}

#[test]
fn the_energy_of_data_is_the_sum_over_the_networks() {
    let members = || -> Vec<Member> {
        let networks = networks().into_iter().map(|network| network.architecture);
        networks.enumerate().map(|(i, net)| Member::init(&net, &mut noise(i as u64))).collect()
    };
    let energy = |members: Vec<Member>| DataEnergy {
        generator: Arc::new(Pixels::default()),
        objective: Arc::new(CrossEntropy),
        members,
        clean: images(4).batch(&[0, 1, 2, 3]),
        cost_weight: 0.5,
    };
    let at = Position::new(vec![&images(4).batch(&[0, 1, 2, 3]).x + 0.1]);
    let mut silence = NoiseStream::silent();
    let both = energy(members()).gradient(&at, &mut silence);
    let mut sum = 0.0;
    let mut slope = at.full_like(0.0);
    for member in members() {
        let one = energy(vec![member]).gradient(&at, &mut silence);
        sum += one.energy;
        slope.accumulate(&one.gradient);
    }
    assert!((both.energy - sum).abs() < 1e-5, "{} is not {sum}", both.energy);
    assert!(both.gradient.first().allclose(slope.first(), 1e-5, 1e-6, false));
}

#[test]
fn each_network_starts_from_weights_of_its_own() {
    let start = |network: &Arc<dyn Architecture>, chain| Member::init(network, &mut noise(chain));
    let mut started = networks();
    for (chain, network) in (7..).zip(&mut started) {
        network.start = Some(start(&network.architecture, chain));
    }
    let first: Vec<Position> =
        started.iter().filter_map(|n| Some(n.start.as_ref()?.parameters.replicate())).collect();
    // Steps of nearly no length.
    let still = bal(&[("step_size = 0.1\n", "step_size = 1e-12\n")]);
    let (posterior, _) = fit(&still.unwrap(), started, 1, None).unwrap();
    for (member, start) in posterior.members.iter().zip([0, 0, 1]) {
        let (found, start) = (member.parameters.tensors(), first[start].tensors());
        assert!(found.iter().zip(start).all(|(a, b)| a.allclose(b, 1e-4, 1e-4, false)));
    }
}

#[test]
fn chains_that_do_not_add_up_are_refused() {
    let mut more = networks();
    more[1].chains = 2;
    let error = fit(&bal(&[]).unwrap(), more, 1, None).unwrap_err().to_string();
    assert!(error.contains("parameter_chains = 3") && error.contains("are 4 together"), "{error}");
    let mut none = networks();
    none[0].chains = 0;
    let error = fit(&bal(&[]).unwrap(), none, 1, None).unwrap_err().to_string();
    assert!(error.contains("networks.chains = 0"), "{error}");
}
