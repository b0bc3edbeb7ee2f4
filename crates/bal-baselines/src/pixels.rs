//! Adversarial data that are images of free pixels.

use crate::{ChainStart, Support};
use bal_core::{Batch, Generator, NoiseStream, Position};
use std::sync::Arc;
use tch::{Kind, Tensor};

/// Every pixel moves; images cost the square of their distance.
///
/// ```text
/// z_i in K(x_i),    c(z_i, x_i) = |z_i - x_i|^2
/// ```
///
/// K: the [`Support`], or all of `R^(c h w)`: then pixels are not confined to `[0, 1]`.
///
/// Positions: one part, the images themselves, `[n, c, h, w]`.
///
/// Source: Ye & Zhu, NeurIPS 2018, section 3.1; the support is ours.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pixels {
    /// Where the density is not 0.
    pub support: Option<Support>,
    /// Where chains begin.
    pub start: ChainStart,
}

impl Generator for Pixels {
    fn start(&self, clean: &Batch, noise: &mut NoiseStream) -> Position {
        let start = self.start.around(&clean.x, self.support.as_ref(), noise);
        Position::new(vec![start])
    }

    fn in_sweep(&self, sweep: u64) -> Option<Arc<dyn Generator>> {
        let support = self.support?.in_sweep(sweep)?;
        Some(Arc::new(Self { support: Some(support), ..*self }))
    }

    fn is_confined(&self) -> bool {
        self.support.is_some()
    }

    fn confine(&self, clean: &Batch, before: &Position, after: &mut Position) {
        let Some(support) = self.support else { return };
        let confined = support.confine(&clean.x, before.first(), after.first());
        *after = Position::new(vec![confined]);
    }

    fn images(&self, at: &Position, _: &Batch) -> Tensor {
        at.first().shallow_clone()
    }

    fn cost(&self, at: &Position, clean: &Batch) -> Tensor {
        (at.first() - &clean.x).square().flatten(1, -1).sum_dim_intlist(1, false, Kind::Float)
    }

    fn curvature(&self) -> Option<f64> {
        Some(2.0)
    }

    fn cost_gradient(&self, at: &Position, clean: &Batch) -> Position {
        Position::new(vec![(at.first() - &clean.x) * 2.0])
    }

    fn pull_back(&self, _: &Position, _: &Batch, gradient: &Tensor) -> Position {
        Position::new(vec![gradient.shallow_clone()])
    }
}
