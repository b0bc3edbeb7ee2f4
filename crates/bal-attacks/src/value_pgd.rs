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

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{Architecture, Forward, NoiseKey, Position, Purpose, Role, Targets, TensorSpec};
    use std::sync::Arc;

    /// Says `w . x` with a noise of .5; or what the last two features say alone, with a noise that grows along the first.
    #[derive(Debug)]
    struct Line {
        grows: bool,
    }

    impl Architecture for Line {
        fn name(&self) -> &'static str {
            "line"
        }

        fn classes(&self) -> i64 {
            1
        }

        fn input(&self) -> [i64; 3] {
            [1, 1, 3]
        }

        fn role(&self) -> Role {
            Role::Regressor
        }

        fn parameters(&self) -> Vec<TensorSpec> {
            vec![TensorSpec::new("weight", &[3])]
        }

        fn init(&self, _: &mut NoiseStream) -> (Position, Position) {
            (Position::new(vec![Tensor::from_slice(&[0.3_f32, -0.4, 1.2])]), Position::new(vec![]))
        }

        fn forward(&self, parameters: &Position, _: &Position, x: &Tensor, _: Mode) -> Forward {
            let x = x.flatten(1, -1);
            let weights = parameters.first().unsqueeze(1);
            let value = |from: i64| x.narrow(1, from, 3 - from).matmul(&weights.narrow(0, from, 3 - from));
            let (value, log_sd) = if self.grows {
                (value(1), x.narrow(1, 0, 1))
            } else {
                (value(0), value(0).full_like(0.5_f64.ln()))
            };
            Forward { logits: Tensor::cat(&[value, log_sd], 1), buffers: None }
        }
    }

    fn noise() -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain: 0 })
    }

    fn members(grows: bool) -> Vec<Member> {
        let network: Arc<dyn Architecture> = Arc::new(Line { grows });
        vec![Member::init(&network, &mut noise())]
    }

    fn batch() -> Batch {
        let x = Tensor::from_slice(&[0.1_f32, 2.0, -1.0, -0.5, 0.4, 0.3]).reshape([2, 1, 1, 3]);
        Batch {
            x,
            targets: Targets::Values(Tensor::from_slice(&[0.7_f32, -0.2]).reshape([2, 1])),
            indices: vec![0, 1],
        }
    }

    /// The squared error of a line is greatest at `(|r| + radius |w|_dual)^2`; features have no box.
    #[test]
    fn on_a_line_it_finds_the_greatest_error_of_the_ball() {
        let (members, batch) = (members(false), batch());
        let w = [0.3_f64, -0.4, 1.2];
        for (norm, dual) in [(Norm::LInf, w.iter().map(|w| w.abs()).sum::<f64>()), (Norm::L2, 1.3)] {
            for loss in [ValueLoss::SquaredError, ValueLoss::NegativeLogDensity] {
                let attack = ValuePgd { norm, loss, ..ValuePgd::default() };
                let ball = Ball::new(norm, 0.2).unwrap();
                let x = attack.perturb(&members, &batch, ball, &noise()).unwrap();
                let distance = Vec::<f64>::try_from(ball.distance(&batch.x, &x)).unwrap();
                assert!(distance.iter().all(|distance| *distance <= 0.2 * (1.0 + 1e-5)), "{distance:?}");
                let error = |x: &Tensor| {
                    let said = members[0].forward(x, Mode::Evaluate).logits.narrow(1, 0, 1);
                    Vec::<f64>::try_from(
                        (batch.targets.values().unwrap() - said).abs().to_kind(Kind::Double).reshape([-1]),
                    )
                    .unwrap()
                };
                for (attacked, clean) in error(&x).into_iter().zip(error(&batch.x)) {
                    assert!(
                        (attacked - (clean + 0.2 * dual)).abs() < 2e-3,
                        "{norm:?} {loss}: {attacked} {clean}"
                    );
                }
            }
        }
    }

    /// Where the noise can be talked down, the density falls further than by the error alone: errors here are several
    /// deviations.
    #[test]
    fn the_density_is_lowered_by_a_noise_that_is_too_small() {
        let (members, batch) = (members(true), batch());
        let batch = Batch { targets: batch.targets.map(|values| values * 5.0), ..batch };
        let ball = Ball::new(Norm::LInf, 0.3).unwrap();
        let of = |loss: ValueLoss| {
            let x =
                ValuePgd { loss, ..ValuePgd::default() }.perturb(&members, &batch, ball, &noise()).unwrap();
            let outputs = members[0].forward(&x, Mode::Evaluate).logits.unsqueeze(0);
            let height = ValueLoss::NegativeLogDensity.of(&outputs, batch.targets.values().unwrap());
            Vec::<f64>::try_from(height).unwrap()
        };
        let (by_error, by_density) = (of(ValueLoss::SquaredError), of(ValueLoss::NegativeLogDensity));
        assert!(by_density.iter().zip(&by_error).all(|(a, b)| *a > b + 0.1), "{by_density:?} {by_error:?}");
    }

    #[test]
    fn settings_that_cannot_be_are_refused() {
        let usual = ValuePgd::default();
        assert!(ValuePgd { steps: 0, ..usual }.checked().unwrap_err().to_string().contains("steps"));
        let still = ValuePgd { step_size: StepSize::Absolute(0.0), ..usual };
        assert!(still.checked().is_err());
        assert!("squared".parse::<ValueLoss>().unwrap_err().contains("squared-error"));
    }
}
