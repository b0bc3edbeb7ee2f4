//! How many operations a sweep needs, and how fast operations can be.

use crate::Problem;
use anyhow::{Context, Result};
use std::time::Instant;
use tch::{Device, Kind, Tensor};

/// Multiplications and additions of one image's forward pass through the MNIST network: both convolutions and both
/// fully connected layers, 2 for a multiplication with its addition.
const FORWARD: [f64; 4] = [
    2.0 * 28.0 * 28.0 * 32.0 * 9.0,
    2.0 * 14.0 * 14.0 * 32.0 * 32.0 * 9.0,
    2.0 * 1568.0 * 64.0,
    2.0 * 64.0 * 10.0,
];

/// Operations of a sweep of `released`, every output's gradient counted.
///
/// A layer's backward pass has as many operations in its input and in its weights as its forward pass: a data step
/// needs the former, a parameter step both, but for the first layer's input; and it takes two batches,
/// adversarial and clean.
pub fn operations(data_steps: u64, parameter_steps: u64, chains: usize, images: i64) -> f64 {
    let forward: f64 = FORWARD.iter().sum();
    let data = 2.0 * forward;
    let parameters = 2.0 * (3.0 * forward - FORWARD[0]);
    let steps = data_steps as f64 * data + parameter_steps as f64 * parameters;
    steps * chains as f64 * images as f64
}

/// Operations per second of products of 1024x1024 matrices, one per worker at a time.
///
/// # Errors
/// When a worker was not timed.
pub fn peak(problem: &Problem) -> Result<f64> {
    const SIDE: i64 = 1024;
    const PRODUCTS: u32 = 40;
    let threads = problem.workers.threads();
    let multiply = |(): ()| {
        let a = Tensor::ones([SIDE, SIDE], (Kind::Float, Device::Cpu));
        let mut out = Tensor::zeros([SIDE, SIDE], (Kind::Float, Device::Cpu));
        for _ in 0..PRODUCTS {
            out = a.matmul(&a);
        }
        out.double_value(&[0, 0])
    };
    // The fastest of a few: what the machine can do, not what else it did.
    let rounds = (0..5).map(|_| {
        let begin = Instant::now();
        problem.workers.map(vec![(); threads], multiply);
        begin.elapsed().as_secs_f64()
    });
    let seconds = rounds.min_by(f64::total_cmp).context("nothing was timed")?;
    Ok(2.0 * (SIDE as f64).powi(3) * f64::from(PRODUCTS) * threads as f64 / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_of_the_paper_has_640_billion_operations() {
        // Forward 4.266 million an image; 15 data steps of twice that and 15 parameter steps of 2 (3 x 4.266 - .452).
        let count = operations(15, 15, 5, 256);
        assert!((count / 1e9 - 637.0).abs() < 1.0, "{count}");
    }
}
