//! Whole batches, and the chains of a block in one launch: what cores compute one by one, up to rounding.

use crate::{
    bal_settings::{SAMPLERS, with_sampler},
    methods::{HIERARCHICAL, fit_by, methods, weights},
    small::{Linear, images, noise, task},
};
use bal_attacks::Norm;
use bal_baselines::{
    Bal, Boundary, ChainStart, CrossEntropy, DataEnergies, DataEnergy, GammaPrior, NetworkMode, Pixels,
    Prior, PriorEnergy, Risk, Risks, StudentT, Support, SupportSettings, Term,
};
use bal_core::{
    Architecture, BlockEnergy, Checkpoint, Cut, Energy, Forward, Generator, Member, Method, Metrics, Mode,
    NoiseGenerator, NoiseStream, Position, Stacked, TaskNetwork, TensorSpec, Workers,
};
use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tch::Tensor;

fn workers(threads: usize, cut: Cut) -> Workers {
    Workers::new(threads).unwrap().with_cut(cut)
}

fn fit(method: &dyn Method, workers: &Workers, generator: NoiseGenerator) -> Vec<(Metrics, Checkpoint)> {
    let mut seen = Vec::new();
    fit_by(method, (workers, generator), None, &mut seen).unwrap();
    seen
}

fn numbers(metrics: &Metrics) -> Vec<f64> {
    let Metrics { loss, linf, l2, data_energy, parameter_energy, configurational_temperature } = *metrics;
    let more = [linf, l2, data_energy, parameter_energy, configurational_temperature];
    std::iter::once(loss).chain(more.into_iter().flatten()).collect()
}

/// Batches of 40 are not cut either way, so that what differs is the launch.
#[test]
fn the_first_sweep_of_every_method_is_that_of_one_chain_after_another() {
    for generator in [NoiseGenerator::ChaCha8, NoiseGenerator::Philox] {
        for method in methods() {
            let one_by_one = fit(&*method, &workers(1, Cut::Shards), generator);
            let together = fit(&*method, &workers(1, Cut::Whole), generator);
            let [expected, found] = [&one_by_one, &together].map(|seen| numbers(&seen[0].0));
            assert_eq!(found.len(), expected.len(), "{}", method.name());
            for (found, expected) in found.iter().zip(&expected) {
                let error = (found - expected).abs() / expected.abs().max(1.0);
                assert!(error < 1e-4, "{}: {found} for {expected}", method.name());
            }
        }
    }
}

#[test]
fn generators_give_other_runs_of_the_same_method() {
    let bal = Bal::new(with_sampler(SAMPLERS[0]).unwrap()).unwrap();
    let of = |generator| fit(&bal, &workers(1, Cut::Shards), generator)[0].0;
    assert_ne!(of(NoiseGenerator::ChaCha8), of(NoiseGenerator::Philox));
}

#[test]
fn bits_depend_neither_on_threads_nor_on_interruptions() {
    for method in methods().into_iter().filter(|method| ["bal", "bnn", "fgsm"].contains(&method.name())) {
        let whole = |threads, resume: Option<Checkpoint>, seen: &mut _| {
            let workers = workers(threads, Cut::Whole);
            fit_by(&*method, (&workers, NoiseGenerator::Philox), resume, seen).unwrap()
        };
        let mut seen = Vec::new();
        let one = whole(1, None, &mut seen);
        assert_eq!(weights(&one), weights(&whole(3, None, &mut vec![])), "{}", method.name());
        let (_, checkpoint) = seen.swap_remove(2);
        assert_eq!(weights(&one), weights(&whole(2, Some(checkpoint), &mut vec![])), "{}", method.name());
    }
}

/// A linear network that counts how often it was asked about one chain and about all.
#[derive(Debug, Default)]
struct Counted {
    alone: AtomicUsize,
    together: AtomicUsize,
}

impl Architecture for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }

    fn classes(&self) -> i64 {
        Linear.classes()
    }

    fn input(&self) -> [i64; 3] {
        Linear.input()
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        Linear.parameters()
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        Linear.init(noise)
    }

    fn forward(&self, parameters: &Position, buffers: &Position, x: &Tensor, mode: Mode) -> Forward {
        self.alone.fetch_add(1, Ordering::Relaxed);
        Linear.forward(parameters, buffers, x, mode)
    }

    fn forward_stacked(&self, weights: &Stacked, x: &Tensor, mode: Mode) -> Tensor {
        self.together.fetch_add(1, Ordering::Relaxed);
        Linear.forward_stacked(weights, x, mode)
    }
}

/// A pass for each step of the data, and for each step of the weights one on each set of images: those of two data chains, and
/// the clean ones. The held-out images are shown to each chain after the sweep.
#[test]
fn a_step_is_one_pass_of_all_chains() {
    let (images, held_out) = (images(100), images(6));
    let bal = Bal::new(crate::bal_settings::settings(&[])).unwrap();
    let (data, chains) = (bal.settings().data.unwrap(), bal.settings().parameter_chains as usize);
    let passes = (data.steps + 3 * bal.settings().parameters.steps) as usize;
    for cut in [Cut::Shards, Cut::Whole] {
        let (network, workers) = (Arc::new(Counted::default()), workers(2, cut));
        let mut task = task(&images, &held_out, &workers);
        task.networks = vec![TaskNetwork::new(network.clone())];
        let mut sweeps = 0;
        bal.fit(&task, &mut |progress| {
            sweeps = progress.sweep as usize;
            ControlFlow::Continue(())
        })
        .unwrap();
        let asked = [&network.together, &network.alone].map(|count| count.load(Ordering::Relaxed));
        let expected = match cut {
            Cut::Whole => [sweeps * passes, sweeps * chains],
            // Each of the two data chains by itself, and each pass once for each chain.
            Cut::Shards => {
                let steps = 2 * data.steps + 3 * bal.settings().parameters.steps;
                [0, sweeps * chains * (steps as usize + 1)]
            }
        };
        assert_eq!(asked, expected, "{cut:?}");
    }
}

/// Where every chain leaves the finite numbers, the first one in order is named, at the step at which it did.
#[test]
fn a_chain_that_diverged_is_named_as_if_it_had_been_alone() {
    for step in ["1e38", "1e25"] {
        let table = SAMPLERS[0].replace("step_size = 0.01", &format!("step_size = {step}"));
        let bal = Bal::new(with_sampler(&table).unwrap()).unwrap();
        let error = |cut| {
            let workers = workers(1, cut);
            let fitted = fit_by(&bal, (&workers, NoiseGenerator::ChaCha8), None, &mut vec![]);
            fitted.unwrap_err().to_string()
        };
        assert!(error(Cut::Whole).contains("parameter chain 0 diverged"), "{}", error(Cut::Whole));
        assert_eq!(error(Cut::Whole), error(Cut::Shards));
    }
}

fn member(chain: u64) -> Member {
    Member::init(&(Arc::new(Linear) as Arc<dyn Architecture>), &mut noise(chain))
}

fn assert_close(found: &Position, expected: &Position) {
    assert_eq!(found.shapes(), expected.shapes());
    for (found, expected) in found.tensors().iter().zip(expected.tensors()) {
        assert!(found.allclose(expected, 1e-5, 1e-6, false), "{found:?} {expected:?}");
    }
}

#[test]
fn energies_of_data_chains_are_those_of_each_and_so_is_where_they_end() {
    let settings = SupportSettings {
        norm: Norm::L2,
        radius: 0.05,
        unit_box: true,
        boundary: Boundary::Project,
        ramp: None,
    };
    let pixels = Pixels { support: Some(Support::new(settings).unwrap()), start: ChainStart::Clean };
    let (generator, objective): (Arc<dyn Generator>, _) = (Arc::new(pixels), Arc::new(CrossEntropy));
    let clean = images(5).batch(&[0, 1, 2, 3, 4]);
    let members: Vec<Member> = (10..13).map(member).collect();
    let stacked = Stacked::of(members.iter().map(|m| (&m.parameters, &m.buffers)));
    let network = (members[0].network.clone(), stacked);
    let energies = DataEnergies::new(network, (generator.clone(), objective.clone()), (&clean, 2), 0.3);
    let each = DataEnergy { members, generator, objective, clean, cost_weight: 0.3 };
    let at: Vec<Position> = (0..2)
        .map(|chain| Position::new(vec![&each.clean.x + noise(chain).normal_like(&each.clean.x) * 0.1]))
        .collect();
    let stack = Position::stack(&at.iter().collect::<Vec<_>>());
    let found = energies.gradient(&stack, &mut NoiseStream::silent());
    assert!(found.losses.is_none() && energies.is_confined());
    let mut moved = stack.duplicate();
    energies.confine(&stack, &mut moved);
    for (chain, at) in at.iter().enumerate() {
        let expected = each.gradient(at, &mut NoiseStream::silent());
        let energy = found.energies.double_value(&[chain as i64]);
        assert!((energy - expected.energy).abs() < 1e-5, "{energy} {}", expected.energy);
        assert_close(&found.gradient.row(chain as i64), &expected.gradient);
        let mut alone = at.duplicate();
        each.confine(at, &mut alone);
        assert_close(&moved.row(chain as i64), &alone);
    }
}

#[test]
fn energies_of_parameter_chains_are_those_of_each_under_every_prior() {
    let workers = Workers::new(1).unwrap();
    let batch = images(6).batch(&[0, 1, 2, 3, 4, 5]);
    let members: Vec<Member> = (10..13).map(member).collect();
    let stack = Position::stack(&members.iter().map(|m| &m.parameters).collect::<Vec<_>>());
    let shifted = || Term { x: &batch.x + 0.1, ..Term::clean(batch.shards(6).remove(0), 0.2) };
    let terms = || vec![Term::clean(batch.shards(6).remove(0), 1.0 / 6.0), shifted()];
    let masks = |chain| noise(20 + chain).for_images(&batch.indices);
    let prior = |prior: Prior| {
        vec![PriorEnergy::new(prior, 4), PriorEnergy::new(prior, 4), PriorEnergy::new(prior, 4)]
    };
    let given = |chain: u64| PriorEnergy::given(vec![1.0 + chain as f64, 0.5], 4);
    let laws = [
        prior(Prior::Flat),
        prior(Prior::Gaussian(0.5)),
        prior(Prior::Laplace(0.2)),
        prior(Prior::StudentT(StudentT { scale: 0.4, degrees: 3.0 })),
        prior(Prior::Hierarchical(GammaPrior { shape: 1.5, rate: 0.24 })),
        (0..3).map(given).collect(),
    ];
    for (priors, mode) in
        laws.into_iter().flat_map(|law| [(law.clone(), NetworkMode::Evaluate), (law, NetworkMode::Train)])
    {
        let risks = Risks {
            network: Arc::new(Linear),
            objective: Arc::new(CrossEntropy),
            terms: terms(),
            mode,
            buffers: Position::new(vec![]),
            priors: priors.clone(),
        };
        let mut all = NoiseStream::silent();
        all.join((0..3).map(masks));
        let found = risks.gradient(&stack, &mut all);
        for (chain, prior) in priors.into_iter().enumerate() {
            let risk = Risk {
                architecture: Arc::new(Linear),
                objective: Arc::new(CrossEntropy),
                workers: &workers,
                shards: vec![terms()],
                mode,
                buffers: Position::new(vec![]),
                passes: vec![],
                prior,
            };
            let expected = risk.gradient(&members[chain].parameters, &mut masks(chain as u64));
            let at = [chain as i64];
            assert!((found.energies.double_value(&at) - expected.energy).abs() < 1e-5);
            let losses = found.losses.as_ref().unwrap();
            assert!((losses.double_value(&at) - expected.aux.loss.unwrap()).abs() < 1e-5);
            assert_close(&found.gradient.row(chain as i64), &expected.gradient);
        }
    }
}

/// The precisions are a block of one chain, which moves by itself.
#[test]
fn a_hierarchical_prior_is_sampled_between_the_launches() {
    let bal = Bal::new(crate::bal_settings::settings(&[HIERARCHICAL])).unwrap();
    let mut seen = Vec::new();
    let posterior =
        fit_by(&bal, (&workers(1, Cut::Whole), NoiseGenerator::ChaCha8), None, &mut seen).unwrap();
    assert!(!posterior.precisions.is_empty());
    assert!(posterior.precisions.iter().all(|p| p.mean > 0.0 && p.deviation > 0.0));
}
