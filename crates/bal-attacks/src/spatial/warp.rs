//! Images that a flow distorts.

use bal_core::channels_last;
use tch::{Kind, Tensor};

/// Interpolation between the four pixels around a place.
pub(super) const BILINEAR: i64 = 0;
/// Beyond the image are the pixels at its border.
const BORDER: i64 = 1;
/// The corners of the image are those of its pixels, so that an image of one row has some.
pub(super) const CORNERS_OF_PIXELS: bool = false;

/// The images that flows make.
///
/// ```text
/// x'(i, j) = sum over the four pixels q around (i + v_ij, j + u_ij) of x(q) (1 - |i + v_ij - q_i|) (1 - |j + u_ij - q_j|)
/// ```
///
/// `x`: `[n, c, h, w]`. `flow`: `[n, 2, h, w]`, in pixels: channel 0 is `v`, down, channel 1 is `u`, to the right. A pixel
/// shows what was that far from it; places outside of the image are moved to its border. Pixels stay between the
/// least and the greatest of the image. Computed in double precision, of any kind of flow, with a graph to `flow`.
///
/// Source: Xiao et al., ICLR 2018, equation 1.
pub fn warp(x: &Tensor, flow: &Tensor) -> Tensor {
    let size = x.size();
    let still = Tensor::eye(3, (Kind::Double, x.device())).narrow(0, 0, 2).expand([size[0], 2, 3], false);
    let base = Tensor::affine_grid_generator(&still, &size, CORNERS_OF_PIXELS);
    let flow = flow.to_kind(Kind::Double);
    // The operator measures the image from -1 to 1, and takes the horizontal first.
    let along = |axis: i64, pixels: i64| flow.select(1, axis) * (2.0 / pixels as f64);
    let grid = base + Tensor::stack(&[along(1, size[3]), along(0, size[2])], -1);
    x.to_kind(Kind::Double).grid_sampler(&grid, BILINEAR, BORDER, CORNERS_OF_PIXELS).to_kind(x.kind())
}

/// Distorted images, and the way back to what distorted them.
pub(super) struct Warped {
    leaf: Tensor,
    graph: Tensor,
}

impl Warped {
    /// The images that `flow_of` some parameters makes, `[n, ..]`.
    pub(super) fn new(x: &Tensor, parameters: &Tensor, flow_of: impl FnOnce(&Tensor) -> Tensor) -> Self {
        let leaf = parameters.detach().set_requires_grad(true);
        let graph = warp(x, &flow_of(&leaf));
        Self { leaf, graph }
    }

    /// The images, without a graph.
    pub(super) fn images(&self) -> Tensor {
        channels_last(&self.graph.detach())
    }

    /// The gradient with respect to the parameters of what has this `gradient` with respect to the images.
    pub(super) fn pull_back(&self, gradient: &Tensor) -> Tensor {
        let along = (&self.graph * gradient).sum(Kind::Double);
        let gradients = Tensor::run_backward(&[&along], &[&self.leaf], false, false);
        gradients.into_iter().next().unwrap_or_else(|| self.leaf.zeros_like())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::noise;
    use tch::Device;

    const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

    fn random(shape: [i64; 4]) -> Tensor {
        noise().uniform_like(&Tensor::zeros(shape, DOUBLE))
    }

    /// `a i + b j + c` on `h` x `w` pixels, two of them.
    fn affine(a: f64, b: f64, c: f64, (h, w): (i64, i64)) -> Tensor {
        let rows = Tensor::arange(h, DOUBLE).reshape([1, 1, h, 1]) * a;
        let columns = Tensor::arange(w, DOUBLE).reshape([1, 1, 1, w]) * b;
        (rows + columns + c).repeat([2, 1, 1, 1])
    }

    fn constant(v: f64, u: f64, (h, w): (i64, i64)) -> Tensor {
        Tensor::from_slice(&[v, u]).reshape([1, 2, 1, 1]).repeat([2, 1, h, w])
    }

    fn gap(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn warp_by_whole_pixels_is_a_shift() {
        let x = random([2, 3, 5, 7]);
        let shifted = warp(&x, &constant(2.0, -1.0, (5, 7)));
        // Row i shows row i + 2, column j column j - 1; beyond the border is the border.
        let rows = x.index_select(2, &Tensor::from_slice(&[2i64, 3, 4, 4, 4]));
        let expected = rows.index_select(3, &Tensor::from_slice(&[0i64, 0, 1, 2, 3, 4, 5]));
        assert!(gap(&shifted, &expected) < 1e-12);
    }

    #[test]
    fn warp_of_an_affine_image_is_affine_in_the_flow() {
        let (a, b, size) = (0.03, -0.02, (6, 8));
        let x = affine(a, b, 0.4, size);
        let flow = (random([2, 2, size.0, size.1]) - 0.5) * 1.9;
        let expected = &x + flow.narrow(1, 0, 1) * a + flow.narrow(1, 1, 1) * b;
        let inner = |t: &Tensor| t.narrow(2, 1, size.0 - 2).narrow(3, 1, size.1 - 2);
        assert!(gap(&inner(&warp(&x, &flow)), &inner(&expected)) < 1e-12);
    }

    #[test]
    fn an_image_of_one_pixel_stays_as_it_is() {
        let x = Tensor::from_slice(&[0.3, 0.7]).reshape([2, 1, 1, 1]);
        assert!(gap(&warp(&x, &constant(0.4, -3.0, (1, 1))), &x) < 1e-15);
    }

    #[test]
    fn pixels_stay_between_the_least_and_the_greatest_in_single_precision() {
        let x = random([20, 1, 9, 9]).round().to_kind(Kind::Float);
        let y = warp(&x, &((random([20, 2, 9, 9]) - 0.5) * 9.0));
        assert_eq!(y.kind(), Kind::Float);
        assert!(y.min().double_value(&[]) >= 0.0 && y.max().double_value(&[]) <= 1.0);
    }

    #[test]
    fn pulled_back_gradients_are_those_of_finite_differences() {
        let (h, w) = (4, 5);
        let x = random([1, 2, h, w]);
        // Off the whole numbers, where the warp has kinks.
        let flow = random([1, 2, h, w]) * 0.8 + 0.1;
        let weights = random([1, 2, h, w]).flip([2, 3]);
        let value = |flow: &Tensor| (warp(&x, flow) * &weights).sum(Kind::Double).double_value(&[]);
        let found = Warped::new(&x, &flow, Tensor::shallow_clone).pull_back(&weights);
        let width = 1e-6;
        for entry in 0..2 * h * w {
            let step = Tensor::zeros([2 * h * w], DOUBLE);
            let _ = step.get(entry).fill_(width);
            let step = step.reshape([1, 2, h, w]);
            let slope = (value(&(&flow + &step)) - value(&(&flow - &step))) / (2.0 * width);
            let exact = found.reshape([-1]).double_value(&[entry]);
            assert!((slope - exact).abs() < 1e-8, "entry {entry}: {slope} for {exact}");
        }
    }
}
