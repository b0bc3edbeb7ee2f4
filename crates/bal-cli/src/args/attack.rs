//! The settings of an attack as flags.

use bal_attacks::{AttackSettings, LossName, Norm, StepSize, Target};
use bal_core::EnsembleGradient;
use clap::Args;

/// Settings of the attack. A flag that the attack does not have is refused by name.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Settings of the attack")]
pub(crate) struct AttackFlags {
    /// The norm of the ball, or of the distance to the nearest error: linf or l2 [default: linf; cw l2].
    #[arg(long, value_name = "NORM")]
    pub(crate) norm: Option<Norm>,
    /// Steps of an iterated attack [default: ifgsm 10, pgd 40, apgd and autoattack 100].
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<u64>,
    /// Step size of an iterated attack: a number, a fraction such as 2/255, or radius/NUMBER; a number for cw [default: .01]
    /// and fmn [default: linf 10, l2 1].
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub(crate) step_size: Option<StepSize>,
    /// Random starts of an attack that has them [default: 1].
    #[arg(long, value_name = "N")]
    pub(crate) restarts: Option<u64>,
    /// Gradient of an ensemble: predictive or member-mean [default: from the weight file].
    #[arg(long, value_name = "NAME")]
    pub(crate) ensemble_gradient: Option<EnsembleGradient>,
    /// Loss that ifgsm, mi-fgsm and pgd maximise: cross-entropy, margin, dlr, or confident, which looks for confident
    /// errors [default: cross-entropy].
    #[arg(long, value_name = "NAME")]
    pub(crate) loss: Option<LossName>,
    /// Momentum that mi-fgsm keeps from step to step [default: 1].
    #[arg(long, value_name = "X")]
    pub(crate) decay: Option<f64>,
    /// Number of wrong classes that apgd-t and fab try, the most probable first [default: 9].
    #[arg(long, value_name = "N")]
    pub(crate) targets: Option<u64>,
    /// Queries per image of square, autoattack [default: 5000] and hop-skip-jump [default: 25000].
    #[arg(long, value_name = "N")]
    pub(crate) queries: Option<u64>,
    /// Share of the pixels in the first windows of square [default: .8].
    #[arg(long, value_name = "X")]
    pub(crate) initial_share: Option<f64>,
    /// Rescales the schedule of square's window sizes to the number of queries; false uses the schedule for 10,000
    /// queries, as the authors of autoattack do [default: square true, autoattack false].
    #[arg(long, value_name = "BOOL")]
    pub(crate) rescale_schedule: Option<bool>,
    /// Random points per image of uniform-noise and gaussian-noise [default: 100], and random start images of
    /// hop-skip-jump [default: 1000].
    #[arg(long, value_name = "N")]
    pub(crate) draws: Option<u64>,
    /// Forward passes that autoattack-rand averages, for a model with random outputs [default: 20].
    #[arg(long, value_name = "N")]
    pub(crate) repetitions: Option<u64>,
    /// Binary search steps of cw for the weight of its loss [default: 9].
    #[arg(long, value_name = "N")]
    pub(crate) search_steps: Option<u64>,
    /// Confidence of cw: the lead of the wrong class, in logits [default: 0].
    #[arg(long, value_name = "X")]
    pub(crate) confidence: Option<f64>,
    /// How far deepfool and fab go past a boundary, as a share of the step [default: deepfool .02, fab .05].
    #[arg(long, value_name = "X")]
    pub(crate) overshoot: Option<f64>,
    /// Number of wrong classes that deepfool compares, the most probable first [default: 9].
    #[arg(long, value_name = "N")]
    pub(crate) candidates: Option<u64>,
    /// Greatest weight of the clean image's projection in fab [default: .1].
    #[arg(long, value_name = "X")]
    pub(crate) greatest_pull: Option<f64>,
    /// Share of the way from the clean image that fab keeps after a success [default: .9].
    #[arg(long, value_name = "X")]
    pub(crate) backward: Option<f64>,
    /// Share by which fmn changes its radius in the first step [default: .05].
    #[arg(long, value_name = "X")]
    pub(crate) first_change: Option<f64>,
    /// Share by which fmn changes its radius in the last step [default: .001].
    #[arg(long, value_name = "X")]
    pub(crate) last_change: Option<f64>,
    /// Class that cw aims at: any-error, least-likely, or the number of a class, from 0; with a class, other errors do not
    /// count [default: any-error].
    #[arg(long, value_name = "CLASS")]
    pub(crate) target: Option<Target>,
    /// Weight of the margin in the first descent of cw [default: .001].
    #[arg(long, value_name = "X")]
    pub(crate) initial_weight: Option<f64>,
    /// Ends a descent of cw early if its loss does not fall [default: true].
    #[arg(long, value_name = "BOOL")]
    pub(crate) abort_early: Option<bool>,
    /// Queries of hop-skip-jump for its first gradient estimate [default: 100].
    #[arg(long, value_name = "N")]
    pub(crate) first_samples: Option<u64>,
    /// Most queries of hop-skip-jump for a gradient estimate [default: 10000].
    #[arg(long, value_name = "N")]
    pub(crate) most_samples: Option<u64>,
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
            overshoot: self.overshoot,
            candidates: self.candidates,
            greatest_pull: self.greatest_pull,
            backward: self.backward,
            first_change: self.first_change,
            last_change: self.last_change,
            target: self.target,
            initial_weight: self.initial_weight,
            abort_early: self.abort_early,
            first_samples: self.first_samples,
            most_samples: self.most_samples,
        }
    }
}
