//! A point in the space that a kernel moves through.

use crate::Replicate;
use tch::{Device, Kind, Tensor};

/// Network weights, or a batch of images: the same kernels move both.
///
/// A list of tensors of any shapes. Positions are plain data: none requires a gradient, but for
/// those made by [`Position::of_leaves`].
#[derive(Debug)]
pub struct Position(Vec<Tensor>);

impl Position {
    /// A position with these parts, cut from any graph that they belong to.
    pub fn new(tensors: Vec<Tensor>) -> Self {
        Self(tensors.into_iter().map(|t| if t.requires_grad() { t.detach() } else { t }).collect())
    }

    /// A position whose parts stay leaves of a graph: for an energy that is differentiated.
    pub fn of_leaves(leaves: Vec<Tensor>) -> Self {
        Self(leaves)
    }

    /// The parts.
    pub fn tensors(&self) -> &[Tensor] {
        &self.0
    }

    /// The parts, to be changed in place.
    pub fn tensors_mut(&mut self) -> &mut [Tensor] {
        &mut self.0
    }

    /// The parts, given away.
    pub fn into_tensors(self) -> Vec<Tensor> {
        self.0
    }

    /// The first part: all of it where the position is a batch of images.
    ///
    /// # Panics
    /// When the position has no part.
    pub fn first(&self) -> &Tensor {
        &self.0[0]
    }

    /// A copy with memory of its own: a new chain.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.iter().map(Tensor::copy).collect())
    }

    /// A position of the same shapes, filled with `value`.
    #[must_use]
    pub fn full_like(&self, value: f64) -> Self {
        Self(self.0.iter().map(|t| t.full_like(value)).collect())
    }

    /// The same position on `device`; itself where it is there already.
    #[must_use]
    pub fn to_device(&self, device: Device) -> Self {
        Self(self.0.iter().map(|t| t.to_device(device)).collect())
    }

    /// Adds `other` part by part, in place.
    pub fn accumulate(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            let _ = mine.g_add_(theirs);
        }
    }

    /// Subtracts `other` part by part, in place.
    pub fn subtract(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            let _ = mine.g_sub_(theirs);
        }
    }

    /// Whether every coordinate is finite.
    ///
    /// A sum is finite only if each term is (overflow counts as divergence too), and costs one pass.
    pub fn is_finite(&self) -> bool {
        self.0.iter().all(|t| t.sum(Kind::Double).double_value(&[]).is_finite())
    }

    /// The sum over all coordinates of the products with those of `other`, in double precision.
    pub fn dot(&self, other: &Self) -> f64 {
        let parts = self.0.iter().zip(&other.0);
        parts.map(|(mine, theirs)| (mine * theirs).sum(Kind::Double).double_value(&[])).sum()
    }

    /// Positions of the same shapes as one, each part `[S, ..]`.
    #[must_use]
    pub fn stack(positions: &[&Self]) -> Self {
        let parts = 0..positions.first().map_or(0, |first| first.0.len());
        let part = |part: usize| Tensor::stack(&positions.iter().map(|p| &p.0[part]).collect::<Vec<_>>(), 0);
        Self(parts.map(part).collect())
    }

    /// One of the positions of a stack, in the same memory; gradients flow through.
    #[must_use]
    pub fn row(&self, row: i64) -> Self {
        Self(self.0.iter().map(|t| t.select(0, row)).collect())
    }

    /// Of each position of a stack the sum over all coordinates, `[S]`, in double precision. A sum is finite only if each
    /// coordinate is.
    pub fn sums(&self) -> Tensor {
        self.rows(|_, mine| mine.sum_dim_intlist(1, false, Kind::Double))
    }

    /// Of each position of a stack its [`Self::dot`] with that of `other`, `[S]`.
    pub fn dot_rows(&self, other: &Self) -> Tensor {
        self.rows(|part, mine| {
            let theirs = other.0[part].reshape(mine.size());
            (mine * theirs).sum_dim_intlist(1, false, Kind::Double)
        })
    }

    /// The sum over the parts of what `of` makes of each, `[S]` of `[S, coordinates]`.
    fn rows(&self, of: impl Fn(usize, &Tensor) -> Tensor) -> Tensor {
        let flat = |t: &Tensor| t.reshape([t.size()[0], -1]);
        let parts = self.0.iter().enumerate().map(|(part, t)| of(part, &flat(t)));
        parts.reduce(|sum, part| sum + part).unwrap_or_default()
    }

    /// Number of coordinates.
    pub fn numel(&self) -> usize {
        self.0.iter().map(Tensor::numel).sum()
    }

    /// The parts' shapes.
    pub fn shapes(&self) -> Vec<Vec<i64>> {
        self.0.iter().map(Tensor::size).collect()
    }
}

impl Replicate for Position {
    fn replicate(&self) -> Self {
        Self(self.0.iter().map(Tensor::detach).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_has_memory_of_its_own_and_a_replica_has_not() {
        let original = Position::new(vec![Tensor::from_slice(&[1.0f32, 2.0])]);
        let (duplicate, replica) = (original.duplicate(), original.replicate());
        let mut original = original;
        original.accumulate(&Position::new(vec![Tensor::from_slice(&[1.0f32, 1.0])]));
        assert_eq!(Vec::<f32>::try_from(duplicate.first()).unwrap(), [1.0, 2.0]);
        assert_eq!(Vec::<f32>::try_from(replica.first()).unwrap(), [2.0, 3.0]);
    }

    #[test]
    fn a_dot_product_is_over_all_parts() {
        let position =
            |a: &[f32], b: f32| Position::new(vec![Tensor::from_slice(a), Tensor::from_slice(&[b])]);
        assert!((position(&[1.0, 2.0], 3.0).dot(&position(&[4.0, 5.0], -6.0)) + 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_stack_has_the_sums_and_products_of_each_of_its_positions() {
        let position =
            |a: &[f32], b: f32| Position::new(vec![Tensor::from_slice(a), Tensor::from_slice(&[b])]);
        let (one, other) = (position(&[1.0, 2.0], 3.0), position(&[4.0, f32::NAN], -6.0));
        let stack = Position::stack(&[&one, &other]);
        assert_eq!(stack.shapes(), [vec![2, 2], vec![2, 1]]);
        assert_eq!(stack.row(0).tensors(), one.tensors());
        let sums = Vec::<f64>::try_from(stack.sums()).unwrap();
        assert!((sums[0] - 6.0).abs() < 1e-12 && sums[1].is_nan());
        let dots = Vec::<f64>::try_from(stack.dot_rows(&stack.full_like(2.0))).unwrap();
        assert!((dots[0] - 12.0).abs() < 1e-12 && dots[1].is_nan());
    }

    #[test]
    fn one_coordinate_that_is_not_finite_is_found() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let position =
                Position::new(vec![Tensor::from_slice(&[1.0f32]), Tensor::from_slice(&[0.0, bad])]);
            assert!(!position.is_finite());
        }
    }
}
