//! Samples from an energy of one's own: a banana in two dimensions, by SGLD and by SGHMC.

use anyhow::Result;
use bal_core::{Energy, Kernel, NoiseKey, NoiseStream, Position, Purpose};
use bal_samplers::{Sghmc, SghmcSettings, Sgld, StepSize};
use tch::{Device, Kind, Tensor};

/// How much the banana bends.
const BEND: f64 = 0.5;

/// A standard normal `x`, and `y` normal around a parabola in it.
///
/// ```text
/// U(x, y) = x^2 / 2 + (y - b (x^2 - 1))^2 / 2
/// ```
///
/// So `E x = E y = 0`, `var x = 1` and `var y = 1 + 2 b^2`.
struct Banana;

impl Energy for Banana {
    /// `at`: `[n, 2]`, a chain per row; returns `[n]`.
    fn energy(&self, at: &Position, _: &mut NoiseStream) -> Tensor {
        let (x, y) = (at.first().select(1, 0), at.first().select(1, 1));
        let bent = y - (x.square() - 1.0) * BEND;
        (x.square() + bent.square()) * 0.5
    }
}

/// A moment over chains, which are independent.
struct Moment {
    name: &'static str,
    mean: f64,
    standard_error: f64,
    exact: f64,
}

/// Runs `chains` chains at once from the origin and looks at them after `steps` steps.
fn sample(kernel: &dyn Kernel, chains: i64, steps: u64) -> Result<Vec<Moment>> {
    let origin = Tensor::zeros([chains, 2], (Kind::Float, Device::Cpu));
    let mut state = kernel.start(Position::new(vec![origin]));
    for sweep in 0..steps {
        let key = NoiseKey { seed: 1, purpose: Purpose::Parameters, sweep, chain: 0 };
        let mut noise = NoiseStream::new(key);
        let gradient = Banana.gradient(&state.position, &mut noise).gradient;
        kernel.step(&mut state, &gradient, &mut noise)?;
    }
    let (x, y) = (state.position.first().select(1, 0), state.position.first().select(1, 1));
    let moment = |name, values: &Tensor, exact| {
        let values = values.to_kind(Kind::Double);
        let standard_error = values.std(true).double_value(&[]) / (chains as f64).sqrt();
        Moment { name, mean: values.mean(Kind::Double).double_value(&[]), standard_error, exact }
    };
    Ok(vec![
        moment("E x", &x, 0.0),
        moment("E y", &y, 0.0),
        moment("E x^2", &x.square(), 1.0),
        moment("E y^2", &y.square(), 1.0 + 2.0 * BEND * BEND),
        moment("E x^2 y", &(x.square() * &y), 2.0 * BEND),
    ])
}

/// Both samplers, at temperature 1.
fn kernels() -> Result<[(&'static str, Box<dyn Kernel>); 2]> {
    let (step_size, temperature) = (0.01, 1.0);
    let sgld = Sgld::new(StepSize::Constant(step_size), temperature)?;
    let sghmc = Sghmc::new(SghmcSettings { step_size, temperature, friction: 0.2, gradient_noise: 0.0 })?;
    Ok([("sgld", Box::new(sgld)), ("sghmc", Box::new(sghmc))])
}

#[expect(clippy::print_stdout, reason = "an example shows what it found")]
fn main() -> Result<()> {
    for (name, kernel) in kernels()? {
        println!("{name}\n  moment    sampled    exact    standard error");
        for Moment { name, mean, standard_error, exact } in sample(&*kernel, 10_000, 1_500)? {
            println!("  {name:<8} {mean:8.4} {exact:8.4}    {standard_error:.4}");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps of 0.01 are off by about 1 %, a third of a standard error here; false alarm below 1 in 10,000.
    #[test]
    fn both_samplers_find_the_moments() {
        for (kernel_name, kernel) in kernels().unwrap() {
            for Moment { name, mean, standard_error, exact } in sample(&*kernel, 2_000, 800).unwrap() {
                let off = (mean - exact) / standard_error;
                assert!(off.abs() < 5.0, "{kernel_name}, {name}: {mean} instead of {exact}, {off:.1} errors");
            }
        }
    }
}
