//! Single weights of the posterior's samples.

use super::Quantities;
use super::{
    Run,
    followed::{Series, draws},
    kind::Kind,
};
use anyhow::{Result, bail};
use bal_baselines::Samples;
use bal_core::{Member, TensorSpec, tensor_prefix};
use tch::Tensor;

const NAME: &str = "weights";

/// Of each tensor, the values at a quarter and at three quarters of it: a choice that no result has had a hand in.
fn places(size: usize) -> Vec<usize> {
    let mut places = vec![size / 4, 3 * size / 4];
    places.dedup();
    places
}

/// The weights that are chosen, of all samples.
pub(super) fn follow(run: &Run, chosen: &[&Quantities]) -> Result<Kind> {
    let (members, chains) = (run.posterior.members.len(), run.settings.parameter_chains as usize);
    let path = run.folder.posterior();
    if !members.is_multiple_of(chains) {
        bail!("{} has {members} samples, which {chains} chains cannot have made alike", path.display());
    }
    let length = members / chains;
    // Chains are compared with those of the same network.
    let groups = run.posterior.groups();
    let mut wanted: Vec<(usize, usize, usize)> = Vec::new();
    let mut specs: Vec<Vec<TensorSpec>> = Vec::new();
    for (place, group) in groups.iter().enumerate() {
        let network = &group[0].network;
        if !group.len().is_multiple_of(length) {
            let (network, found) = (network.name(), group.len());
            bail!("{} has {found} samples of {network}, which is no multiple of {length}", path.display());
        }
        // Named as in the file of the weights.
        let prefix = tensor_prefix(&**network, place, groups.len());
        let named = |spec: TensorSpec| TensorSpec { name: format!("{prefix}{}", spec.name), ..spec };
        specs.push(network.parameters().into_iter().map(named).collect());
    }
    for one in chosen {
        let Quantities::Weight { tensor, place } = one else {
            for (group, specs) in specs.iter().enumerate() {
                for (index, spec) in specs.iter().enumerate() {
                    wanted.extend(places(size(&spec.shape)).into_iter().map(|place| (group, index, place)));
                }
            }
            continue;
        };
        let found = specs.iter().enumerate().find_map(|(group, specs)| {
            specs.iter().position(|spec| spec.name == *tensor).map(|index| (group, index))
        });
        let Some((group, index)) = found else {
            let names: Vec<&str> = specs.iter().flatten().map(|spec| spec.name.as_str()).collect();
            bail!("there is no {one}: the network has {}", names.join(", "));
        };
        let size = size(&specs[group][index].shape);
        if *place >= size {
            bail!("there is no {one}: {tensor} has {size} values, counted from 0");
        }
        wanted.push((group, index, *place));
    }
    wanted.sort_unstable();
    wanted.dedup();
    let (first, every) = match run.settings.samples {
        Samples::Thinned { burn_in, every } => (burn_in + every, every),
        Samples::Last => (run.record.sweeps, 1),
    };
    let series = |(group, tensor, place): (usize, usize, usize)| {
        let value = |member: &&Member| member.parameters.tensors()[tensor].reshape([-1]).get(place as i64);
        let values: Vec<Tensor> = groups[group].iter().map(value).collect();
        // Samples were collected sweep by sweep, within a sweep chain by chain.
        let table = Tensor::stack(&values, 0).reshape([length as i64, -1]);
        let name = Quantities::Weight { tensor: specs[group][tensor].name.clone(), place }.to_string();
        Ok(Series { name, draws: draws(&table)?, first, every })
    };
    let series: Vec<Series> = wanted.into_iter().map(series).collect::<Result<_>>()?;
    let what = format!(
        "single ones of {members} samples, {length} of each of {chains} chains. Networks whose hidden units are exchanged \
         are the same function: chains may disagree here and agree in what they predict"
    );
    Ok(Kind::measure(NAME, what, true, series))
}

fn size(shape: &[i64]) -> usize {
    shape.iter().product::<i64>() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_inside_whatever_the_size() {
        assert_eq!(places(1), [0]);
        assert_eq!(places(2), [0, 1]);
        assert_eq!(places(800), [200, 600]);
    }
}
