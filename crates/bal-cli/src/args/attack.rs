//! The settings of an attack as flags.

use bal_attacks::{LossName, Norm, Settings, StepSize, Target};
use bal_core::EnsembleGradient;
use clap::Args;

/// Declares flags whose names are those of settings.
macro_rules! flags {
    ($(#[$about:meta])* $name:ident { $($(#[$help:meta])* $setting:ident: $type:ty,)* }) => {
        $(#[$about])*
        pub(crate) struct $name {
            $($(#[$help])* pub(crate) $setting: Option<$type>,)*
        }

        impl $name {
            /// What was said, and nothing else.
            pub(crate) fn settings(&self) -> Settings {
                let mut settings = Settings::default();
                $(if let Some(said) = self.$setting {
                    settings = settings.with(stringify!($setting), said);
                })*
                settings
            }
        }
    };
}

flags! {
    /// Settings of the attack. A flag that the attack does not have is refused by name.
    #[derive(Clone, Copy, Debug, Args)]
    #[command(next_help_heading = "Settings of the attack")]
    AttackFlags {
        /// The norm of the ball, or of the distance to the nearest error: linf or l2 [default: linf; cw l2].
        #[arg(long, value_name = "NORM")]
        norm: Norm,
        /// Steps of an iterated attack [default: ifgsm 10, pgd and flow-pgd 40, apgd, autoattack and stadv 100].
        #[arg(long, value_name = "N")]
        steps: u64,
        /// Step size of an iterated attack: a number, a fraction such as 2/255, or radius/NUMBER; a number for cw [default: .01]
        /// and fmn [default: linf 10, l2 1]. In pixels of displacement for flow-pgd and, a number, for stadv [default: .05].
        #[arg(long, value_name = "X", allow_hyphen_values = true)]
        step_size: StepSize,
        /// Share of the radius that a random step of fgsm takes before the step along the gradient, which has the rest (R+FGSM)
        /// [default: 0].
        #[arg(long, value_name = "X")]
        random_step: f64,
        /// Random starts of an attack that has them [default: 1].
        #[arg(long, value_name = "N")]
        restarts: u64,
        /// Gradient of an ensemble: predictive or member-mean [default: from the weight file].
        #[arg(long, value_name = "NAME")]
        ensemble_gradient: EnsembleGradient,
        /// Loss that ifgsm, mi-fgsm, pgd and flow-pgd maximise: cross-entropy, margin, dlr, or confident, which looks for
        /// confident errors [default: cross-entropy; flow-pgd margin].
        #[arg(long, value_name = "NAME")]
        loss: LossName,
        /// Momentum that mi-fgsm keeps from step to step [default: 1].
        #[arg(long, value_name = "X")]
        decay: f64,
        /// Number of wrong classes that apgd-t and fab try, the most probable first [default: 9].
        #[arg(long, value_name = "N")]
        targets: u64,
        /// Queries per image of square, autoattack [default: 5000] and hop-skip-jump [default: 25000].
        #[arg(long, value_name = "N")]
        queries: u64,
        /// Share of the pixels in the first windows of square [default: .8].
        #[arg(long, value_name = "X")]
        initial_share: f64,
        /// Rescales the schedule of square's window sizes to the number of queries; false uses the schedule for 10,000
        /// queries, as the authors of autoattack do [default: square true, autoattack false].
        #[arg(long, value_name = "BOOL")]
        rescale_schedule: bool,
        /// Random points per image of uniform-noise and gaussian-noise [default: 100], and random start images of
        /// hop-skip-jump [default: 1000]; random poses of pose in place of its grid [default: 0, the grid].
        #[arg(long, value_name = "N")]
        draws: u64,
        /// Forward passes that autoattack-rand averages, for a model with random outputs [default: 20].
        #[arg(long, value_name = "N")]
        repetitions: u64,
        /// Search steps of cw and stadv for the weight between margin and distance [default: cw 9, stadv 6].
        #[arg(long, value_name = "N")]
        search_steps: u64,
        /// Confidence of cw and stadv: the lead of the wrong class, in logits [default: 0].
        #[arg(long, value_name = "X")]
        confidence: f64,
        /// How far deepfool and fab go past a boundary, as a share of the step [default: deepfool .02, fab .05].
        #[arg(long, value_name = "X")]
        overshoot: f64,
        /// Number of wrong classes that deepfool compares, the most probable first [default: 9].
        #[arg(long, value_name = "N")]
        candidates: u64,
        /// Greatest weight of the clean image's projection in fab [default: .1].
        #[arg(long, value_name = "X")]
        greatest_pull: f64,
        /// Share of the way from the clean image that fab keeps after a success [default: .9].
        #[arg(long, value_name = "X")]
        backward: f64,
        /// Share by which fmn changes its radius in the first step [default: .05].
        #[arg(long, value_name = "X")]
        first_change: f64,
        /// Share by which fmn changes its radius in the last step [default: .001].
        #[arg(long, value_name = "X")]
        last_change: f64,
        /// Class that cw aims at: any-error, least-likely, or the number of a class, from 0; with a class, other errors do not
        /// count [default: any-error].
        #[arg(long, value_name = "CLASS")]
        target: Target,
        /// Weight of the margin in the first descent of cw [default: .001], of the total variation in that of stadv [default: .01].
        #[arg(long, value_name = "X")]
        initial_weight: f64,
        /// Ends a descent of cw early if its loss does not fall [default: true].
        #[arg(long, value_name = "BOOL")]
        abort_early: bool,
        /// Queries of hop-skip-jump for its first gradient estimate [default: 100].
        #[arg(long, value_name = "N")]
        first_samples: u64,
        /// Most queries of hop-skip-jump for a gradient estimate [default: 10000].
        #[arg(long, value_name = "N")]
        most_samples: u64,
        /// Points per side between which flow-pgd interpolates its flow; few make it smooth, 0 moves each pixel by itself [default:
        /// 0].
        #[arg(long, value_name = "N")]
        control_points: u64,
        /// What stadv adds below the roots of the total variation, in square pixels, so that it has a gradient [default: .0001].
        #[arg(long, value_name = "X")]
        smoothing: f64,
        /// Angles in the grid of pose [default: 31].
        #[arg(long, value_name = "N")]
        rotations: u64,
        /// Shifts along each axis in the grid of pose [default: 5].
        #[arg(long, value_name = "N")]
        translations: u64,
    }
}
