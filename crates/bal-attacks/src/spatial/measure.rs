//! How far pixels were moved, and the images that come of it.

use super::{cost::FlowCost, pose::posed, warp::warp};
use crate::found::wide;
use std::fmt;
use tch::{Kind, Tensor};

/// How many pixels of shift count as much as a degree: radius R allows shifts up to R / 10.
pub(super) const PIXELS_PER_DEGREE: f64 = 0.1;

/// What a spatial attack returns, and how its size is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpatialMeasure {
    /// A flow, `[n, 2, h, w]`; its size is the largest displacement of a pixel along an axis, in pixels.
    Flow,
    /// A flow; its size is its total variation, which is the distance of stAdv: see [`FlowCost`].
    FlowCost,
    /// A pose, `[n, 3]`: degrees, pixels down, pixels to the right; its size is the angle, or ten times the larger of the shifts,
    /// whichever is larger.
    Pose,
}

impl SpatialMeasure {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Flow, Self::FlowCost, Self::Pose];

    /// The name that files use: `flow`, `flow-cost` or `pose`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::FlowCost => "flow-cost",
            Self::Pose => "pose",
        }
    }

    /// The shape of what moves images of this shape, `[n, c, h, w]`.
    pub fn shape(self, images: &[i64]) -> Vec<i64> {
        let size = |axis: usize| images.get(axis).copied().unwrap_or(0);
        match self {
            Self::Flow | Self::FlowCost => vec![size(0), 2, size(2), size(3)],
            Self::Pose => vec![size(0), 3],
        }
    }

    /// The size of each witness, `[n]`, in double precision.
    pub fn of_each(self, witness: &Tensor) -> Tensor {
        let witness = witness.to_kind(Kind::Double);
        match self {
            Self::Flow => witness.abs().amax([1i64, 2, 3].as_slice(), false),
            Self::FlowCost => FlowCost::TotalVariation { smoothing: 0.0 }.of_each(&witness),
            Self::Pose => {
                let scale = Tensor::from_slice(&[1.0, 1.0 / PIXELS_PER_DEGREE, 1.0 / PIXELS_PER_DEGREE]);
                (witness.abs() * scale.to_device(witness.device())).amax([1i64].as_slice(), false)
            }
        }
    }

    /// The images that come of `x`, `[n, c, h, w]`, shaped and of the kind of `x`, without a graph.
    ///
    /// Flows move as in Xiao et al., ICLR 2018, equation 1; places outside of an image are moved to its border. Poses shift,
    /// then rotate counter-clockwise about the centre; outside is black. Both interpolate between four pixels, in double
    /// precision. An image whose witness is zero stays as it is to the bit.
    pub fn render(self, x: &Tensor, witness: &Tensor) -> Tensor {
        let _guard = tch::no_grad_guard();
        let images = match self {
            Self::Flow | Self::FlowCost => warp(x, witness),
            Self::Pose => posed(x, witness),
        };
        let still = witness.flatten(1, -1).eq(0.0).all_dim(1, false);
        x.where_self(&wide(&still), &images)
    }
}

impl fmt::Display for SpatialMeasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{images, shades};

    #[test]
    fn sizes_are_the_greatest_displacement_the_variation_and_the_degrees() {
        let flow = Tensor::from_slice(&[0.1f32, -0.3, 0.2, 0.1]).reshape([1, 2, 1, 2]);
        let size = |of: SpatialMeasure, witness: &Tensor| of.of_each(witness).double_value(&[0]);
        assert!((size(SpatialMeasure::Flow, &flow) - 0.3).abs() < 1e-7);
        assert!((size(SpatialMeasure::FlowCost, &flow) - 2.0 * 0.17f64.sqrt()).abs() < 1e-6);
        for (pose, degrees) in [([-20.0f32, 1.0, -1.5], 20.0), ([-10.0, 1.0, -1.5], 15.0)] {
            let pose = Tensor::from_slice(&pose).reshape([1, 3]);
            assert!((size(SpatialMeasure::Pose, &pose) - degrees).abs() < 1e-12);
        }
    }

    #[test]
    fn nothing_moved_is_the_same_image_to_the_bit_beside_one_that_moved() {
        let x = shades(2).x;
        for measure in SpatialMeasure::ALL {
            let witness = Tensor::zeros(measure.shape(&x.size()), (Kind::Float, tch::Device::Cpu));
            assert_eq!(measure.render(&x, &witness), x);
            let _ = witness.get(1).fill_(0.3);
            let moved = measure.render(&x, &witness);
            assert_eq!(moved.get(0), x.get(0));
            assert_ne!(moved.get(1), x.get(1));
        }
    }

    #[test]
    fn a_flow_shows_what_was_that_far_away() {
        let x = images(&[&[0.0, 0.4, 1.0]]);
        let flow = Tensor::from_slice(&[0.0f32, 0.0, 0.0, 0.5, -1.0, 7.0]).reshape([1, 2, 1, 3]);
        let moved = Vec::<f32>::try_from(SpatialMeasure::Flow.render(&x, &flow).reshape([-1])).unwrap();
        assert!(moved.iter().zip([0.2, 0.0, 1.0]).all(|(x, y)| (x - y).abs() < 1e-6), "{moved:?}");
    }
}
