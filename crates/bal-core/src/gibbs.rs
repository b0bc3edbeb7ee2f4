//! Alternating sampling of blocks of chains, such as adversarial data and parameters, each given the others.

use crate::{
    Arrived, Aux, Carried, Diverged, Energy, Evaluation, Kernel, Lost, NoiseStream, Position, Replicate,
    Shared, State, Workers,
};
use std::{convert::Infallible, sync::Arc};

/// A chain in a sweep.
#[derive(Debug)]
pub struct Chain {
    /// Where it is.
    pub state: State,
    /// The noise that its kernel draws in this sweep.
    pub noise: NoiseStream,
    /// Its energy before the last step; 0 before the first.
    pub energy: f64,
    /// Where it was then, times the gradient there: `z . grad U(z)`, summed over all coordinates; 0 before the first step.
    ///
    /// Under `exp(-U/T)` its mean is T for each coordinate, whatever U is: what it comes to says at which temperature a chain
    /// runs. Not so where the density ends at a rim ([`Energy::is_confined`]).
    ///
    /// Source: the virial theorem; Leimkuhler & Matthews, Molecular Dynamics, 2015, section 6.1.5 (configurational
    /// temperature).
    pub virial: f64,
    /// What that evaluation left behind.
    pub aux: Aux,
}

impl Chain {
    /// A chain before its first step.
    pub fn new(state: State, noise: NoiseStream) -> Self {
        Self { state, noise, energy: 0.0, virial: 0.0, aux: Aux::default() }
    }
}

/// Without its noise: where the chain of another process moves on in a further sweep, it is given the noise of that sweep.
impl Carried for Chain {
    fn pack(&self, bytes: &mut Vec<u8>) {
        self.state.pack(bytes);
        (self.energy, self.virial).pack(bytes);
        self.aux.pack(bytes);
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        let (state, (energy, virial)) = (State::unpack(bytes)?, Carried::unpack(bytes)?);
        Some(Self { state, noise: NoiseStream::silent(), energy, virial, aux: Aux::unpack(bytes)? })
    }
}

/// Chains that move by the same kernel without seeing each other.
#[derive(Debug)]
pub struct Block {
    /// What one of its chains is called, as errors name it and [`Conditionals`] know the block: `parameter chain`.
    pub name: &'static str,
    /// How they move.
    pub kernel: Arc<dyn Kernel>,
    /// Inner steps of each chain per sweep, M of the paper; with 0 the chains stay where they are.
    pub steps: u64,
    /// The chains.
    pub chains: Vec<Chain>,
}

impl Block {
    /// Energy before the last step, summed over chains in order.
    pub fn energy(&self) -> f64 {
        self.chains.iter().map(|chain| chain.energy).sum()
    }

    fn positions(&self) -> (&'static str, Vec<Position>) {
        (self.name, self.chains.iter().map(|chain| chain.state.position.replicate()).collect())
    }

    /// Moves every chain by all its steps, each on one worker, of this process or another, without waiting for the others.
    ///
    /// What is left when all processes have as many chains they move together, one chain after another, if its energy can be
    /// shared out.
    fn advance(
        &mut self,
        workers: &Workers,
        conditionals: &dyn Conditionals,
        given: Given,
    ) -> Result<(), SweepError> {
        let Self { name, steps, .. } = *self;
        let (kernel, given) = (self.kernel.as_ref(), Shared::new(given));
        let way = |index: usize| Way {
            kernel,
            steps,
            energy: conditionals.energy(name, index, &given.replica()),
            noise: conditionals.noise(name, index),
        };
        let mut chains: Vec<(usize, Chain)> = self.chains.drain(..).enumerate().collect();
        let dealt = workers.dealt(chains.len());
        let is_shared = dealt < chains.len() && way(dealt).energy.is_shareable();
        let together = if is_shared { chains.split_off(dealt) } else { vec![] };
        let mut moved = workers.share(chains, |(index, chain): (usize, Chain)| {
            let Ok(moved) =
                way(index).go(chain, |energy, at, noise| Ok::<_, Infallible>(energy.gradient(at, noise)));
            moved
        })?;
        for (index, chain) in together {
            moved.push(way(index).go(chain, |energy, at, noise| energy.shared_gradient(at, noise))?);
        }
        let named = |(chain, moved): (usize, Result<Chain, Diverged>)| {
            moved.map_err(|source| GibbsError { block: name, chain, source })
        };
        self.chains = moved.into_iter().enumerate().map(named).collect::<Result<_, _>>()?;
        Ok(())
    }
}

/// How a chain moves in a sweep.
struct Way<'a> {
    kernel: &'a dyn Kernel,
    steps: u64,
    energy: Box<dyn Energy + 'a>,
    /// What the energy draws.
    noise: NoiseStream,
}

impl Way<'_> {
    /// Moves the chain by all steps, with the energy's gradient by `evaluate`, of which an error ends everything.
    fn go<E>(
        self,
        mut chain: Chain,
        evaluate: impl Fn(&dyn Energy, &Position, &mut NoiseStream) -> Result<Evaluation, E>,
    ) -> Result<Result<Chain, Diverged>, E> {
        let Self { kernel, steps, mut energy, mut noise } = self;
        for step in 1..=steps {
            let evaluation = evaluate(energy.as_ref(), &chain.state.position, &mut noise)?;
            let evaluation = match evaluation.checked(&chain.state) {
                Ok(evaluation) => evaluation,
                Err(diverged) => return Ok(Err(diverged)),
            };
            energy.carry(&evaluation.aux);
            if step == steps {
                chain.virial = chain.state.position.dot(&evaluation.gradient);
            }
            let before = energy.is_confined().then(|| chain.state.position.duplicate());
            if let Err(diverged) = kernel.step(&mut chain.state, &evaluation.gradient, &mut chain.noise) {
                return Ok(Err(diverged));
            }
            if let Some(before) = before {
                energy.confine(&before, &mut chain.state.position);
            }
            (chain.energy, chain.aux) = (evaluation.energy, evaluation.aux);
        }
        Ok(Ok(chain))
    }
}

/// Where the chains of all other blocks are.
#[derive(Debug)]
pub struct Given(Vec<(&'static str, Vec<Position>)>);

impl Given {
    /// The positions of the block of this name; none where no other block is called so.
    pub fn of(&self, name: &str) -> &[Position] {
        self.0.iter().find(|(block, _)| *block == name).map_or(&[], |(_, positions)| positions)
    }
}

impl Replicate for Given {
    fn replicate(&self) -> Self {
        Self(self.0.iter().map(|(name, positions)| (*name, positions.replicate())).collect())
    }
}

/// The conditional laws of a sweep, as energies.
///
/// Called from several workers at once: what they hold is shared by [`Shared`].
pub trait Conditionals: Sync {
    /// The energy of chain number `chain` of `block` given the positions of all other blocks.
    fn energy<'a>(&'a self, block: &'static str, chain: usize, given: &Given) -> Box<dyn Energy + 'a>;

    /// The noise that this energy draws in this sweep.
    fn noise(&self, _block: &'static str, _chain: usize) -> NoiseStream {
        NoiseStream::silent()
    }
}

/// A chain that diverged in a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{block} {chain} diverged: {source}")]
pub struct GibbsError {
    /// The block's name.
    pub block: &'static str,
    /// The chain's number in its block.
    pub chain: usize,
    /// When it happened.
    pub source: Diverged,
}

/// Why a sweep was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SweepError {
    /// A chain left the finite numbers.
    #[error(transparent)]
    Diverged(#[from] GibbsError),
    /// A process that moves some of the chains is lost.
    #[error(transparent)]
    Lost(#[from] Lost),
}

/// One sweep of Algorithm 1: block after block, every chain its inner steps given all chains of the other blocks.
///
/// The stationary law of this alternation is what gets sampled. The paper's two conditionals belong
/// to no joint law (its likelihood enters them with opposite signs), so it is no joint posterior.
///
/// Where the workers are those of several processes, each moves a part of the chains of every block, and all have all chains
/// afterwards.
///
/// Source: Ye & Zhu, NeurIPS 2018, Algorithm 1.
///
/// # Errors
/// [`SweepError::Diverged`] naming the first chain, in order, that diverged, and [`SweepError::Lost`]. The block is left without
/// chains.
pub fn sweep(
    workers: &Workers,
    conditionals: &dyn Conditionals,
    blocks: &mut [Block],
) -> Result<(), SweepError> {
    for moving in 0..blocks.len() {
        let others = blocks.iter().enumerate().filter(|(i, _)| *i != moving);
        let given = Given(others.map(|(_, block)| block.positions()).collect());
        blocks[moving].advance(workers, conditionals, given)?;
    }
    Ok(())
}
