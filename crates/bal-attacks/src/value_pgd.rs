//! Projected gradient ascent on how wrong networks are of a value.

use crate::{Ball, ModelFault, Norm, SettingError, StepSize, found::wide};
use bal_core::{Batch, Member, Mode, NoiseStream, gradients};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use tch::{Kind, Tensor};

/// What an attack on predicted values raises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueLoss {
    /// The squared error of the members' mean.
    #[default]
    SquaredError,
    /// Minus the logarithm of the members' mean density.
    NegativeLogDensity,
}

impl ValueLoss {
    /// The name in files and flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::SquaredError => "squared-error",
            Self::NegativeLogDensity => "negative-log-density",
        }
    }

    /// How high it is in each row, `[n]`, where members say `outputs`, `[S, n, 2]`, and `values` are right, `[n, 1]`.
    fn of(self, outputs: &Tensor, values: &Tensor) -> Tensor {
        let outputs = outputs.to_kind(Kind::Double);
        let values = values.to_kind(Kind::Double).squeeze_dim(1);
        let (mean, log_sd) = (outputs.select(2, 0), outputs.select(2, 1));
        match self {
            Self::SquaredError => (values - mean.mean_dim(0, false, Kind::Double)).square(),
            Self::NegativeLogDensity => {
                let z = (values.unsqueeze(0) - mean) * (-&log_sd).exp();
                -(z.square() * -0.5 - log_sd).logsumexp(0, false)
            }
        }
    }
}

impl fmt::Display for ValueLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ValueLoss {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = [Self::SquaredError, Self::NegativeLogDensity];
        all.into_iter().find(|loss| loss.name() == name).ok_or_else(|| {
            format!("unknown loss {name:?} of a value; known are squared-error and negative-log-density")
        })
    }
}

/// Steepest ascent on the loss of a value, from the row itself and from random starts, within a ball of standardised features.
///
/// ```text
/// x_k+1 = project(x_k + step_size steepest(grad l(x_k, y)))
/// ```
///
/// Each row keeps the highest of all points that were passed. There is no box: features are no pixels. For a linear network of
/// weights w and residual r the squared error reaches its greatest value in the ball, `(|r| + radius |w|_dual)^2`.
///
/// Source: Madry et al., ICLR 2018, section 2.1; on values instead of classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValuePgd {
    /// Norm of the ball.
    pub norm: Norm,
    /// Steps, at least 1.
    pub steps: u64,
    /// Length of a step, in standard deviations of a feature.
    pub step_size: StepSize,
    /// Random starts, beside the one at the row itself.
    pub restarts: u64,
    /// What is raised.
    pub loss: ValueLoss,
}

impl Default for ValuePgd {
    /// In an L-infinity ball 40 steps of a sixteenth of the radius, from the row and from one random start.
    fn default() -> Self {
        Self {
            norm: Norm::LInf,
            steps: 40,
            step_size: StepSize::RadiusOver(16.0),
            restarts: 1,
            loss: ValueLoss::SquaredError,
        }
    }
}

impl ValuePgd {
    /// The attack, if its settings can be.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without steps, [`SettingError::StepSize`] unless it is finite and positive.
    pub fn checked(self) -> Result<Self, SettingError> {
        if self.steps == 0 {
            return Err(SettingError::Zero("steps"));
        }
        Ok(Self { step_size: self.step_size.checked()?, ..self })
    }

    /// The rows that members of one posterior, all [regressors](bal_core::Role::Regressor), are most wrong about, `[n, 1, 1, d]`.
    ///
    /// # Errors
    /// [`ModelFault`] where an output or a gradient is not finite.
    ///
    /// # Panics
    /// On a batch of classes.
    pub fn perturb(
        &self,
        members: &[Member],
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, ModelFault> {
        let values = batch.targets.values().expect("only rows with values are attacked");
        let (mut best, mut height) = (batch.x.detach(), self.height(members, &batch.x, values)?.0);
        let step_size = self.step_size.at(ball.radius());
        for restart in 0..=self.restarts {
            let mut x = match restart {
                0 => batch.x.detach(),
                _ => ball.uniform(&batch.x, &mut noise.for_chain(restart).for_images(&batch.indices)),
            };
            for _ in 0..self.steps {
                let gradient = self.height(members, &x, values)?.1;
                x = ball.project(&batch.x, &(&x + ball.steepest(&gradient) * step_size));
                let found = self.height(members, &x, values)?.0;
                let higher = found.gt_tensor(&height);
                best = x.where_self(&wide(&higher), &best);
                height = found.maximum(&height);
            }
        }
        Ok(best)
    }

    /// How high the loss is at `x`, `[n]`, and its gradient.
    fn height(
        &self,
        members: &[Member],
        x: &Tensor,
        values: &Tensor,
    ) -> Result<(Tensor, Tensor), ModelFault> {
        let leaf = [x.detach().set_requires_grad(true)];
        let outputs: Vec<Tensor> =
            members.iter().map(|m| m.forward(&leaf[0], Mode::Evaluate).logits).collect();
        let height = self.loss.of(&Tensor::stack(&outputs, 0), values);
        let gradient = gradients(&height.sum(Kind::Double), &leaf).remove(0);
        for (what, tensor) in [("loss", &height), ("gradient", &gradient)] {
            let finite =
                Vec::<bool>::try_from(tensor.isfinite().reshape([x.size()[0], -1]).all_dim(1, false))?;
            if let Some(row) = finite.iter().position(|finite| !finite) {
                return Err(ModelFault::NotFinite { what, row });
            }
        }
        Ok((height.detach(), gradient))
    }
}
