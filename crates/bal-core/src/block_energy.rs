//! The energies of all chains of a block at once.

use crate::{Chain, Diverged, Kernel, NoiseStream, Position, State};
use tch::{Device, Kind, Tensor};

/// Energies of the chains of a block, each a function of its own chain, evaluated together: in one launch where a device would
/// have to wait for many.
///
/// Positions are those of the chains, stacked: each part `[S, ..]`. Kernels move a stack as they move a chain, since they move every
/// coordinate by itself.
pub trait BlockEnergy {
    /// The energies and their gradients. `noise` has the streams of all chains, chain by chain.
    fn gradient(&self, at: &Position, noise: &mut NoiseStream) -> BlockEvaluation;

    /// Whether the density is 0 somewhere, so that [`BlockEnergy::confine`] has something to do.
    fn is_confined(&self) -> bool {
        false
    }

    /// Brings what a step made of `before` back to where the density is not 0. Provided for a density that is nowhere 0.
    fn confine(&self, _before: &Position, _after: &mut Position) {}
}

/// Energies at a stack of positions, and their gradients.
#[derive(Debug)]
pub struct BlockEvaluation {
    /// Of each chain, `[S]`, where the chains are.
    pub energies: Tensor,
    /// The loss of the data alone of each, `[S]`, where energies have a prior's part too.
    pub losses: Option<Tensor>,
    /// The gradients, shaped as the positions.
    pub gradient: Position,
}

/// Moves chains at the same step of their lives by `steps` steps together, and reads what became of them after the last: a read
/// waits for the device.
///
/// # Errors
/// Number and fault of the first chain, in order, that diverged.
///
/// # Panics
/// When chains have positions of other shapes, or other numbers of streams.
pub(crate) fn advance(
    chains: Vec<Chain>,
    kernel: &dyn Kernel,
    energy: &dyn BlockEnergy,
    mut drawn: NoiseStream,
    steps: u64,
) -> Result<Vec<Chain>, (usize, Diverged)> {
    let Some(first) = chains.first().map(|chain| chain.state.step).filter(|_| steps > 0) else {
        return Ok(chains);
    };
    let (mut state, mut noise, streams) = stacked(chains);
    let (mut energies, mut last) = (Vec::new(), None);
    for step in 1..=steps {
        let BlockEvaluation { energies: at, losses, gradient } = energy.gradient(&state.position, &mut drawn);
        energies.push(at);
        if step == steps {
            last = Some((losses, state.position.dot_rows(&gradient)));
        }
        let before = energy.is_confined().then(|| state.position.duplicate());
        kernel.step(&mut state, &gradient, &mut noise).map_err(|fault| (0, fault))?;
        if let Some(before) = before {
            energy.confine(&before, &mut state.position);
        }
    }
    let (losses, virials) = last.expect("there is a last step");
    // One read for all.
    let sums = state.trail.take().unwrap_or_default();
    let rows = read(energies.into_iter().chain(sums).chain([virials]).chain(losses));
    let steps = steps as usize;
    let (energies, rest) = rows.split_at(steps);
    let (sums, rest) = rest.split_at(steps);
    for chain in 0..streams.len() {
        for step in 0..steps {
            let at = first + step as u64 + 1;
            if !energies[step][chain].is_finite() {
                return Err((chain, Diverged::Energy { step: at }));
            }
            if !sums[step][chain].is_finite() {
                return Err((chain, Diverged::Position { step: at }));
            }
        }
    }
    let noise = noise.cut(streams);
    let chain = |(chain, noise): (usize, NoiseStream)| {
        let row = |position: &Position| position.row(chain as i64);
        let moved = State::new(row(&state.position), state.memory.iter().map(row).collect());
        let mut moved = Chain::new(moved.after(state.step), noise);
        moved.energy = energies[steps - 1][chain];
        moved.virial = rest[0][chain];
        moved.aux.loss = rest.get(1).map(|losses| losses[chain]);
        moved
    };
    Ok(noise.into_iter().enumerate().map(chain).collect())
}

/// The chains as one: their states, their streams of noise, and how many of these each has.
fn stacked(chains: Vec<Chain>) -> (State, NoiseStream, Vec<usize>) {
    let states: Vec<&State> = chains.iter().map(|chain| &chain.state).collect();
    let position = Position::stack(&states.iter().map(|state| &state.position).collect::<Vec<_>>());
    let slots = 0..states[0].memory.len();
    let memory = slots
        .map(|slot| Position::stack(&states.iter().map(|state| &state.memory[slot]).collect::<Vec<_>>()));
    let state =
        State { step: states[0].step, trail: Some(Vec::new()), ..State::new(position, memory.collect()) };
    let streams: Vec<usize> = chains.iter().map(|chain| chain.noise.streams()).collect();
    let mut noise = NoiseStream::silent();
    noise.join(chains.into_iter().map(|chain| chain.noise));
    (state, noise, streams)
}

/// Rows of a number for each chain, brought to the host.
fn read(rows: impl Iterator<Item = Tensor>) -> Vec<Vec<f64>> {
    let rows: Vec<Tensor> = rows.map(|row| row.to_kind(Kind::Double)).collect();
    let all = Tensor::stack(&rows, 0).to_device(Device::Cpu);
    Vec::try_from(all).expect("rows of one number for each chain")
}
