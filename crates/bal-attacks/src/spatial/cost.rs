//! What a flow costs: how much neighbouring pixels move apart.

use tch::{Kind, Tensor};

/// The cost of a flow `f`, `[n, 2, h, w]` in pixels, of each image on its own.
///
/// ```text
/// total variation   TV(f) = sum over pixels p, sum over the up to four neighbours q of p, of sqrt(|f_p - f_q|^2 + smoothing)
/// quadratic         Q(f)  = |f|^2 + stiffness sum over pairs of neighbours (p, q) of |f_p - f_q|^2
/// ```
///
/// Total variation counts each pair twice, as the equation is printed, and without smoothing is a norm of the flow but for
/// translations, which cost nothing. With `smoothing` it has a gradient everywhere. The quadratic form is ours: it also
/// charges translations, so that `exp(-Q)` is a density.
///
/// Neighbours are above, below, left and right. (Published code differs: one has the diagonal neighbours, another one root over
/// the whole flow.)
///
/// Source: Xiao et al., ICLR 2018, equation 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FlowCost {
    /// Total variation.
    TotalVariation {
        /// What is added below the roots, in square pixels, at least 0.
        smoothing: f64,
    },
    /// The quadratic form.
    Quadratic {
        /// The weight of differences between neighbours, at least 0.
        stiffness: f64,
    },
}

impl FlowCost {
    /// The cost of each flow, `[n]`.
    pub fn of_each(&self, flow: &Tensor) -> Tensor {
        let squares = [2, 3].map(|axis| {
            let pairs = (flow.size()[axis as usize] - 1).max(0);
            let apart = flow.narrow(axis, 1, pairs) - flow.narrow(axis, 0, pairs);
            apart.square().sum_dim_intlist(1i64, false, None::<Kind>)
        });
        let sum = |values: &Tensor| values.flatten(1, -1).sum_dim_intlist(1i64, false, None::<Kind>);
        match *self {
            Self::TotalVariation { smoothing } => {
                let [down, right] = squares.map(|square| sum(&(square + smoothing).sqrt()));
                (down + right) * 2.0
            }
            Self::Quadratic { stiffness } => {
                let [down, right] = squares.map(|square| sum(&square));
                sum(&flow.square()) + (down + right) * stiffness
            }
        }
    }

    /// The gradient of each flow's cost with respect to that flow, `[n, 2, h, w]`.
    ///
    /// Total variation without smoothing has none where neighbours move alike.
    pub fn gradient(&self, flow: &Tensor) -> Tensor {
        let leaf = flow.detach().set_requires_grad(true);
        let cost = self.of_each(&leaf).sum(None::<Kind>);
        let gradients = Tensor::run_backward(&[&cost], &[&leaf], false, false);
        gradients.into_iter().next().unwrap_or_else(|| flow.zeros_like())
    }

    /// A bound on the curvature: gradients of flows that are `d` apart differ by at most this times `d`.
    ///
    /// ```text
    /// total variation: 16 / sqrt(smoothing)        quadratic: 2 (1 + 8 stiffness)
    /// ```
    ///
    /// The Laplacian of a grid has no eigenvalue above 8.
    pub fn curvature(&self) -> f64 {
        match *self {
            Self::TotalVariation { smoothing } => 16.0 / smoothing.sqrt(),
            Self::Quadratic { stiffness } => 2.0 * (1.0 + 8.0 * stiffness),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::noise;
    use tch::Device;

    const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

    fn only(values: &Tensor) -> f64 {
        assert_eq!(values.size(), [1]);
        values.double_value(&[0])
    }

    #[test]
    fn costs_are_those_of_the_equations_on_four_pixels() {
        // v = (1, 4; 1, 1), u = (0, 4; 0, 0): the pixel above on the right is 5 away from both its neighbours.
        let flow = Tensor::from_slice(&[1.0, 4.0, 1.0, 1.0, 0.0, 4.0, 0.0, 0.0]).reshape([1, 2, 2, 2]);
        let variation = |smoothing| only(&FlowCost::TotalVariation { smoothing }.of_each(&flow));
        assert!((variation(0.0) - 2.0 * (5.0 + 5.0)).abs() < 1e-12);
        assert!((variation(11.0) - 2.0 * (2.0 * 6.0 + 2.0 * 11f64.sqrt())).abs() < 1e-12);
        let quadratic = only(&FlowCost::Quadratic { stiffness: 3.0 }.of_each(&flow));
        assert!((quadratic - (35.0 + 3.0 * 50.0)).abs() < 1e-12);
    }

    #[test]
    fn translations_vary_nowhere_and_one_pixel_has_no_neighbours() {
        let still = FlowCost::TotalVariation { smoothing: 0.0 };
        assert!(only(&still.of_each(&Tensor::full([1, 2, 3, 4], 0.7, DOUBLE))).abs() < 1e-12);
        assert!(only(&still.of_each(&Tensor::full([1, 2, 1, 1], 0.7, DOUBLE))).abs() < 1e-12);
    }

    #[test]
    fn gradients_are_those_of_finite_differences_and_bend_no_more_than_the_bound() {
        let like = Tensor::zeros([1, 2, 4, 3], DOUBLE);
        let mut noise = noise();
        let flow = noise.normal_like(&like) * 0.1;
        for cost in [FlowCost::TotalVariation { smoothing: 1e-2 }, FlowCost::Quadratic { stiffness: 4.0 }] {
            let gradient = cost.gradient(&flow);
            for _ in 0..20 {
                let step = noise.normal_like(&like) * 1e-5;
                let rise = only(&(cost.of_each(&(&flow + &step)) - cost.of_each(&(&flow - &step)))) / 2.0;
                let expected = (&gradient * &step).sum(Kind::Double).double_value(&[]);
                assert!((rise - expected).abs() < 1e-8, "{cost:?}: {rise} for {expected}");
                let bend = (cost.gradient(&(&flow + &step)) - &gradient).norm() / step.norm();
                assert!(bend.double_value(&[]) <= cost.curvature(), "{cost:?}: {bend:?}");
            }
        }
    }

    #[test]
    fn the_bound_is_reached_by_a_flow_that_alternates() {
        // On a chessboard every neighbour moves the other way.
        let (h, w) = (40, 40);
        let place = Tensor::arange(h, DOUBLE).reshape([h, 1]) + Tensor::arange(w, DOUBLE);
        let chess = (place.remainder(2.0) * 2.0 - 1.0).reshape([1, 1, h, w]).repeat([1, 2, 1, 1]) * 1e-6;
        for cost in [FlowCost::TotalVariation { smoothing: 1e-2 }, FlowCost::Quadratic { stiffness: 4.0 }] {
            let bend = (cost.gradient(&chess).norm() / chess.norm()).double_value(&[]);
            assert!(bend > 0.95 * cost.curvature() && bend <= cost.curvature(), "{cost:?}: {bend}");
        }
    }
}
