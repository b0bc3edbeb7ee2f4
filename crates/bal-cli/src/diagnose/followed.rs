//! What a finished run tells of its chains.

use crate::{run_folder::RunFolder, traces};
use anyhow::{Context, Result, bail};
use bal_core::{Member, Posterior};
use bal_diagnostics::{Draws, LEAST_DRAWS, Quantity};
use bal_report::{MetricLine, metrics};

/// A quantity with its draws.
pub(crate) struct Followed {
    pub(crate) quantity: Quantity,
    /// `[chain][draw]`.
    pub(crate) chains: Vec<Vec<f64>>,
}

impl Followed {
    fn of(name: String, chains: Vec<Vec<f64>>) -> Result<Self> {
        let draws = Draws::new(chains).with_context(|| name.clone())?;
        Ok(Self { quantity: Quantity::of(name, &draws), chains: draws.chains().to_vec() })
    }
}

/// Log-probabilities of the right class of held-out images, sweep by sweep; `None` where they were not kept.
pub(crate) fn log_probabilities(folder: &RunFolder) -> Result<Option<Vec<Followed>>> {
    let path = folder.traces();
    if !path.is_file() {
        return Ok(None);
    }
    let images = traces::read(&path)?.into_iter().enumerate();
    let followed = images.map(|(image, chains)| Followed::of(format!("image {image}"), chains));
    followed.collect::<Result<Vec<_>>>().with_context(|| path.display().to_string()).map(Some)
}

/// The named weights, or the first of each tensor, over the posterior's samples, which lie chain after chain for each
/// draw; in place of them why they say nothing.
pub(super) fn weights(
    posterior: &Posterior,
    chains: usize,
    named: &[String],
) -> Result<Result<Vec<Followed>, String>> {
    let specs = posterior.architecture.parameters();
    let named =
        if named.is_empty() { specs.iter().map(|spec| spec.name.clone()).collect() } else { named.to_vec() };
    let wanted: Vec<(String, usize, i64)> = named
        .into_iter()
        .map(|name| {
            let (tensor, place) = place(&name)?;
            let known = || specs.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>().join(", ");
            let Some(index) = specs.iter().position(|spec| spec.name == tensor) else {
                bail!("the network has no weight {tensor}; it has {}", known());
            };
            let count: i64 = specs[index].shape.iter().product();
            if place >= count {
                bail!("{tensor} holds {count} numbers, counted from 0: there is no {place}");
            }
            Ok((name, index, place))
        })
        .collect::<Result<_>>()?;
    let members = &posterior.members;
    let draws = members.len() / chains.max(1);
    if draws < LEAST_DRAWS || members.len() != draws * chains {
        return Ok(Err(format!(
            "weights were not followed: the posterior holds {} samples of {chains} chains, and {LEAST_DRAWS} of each \
             are needed (`samples = {{ thinned = .. }}` keeps more)",
            members.len()
        )));
    }
    let value = |member: &Member, index: usize, place: i64| {
        member.parameters.tensors()[index].f_reshape([-1])?.f_double_value(&[place])
    };
    let followed = wanted.into_iter().map(|(name, index, place)| {
        let chain = |chain: usize| {
            members.iter().skip(chain).step_by(chains).map(|member| value(member, index, place)).collect()
        };
        let all = (0..chains).map(chain).collect::<Result<Vec<Vec<f64>>, tch::TchError>>()?;
        Followed::of(name, all)
    });
    Ok(Ok(followed.collect::<Result<_>>()?))
}

/// `conv1.weight[7]` as tensor and place.
fn place(name: &str) -> Result<(&str, i64)> {
    let Some((tensor, rest)) = name.split_once('[') else { return Ok((name, 0)) };
    let place = rest.strip_suffix(']').and_then(|place| place.parse().ok()).filter(|place| *place >= 0);
    Ok((
        tensor,
        place.with_context(|| format!("{name}: expected a tensor and a place, such as conv1.weight[7]"))?,
    ))
}

/// What the metrics hold, each a chain of its own.
pub(super) fn energies(folder: &RunFolder) -> Result<Vec<Followed>> {
    type Column = (&'static str, fn(&MetricLine) -> Option<f64>);
    const COLUMNS: [Column; 3] = [
        ("loss", |line| Some(line.loss)),
        ("parameter energy", |line| line.parameter_energy),
        ("data energy per image", |line| line.data_energy),
    ];
    let lines = metrics::read(&folder.metrics())?;
    let series = COLUMNS.iter().map(|(name, of)| (name, lines.iter().filter_map(of).collect::<Vec<f64>>()));
    let long = series.filter(|(_, values)| values.len() >= LEAST_DRAWS);
    long.map(|(name, values)| Followed::of((*name).to_string(), vec![values])).collect()
}
