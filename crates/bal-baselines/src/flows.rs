//! Adversarial data that are images whose pixels were moved.

use crate::{ChainStart, Support};
use bal_attacks::{FlowCost, warp};
use bal_core::{Batch, Generator, NoiseStream, Position};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tch::Tensor;

/// A flow moves every pixel of an image; it costs what neighbouring pixels move apart.
///
/// ```text
/// z_i = warp(x_i, f_i),    c(f_i) = TV(f_i) or Q(f_i),    f_i in K(0)
/// ```
///
/// `warp`: [`bal_attacks::warp`]. TV and Q: [`FlowCost`]. K: the [`Support`] around the flow that moves nothing, its radius in pixels.
/// Total variation leaves translations free, so its density is proper in a support only.
///
/// Positions: one part, the flows, `[n, 2, h, w]`, in pixels: down, then to the right.
///
/// Source: Ye & Zhu, NeurIPS 2018, section 4 ("certain spatial transformation"); the flow and its total variation are those of
/// Xiao et al., ICLR 2018, equations 1 and 4. The quadratic cost and the support are ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flows {
    /// What flows cost.
    pub cost: FlowCost,
    /// Where the density is not 0.
    pub support: Option<Support>,
    /// Where chains begin.
    pub start: ChainStart,
}

/// What a flow costs, as experiment files spell it.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FlowSettings {
    /// Total variation: how much neighbouring pixels move apart. A translation costs nothing, so it needs a support.
    TotalVariation {
        /// What is added below its roots, in square pixels, above 0: the smaller, the shorter a stable step.
        smoothing: f64,
    },
    /// The square of all displacements, and of the differences between neighbours.
    Quadratic {
        /// The weight of the differences, at least 0.
        stiffness: f64,
    },
}

impl FlowSettings {
    /// The cost.
    ///
    /// # Errors
    /// The name of the setting that is out of its range, and why.
    pub(crate) fn cost(self) -> Result<FlowCost, (&'static str, String)> {
        match self {
            Self::TotalVariation { smoothing } if smoothing.is_finite() && smoothing > 0.0 => {
                Ok(FlowCost::TotalVariation { smoothing })
            }
            Self::TotalVariation { smoothing } => Err((
                "total_variation.smoothing",
                format!("it must be finite and above 0, got {smoothing}: without it the cost has kinks"),
            )),
            Self::Quadratic { stiffness } if stiffness.is_finite() && stiffness >= 0.0 => {
                Ok(FlowCost::Quadratic { stiffness })
            }
            Self::Quadratic { stiffness } => {
                Err(("quadratic.stiffness", format!("it must be finite and at least 0, got {stiffness}")))
            }
        }
    }
}

/// The flow that moves no pixel of these images.
fn still(x: &Tensor) -> Tensor {
    let [n, _, h, w] = x.size()[..] else { panic!("images are [n, c, h, w], got {:?}", x.size()) };
    x.new_zeros([n, 2, h, w], (x.kind(), x.device()))
}

impl Generator for Flows {
    fn start(&self, clean: &Batch, noise: &mut NoiseStream) -> Position {
        Position::new(vec![self.start.around(&still(&clean.x), self.support.as_ref(), noise)])
    }

    fn in_sweep(&self, sweep: u64) -> Option<Arc<dyn Generator>> {
        let support = self.support?.in_sweep(sweep)?;
        Some(Arc::new(Self { support: Some(support), ..*self }))
    }

    fn is_confined(&self) -> bool {
        self.support.is_some()
    }

    fn confine(&self, clean: &Batch, before: &Position, after: &mut Position) {
        let Some(support) = self.support else { return };
        let confined = support.confine(&still(&clean.x), before.first(), after.first());
        *after = Position::new(vec![confined]);
    }

    fn images(&self, at: &Position, clean: &Batch) -> Tensor {
        warp(&clean.x, at.first())
    }

    /// Less what smoothing charges where nothing moves.
    fn cost(&self, at: &Position, _: &Batch) -> Tensor {
        let flow = at.first();
        self.cost.of_each(flow) - self.cost.of_each(&flow.detach().zeros_like())
    }

    fn curvature(&self) -> Option<f64> {
        Some(self.cost.curvature())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Boundary, SupportSettings};
    use bal_attacks::Norm;
    use bal_core::{NoiseKey, Purpose, Targets};
    use tch::{Device, Kind};

    fn noise(chain: u64) -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain })
    }

    fn batch() -> Batch {
        let x = noise(0).uniform_like(&Tensor::zeros([2, 1, 4, 5], (Kind::Float, Device::Cpu)));
        Batch { x, targets: Targets::Classes(Tensor::from_slice(&[0i64, 1])), indices: vec![3, 7] }
    }

    fn flows(start: ChainStart, radius: Option<f64>) -> Flows {
        let settings = |radius| SupportSettings {
            norm: Norm::LInf,
            radius,
            unit_box: false,
            boundary: Boundary::Reflect,
            ramp: Some(4),
        };
        let support = radius.map(|radius| Support::new(settings(radius)).unwrap());
        Flows { cost: FlowCost::Quadratic { stiffness: 2.0 }, support, start }
    }

    #[test]
    fn chains_begin_where_no_pixel_moves_and_cost_nothing_there() {
        let (flows, clean) = (flows(ChainStart::Clean, None), batch());
        let start = flows.start(&clean, &mut noise(1));
        assert_eq!(start.first().size(), [2, 2, 4, 5]);
        assert!(flows.images(&start, &clean).allclose(&clean.x, 0.0, 1e-7, false));
        assert!(flows.cost(&start, &clean).abs().max().double_value(&[]) < 1e-12);
        assert!(!flows.is_confined());
        let smoothed = Flows { cost: FlowCost::TotalVariation { smoothing: 0.01 }, ..flows };
        assert!(smoothed.cost(&start, &clean).abs().max().double_value(&[]) < 1e-6);
        let moved = Position::new(vec![noise(4).normal_like(start.first())]);
        assert!(smoothed.cost(&moved, &clean).min().double_value(&[]) > 1.0);
    }

    #[test]
    fn a_support_bounds_the_displacement_in_pixels_and_grows() {
        let clean = batch();
        let flows = flows(ChainStart::Uniform, Some(1.5));
        let largest = |flow: &Position| flow.first().abs().max().double_value(&[]);
        let start = flows.start(&clean, &mut noise(1).for_images(&clean.indices));
        assert!((1.0..=1.5).contains(&largest(&start)));
        let early = flows.in_sweep(1).unwrap();
        let start = early.start(&clean, &mut noise(1).for_images(&clean.indices));
        assert!((0.25..=0.375).contains(&largest(&start)), "{}", largest(&start));
        assert!(flows.in_sweep(4).is_none());
        let mut after = Position::new(vec![start.first() + 1.4]);
        flows.confine(&clean, &start, &mut after);
        assert!(largest(&after) <= 1.5);
    }

    #[test]
    fn the_way_back_from_images_to_flows_is_the_gradient() {
        let (flows, clean) = (flows(ChainStart::Noise(0.3), None), batch());
        let at = flows.start(&clean, &mut noise(1).for_images(&clean.indices));
        let ascent = noise(2).normal_like(&clean.x);
        let gradient = flows.pull_back(&at, &clean, &ascent);
        let value = |at: &Tensor| {
            (flows.images(&Position::new(vec![at.shallow_clone()]), &clean) * &ascent)
                .sum(Kind::Double)
                .double_value(&[])
        };
        let step = noise(3).normal_like(at.first()) * 1e-3;
        let rise = (value(&(at.first() + &step)) - value(&(at.first() - &step))) / 2.0;
        let expected = (gradient.first() * &step).sum(Kind::Double).double_value(&[]);
        // Interpolation has kinks, and single precision few digits.
        assert!((rise - expected).abs() < 0.05 * expected.abs().max(1e-3), "{rise} for {expected}");
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (settings, name) in [
            (FlowSettings::TotalVariation { smoothing: 0.0 }, "total_variation.smoothing"),
            (FlowSettings::Quadratic { stiffness: -1.0 }, "quadratic.stiffness"),
        ] {
            assert_eq!(settings.cost().unwrap_err().0, name);
        }
    }
}
