//! What the Square Attack tries in an L-infinity ball.

use super::super::found::wide;
use bal_core::NoiseStream;
use tch::{Kind, Tensor};

/// Vertical stripes one pixel wide, each channel of each by plus or minus the radius.
pub(super) fn initial(centre: &Tensor, radius: f64, noise: &mut NoiseStream) -> Tensor {
    let like = centre.narrow(2, 0, 1);
    centre + signs(&noise.uniform_like(&like)) * radius
}

/// A window at a random place, in which each channel is the image's plus or minus the radius.
///
/// A window that would change nothing has the other signs: for the model it would be a question
/// asked before.
///
/// Source: Andriushchenko et al., ECCV 2020, Algorithm 2. Theirs adds plus or minus twice the radius
/// and projects, which is the same on a point that has every pixel at the rim.
pub(super) fn proposal(
    centre: &Tensor,
    x: &Tensor,
    radius: f64,
    share: f64,
    noise: &mut NoiseStream,
) -> Tensor {
    let (channels, height, width) = sizes(centre);
    let side = ((share * (height * width) as f64).sqrt().round() as i64).clamp(1, height.min(width));
    let draws =
        noise.uniform_like(&Tensor::zeros([centre.size()[0], 2 + channels], (Kind::Float, centre.device())));
    let window = window(&draws.narrow(1, 0, 2), [height, width], side);
    let change = signs(&draws.narrow(1, 2, channels)).unsqueeze(-1).unsqueeze(-1) * radius;
    let with = |change: &Tensor| (centre + change).clamp(0.0, 1.0).where_self(&window, x);
    let proposed = with(&change);
    let changed = proposed.ne_tensor(x).flatten(1, -1).any_dim(1, false);
    with(&change.where_self(&wide(&changed), &change.neg()))
}

/// 1 or -1 for numbers in `[0, 1)`.
pub(super) fn signs(uniform: &Tensor) -> Tensor {
    (uniform - 0.5).sign() + uniform.eq(0.5)
}

/// Channels, height and width of images.
pub(super) fn sizes(x: &Tensor) -> (i64, i64, i64) {
    let size = x.size();
    (size[1], size[2], size[3])
}

/// The corner of a window of this side, uniform over where it fits: integers, shaped as `uniform`.
pub(super) fn corner(uniform: &Tensor, length: i64, side: i64) -> Tensor {
    let places = (length - side + 1) as f64;
    (uniform * places).floor().clamp_max(places - 1.0).to_kind(Kind::Int64)
}

/// A square of each image, as a mask `[n, 1, h, w]`, at the place of two numbers in `[0, 1)`, `[n, 2]`.
pub(super) fn window(uniform: &Tensor, [height, width]: [i64; 2], side: i64) -> Tensor {
    let along = |which: i64, length: i64| {
        let first = corner(&uniform.narrow(1, which, 1), length, side);
        let places = Tensor::arange(length, (Kind::Int64, uniform.device())) - first;
        places.ge(0).logical_and(&places.lt(side))
    };
    along(0, height).unsqueeze(-1).logical_and(&along(1, width).unsqueeze(1)).unsqueeze(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::noise;
    use tch::Device;

    fn grey(n: i64, c: i64, h: i64, w: i64) -> Tensor {
        Tensor::full([n, c, h, w], 0.5, (Kind::Float, Device::Cpu))
    }

    fn streams(chain: u64, n: i64) -> NoiseStream {
        noise().for_chain(chain).for_images(&(0..n).collect::<Vec<_>>())
    }

    #[test]
    fn stripes_are_vertical_and_at_the_rim() {
        let x = initial(&grey(6, 2, 4, 5), 0.1, &mut streams(0, 6)) - 0.5;
        assert!((x.abs() - 0.1).abs().max().double_value(&[]) < 1e-6);
        assert_eq!(x, x.narrow(2, 0, 1).expand_as(&x));
        assert_ne!(x.narrow(1, 0, 1), x.narrow(1, 1, 1));
    }

    #[test]
    fn a_proposal_changes_part_of_one_square_to_the_rim_and_never_nothing() {
        let (n, centre) = (50, grey(50, 1, 6, 8));
        let x = initial(&centre, 0.1, &mut streams(0, n));
        for (chain, share) in [(1, 0.4), (2, 0.1), (3, 0.001)] {
            let proposed = proposal(&centre, &x, 0.1, share, &mut streams(chain, n));
            assert!(((&proposed - &centre).abs() - 0.1).abs().max().double_value(&[]) < 1e-6);
            let side = ((share * 48.0_f64).sqrt().round() as i64).max(1);
            for image in 0..n {
                let changed = proposed.ne_tensor(&x).get(image).get(0);
                let extent = |dim: i64| {
                    let places = changed.any_dim(dim, false).nonzero();
                    let (low, high) = (places.min().int64_value(&[]), places.max().int64_value(&[]));
                    high - low + 1
                };
                assert!(extent(0) <= side && extent(1) <= side, "image {image}, share {share}");
            }
        }
    }

    /// The rounded root of the share of 48 pixels: 4.38, 2.19, .22. From the image itself, every pixel of a window moves.
    #[test]
    fn a_window_has_the_share_of_the_image_and_each_channel_a_sign_of_its_own() {
        let (n, centre) = (60, grey(60, 2, 6, 8));
        for (chain, share, pixels) in [(1, 0.4, 16), (2, 0.1, 4), (3, 0.001, 1)] {
            let change = proposal(&centre, &centre, 0.1, share, &mut streams(chain, n)) - &centre;
            let moved = change.ne(0.0).sum_dim_intlist([2i64, 3].as_slice(), false, Kind::Int64);
            assert_eq!(moved, moved.full_like(pixels), "share {share}");
            let signs = change.sum_dim_intlist([2i64, 3].as_slice(), false, Kind::Float).sign();
            let alike = signs.select(1, 0).eq_tensor(&signs.select(1, 1)).sum(Kind::Int64).int64_value(&[]);
            // Half of 60, within four standard errors.
            assert!((15..=45).contains(&alike), "{alike}");
            let up = signs.gt(0.0).sum(Kind::Int64).int64_value(&[]);
            assert!((38..=82).contains(&up), "{up} of 120 signs are up");
        }
    }

    #[test]
    fn windows_reach_every_place_where_they_fit_and_no_other() {
        let n = 2000;
        let draws = streams(4, n).uniform_like(&Tensor::zeros([n, 2], (Kind::Float, Device::Cpu)));
        let mask = window(&draws, [4, 5], 3);
        assert_eq!(mask.size(), [n, 1, 4, 5]);
        let area = mask.to_kind(Kind::Float).sum_dim_intlist([1i64, 2, 3].as_slice(), false, Kind::Float);
        assert_eq!((area.min().double_value(&[]), area.max().double_value(&[])), (9.0, 9.0));
        // Two places down, three across: each corner pixel is covered by one of the six, and the
        // share of 1/6 is met within five standard errors.
        let corner =
            mask.select(2, 0).select(2, 0).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
        assert!((corner - 1.0 / 6.0).abs() < 5.0 * (5.0 / 36.0 / n as f64).sqrt(), "{corner}");
    }
}
