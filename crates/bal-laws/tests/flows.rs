//! The law of chains of flows on a linear energy with the quadratic cost.

use bal_attacks::FlowCost;
use bal_laws::{GaussianLaw, LinearStep, Replicas, column};
use bal_samplers::{Sgld, StepSize};
use tch::{Device, Kind, Tensor};

const SIDE: i64 = 3;
const STIFFNESS: f64 = 4.0;
const WEIGHT: f64 = 0.05;
const STEP_SIZE: f64 = 0.2;
const TEMPERATURE: f64 = 0.3;

/// `2 alpha (I + stiffness L)` of one channel, where L is the Laplacian of the grid: the number of a pixel's neighbours, and -1 for
/// each of them.
fn channel() -> Tensor {
    let pixels = SIDE * SIDE;
    let mut entries = vec![0.0; (pixels * pixels) as usize];
    let place = |i: i64, j: i64| (i * SIDE + j) as usize;
    for i in 0..SIDE {
        for j in 0..SIDE {
            let row = place(i, j) * pixels as usize;
            entries[row + place(i, j)] += 1.0;
            for (a, b) in [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)] {
                if (0..SIDE).contains(&a) && (0..SIDE).contains(&b) {
                    entries[row + place(i, j)] += STIFFNESS;
                    entries[row + place(a, b)] -= STIFFNESS;
                }
            }
        }
    }
    Tensor::from_slice(&entries).reshape([pixels, pixels]) * (2.0 * WEIGHT)
}

/// `U(f) = -g f + alpha Q(f)` has the curvature `H = 2 alpha (I + stiffness L)` and the mean `H^-1 g`; a chain of steps e the covariance
/// `T [H (I - e H / 2)]^-1`.
///
/// False alarms: 189 numbers at 5 standard errors, 1 in 9,000.
#[test]
fn a_chain_of_flows_has_the_law_of_its_discretized_cost() {
    let (pixels, zero) =
        (SIDE * SIDE, Tensor::zeros([SIDE * SIDE, SIDE * SIDE], (Kind::Double, Device::Cpu)));
    let rows = [Tensor::cat(&[channel(), zero.shallow_clone()], 1), Tensor::cat(&[zero, channel()], 1)];
    let curvature = Tensor::cat(&rows, 0);
    let ascent: Vec<f64> = (0..2 * pixels).map(|i| 0.02 * ((i * 7 % 5) as f64 - 2.0)).collect();
    let ascent = column(&ascent);
    let mean = curvature.inverse().matmul(&ascent);
    let cost = FlowCost::Quadratic { stiffness: STIFFNESS };
    assert!(STEP_SIZE * WEIGHT * cost.curvature() < 2.0);
    let kernel = Sgld::new(StepSize::Constant(STEP_SIZE), TEMPERATURE).unwrap();
    let gradient = |_, f: &Tensor| {
        let flow = f.transpose(0, 1).reshape([-1, 2, SIDE, SIDE]);
        let cost = cost.gradient(&flow).reshape([-1, 2 * pixels]).transpose(0, 1) * WEIGHT;
        cost - &ascent
    };
    let start = vec![0.0; 2 * pixels as usize];
    let moments = Replicas::start(&kernel, &start).advance_by(400, gradient).moments();
    let step = LinearStep::langevin(STEP_SIZE, TEMPERATURE, &curvature, &mean);
    moments.assert_law(&GaussianLaw::stationary(&[step]));
}
