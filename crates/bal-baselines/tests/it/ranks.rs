//! Methods whose work several processes share: the same bits as one, and what is left of a run that lost one of them.

use crate::{
    bal_settings::bal,
    methods::{methods, weights},
    small::{images, task},
};
use bal_core::{Checkpoint, Method, Metrics, Posterior, Ranks, ThreadRanks, TrainError, Workers};
use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex},
    thread,
};
use tch::Device;

/// What each of so many ranks makes of the method, from where `resume` makes them begin. Rank 1 leaves after so many batches.
fn fit(
    make: &(dyn Fn() -> Box<dyn Method> + Sync),
    size: usize,
    leaves_after: Option<u64>,
    resume: &(dyn Fn() -> Option<Checkpoint> + Sync),
) -> Vec<(Result<Posterior, TrainError>, Vec<Metrics>)> {
    let work = |ranks: ThreadRanks| {
        let leaving = ranks.clone();
        let is_leaving = leaves_after.filter(|_| ranks.rank() == 1);
        let workers = Workers::new(1 + ranks.rank() % 2).unwrap().among(Arc::new(ranks), Device::Cpu);
        let (images, held_out) = (images(100), images(6));
        let mut task = task(&images, &held_out, &workers);
        task.resume = resume();
        let mut seen = Vec::new();
        let posterior = make().fit(&task, &mut |progress| {
            seen.push(progress.metrics);
            match is_leaving {
                Some(last) if progress.sweep == last => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        if is_leaving.is_some() {
            leaving.leave();
        }
        (posterior, seen)
    };
    thread::scope(|scope| {
        let ranks: Vec<_> = ThreadRanks::new(size)
            .into_iter()
            .map(|ranks| {
                let work = &work;
                scope.spawn(move || work(ranks))
            })
            .collect();
        ranks.into_iter().map(|rank| rank.join().unwrap()).collect()
    })
}

/// Number `place` of all methods.
fn method(place: usize) -> impl Fn() -> Box<dyn Method> + Sync {
    move || methods().swap_remove(place)
}

#[test]
fn bits_do_not_depend_on_the_number_of_ranks() {
    let all = methods();
    let shared: Vec<usize> = (0..all.len()).filter(|&place| all[place].is_shared()).collect();
    assert!(shared.len() + 3 >= all.len(), "all but Laplace");
    for place in shared {
        let mut one = fit(&method(place), 1, None, &|| None);
        let (one, metrics) = one.pop().unwrap();
        let one = one.unwrap();
        for size in [2, 3] {
            for (rank, (posterior, seen)) in fit(&method(place), size, None, &|| None).into_iter().enumerate()
            {
                let posterior = posterior.unwrap();
                let name = all[place].name();
                assert_eq!(weights(&posterior), weights(&one), "{name} {place}, rank {rank} of {size}");
                assert_eq!(seen, metrics, "{name} {place}");
                assert_eq!((&posterior.mixing, &posterior.regime), (&one.mixing, &one.regime));
                assert_eq!(posterior.precisions, one.precisions);
            }
        }
    }
}

/// What is left is the state after the last whole batch, from which the run goes on to the same bits.
#[test]
fn a_run_that_lost_a_rank_goes_on_from_the_last_whole_batch() {
    let adversarial = method(1);
    let hierarchical = || Box::new(bal(&[crate::methods::HIERARCHICAL]).unwrap()) as Box<dyn Method>;
    let persistent = method(5);
    let games: [&(dyn Fn() -> Box<dyn Method> + Sync); 3] = [&adversarial, &hierarchical, &persistent];
    for (place, make) in games.into_iter().enumerate() {
        let whole = fit(make, 1, None, &|| None).pop().unwrap().0.unwrap();
        let mut halves = fit(make, 2, Some(3), &|| None);
        let (ended, seen) = halves.swap_remove(0);
        let Err(TrainError::Lost { sweep: 4, source, checkpoint: Some(checkpoint) }) = ended else {
            panic!("{place}: {ended:?}")
        };
        assert_eq!((source.to_string().as_str(), seen.len()), ("rank 1 is lost: it has left", 3), "{place}");
        let checkpoint = Mutex::new(Some(checkpoint.into_inner().unwrap()));
        assert_eq!(checkpoint.lock().unwrap().as_ref().map(|checkpoint| checkpoint.sweep), Some(3));
        let resumed = fit(make, 1, None, &|| checkpoint.lock().unwrap().take()).pop().unwrap();
        assert_eq!(weights(&resumed.0.unwrap()), weights(&whole), "{place}");
        assert_eq!(resumed.1.len(), 3);
    }
}
