//! Images in another pose: shifted and rotated.

use super::warp::{BILINEAR, CORNERS_OF_PIXELS};
use tch::{Kind, Tensor};

/// Beyond the image is black.
const ZEROS: i64 = 0;

/// The images in these poses.
///
/// ```text
/// x'(p) = x(R p - t)    bilinear, 0 outside;    p from the centre of the image
/// ```
///
/// `x`: `[n, c, h, w]`. `pose`: `[n, 3]`: the angle of R in degrees, counter-clockwise, and the shift t in pixels, down and
/// to the right. So an image is shifted first, then rotated about its centre. Computed in double precision.
pub(super) fn posed(x: &Tensor, pose: &Tensor) -> Tensor {
    let size = x.size();
    let (h, w) = (size[2] as f64, size[3] as f64);
    let part = |of: i64| pose.to_kind(Kind::Double).select(1, of);
    let angle = part(0).deg2rad();
    let (sine, cosine) = (angle.sin(), angle.cos());
    // The operator measures the image from -1 to 1, and takes the horizontal first.
    let across = [&cosine, &(&sine * (-h / w)), &(part(2) * (-2.0 / w))].map(Tensor::shallow_clone);
    let down = [&(&sine * (w / h)), &cosine, &(part(1) * (-2.0 / h))].map(Tensor::shallow_clone);
    let theta = Tensor::stack(&[Tensor::stack(&across, -1), Tensor::stack(&down, -1)], 1);
    let grid = Tensor::affine_grid_generator(&theta, &size, CORNERS_OF_PIXELS);
    x.to_kind(Kind::Double).grid_sampler(&grid, BILINEAR, ZEROS, CORNERS_OF_PIXELS).to_kind(x.kind())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::noise;
    use tch::Device;

    fn random(h: i64, w: i64) -> Tensor {
        noise().uniform_like(&Tensor::zeros([2, 3, h, w], (Kind::Float, Device::Cpu)))
    }

    fn at(x: &Tensor, pose: [f64; 3]) -> Tensor {
        posed(x, &Tensor::from_slice(&pose).reshape([1, 3]).repeat([2, 1]))
    }

    fn gap(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn a_pose_at_0_degrees_and_whole_pixels_is_a_shift() {
        let x = random(5, 7);
        let expected = x.zeros_like();
        expected.narrow(2, 2, 3).narrow(3, 0, 6).copy_(&x.narrow(2, 0, 3).narrow(3, 1, 6));
        assert!(gap(&at(&x, [0.0, 2.0, -1.0]), &expected) < 1e-6, "2 down, 1 to the left");
        assert!(gap(&at(&x, [0.0; 3]), &x) < 1e-6);
    }

    #[test]
    fn a_quarter_turn_of_a_square_image_is_rot90() {
        let x = random(6, 6);
        for (degrees, quarters) in [(90.0, 1i64), (180.0, 2), (-90.0, 3), (270.0, 3)] {
            let expected = x.rot90(quarters, [2, 3]);
            assert!(gap(&at(&x, [degrees, 0.0, 0.0]), &expected) < 1e-6, "{degrees} degrees");
        }
    }

    #[test]
    fn half_a_turn_of_any_image_is_flipped_twice_and_the_shift_comes_first() {
        let x = random(4, 7);
        assert!(gap(&at(&x, [180.0, 0.0, 0.0]), &x.flip([2, 3])) < 1e-6);
        let shifted = at(&x, [0.0, 1.0, 0.0]);
        assert!(gap(&at(&x, [180.0, 1.0, 0.0]), &shifted.flip([2, 3])) < 1e-6);
    }

    #[test]
    fn each_image_has_its_own_pose() {
        let x = random(5, 5);
        let both = posed(&x, &Tensor::from_slice(&[0.0, 1.0, 0.0, 90.0, 0.0, 0.0]).reshape([2, 3]));
        assert!(gap(&both.get(0), &at(&x, [0.0, 1.0, 0.0]).get(0)) < 1e-6);
        assert!(gap(&both.get(1), &at(&x, [90.0, 0.0, 0.0]).get(1)) < 1e-6);
    }
}
