//! One run of APGD.

use super::checkpoints::checkpoints;
use crate::found::{Found, split, wide};
use crate::{Ball, Judgement, LossName, ModelFault, Objective};
use bal_core::{Batch, Classifier, EnsembleGradient};
use tch::{Kind, Tensor};

/// How much of a new point is the gradient's, and how much the last move's.
const FRESH: f64 = 0.75;
/// The share of steps that have to raise the loss.
const RISING: f64 = 0.75;

/// What a run has to know.
pub(super) struct Climb<'a> {
    pub(super) model: &'a dyn Classifier,
    pub(super) ball: Ball,
    pub(super) steps: u64,
    pub(super) ensemble_gradient: EnsembleGradient,
}

/// The loss that a run raises.
pub(super) enum Goal {
    /// This one, away from the label.
    Away(LossName),
    /// The targeted one, towards a class of each image, `[n]`.
    Towards(Tensor),
    /// The targeted margin.
    TowardsByMargin(Tensor),
}

impl Goal {
    /// The same for these images.
    pub(super) fn of(&self, rows: &[i64]) -> Result<Self, ModelFault> {
        let of = |targets: &Tensor| {
            targets.f_index_select(0, &Tensor::from_slice(rows).to_device(targets.device()))
        };
        Ok(match self {
            Self::Away(loss) => Self::Away(*loss),
            Self::Towards(targets) => Self::Towards(of(targets)?),
            Self::TowardsByMargin(targets) => Self::TowardsByMargin(of(targets)?),
        })
    }

    fn objective(&self) -> Objective<'_> {
        match self {
            Self::Away(loss) => loss.objective(),
            Self::Towards(targets) => Objective::TargetedDlr(targets),
            Self::TowardsByMargin(targets) => Objective::TargetedMargin(targets),
        }
    }
}

impl Climb<'_> {
    /// Climbs from `start` with the images `robust`, which are the `rows` of what was `found`.
    pub(super) fn run(
        &self,
        goal: Goal,
        rows: Vec<i64>,
        robust: Batch,
        start: Tensor,
        found: &mut Found,
    ) -> Result<(), ModelFault> {
        let checkpoints = checkpoints(self.steps);
        let mut state = State::new(goal, rows, robust, start, 2.0 * self.ball.radius())?;
        let mut last_check = 0;
        for step in 0..=self.steps {
            if step > 0 {
                state.advance(&self.ball, step == 1);
            }
            // No step follows the last point: its gradient is not needed.
            let judgement = self.look(&mut state, step < self.steps)?;
            if let Some([fooled, kept]) = split(&judgement.wrong)? {
                state.surrender(&fooled, &judgement, found)?;
                state.keep(&kept)?;
                if state.rows.is_empty() {
                    return Ok(());
                }
            }
            if step == 0 {
                state.checked_loss = state.best_loss.shallow_clone();
            } else if checkpoints.contains(&step) {
                state.check(RISING * (step - last_check) as f64);
                last_check = step;
            }
        }
        let nowhere = state.halved.zeros_like();
        found.offer(&state.rows, &state.best, &state.best_margin, &nowhere)
    }

    /// Evaluates the present point and takes note of it.
    fn look(&self, state: &mut State, with_gradient: bool) -> Result<Judgement, ModelFault> {
        let objective = state.goal.objective();
        let (x, y) = (&state.x, &state.y);
        let evaluated = if with_gradient {
            objective
                .ascend(self.model, x, y, self.ensemble_gradient)
                .map(|(judgement, direction)| (judgement, Some(direction)))
        } else {
            objective.judge(self.model, x, y, self.ensemble_gradient).map(|judgement| (judgement, None))
        };
        let (judgement, gradient) = evaluated.map_err(|error| error.of_rows(&state.rows))?;
        state.note(&judgement, gradient);
        Ok(judgement)
    }
}

/// Where the run is, a row for each image that still stands: `[n, c, h, w]` and `[n]`.
struct State {
    goal: Goal,
    /// The images' rows in the batch under attack.
    rows: Vec<i64>,
    y: Tensor,
    centre: Tensor,
    x: Tensor,
    previous: Tensor,
    /// Positive multiples of the images' gradients, of which steps take the direction.
    gradient: Tensor,
    /// Losses, here and below, as [`Judgement::height`] has them.
    loss: Tensor,
    best: Tensor,
    best_gradient: Tensor,
    best_loss: Tensor,
    best_margin: Tensor,
    step_size: Tensor,
    /// How many steps raised the loss since the last checkpoint.
    rises: Tensor,
    /// The best loss at the last checkpoint.
    checked_loss: Tensor,
    /// Whether the last checkpoint halved the step.
    halved: Tensor,
}

impl State {
    fn new(
        goal: Goal,
        rows: Vec<i64>,
        batch: Batch,
        start: Tensor,
        step_size: f64,
    ) -> Result<Self, ModelFault> {
        let zero = Tensor::zeros([rows.len() as i64], (Kind::Float, start.device()));
        let lowest = zero.to_kind(Kind::Double) - f64::INFINITY;
        Ok(Self {
            goal,
            rows,
            y: batch.classes()?.detach(),
            centre: batch.x,
            previous: start.shallow_clone(),
            gradient: start.zeros_like(),
            // Nothing rises above infinity: the start counts as no rise, and is the best so far.
            loss: -&lowest,
            best: start.shallow_clone(),
            best_gradient: start.zeros_like(),
            checked_loss: lowest.shallow_clone(),
            best_loss: lowest,
            best_margin: &zero - f64::INFINITY,
            step_size: &zero + step_size,
            rises: zero.shallow_clone(),
            halved: zero.ne(0.0),
            x: start,
        })
    }

    /// Moves on; the first step has no last move to take along.
    fn advance(&mut self, ball: &Ball, first: bool) {
        let within = |x: Tensor| ball.project(&self.centre, &x).clamp(0.0, 1.0);
        let z = within(&self.x + ball.steepest(&self.gradient) * wide(&self.step_size));
        let next = if first {
            z
        } else {
            within(&self.x + (z - &self.x) * FRESH + (&self.x - &self.previous) * (1.0 - FRESH))
        };
        self.previous = std::mem::replace(&mut self.x, next);
    }

    fn note(&mut self, judgement: &Judgement, gradient: Option<Tensor>) {
        self.rises = &self.rises + judgement.height.gt_tensor(&self.loss);
        self.loss = judgement.height.shallow_clone();
        let better = judgement.height.gt_tensor(&self.best_loss);
        self.best = self.x.where_self(&wide(&better), &self.best);
        self.best_loss = self.loss.where_self(&better, &self.best_loss);
        self.best_margin = judgement.margin.where_self(&better, &self.best_margin);
        if let Some(gradient) = gradient {
            self.best_gradient = gradient.where_self(&wide(&better), &self.best_gradient);
            self.gradient = gradient;
        }
    }

    /// Halves the step where the climb has stalled and goes back to the best point there.
    ///
    /// Stalled is an image whose loss rose in too few steps, or whose best loss is that of the last
    /// checkpoint though the step was not halved then.
    fn check(&mut self, enough_rises: f64) {
        let no_better = self.best_loss.le_tensor(&self.checked_loss).logical_and(&self.halved.logical_not());
        let stalled = self.rises.lt(enough_rises).logical_or(&no_better);
        let pixels = wide(&stalled);
        self.step_size = (&self.step_size * 0.5).where_self(&stalled, &self.step_size);
        self.x = self.best.where_self(&pixels, &self.x);
        self.gradient = self.best_gradient.where_self(&pixels, &self.gradient);
        self.loss = self.best_loss.where_self(&stalled, &self.loss);
        self.rises = self.rises.zeros_like();
        self.checked_loss = self.best_loss.shallow_clone();
        self.halved = stalled;
    }

    /// Hands over the images that the present point fools the model about.
    fn surrender(&self, fooled: &[i64], judgement: &Judgement, found: &mut Found) -> Result<(), ModelFault> {
        let index = Tensor::from_slice(fooled).to_device(self.x.device());
        let rows: Vec<i64> = fooled.iter().map(|&place| self.rows[place as usize]).collect();
        let of = |values: &Tensor| values.f_index_select(0, &index);
        found.offer(&rows, &of(&self.x)?, &of(&judgement.margin)?, &of(&judgement.wrong)?)
    }

    /// Drops all images but these.
    fn keep(&mut self, kept: &[i64]) -> Result<(), ModelFault> {
        self.rows = kept.iter().map(|&place| self.rows[place as usize]).collect();
        let index = Tensor::from_slice(kept).to_device(self.x.device());
        self.goal = self.goal.of(kept)?;
        for values in [
            &mut self.y,
            &mut self.centre,
            &mut self.x,
            &mut self.previous,
            &mut self.gradient,
            &mut self.loss,
            &mut self.best,
            &mut self.best_gradient,
            &mut self.best_loss,
            &mut self.best_margin,
            &mut self.step_size,
            &mut self.rises,
            &mut self.checked_loss,
            &mut self.halved,
        ] {
            *values = values.f_index_select(0, &index)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
