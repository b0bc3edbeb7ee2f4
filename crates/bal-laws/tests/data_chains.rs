//! The law of each sampler on the data chains of a sweep, under a cost that is quadratic and a loss that is linear.
//!
//! ```text
//! U(z) = - S [ g z - alpha (z - x)^2 ]:    curvature L = 2 alpha S around m = x + g / (2 alpha)
//! ```

use bal_baselines::{DataEnergy, Pixels};
use bal_core::{
    Architecture, Batch, Block, Chain, Conditionals, Energy, Forward, Generator, Given, Member, NoiseStream,
    Objective, Replicate, Shared, Targets, Workers, sweep,
};
use bal_laws::{GaussianLaw, LinearStep, Moments, Pixel, Replicas, column, matrix, momentum_step, noise};
use bal_samplers::Sampler;
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

const MEMBERS: usize = 2;
const SLOPE: f64 = 0.6;
const CLEAN: f64 = 0.25;
const STEPS: u64 = 12;
/// alpha, in the unit of the sampler's settings.
const COST_WEIGHT: f64 = 0.5;
/// One image's energy in that unit.
const UNIT: f64 = 8.0;
const TEMPERATURE: f64 = 0.3;

/// Stakes that grow with what the network says.
#[derive(Debug)]
struct Slope;

impl Objective for Slope {
    fn deviation(&self, forward: &Forward, _: &Batch) -> Tensor {
        forward.logits.squeeze_dim(1) * (SLOPE * UNIT)
    }

    fn loss(&self, forward: &Forward, clean: &Batch) -> Tensor {
        self.deviation(forward, clean).sum(Kind::Float)
    }
}

struct Data(Shared<Batch>);

impl Conditionals for Data {
    fn energy<'a>(&'a self, _: &'static str, _: usize, _: &Given) -> Box<dyn Energy + 'a> {
        let network: Arc<dyn Architecture> = Arc::new(Pixel);
        let member = |_| Member::init(&network, &mut NoiseStream::silent());
        Box::new(DataEnergy {
            members: (0..MEMBERS).map(member).collect(),
            generator: Arc::new(Pixels::default()),
            objective: Arc::new(Slope),
            clean: self.0.replica(),
            cost_weight: COST_WEIGHT * UNIT,
        })
    }
}

/// Where the chains of as many images as there are replicas are after a sweep.
fn moved(sampler: &Sampler) -> Moments {
    let n = Replicas::COUNT;
    let x = Tensor::full([n, 1, 1, 1], CLEAN, (Kind::Float, Device::Cpu));
    let targets = Targets::Classes(Tensor::zeros([n], (Kind::Int64, Device::Cpu)));
    let clean = Batch { x, targets, indices: (0..n).collect() };
    let kernel = sampler.kernel_in_unit(UNIT).unwrap();
    let chain = Chain::new(
        kernel.start(Pixels::default().start(&clean, &mut NoiseStream::silent())),
        noise(0, 0).for_images(&clean.indices),
    );
    let mut blocks = [Block { name: "data", kernel, steps: STEPS, chains: vec![chain] }];
    sweep(&Workers::new(1).unwrap(), &Data(Shared::new(clean.replicate())), &mut blocks).unwrap();
    Moments::of(&blocks[0].chains[0].state.position.first().reshape([1, -1]))
}

/// The law of a chain that takes the share `pull` of the gradient in a step, keeps `kept` of its momentum, and gets
/// noise of variance `noise`.
fn law(kept: f64, pull: f64, noise: f64) -> GaussianLaw {
    let scalar = |x: f64| matrix(&[[x]]);
    let curvature = 2.0 * COST_WEIGHT * MEMBERS as f64;
    let mean = column(&[CLEAN + SLOPE / (2.0 * COST_WEIGHT)]);
    let step = || momentum_step(&scalar(kept), &scalar(pull * curvature), &scalar(noise), &mean);
    let steps: Vec<LinearStep> = (0..STEPS).map(|_| step()).collect();
    GaussianLaw::point(&[CLEAN, 0.0]).after_all(&steps).of_positions()
}

/// False alarms: 2 numbers at 5 standard errors for each of 5 samplers, 1 in 170,000.
#[test]
fn data_chains_have_the_law_of_their_sampler() {
    let adaptive = "tau = 2.0\npreconditioner_floor = 1e-5\ninitial_second_moment = 4.0\nadaptation_steps = 0\n\
                    gradient_noise = \"none\"\n";
    let langevin = "second_moment = \"persist\"\ninjected_noise = \"root\"\nfriction = \"matched\"\n";
    let fixed = "decay = 1.0\npreconditioner_floor = 0.5\ninitial_second_moment = 4.0\n";
    for (table, settings, kept, pull) in [
        ("sgld", "step_size = 0.1\n".to_string(), 0.0, 0.1),
        // 1 / (floor + V^1/2) = .4.
        ("psgld", format!("step_size = 0.2\n{fixed}"), 0.0, 0.08),
        ("sghmc", "step_size = 0.05\nfriction = 0.3\ngradient_noise = 0.0\n".to_string(), 0.7, 0.05),
        // e^2 V^-1/2 = .125 and .08.
        ("sgadald", format!("step_size = 0.5\n{adaptive}{langevin}"), 0.0, 0.125),
        ("sgadahmc", format!("step_size = 0.4\n{adaptive}friction = {{ decay = 0.3 }}\n"), 0.7, 0.08),
    ] {
        let text = format!("[{table}]\ntemperature = {TEMPERATURE}\n{settings}");
        let moments = moved(&toml::from_str(&text).unwrap());
        moments.assert_law(&law(kept, pull, 2.0 * TEMPERATURE * pull * (1.0 - kept)));
        // In another unit the chains would be elsewhere.
        moments.assert_not_law(&law(kept, pull, 2.0 * TEMPERATURE * pull * (1.0 - kept) / UNIT));
    }
}
