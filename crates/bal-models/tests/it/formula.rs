//! Tensors from a closed formula, and comparisons with what PyTorch made of them.

use serde::Deserialize;
use tch::{Kind, Tensor};

/// Element `i` is `offset + amplitude * sin(phase + frequency * i * i)`.
#[derive(Deserialize)]
pub(crate) struct Formula {
    pub(crate) name: String,
    pub(crate) shape: Vec<i64>,
    offset: f64,
    amplitude: f64,
    phase: f64,
    frequency: f64,
}

impl Formula {
    pub(crate) fn tensor(&self) -> Tensor {
        let element =
            |i: i64| self.offset + self.amplitude * (self.phase + self.frequency * (i * i) as f64).sin();
        let elements: Vec<f32> = (0..self.shape.iter().product()).map(|i| element(i) as f32).collect();
        Tensor::from_slice(&elements).reshape(&self.shape)
    }
}

/// Checks each number to within `tolerance`.
pub(crate) fn assert_close(found: &Tensor, expected: &[f64], tolerance: f64, what: &str) {
    let found = Vec::<f64>::try_from(found.to_kind(Kind::Double).reshape([-1])).unwrap();
    assert_eq!(found.len(), expected.len(), "{what}");
    assert!(found.iter().all(|x| x.is_finite()), "{what}");
    let furthest = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(furthest <= tolerance, "{what} is off by {furthest}; {tolerance} is allowed");
}

/// Checks each number to within 1e-5 of the largest.
pub(crate) fn assert_relatively_close(found: &Tensor, expected: &[f64], what: &str) {
    let largest = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    assert_close(found, expected, 1e-5 * largest, what);
}
