//! Where chains begin: given weights, initial weights, or a checkpoint.

use bal_core::{ChainState, Checkpoint, Member, NoiseKey, NoiseStream, Position, Purpose, Task, TrainError};

/// The first weights of `chains` chains: copies of the start of its network, or each chain's own initial
/// weights.
pub(crate) fn members(task: &Task, chains: u64) -> Vec<Member> {
    let device = task.images.device();
    (0..chains)
        .map(|chain| {
            let of = &task.networks[task.network_of(chain as usize)];
            let network = &of.architecture;
            if let Some(start) = &of.start {
                // The start may compute in other numbers than the task.
                return Member { network: network.clone(), ..start.duplicate().to_device(device) };
            }
            let key = NoiseKey { seed: task.seed, purpose: Purpose::Initialisation, sweep: 0, chain };
            Member::init(network, &mut NoiseStream::new(key)).to_device(device)
        })
        .collect()
}

/// The chains of `checkpoint`, which have to be shaped like `fresh` ones.
pub(crate) fn resumed(checkpoint: &Checkpoint, fresh: &[ChainState]) -> Result<Vec<ChainState>, TrainError> {
    let (found, expected) = (checkpoint.chains.len(), fresh.len());
    if found != expected {
        return Err(TrainError::Checkpoint(format!("it has {found} chains, {expected} are wanted")));
    }
    for (i, (chain, fresh)) in checkpoint.chains.iter().zip(fresh).enumerate() {
        if shapes(chain) != shapes(fresh) {
            return Err(TrainError::Checkpoint(format!("chain {i} has weights of other shapes")));
        }
    }
    Ok(checkpoint.chains.iter().map(ChainState::duplicate).collect())
}

fn shapes(chain: &ChainState) -> Vec<Vec<Vec<i64>>> {
    let parts = [&chain.state.position, &chain.buffers].into_iter().chain(&chain.state.memory);
    parts.map(Position::shapes).collect()
}
