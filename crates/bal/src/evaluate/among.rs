//! An evaluation that several ranks share: each draws shards from one queue, and rank 0 keeps what all found.

use super::{of_model, prepared::Prepared, seeds};
use crate::{
    EvaluateRequest, Progress, Session, Silent, Work,
    partial::{self, Partial},
    ranks,
};
use anyhow::{Context, Result};
use bal_attacks::{
    Evaluated, EvaluationProgress, NoStore, Protocol, Shard, ShardStore, StoreError, make_shards,
};
use bal_cluster::Cluster;
use bal_core::{Classifier, Images};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// How long rank 0 waits before it looks again for what others have found.
const PAUSE: Duration = Duration::from_millis(20);

/// The part of ranks other than 0 in [`super::measure`]: they attack, and write nothing.
///
/// # Errors
/// As [`super::measure`]; when ranks differ, or rank 0 is lost.
pub fn measure_beside(request: &EvaluateRequest, session: &Session) -> Result<()> {
    let cluster = session.cluster().context("there are no other ranks")?;
    let attack = || -> Result<()> {
        request.attack()?;
        let seeds = seeds::of(request)?;
        let prepared = Prepared::of(request, &seeds, |file, _| file.to_path_buf(), session)?;
        agree(cluster, &prepared, &seeds)?;
        let (images, left): (bool, Vec<Vec<usize>>) = serde_json::from_slice(&cluster.broadcast(vec![])?)?;
        let protocol = prepared.protocol(request);
        for (&seed, left) in seeds.iter().zip(left) {
            let store = Part { cluster, seed, left: &left, kept: None, images };
            let protocol = Protocol { seed, ..protocol };
            let (classifier, set) = (&*prepared.classifier, &prepared.chosen.images);
            make_shards(classifier, set, &protocol, &session.workers, &store, &|_| ())
                .map_err(|error| of_model(error.into(), &prepared.model))?;
        }
        Ok(())
    };
    ranks::ended(cluster, attack())
}

/// Refuses ranks that evaluate something else.
pub(super) fn agree(cluster: &Cluster, prepared: &Prepared, seeds: &[u64]) -> Result<()> {
    let identity = prepared.identity.as_ref().context("an evaluation of several ranks has an identity")?;
    ranks::agree_on_evaluation(cluster, identity, seeds)
}

/// Tells the others whether attacked images are kept, and which shards of each seed are not kept yet, in `stores`.
pub(super) fn tell(cluster: &Cluster, stores: &[&dyn ShardStore], shards: usize) -> Result<Vec<Vec<usize>>> {
    let mut left = Vec::new();
    for store in stores {
        let mut of_seed = Vec::new();
        for number in 0..shards {
            if store.read(number).map_err(anyhow::Error::from_boxed)?.is_none() {
                of_seed.push(number);
            }
        }
        left.push(of_seed);
    }
    let images = stores.first().is_some_and(|store| store.images());
    cluster.broadcast(serde_json::to_vec(&(images, &left))?)?;
    Ok(left)
}

/// Attacks what is `left` of the images with the protocol's seed, together with the other ranks, then reads all of it back from
/// the store.
pub(super) fn attack(
    title: &str,
    (classifier, images): (&dyn Classifier, &Images),
    protocol: &Protocol,
    (store, left): (&dyn ShardStore, &[usize]),
    (cluster, session): (&Cluster, &Session),
) -> Result<Evaluated> {
    let total = protocol.limit.unwrap_or(u64::MAX).min(images.len() as u64);
    let display = Mutex::new(session.observer().begin(&Work { title, unit: "images", total, done: 0 }));
    let mut done = total - of_shards(protocol, images, left)?;
    with(&display, |display| {
        display.recalled(done);
        display.show(done, "");
    });
    let kept = Kept { store, shards: Mutex::new((left.len(), done)), display: &display };
    let part = Part { cluster, seed: protocol.seed, left, kept: Some(&kept), images: store.images() };
    make_shards(classifier, images, protocol, &session.workers, &part, &|_: &EvaluationProgress| ())?;
    while kept.is_short() {
        // What is kept stays, and the same command goes on with it.
        if let Some(lost) = cluster.lost() {
            return Err(lost.into());
        }
        if !part.receive().map_err(anyhow::Error::from_boxed)? {
            thread::sleep(PAUSE);
        }
    }
    done = total;
    with(&display, |display| {
        display.show(done, "");
        display.finish();
    });
    // All is there: this is the way of an evaluation that was interrupted and goes on.
    let silent = session.clone().observed_by(Arc::new(Silent));
    super::attack(title, classifier, images, protocol, store, &silent)
}

/// How many images these shards have.
fn of_shards(protocol: &Protocol, images: &Images, shards: &[usize]) -> Result<u64> {
    let sizes = protocol.shard_sizes(images)?;
    Ok(shards.iter().filter_map(|&number| sizes.get(number)).sum::<usize>() as u64)
}

fn with(display: &Mutex<Box<dyn Progress>>, show: impl FnOnce(&mut dyn Progress)) {
    show(&mut **display.lock().unwrap_or_else(PoisonError::into_inner));
}

/// What rank 0 has found and got.
struct Kept<'a> {
    store: &'a dyn ShardStore,
    /// Shards that are missing, and images that are there.
    shards: Mutex<(usize, u64)>,
    display: &'a Mutex<Box<dyn Progress>>,
}

impl Kept<'_> {
    fn put(&self, number: usize, shard: &Shard) -> Result<(), StoreError> {
        self.store.write(number, shard)?;
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        *shards = (shards.0.saturating_sub(1), shards.1 + shard.labels.len() as u64);
        with(self.display, |display| display.show(shards.1, ""));
        Ok(())
    }

    fn is_short(&self) -> bool {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner).0 > 0
    }
}

/// The shards that one rank draws and makes.
struct Part<'a> {
    cluster: &'a Cluster,
    seed: u64,
    left: &'a [usize],
    /// Of rank 0.
    kept: Option<&'a Kept<'a>>,
    images: bool,
}

impl Part<'_> {
    fn name(&self) -> String {
        format!("seed {}", self.seed)
    }

    /// Takes what others have posted; whether there was something.
    fn receive(&self) -> Result<bool, StoreError> {
        let Some(kept) = self.kept else { return Ok(false) };
        let mut any = false;
        while let Some(bytes) = self.cluster.collect(&self.name())? {
            let (number, shard) = bytes.split_first_chunk::<8>().ok_or("a rank has posted no shard")?;
            kept.put(u64::from_le_bytes(*number) as usize, &partial::of_bytes(shard.to_vec())?)?;
            any = true;
        }
        Ok(any)
    }
}

impl ShardStore for Part<'_> {
    fn images(&self) -> bool {
        self.images
    }

    fn is_wanted(&self, number: usize) -> bool {
        self.left.contains(&number)
    }

    fn next(&self, _: usize) -> Result<Option<usize>, StoreError> {
        self.receive()?;
        let place = self.cluster.next(&self.name())? as usize;
        Ok((place < self.left.len()).then_some(place))
    }

    fn read(&self, _: usize) -> Result<Option<Shard>, StoreError> {
        Ok(None)
    }

    fn write(&self, number: usize, shard: &Shard) -> Result<(), StoreError> {
        if let Some(kept) = self.kept {
            return kept.put(number, shard);
        }
        let bytes = [&(number as u64).to_le_bytes()[..], &partial::bytes(shard)?].concat();
        Ok(self.cluster.post(&self.name(), &bytes)?)
    }
}

/// Keeps shards for an evaluation without a file beside which they could lie.
pub(super) struct InMemory {
    images: bool,
    shards: Mutex<HashMap<usize, Vec<u8>>>,
}

impl InMemory {
    pub(super) fn new(images: bool) -> Self {
        Self { images, shards: Mutex::default() }
    }
}

impl ShardStore for InMemory {
    fn images(&self) -> bool {
        self.images
    }

    fn read(&self, number: usize) -> Result<Option<Shard>, StoreError> {
        let shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(shards.get(&number).map(|bytes| partial::of_bytes(bytes.clone())).transpose()?)
    }

    fn write(&self, number: usize, shard: &Shard) -> Result<(), StoreError> {
        let bytes = partial::bytes(shard)?;
        self.shards.lock().unwrap_or_else(PoisonError::into_inner).insert(number, bytes);
        Ok(())
    }
}

/// Where the shards of each seed are kept: beside a file, or, of several ranks, in memory; else nowhere.
pub(super) fn stores<'a>(
    partials: &'a [Partial],
    memory: &'a [InMemory],
    seeds: usize,
) -> Vec<&'a dyn ShardStore> {
    const NOWHERE: NoStore = NoStore { images: false };
    let at = |place: usize| -> &'a dyn ShardStore {
        match (partials.get(place), memory.get(place)) {
            (Some(partial), _) => partial,
            (None, Some(memory)) => memory,
            (None, None) => &NOWHERE,
        }
    };
    (0..seeds).map(at).collect()
}
