//! Many independent chains of one kernel, moved as one position.

use crate::{Moments, column};
use bal_core::{Kernel, NoiseKey, NoiseStream, Position, Purpose, State};
use tch::Tensor;

/// The noise of a test: sweep number `sweep` of chain number `chain`.
pub fn noise(sweep: u64, chain: u64) -> NoiseStream {
    NoiseStream::new(NoiseKey { seed: 2018, purpose: Purpose::Test, sweep, chain })
}

/// Chains of a kernel on one energy, one per column of a `[d, n]` matrix.
///
/// Kernels act coordinate by coordinate and draw independent noise for each, so columns are
/// independent chains.
#[derive(Debug)]
pub struct Replicas<'a> {
    kernel: &'a dyn Kernel,
    state: State,
}

impl<'a> Replicas<'a> {
    /// Columns in every test.
    pub const COUNT: i64 = 40_000;

    /// Chains of `kernel` that all start at `point`.
    pub fn start(kernel: &'a dyn Kernel, point: &[f64]) -> Self {
        // The tests run side by side already: more threads would wait for each other.
        tch::set_num_threads(1);
        let columns = Tensor::from_slice(point).reshape([-1, 1]);
        let position = columns.expand([-1, Self::COUNT], false).contiguous();
        Self { kernel, state: kernel.start(Position::new(vec![position])) }
    }

    /// Sets the memory named `slot`, one number per coordinate of a chain, the same in all chains.
    ///
    /// # Panics
    /// When the kernel has no such slot.
    #[must_use]
    pub fn with_memory(mut self, slot: &str, values: &[f64]) -> Self {
        let index = self.slot(slot);
        let columns = Tensor::from_slice(values).reshape([-1, 1]);
        self.state.memory[index].tensors_mut()[0].copy_(&columns.expand([-1, Self::COUNT], false));
        self
    }

    /// Moves every chain by `steps` on the Gaussian energy `(x - m)' L (x - m) / 2`.
    ///
    /// `curvature`: L, `[d, d]`; `mean`: m, `[d, 1]`.
    ///
    /// # Panics
    /// When a chain diverges.
    #[must_use]
    pub fn advance(self, steps: u64, curvature: &Tensor, mean: &Tensor) -> Self {
        self.advance_by(steps, |_, x| curvature.matmul(&(x - mean)))
    }

    /// The same with gradients `L (x - m) + N(0, s^2)`, as minibatches have them.
    ///
    /// `deviations`: s of each coordinate, `[d]`.
    ///
    /// # Panics
    /// When a chain diverges.
    #[must_use]
    pub fn advance_noisily(self, steps: u64, curvature: &Tensor, mean: &Tensor, deviations: &[f64]) -> Self {
        let deviations = column(deviations);
        // The kernel's own noise is that of chain 0.
        let brought = |step, x: &Tensor| noise(step, 1).normal_like(x) * &deviations;
        self.advance_by(steps, |step, x| curvature.matmul(&(x - mean)) + brought(step, x))
    }

    /// Moves every chain by `steps`, with the gradient that `gradient` says of the step's number and of where the chains
    /// are, `[d, n]`.
    ///
    /// # Panics
    /// When a chain diverges.
    #[must_use]
    pub fn advance_by(mut self, steps: u64, gradient: impl Fn(u64, &Tensor) -> Tensor) -> Self {
        for step in 0..steps {
            let gradient = gradient(step, self.state.position.first());
            let stepped =
                self.kernel.step(&mut self.state, &Position::new(vec![gradient]), &mut noise(step, 0));
            stepped.unwrap_or_else(|diverged| panic!("{:?}: {diverged}", self.kernel));
        }
        self
    }

    /// Where the chains are, `[d, n]`.
    pub fn positions(&self) -> &Tensor {
        self.state.position.first()
    }

    /// The memory named `slot` of all chains, `[d, n]`.
    ///
    /// # Panics
    /// When the kernel has no such slot.
    pub fn memory(&self, slot: &str) -> &Tensor {
        self.state.memory[self.slot(slot)].first()
    }

    fn slot(&self, name: &str) -> usize {
        let index = self.kernel.slots().iter().position(|slot| *slot == name);
        index.unwrap_or_else(|| panic!("{:?} has no {name}", self.kernel))
    }

    /// The moments of where the chains are.
    pub fn moments(&self) -> Moments {
        Moments::of(self.positions())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GaussianLaw, diagonal, matrix};
    use tch::{Device, Kind};

    /// Standard normal draws: what every test's standard errors stand on.
    fn draws() -> Tensor {
        noise(0, 0).normal_like(&Tensor::zeros([2, Replicas::COUNT], (Kind::Double, Device::Cpu)))
    }

    /// The law of two independent numbers of mean 0 and these variances.
    fn law(variances: &[f64]) -> GaussianLaw {
        GaussianLaw { covariance: diagonal(variances), ..GaussianLaw::point(&[0.0; 2]) }
    }

    #[test]
    fn draws_from_a_law_are_told_from_those_of_another() {
        let moments = Moments::of(&draws());
        moments.assert_law(&law(&[1.0, 1.0]));
        moments.assert_not_law(&law(&[1.0, 1.2]));
        moments.assert_not_law(&GaussianLaw { mean: column(&[0.2, 0.0]), ..law(&[1.0, 1.0]) });
        moments
            .assert_not_law(&GaussianLaw { covariance: matrix(&[[1.0, 0.2], [0.2, 1.0]]), ..law(&[1.0; 2]) });
    }

    #[test]
    fn moments_that_are_no_number_agree_with_no_law() {
        let mut draws = draws();
        let _ = draws.get(1).fill_(f64::NAN);
        assert!(Moments::of(&draws).distance(&law(&[1.0, 1.0])).is_nan());
        draws *= 0.0;
        let refused = std::panic::catch_unwind(|| Moments::of(&draws).assert_law(&law(&[1.0, 1.0])));
        assert!(refused.is_err());
    }
}
