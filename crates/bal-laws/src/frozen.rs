//! All samplers, their preconditioners frozen and their steps equally long.

use bal_samplers::{
    Friction, GradientNoise, InjectedNoise, MomentumFriction, PsgldSettings, Sampler, SecondMoment,
    SgadahmcSettings, SgadaldSettings, SghmcSettings, SgldSettings, StepSize, Tau,
};

/// V of every coordinate.
pub const SECOND_MOMENT: f64 = 2.0;

/// The samplers without momentum that multiply the gradient by `pull`, at this temperature: all have one law, that of
/// [`Update::at`](crate::Update::at) with `kept` 0.
pub fn langevin(pull: f64, temperature: f64) -> [Sampler; 3] {
    let floor = 0.5;
    let root = SECOND_MOMENT.sqrt();
    [
        Sampler::Sgld(SgldSettings { step_size: StepSize::Constant(pull), temperature }),
        Sampler::Psgld(PsgldSettings {
            step_size: pull * (floor + root),
            temperature,
            decay: 1.0,
            preconditioner_floor: floor,
            initial_second_moment: SECOND_MOMENT,
        }),
        Sampler::Sgadald(SgadaldSettings {
            step_size: (pull * root).sqrt(),
            temperature,
            friction: Friction::Matched,
            gradient_noise: GradientNoise::None,
            tau: Tau::Fixed(2.0),
            preconditioner_floor: 1e-5,
            initial_second_moment: SECOND_MOMENT,
            second_moment: SecondMoment::Persist,
            injected_noise: InjectedNoise::Root,
            adaptation_steps: Some(0),
        }),
    ]
}

/// The samplers with momentum that multiply the gradient by `pull` and keep the share `kept` of the momentum.
pub fn hamiltonian(pull: f64, kept: f64, temperature: f64) -> [Sampler; 2] {
    let friction = 1.0 - kept;
    [
        Sampler::Sghmc(SghmcSettings { step_size: pull, temperature, friction, gradient_noise: 0.0 }),
        Sampler::Sgadahmc(SgadahmcSettings {
            step_size: (pull * SECOND_MOMENT.sqrt()).sqrt(),
            temperature,
            friction: MomentumFriction::Decay(friction),
            gradient_noise: GradientNoise::None,
            tau: Tau::Fixed(2.0),
            preconditioner_floor: 1e-5,
            initial_second_moment: SECOND_MOMENT,
            adaptation_steps: Some(0),
        }),
    ]
}
