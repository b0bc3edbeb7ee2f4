//! The precisions of a hierarchical prior over a run: where each chain's are, and their draws.

use super::{conditionals::PRECISIONS, settings::BalSettings};
use crate::{GammaDraw, PrecisionEnergy, Prior, TraceSettings, precisions::row};
use bal_core::{
    Architecture, Block, Chain, ChainState, Kernel, NoiseKey, NoiseStream, Position, Replicate, TrainError,
    tensor_prefix,
};
use bal_diagnostics::Marginal;
use std::sync::Arc;
use tch::{Kind, Tensor};

/// The names under which checkpoints keep where those of a chain are, `[groups]`, and their draws, `[draws, groups]`; the chain's
/// number follows.
const KEPT: &str = "prior_precisions.";
const DRAWS: &str = "prior_precision_draws.";

/// One set of precisions for each parameter chain, which has one for each of its tensors of weights.
pub(super) struct PriorPrecisions {
    kernel: Arc<dyn Kernel>,
    /// A tensor `[groups]` for each chain.
    at: Position,
    traces: TraceSettings,
    /// Of each chain, each draw `[groups]`.
    draws: Vec<Vec<Tensor>>,
}

impl PriorPrecisions {
    /// The likeliest precisions of these chains' weights, to begin with; `None` under another prior.
    pub(super) fn begin(settings: &BalSettings, chains: &[ChainState], images: u64) -> Option<Self> {
        let Prior::Hierarchical(prior) = settings.parameters.prior else { return None };
        let weights: Vec<Position> = chains.iter().map(|chain| chain.state.position.replicate()).collect();
        let energy = settings.parameters.energy;
        let temperature = settings.parameters.sampler.temperature() * energy.posterior_temperature(images);
        Some(Self {
            kernel: Arc::new(GammaDraw::new(prior, &weights, temperature)),
            at: PrecisionEnergy::new(prior, &weights).mode(),
            traces: settings.mixing,
            draws: chains.iter().map(|_| vec![]).collect(),
        })
    }

    /// The block of a sweep: one exact draw of all.
    pub(super) fn block(&self, key: NoiseKey) -> Block {
        let chain = Chain::new(self.kernel.start(self.at.duplicate()), NoiseStream::new(key));
        Block { name: PRECISIONS, kernel: self.kernel.clone(), steps: 1, chains: vec![chain] }
    }

    /// Takes the block back after sweep number `sweep`.
    pub(super) fn take(&mut self, block: Block, sweep: u64) {
        let Some(chain) = block.chains.into_iter().next() else { return };
        self.at = chain.state.position;
        let TraceSettings { every, burn_in, .. } = self.traces;
        if sweep > burn_in && (sweep - burn_in).is_multiple_of(every) {
            for (draws, at) in self.draws.iter_mut().zip(self.at.tensors()) {
                draws.push(at.copy());
            }
        }
    }

    /// What a checkpoint keeps.
    pub(super) fn store(&self) -> Vec<(String, Tensor)> {
        let mut kept = Vec::new();
        for (chain, (at, draws)) in self.at.tensors().iter().zip(&self.draws).enumerate() {
            kept.push((format!("{KEPT}{chain}"), at.copy()));
            if !draws.is_empty() {
                kept.push((format!("{DRAWS}{chain}"), Tensor::stack(draws, 0)));
            }
        }
        kept
    }

    /// Takes a tensor of a checkpoint, if it is one of these; whether it was.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] when it has another shape.
    pub(super) fn restore(&mut self, name: &str, tensor: &Tensor) -> Result<bool, TrainError> {
        let chain = |prefix| name.strip_prefix(prefix).and_then(|chain: &str| chain.parse::<usize>().ok());
        let (chain, is_draws) = match (chain(KEPT), chain(DRAWS)) {
            (Some(chain), _) => (chain, false),
            (None, Some(chain)) => (chain, true),
            (None, None) => return Ok(false),
        };
        let found = tensor.size();
        let groups = if is_draws { found.get(1..).unwrap_or_default() } else { &found[..] };
        let expected = self.at.tensors().get(chain).map(Tensor::size);
        if expected.as_deref() != Some(groups) || tensor.kind() != Kind::Double {
            return Err(TrainError::Checkpoint(format!("its tensor `{name}` is of another shape or type")));
        }
        let tensor = tensor.to_device(self.at.tensors()[chain].device());
        if is_draws {
            self.draws[chain] = tensor.unbind(0);
        } else {
            self.at.tensors_mut()[chain] = tensor.copy();
        }
        Ok(true)
    }

    /// Each precision in short, by the name of its tensor of weights, over the chains of its network; none before the first draw.
    /// Of several networks the names begin with that of the network and its place.
    pub(super) fn marginals(&self, networks: &[(&Arc<dyn Architecture>, Vec<usize>)]) -> Vec<Marginal> {
        let mut marginals = Vec::new();
        for (place, (network, chains)) in networks.iter().enumerate() {
            let prefix = tensor_prefix(&***network, place, networks.len());
            let of = |chain: &usize| self.draws[*chain].iter().map(row).collect::<Vec<_>>();
            // By chain, draw and group.
            let draws: Vec<Vec<Vec<f64>>> = chains.iter().map(of).collect();
            for (group, spec) in network.parameters().iter().enumerate() {
                let of = |chain: &Vec<Vec<f64>>| chain.iter().map(|draw| draw[group]).collect();
                let chains: Vec<Vec<f64>> = draws.iter().map(of).collect();
                marginals.extend(Marginal::measure(&format!("{prefix}{}", spec.name), &chains));
            }
        }
        marginals
    }
}
