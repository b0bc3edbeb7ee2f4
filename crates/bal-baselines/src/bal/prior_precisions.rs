//! The precisions of a hierarchical prior over a run: where each chain's are, and their draws.

use super::{
    conditionals::{PRECISIONS, numbers},
    settings::BalSettings,
};
use crate::{GammaDraw, GammaPrior, PrecisionEnergy, Prior, TraceSettings};
use bal_core::{
    Block, Chain, ChainState, Kernel, NoiseKey, NoiseStream, Position, Replicate, TensorSpec, TrainError,
};
use bal_diagnostics::Marginal;
use std::sync::Arc;
use tch::{Kind, Tensor};

/// The names under which checkpoints keep where they are, `[chains, groups]`, and their draws, `[draws, chains, groups]`.
const KEPT: &str = "prior_precisions";
const DRAWS: &str = "prior_precision_draws";

/// One set of precisions for each parameter chain.
pub(super) struct PriorPrecisions {
    kernel: Arc<dyn Kernel>,
    chains: Vec<Position>,
    traces: TraceSettings,
    /// One draw of all chains is `[chains, groups]`.
    draws: Vec<Tensor>,
}

impl PriorPrecisions {
    /// The likeliest precisions of these chains' weights, to begin with; `None` under another prior.
    pub(super) fn begin(settings: &BalSettings, chains: &[ChainState], images: u64) -> Option<Self> {
        let Prior::Hierarchical(prior) = settings.parameters.prior else { return None };
        let weights = &chains.first()?.state.position;
        let energy = settings.parameters.energy;
        let temperature = settings.parameters.sampler.temperature() * energy.posterior_temperature(images);
        let mode = |chain: &ChainState| mode(prior, &chain.state.position);
        Some(Self {
            kernel: Arc::new(GammaDraw::new(prior, weights, temperature)),
            chains: chains.iter().map(mode).collect(),
            traces: settings.mixing,
            draws: Vec::new(),
        })
    }

    /// The block of a sweep: one exact draw for each chain, whose number is put into `key`.
    pub(super) fn block(&self, key: NoiseKey) -> Block {
        let chain = |(chain, at): (u64, &Position)| {
            Chain::new(self.kernel.start(at.duplicate()), NoiseStream::new(NoiseKey { chain, ..key }))
        };
        let chains = (0..).zip(&self.chains).map(chain).collect();
        Block { name: PRECISIONS, kernel: self.kernel.clone(), steps: 1, chains }
    }

    /// Takes the block back after sweep number `sweep`.
    pub(super) fn take(&mut self, block: Block, sweep: u64) {
        self.chains = block.chains.into_iter().map(|chain| chain.state.position).collect();
        let TraceSettings { every, burn_in, .. } = self.traces;
        if sweep > burn_in && (sweep - burn_in).is_multiple_of(every) {
            self.draws.push(self.table());
        }
    }

    fn table(&self) -> Tensor {
        Tensor::stack(&self.chains.iter().map(|at| at.first().replicate()).collect::<Vec<_>>(), 0)
    }

    /// What a checkpoint keeps.
    pub(super) fn store(&self) -> Vec<(String, Tensor)> {
        let mut kept = vec![(KEPT.to_string(), self.table())];
        if !self.draws.is_empty() {
            kept.push((DRAWS.to_string(), Tensor::stack(&self.draws, 0)));
        }
        kept
    }

    /// Takes a tensor of a checkpoint, if it is one of these; whether it was.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] when it has another shape.
    pub(super) fn restore(&mut self, name: &str, tensor: &Tensor) -> Result<bool, TrainError> {
        let table = self.table().size();
        let rows = match name {
            KEPT => tensor.size(),
            DRAWS => tensor.size().split_off(1.min(tensor.dim())),
            _ => return Ok(false),
        };
        if rows != table || tensor.kind() != Kind::Double {
            return Err(TrainError::Checkpoint(format!("its tensor `{name}` is of another shape or type")));
        }
        let tensor = tensor.to_device(self.chains[0].first().device());
        if name == KEPT {
            self.chains = tensor.unbind(0).into_iter().map(|row| Position::new(vec![row.copy()])).collect();
        } else {
            self.draws = tensor.unbind(0);
        }
        Ok(true)
    }

    /// Each precision in short, by the name of its tensor of weights; none before the first draw.
    pub(super) fn marginals(&self, weights: &[TensorSpec]) -> Vec<Marginal> {
        // By draw, chain and group.
        let draws: Vec<Vec<Vec<f64>>> = self
            .draws
            .iter()
            .map(|draw| draw.unbind(0).into_iter().map(|row| numbers(&Position::new(vec![row]))).collect())
            .collect();
        let of = |(group, spec): (usize, &TensorSpec)| {
            let chain = |chain: usize| draws.iter().map(|draw| draw[chain][group]).collect();
            let chains: Vec<Vec<f64>> = (0..self.chains.len()).map(chain).collect();
            Marginal::measure(&spec.name, &chains)
        };
        weights.iter().enumerate().filter_map(of).collect()
    }
}

fn mode(prior: GammaPrior, weights: &Position) -> Position {
    PrecisionEnergy::new(prior, weights).mode()
}
