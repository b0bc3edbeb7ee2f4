//! Adversarial data that are images of free pixels.

use bal_core::{Batch, Generator, Position};
use tch::{Kind, Tensor};

/// Every pixel moves; images cost the square of their distance.
///
/// ```text
/// z_i in R^(c h w),    c(z_i, x_i) = |z_i - x_i|^2
/// ```
///
/// Positions: one part, the images themselves, `[n, c, h, w]`; not confined to `[0, 1]`.
///
/// Source: Ye & Zhu, NeurIPS 2018, section 3.1.
#[derive(Clone, Copy, Debug)]
pub struct Pixels;

impl Generator for Pixels {
    fn start(&self, clean: &Batch) -> Position {
        Position::new(vec![clean.x.copy()])
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
