//! The temperature that a sampler says it runs at, against what its chains do.

use bal_core::Position;
use bal_laws::{Replicas, diagonal, matrix};
use bal_samplers::{
    Friction, GradientNoise, InjectedNoise, MomentumFriction, PsgldSettings, Sampler, SecondMoment,
    SgadahmcSettings, SgadaldSettings, SghmcSettings, SgldSettings, StepSize, Tau,
};
use tch::Tensor;

/// With constant friction, V frozen as `v`.
fn sgadald(v: f64) -> SgadaldSettings {
    SgadaldSettings {
        step_size: 0.2,
        temperature: 2.0,
        friction: Friction::Constant(0.6),
        gradient_noise: GradientNoise::None,
        tau: Tau::Fixed(2.0),
        preconditioner_floor: 1e-5,
        initial_second_moment: v,
        second_moment: SecondMoment::Persist,
        injected_noise: InjectedNoise::Root,
        adaptation_steps: Some(0),
    }
}

/// The same with momentum.
fn sgadahmc(v: f64) -> SgadahmcSettings {
    SgadahmcSettings {
        step_size: 0.2,
        temperature: 2.0,
        friction: MomentumFriction::Decay(0.4),
        gradient_noise: GradientNoise::None,
        tau: Tau::Fixed(2.0),
        preconditioner_floor: 1e-5,
        initial_second_moment: v,
        adaptation_steps: Some(0),
    }
}

/// Every kernel, and every way in which its noise departs from what its temperature would have.
fn samplers(v: f64) -> Vec<Sampler> {
    let (ald, ahmc) = (sgadald(v), sgadahmc(v));
    let psgld = PsgldSettings {
        step_size: 0.05,
        temperature: 2.0,
        decay: 1.0,
        preconditioner_floor: 0.1,
        initial_second_moment: v,
    };
    vec![
        Sampler::Sgld(SgldSettings { step_size: StepSize::Constant(0.05), temperature: 2.0 }),
        Sampler::Psgld(psgld),
        Sampler::Sghmc(SghmcSettings {
            step_size: 0.02,
            temperature: 2.0,
            friction: 0.4,
            gradient_noise: 0.1,
        }),
        Sampler::Sgadald(ald),
        Sampler::Sgadald(SgadaldSettings { friction: Friction::Matched, ..ald }),
        Sampler::Sgadald(SgadaldSettings { gradient_noise: GradientNoise::Printed, ..ald }),
        Sampler::Sgadald(SgadaldSettings { gradient_noise: GradientNoise::Corrected, ..ald }),
        Sampler::Sgadald(SgadaldSettings { injected_noise: InjectedNoise::Unrooted, ..ald }),
        Sampler::Sgadahmc(ahmc),
        Sampler::Sgadahmc(SgadahmcSettings { friction: MomentumFriction::Constant(1.0), ..ahmc }),
        Sampler::Sgadahmc(SgadahmcSettings { gradient_noise: GradientNoise::Corrected, ..ahmc }),
    ]
}

/// Small steps leave a bias of half a step's share of the curvature at most, here 3 %.
///
/// False alarms: 22 numbers at 5 standard errors, 1 in 77,000.
#[test]
fn a_chain_of_small_steps_has_the_variance_of_its_effective_temperature() {
    let curvature = 0.7;
    let (l, m) = (matrix(&[[curvature]]), diagonal(&[0.0]));
    for v in [0.25, 4.0] {
        for sampler in samplers(v) {
            let kernel = sampler.kernel().unwrap();
            let state = kernel.start(Position::new(vec![Tensor::from_slice(&[0.0f64])]));
            let stated = sampler.effective_temperature(&state)[0].double_value(&[0]);
            assert!(stated > 0.0);
            let chains = Replicas::start(&*kernel, &[0.0]).advance(400, &l, &m);
            let found = chains.moments().variance(0) * curvature / stated;
            let error = 5.0 * (2.0 / Replicas::COUNT as f64).sqrt();
            assert!(found > 1.0 - error && found < 1.03 * (1.0 + error), "{sampler:?}: {found} of {stated}");
        }
    }
}
