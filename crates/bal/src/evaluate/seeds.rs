//! One attack with several seeds.

use super::{among, attack, of_model};
use crate::{EvaluateRequest, Refusal, Session, image_selection::Selected, partial::Partial};
use anyhow::Result;
use bal_attacks::{Evaluated, Protocol};
use bal_core::Classifier;
use bal_report::{Model, OfSeed};
use std::path::{Path, PathBuf};

/// The seeds of the request, in their order.
///
/// # Errors
/// When there is none, or the last one is no number of 64 bits.
pub(super) fn of(request: &EvaluateRequest) -> Result<Vec<u64>> {
    let EvaluateRequest { seed, seeds, .. } = *request;
    match seeds.checked_sub(1).map(|more| seed.checked_add(more)) {
        Some(Some(last)) => Ok((seed..=last).collect()),
        Some(None) => {
            Err(Refusal::of_request(format!("{seeds} seeds from {seed} on do not fit in 64 bits")).into())
        }
        None => Err(Refusal::of_request("the number of seeds must be at least 1, got 0").into()),
    }
}

/// Beside which file the finished parts of this seed are kept: the file itself for the first one.
pub(super) fn beside(file: &Path, request: &EvaluateRequest, seed: u64) -> PathBuf {
    if seed == request.seed {
        return file.to_path_buf();
    }
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".seed-{seed}"));
    name.into()
}

/// Attacks the images with each seed, all of them each time; returns the worst case and the accuracies with each.
///
/// `partials` holds what is kept of each seed, or nothing. Of several ranks this is rank 0, and the others take part.
pub(super) fn attacked(
    seeds: &[u64],
    (classifier, model): (&dyn Classifier, &Model),
    chosen: &Selected,
    protocol: &Protocol,
    partials: &[Partial],
    session: &Session,
) -> Result<(Evaluated, Vec<OfSeed>)> {
    let name = protocol.attack.name();
    // Other ranks find what is read back here.
    let in_memory = session.cluster().is_some() && partials.is_empty();
    let memory: Vec<among::InMemory> =
        seeds.iter().filter(|_| in_memory).map(|_| among::InMemory::new(false)).collect();
    let stores = among::stores(partials, &memory, seeds.len());
    let shards = protocol.shard_count(&chosen.images, &session.workers)?;
    let left = session.cluster().map(|cluster| among::tell(cluster, &stores, shards)).transpose()?;
    let with = |place: usize, seed: u64| -> Result<Evaluated> {
        let title = if seeds.len() == 1 { name.to_owned() } else { format!("{name}, seed {seed}") };
        let (store, protocol) = (stores[place], &Protocol { seed, ..*protocol });
        let found = match (session.cluster(), &left) {
            (Some(cluster), Some(left)) => {
                let model = (classifier, &chosen.images);
                among::attack(&title, model, protocol, (store, &left[place]), (cluster, session))
            }
            _ => attack(&title, classifier, &chosen.images, protocol, store, session),
        };
        found.map_err(|error| of_model(error, model))
    };
    let of_seed = |seed: u64, evaluated: &Evaluated| OfSeed { seed, accuracy: evaluated.curve.accuracy() };
    let mut worst = with(0, protocol.seed)?;
    let mut each = vec![of_seed(protocol.seed, &worst)];
    for (place, &seed) in seeds.iter().enumerate().skip(1) {
        let evaluated = with(place, seed)?;
        each.push(of_seed(seed, &evaluated));
        worst = worst.worst(evaluated)?;
    }
    Ok((worst, each))
}
