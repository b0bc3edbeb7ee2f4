//! The smallest network.

use bal_core::{Architecture, Forward, Mode, NoiseStream, Position, TensorSpec};
use tch::Tensor;

/// A network without weights that says of an image, `[n, 1, 1, 1]`, its one pixel, `[n, 1]`.
#[derive(Debug)]
pub struct Pixel;

impl Architecture for Pixel {
    fn name(&self) -> &'static str {
        "pixel"
    }

    fn classes(&self) -> i64 {
        1
    }

    fn input(&self) -> [i64; 3] {
        [1, 1, 1]
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        vec![]
    }

    fn init(&self, _: &mut NoiseStream) -> (Position, Position) {
        (Position::new(vec![]), Position::new(vec![]))
    }

    fn forward(&self, _: &Position, _: &Position, x: &Tensor, _: Mode) -> Forward {
        Forward { logits: x.flatten(1, -1), buffers: None }
    }
}
