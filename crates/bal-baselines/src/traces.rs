//! What the chains think of held-out images, sweep by sweep.

use crate::{TraceSettings, objective::log_likelihood};
use bal_core::{Architecture, Batch, ChainState, Images, Member, Replicate, Workers};
use bal_diagnostics::Mixing;
use std::sync::Arc;
use tch::{Device, Tensor};

/// Log-probabilities of the right class, or log-densities of the right value: one draw is `[chains, images]`.
pub(crate) struct Traces {
    settings: TraceSettings,
    batch: Option<Batch>,
    draws: Vec<Tensor>,
}

/// The name under which checkpoints keep the draws.
pub(crate) const KEY: &str = "traces";

impl Traces {
    /// Follows the first held-out images, as many as the settings ask for and there are.
    pub(crate) fn new(settings: TraceSettings, held_out: &Images) -> Self {
        let images = settings.images.min(held_out.len());
        let batch = (images > 0).then(|| held_out.batch(&(0..images).collect::<Vec<_>>()));
        Self { settings, batch, draws: Vec::new() }
    }

    /// Takes the draws of a checkpoint, `[draws, chains, images]`.
    pub(crate) fn restore(&mut self, draws: &Tensor) {
        self.draws = draws.unbind(0);
    }

    /// All draws, `[draws, chains, images]`.
    pub(crate) fn store(&self) -> Option<Tensor> {
        (!self.draws.is_empty()).then(|| Tensor::stack(&self.draws, 0))
    }

    /// Draws after sweep number `sweep`, if it is one of those, of chains with these networks.
    pub(crate) fn follow(
        &mut self,
        sweep: u64,
        workers: &Workers,
        architectures: &[Arc<dyn Architecture>],
        chains: &[ChainState],
    ) {
        let Some(batch) = &self.batch else { return };
        let TraceSettings { every, burn_in, .. } = self.settings;
        if sweep <= burn_in || !(sweep - burn_in).is_multiple_of(every) {
            return;
        }
        let member = |(chain, network): (&ChainState, &Arc<dyn Architecture>)| Member {
            network: network.clone(),
            parameters: chain.state.position.replicate(),
            buffers: chain.buffers.replicate(),
        };
        let tasks = chains.iter().zip(architectures);
        let tasks = tasks.map(|chain| (member(chain), batch.replicate())).collect();
        let rows = workers.map(tasks, |(member, batch): (Member, Batch)| {
            log_likelihood(&member, &batch).to_device(Device::Cpu)
        });
        self.draws.push(Tensor::stack(&rows, 0));
    }

    /// Agreement of the chains over all draws.
    pub(crate) fn mixing(&self) -> Option<Mixing> {
        let all = self.store()?.permute([2, 1, 0]).contiguous();
        let size = all.size();
        let (chains, draws) = (size[1] as usize, size[2] as usize);
        let values = Vec::<f64>::try_from(all.reshape([-1])).ok()?;
        let per_image = values.chunks_exact(chains * draws);
        let traces: Vec<Vec<Vec<f64>>> =
            per_image.map(|image| image.chunks_exact(draws).map(<[f64]>::to_vec).collect()).collect();
        Mixing::measure(&traces)
    }
}
