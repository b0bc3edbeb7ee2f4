//! Energies: minus the logarithm of a density, up to a constant.

use crate::{Diverged, Lost, NoiseStream, Position, State};
use tch::{Kind, Tensor};

/// An energy and its gradient at a position.
#[derive(Debug)]
pub struct Evaluation {
    /// The energy, summed over rows.
    pub energy: f64,
    /// Its gradient, shaped as the position.
    pub gradient: Position,
    /// What the pass leaves behind.
    pub aux: Aux,
}

/// What an evaluation leaves behind beside energy and gradient.
#[derive(Debug, Default)]
pub struct Aux {
    /// The loss of the data alone, where the energy has a prior's part too.
    pub loss: Option<f64>,
    /// The running statistics of batches after the pass, where it moved them.
    pub buffers: Option<Position>,
}

impl Evaluation {
    /// `U` and `grad U` at the position of `state`, if the energy is finite.
    ///
    /// # Errors
    /// [`Diverged::Energy`].
    pub fn of(energy: &dyn Energy, state: &State, noise: &mut NoiseStream) -> Result<Self, Diverged> {
        energy.gradient(&state.position, noise).checked(state)
    }

    /// The same evaluation, at the position of `state`, if the energy is finite.
    ///
    /// # Errors
    /// [`Diverged::Energy`].
    pub fn checked(self, state: &State) -> Result<Self, Diverged> {
        if self.energy.is_finite() { Ok(self) } else { Err(Diverged::Energy { step: state.step + 1 }) }
    }
}

/// An energy `U`, so that the density is proportional to `exp(-U / T)`.
///
/// An honest function of its arguments: what it is conditioned on was given to it before, what it draws comes from
/// `noise`, and what a pass leaves behind is returned.
pub trait Energy {
    /// `U(at)`: `[n]`, one number per image where the position is a batch of images, else `[1]`.
    ///
    /// Differentiable in `at`. Rows are independent, so that the gradient of their sum is each
    /// row's own gradient. `noise`: for energies that are estimates, such as a network's with dropout.
    fn energy(&self, at: &Position, noise: &mut NoiseStream) -> Tensor;

    /// `U` and `grad U`. Provided by automatic differentiation; an energy that knows a faster way
    /// to the same numbers overrides it.
    fn gradient(&self, at: &Position, noise: &mut NoiseStream) -> Evaluation {
        let leaves: Vec<Tensor> = at.tensors().iter().map(|t| t.detach().set_requires_grad(true)).collect();
        // Shallow clones share the leaf's identity, which is what the gradient is taken for.
        let at = Position::of_leaves(leaves.iter().map(Tensor::shallow_clone).collect());
        let total = self.energy(&at, noise).sum(Kind::Float);
        let (energy, aux) = (total.double_value(&[]), Aux::default());
        let gradient = Position::new(gradients(&total, &leaves));
        Evaluation { energy, gradient, aux }
    }

    /// Whether [`Self::shared_gradient`] shares its work out among several processes.
    fn is_shareable(&self) -> bool {
        false
    }

    /// The same bits as [`Self::gradient`] by all processes together: all of them call it, in the same order, from no task.
    /// Provided for energies that are not shared out: each process then makes the whole. Afterwards `noise` goes on for
    /// further calls of this kind alone.
    ///
    /// # Errors
    /// [`Lost`] when another process no longer takes part.
    fn shared_gradient(&self, at: &Position, noise: &mut NoiseStream) -> Result<Evaluation, Lost> {
        Ok(self.gradient(at, noise))
    }

    /// Whether the density is 0 somewhere, so that [`Energy::confine`] has something to do.
    fn is_confined(&self) -> bool {
        false
    }

    /// Brings what a step made of `before` back to where the density is not 0. Provided for a density that is nowhere 0.
    fn confine(&self, _before: &Position, _after: &mut Position) {}

    /// Takes what an evaluation left behind as where the next one begins.
    fn carry(&mut self, _aux: &Aux) {}
}

/// The gradient of `total`, `[]` or `[1]`, in each of `leaves`: zero for one that `total` ignores.
pub fn gradients(total: &Tensor, leaves: &[Tensor]) -> Vec<Tensor> {
    let zero = |leaf: &Tensor| leaf.detach().zeros_like();
    if !total.requires_grad() {
        return leaves.iter().map(zero).collect();
    }
    let gradients = Tensor::run_backward(&[total], leaves, false, false).into_iter().zip(leaves);
    // A part that is ignored comes back undefined.
    gradients.map(|(g, leaf)| if g.defined() { g } else { zero(leaf) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bowl;

    impl Energy for Bowl {
        fn energy(&self, at: &Position, _: &mut NoiseStream) -> Tensor {
            at.first().square().sum_dim_intlist(1, false, Kind::Float) * 0.5
        }
    }

    struct Flat;

    impl Energy for Flat {
        fn energy(&self, at: &Position, _: &mut NoiseStream) -> Tensor {
            at.first().sum_dim_intlist(1, false, Kind::Float).detach()
        }
    }

    fn position() -> Position {
        let x = Tensor::from_slice(&[1.0f32, 2.0, 3.0, 4.0]).reshape([2, 2]);
        Position::new(vec![x, Tensor::from_slice(&[5.0f32])])
    }

    #[test]
    fn the_gradient_seeds_ones_and_an_ignored_part_gets_zeros() {
        let evaluation = Bowl.gradient(&position(), &mut NoiseStream::silent());
        assert!((evaluation.energy - 15.0).abs() < 1e-6);
        assert_eq!(evaluation.gradient.first(), position().first());
        assert_eq!(Vec::<f32>::try_from(&evaluation.gradient.tensors()[1]).unwrap(), [0.0]);
        assert!(!evaluation.gradient.first().requires_grad());
    }

    #[test]
    fn an_energy_without_slope_has_gradient_zero() {
        assert_eq!(
            Flat.gradient(&position(), &mut NoiseStream::silent()).gradient.first(),
            &position().first().zeros_like()
        );
    }

    #[test]
    fn where_an_energy_overflows_a_chain_has_diverged() {
        let at = |scale| State { step: 6, ..State::new(position().full_like(scale), vec![]) };
        assert!(Evaluation::of(&Bowl, &at(1e18), &mut NoiseStream::silent()).is_ok());
        // The squares exceed single precision; their gradient does not.
        let error = Evaluation::of(&Bowl, &at(1e20), &mut NoiseStream::silent()).unwrap_err();
        assert_eq!(error, Diverged::Energy { step: 7 });
        assert!(error.to_string().contains("smaller step size"), "{error}");
    }
}
