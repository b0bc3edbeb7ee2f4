//! The settings of an attack as flags.

use bal_attacks::{AttackSettings, LossName, Norm, StepSize};
use bal_core::EnsembleGradient;
use clap::Args;

/// What an attack is made with; flags that it does not have are refused by name.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Settings of the attack")]
pub(crate) struct AttackFlags {
    /// The norm of the ball, or of the distance to the nearest error: linf or l2 [default: linf; cw l2].
    #[arg(long, value_name = "NORM")]
    pub(crate) norm: Option<Norm>,
    /// Steps of an iterated attack [default: ifgsm 10, pgd 40, apgd and autoattack 100].
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<u64>,
    /// Step size of an iterated attack: a number, a fraction such as 2/255, or radius/NUMBER.
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub(crate) step_size: Option<StepSize>,
    /// Random starts of an attack that has them [default: 1].
    #[arg(long, value_name = "N")]
    pub(crate) restarts: Option<u64>,
    /// The gradient that an ensemble shows: predictive or member-mean [default: as the weights say].
    #[arg(long, value_name = "NAME")]
    pub(crate) ensemble_gradient: Option<EnsembleGradient>,
    /// The loss that ifgsm, mi-fgsm and pgd raise: cross-entropy, margin, dlr, or confident, which goes on until the
    /// model is sure of an error [default: cross-entropy].
    #[arg(long, value_name = "NAME")]
    pub(crate) loss: Option<LossName>,
    /// Momentum that mi-fgsm keeps from step to step [default: 1].
    #[arg(long, value_name = "X")]
    pub(crate) decay: Option<f64>,
    /// Wrong classes that apgd-t and fab try, the likeliest first [default: 9].
    #[arg(long, value_name = "N")]
    pub(crate) targets: Option<u64>,
    /// Questions that square, autoattack [default: 5000] and hop-skip-jump [default: 25000] ask about an image.
    #[arg(long, value_name = "N")]
    pub(crate) queries: Option<u64>,
    /// Share of the pixels in square's first windows [default: .8].
    #[arg(long, value_name = "X")]
    pub(crate) initial_share: Option<f64>,
    /// Whether square's windows shrink in proportion to its questions, or after as many as in 10,000, as those of
    /// autoattack do [default: square true, autoattack false].
    #[arg(long, value_name = "BOOL")]
    pub(crate) rescale_schedule: Option<bool>,
    /// Points that uniform-noise and gaussian-noise try on each image [default: 100].
    #[arg(long, value_name = "N")]
    pub(crate) draws: Option<u64>,
    /// Passes of a model with random outputs that autoattack-rand averages [default: 20].
    #[arg(long, value_name = "N")]
    pub(crate) repetitions: Option<u64>,
    /// Descents of cw, each with a weight of its own [default: 9].
    #[arg(long, value_name = "N")]
    pub(crate) search_steps: Option<u64>,
    /// By how much a wrong class has to lead for cw [default: 0].
    #[arg(long, value_name = "X")]
    pub(crate) confidence: Option<f64>,
}

impl AttackFlags {
    /// What was said, and nothing else.
    pub(crate) fn settings(&self) -> AttackSettings {
        AttackSettings {
            norm: self.norm,
            steps: self.steps,
            step_size: self.step_size,
            restarts: self.restarts,
            ensemble_gradient: self.ensemble_gradient,
            loss: self.loss,
            decay: self.decay,
            targets: self.targets,
            queries: self.queries,
            initial_share: self.initial_share,
            rescale_schedule: self.rescale_schedule,
            draws: self.draws,
            repetitions: self.repetitions,
            search_steps: self.search_steps,
            confidence: self.confidence,
        }
    }
}
