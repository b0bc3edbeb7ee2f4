//! Alternating sampling of two blocks: adversarial data given parameters, parameters given data.

use crate::{
    Diverged, Energy, Evaluation, Kernel, NoiseStream, Position, Replicate, Schedule, Shared, State, Workers,
};

/// A chain in a sweep: its state and the noise that it draws from.
#[derive(Debug)]
pub struct Chain {
    /// The number under which [`Conditionals`] know it.
    pub index: usize,
    /// Where it is.
    pub state: State,
    /// Its noise in this sweep.
    pub noise: NoiseStream,
}

/// The two conditional laws of a sweep, as energies.
///
/// Called from several workers at once: what they hold is shared by [`Shared`].
pub trait Conditionals: Sync {
    /// The energy of data block `block` given the positions of all parameter chains (eq. 6).
    fn data_energy<'a>(&'a self, block: usize, parameters: Vec<Position>) -> Box<dyn Energy + 'a>;

    /// The energy of parameter chain `chain` given the positions of all data blocks (eq. 7).
    fn parameter_energy<'a>(&'a self, chain: usize, data: Vec<Position>) -> Box<dyn Energy + 'a>;
}

/// Algorithm 1 without its loop over batches: kernels for both blocks and the schedule.
///
/// The stationary law of this alternation is what gets sampled. The paper's two conditionals belong
/// to no joint law (its likelihood enters them with opposite signs), so it is no joint posterior.
///
/// Source: Ye & Zhu, NeurIPS 2018, Algorithm 1.
#[derive(Debug)]
pub struct Gibbs {
    data: Box<dyn Kernel>,
    parameters: Box<dyn Kernel>,
    schedule: Schedule,
}

/// What a sweep leaves behind.
#[derive(Debug)]
pub struct Sweep {
    /// The data chains, in the order in which they came.
    pub data: Vec<Chain>,
    /// The parameter chains, in the order in which they came.
    pub parameters: Vec<Chain>,
    /// Energy of the data before the last inner step, summed over blocks; 0 without data steps.
    pub data_energy: f64,
    /// Energy of the parameters before the last inner step, mean over chains.
    pub parameter_energy: f64,
}

/// A chain that diverged in a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{block} {chain} diverged: {source}")]
pub struct GibbsError {
    /// `data block` or `parameter chain`.
    pub block: &'static str,
    /// The chain's index.
    pub chain: usize,
    /// When it happened.
    pub source: Diverged,
}

impl Gibbs {
    /// A sweep made of these kernels.
    pub fn new(data: Box<dyn Kernel>, parameters: Box<dyn Kernel>, schedule: Schedule) -> Self {
        Self { data, parameters, schedule }
    }

    /// The kernel of the data chains.
    pub fn data(&self) -> &dyn Kernel {
        self.data.as_ref()
    }

    /// The kernel of the parameter chains.
    pub fn parameters(&self) -> &dyn Kernel {
        self.parameters.as_ref()
    }

    /// The counts.
    pub fn schedule(&self) -> Schedule {
        self.schedule
    }

    /// One sweep: every data chain its inner steps given all parameter chains, then every parameter
    /// chain its inner steps given all data chains.
    ///
    /// Chains of one block do not see each other, so each makes all its inner steps on one worker
    /// without waiting.
    ///
    /// # Errors
    /// [`GibbsError`] naming the first chain, in order, that diverged.
    pub fn sweep(
        &self,
        workers: &Workers,
        conditionals: &dyn Conditionals,
        data: Vec<Chain>,
        parameters: Vec<Chain>,
    ) -> Result<Sweep, GibbsError> {
        let given = Shared::new(positions(&parameters));
        let (data, data_energies) =
            advance("data block", workers, self.data(), self.schedule.data_steps(), data, |index| {
                conditionals.data_energy(index, given.replica())
            })?;
        drop(given);
        let given = Shared::new(positions(&data));
        let steps = self.schedule.parameter_steps();
        let (parameters, energies) =
            advance("parameter chain", workers, self.parameters(), steps, parameters, |index| {
                conditionals.parameter_energy(index, given.replica())
            })?;
        let parameter_energy = energies.iter().sum::<f64>() / energies.len().max(1) as f64;
        Ok(Sweep { data, parameters, data_energy: data_energies.iter().sum(), parameter_energy })
    }
}

fn positions(chains: &[Chain]) -> Vec<Position> {
    chains.iter().map(|chain| chain.state.position.replicate()).collect()
}

/// Moves every chain of a block by `steps` and returns them with their last energies.
fn advance<'a>(
    block: &'static str,
    workers: &Workers,
    kernel: &dyn Kernel,
    steps: u64,
    chains: Vec<Chain>,
    energy_of: impl Fn(usize) -> Box<dyn Energy + 'a> + Sync + Send,
) -> Result<(Vec<Chain>, Vec<f64>), GibbsError> {
    let results = workers.map(chains, |mut chain| {
        let energy = energy_of(chain.index);
        let diverged = |source| GibbsError { block, chain: chain.index, source };
        let mut last = 0.0;
        for _ in 0..steps {
            let evaluation = Evaluation::of(energy.as_ref(), &chain.state).map_err(diverged)?;
            last = evaluation.energy;
            kernel.step(&mut chain.state, &evaluation.gradient, &mut chain.noise).map_err(diverged)?;
        }
        Ok((chain, last))
    });
    Ok(results.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().unzip())
}
