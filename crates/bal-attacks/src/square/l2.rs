//! What the Square Attack tries in an L2 ball.

use super::linf::{corner, signs, sizes, window};
use bal_core::NoiseStream;
use tch::{Device, Kind, Tensor};

/// Keeps what is divided by a length that may be zero finite.
const FLOOR: f64 = 1e-12;
/// Entries below this are what rounding leaves of two unit vectors that cancel.
const CANCELLED: f64 = 1e-5;
/// The grid of the initial bumps has so many places each way.
const GRID: i64 = 5;

/// A grid of five by five bumps, each channel of each with a random sign, of the radius's length.
pub(super) fn initial(centre: &Tensor, radius: f64, noise: &mut NoiseStream) -> Tensor {
    let (channels, height, width) = sizes(centre);
    let side = (height.min(width) / GRID).max(1);
    let (down, across) = (height / side, width / side);
    let images = centre.size()[0];
    let options = (Kind::Float, centre.device());
    let draws = noise.uniform_like(&Tensor::zeros([images, channels + 1, down, across], options));
    let bump = bump(side, centre.device());
    // A bump of each image and place, on its side or not, repeated over a tile.
    let turned = draws
        .narrow(1, channels, 1)
        .lt(0.5)
        .repeat_interleave_self_int(side, 2, None)
        .repeat_interleave_self_int(side, 3, None);
    let tiled = |bump: &Tensor| bump.repeat([down, across]).unsqueeze(0).unsqueeze(0);
    let bumps = tiled(&bump.tr()).where_self(&turned, &tiled(&bump));
    let sign = signs(&draws.narrow(1, 0, channels));
    let sign = sign.repeat_interleave_self_int(side, 2, None).repeat_interleave_self_int(side, 3, None);
    // What does not fit into whole tiles stays as it is, half of it on either side.
    let (below, beside) = (height - side * down, width - side * across);
    let change =
        (bumps * sign).constant_pad_nd([beside / 2, beside - beside / 2, below / 2, below - below / 2]);
    centre + of_length(&change, radius)
}

/// Moves the perturbation of one window into another, with the length that the ball has left.
///
/// ```text
/// d = x - centre,    left = radius^2 - ||d||^2
/// new_c    = s_c bump + d_W1,c / ||d_W1,c||,    s_c = +-1
/// d'_W2,c = 0,    d'_W1,c = new_c / ||new_c|| sqrt(||d_(W1 and W2),c||^2 + left / channels)
/// ```
///
/// `W1` and `W2` are windows of one side, an odd number, at random places; they may overlap.
///
/// Source: Andriushchenko et al., ECCV 2020, Algorithm 3.
pub(super) fn proposal(
    centre: &Tensor,
    x: &Tensor,
    radius: f64,
    share: f64,
    noise: &mut NoiseStream,
) -> Tensor {
    let (channels, height, width) = sizes(centre);
    let images = centre.size()[0];
    let side = odd((share * (height * width) as f64).sqrt(), height.min(width));
    let draws = noise.uniform_like(&Tensor::zeros([images, 5 + channels], (Kind::Float, centre.device())));
    let change = x - centre;
    let into =
        pixels(&draws.narrow(1, 0, 2), [height, width], side).unsqueeze(1).expand([-1, channels, -1], false);
    let [w1, w2] = [0, 2].map(|which| window(&draws.narrow(1, which, 2), [height, width], side));

    let squared = change.square();
    let all = [1i64, 2, 3];
    let left = (radius * radius - squared.sum_dim_intlist(&all[..], true, Kind::Float)).clamp_min(0.0);
    let inside = (&squared * w1.logical_or(&w2)).sum_dim_intlist([2i64, 3].as_slice(), true, Kind::Float);
    let length = (inside + left / channels as f64).sqrt().flatten(2, -1);

    let bump = bump(side, centre.device());
    let upright = draws.narrow(1, 4, 1).lt(0.5).unsqueeze(-1);
    let flat = |bump: Tensor| bump.reshape([1, 1, -1]);
    let bumps = flat(bump.shallow_clone()).where_self(&upright, &flat(bump.tr().contiguous()));
    let old = change.flatten(2, -1).gather(2, &into, false);
    let bumps = bumps * signs(&draws.narrow(1, 5, channels)).unsqueeze(-1);
    let sum = &bumps + unit(&old);
    // In a window of one pixel the two may cancel: then the bump is all there is.
    let cancelled = sum.abs().amax(&[-1i64][..], true).lt(CANCELLED);
    let fresh = bumps.where_self(&cancelled, &sum);
    let moved = change.masked_fill(&w2, 0.0).flatten(2, -1).scatter(2, &into, &(unit(&fresh) * length));
    centre + moved.reshape(centre.size())
}

/// Two bumps side by side, one up and one down, `[side, side]`, of length 1.
///
/// Source: Andriushchenko et al., ECCV 2020, eq. 2 and the lines after it.
fn bump(side: i64, device: Device) -> Tensor {
    let half = side / 2;
    let up = hill(half, side);
    let down = hill(side - half, side);
    let values: Vec<f32> = up.into_iter().chain(down.into_iter().map(|value| -value)).collect();
    let change = Tensor::from_slice(&values).reshape([side, side]).to_device(device);
    &change / change.norm().clamp_min(FLOOR)
}

/// `sum_k=0^M 1 / (n + 1 - k)^2` at each place of a rectangle, row by row, of length 1: rings around
/// the middle, `n` of them in half the longer side.
fn hill(height: i64, width: i64) -> Vec<f32> {
    let rings = height.max(width) / 2;
    let ring = |place: i64, length: i64| (place - length / 2).abs();
    let value = |row: i64, column: i64| -> f64 {
        let outward = ring(row, height).max(ring(column, width)).min(rings);
        (0..=rings - outward).map(|k| 1.0 / ((rings + 1 - k) as f64).powi(2)).sum()
    };
    let values: Vec<f64> = (0..height)
        .flat_map(|row| (0..width).map(move |column| (row, column)))
        .map(|(r, c)| value(r, c))
        .collect();
    let length = values.iter().map(|v| v * v).sum::<f64>().sqrt().max(FLOOR);
    values.into_iter().map(|v| (v / length) as f32).collect()
}

/// The odd number, at least 3, that windows of about this side have; less where they would not fit.
fn odd(side: f64, most: i64) -> i64 {
    let side = (side.round() as i64).max(3) | 1;
    if side <= most { side } else { (most - 1) | 1 }.clamp(1, most.max(1))
}

/// Where the pixels of a window are in the flattened image, `[n, side * side]`.
fn pixels(uniform: &Tensor, [height, width]: [i64; 2], side: i64) -> Tensor {
    let step = Tensor::arange(side, (Kind::Int64, uniform.device()));
    let rows = corner(&uniform.narrow(1, 0, 1), height, side) + &step;
    let columns = corner(&uniform.narrow(1, 1, 1), width, side) + &step;
    (rows.unsqueeze(-1) * width + columns.unsqueeze(1)).flatten(1, -1)
}

/// `[n, c, pixels]` with each channel scaled to length 1, or 0 where it is 0.
fn unit(x: &Tensor) -> Tensor {
    x / x.square().sum_dim_intlist(-1, true, Kind::Float).sqrt().clamp_min(FLOOR)
}

/// Images of this length each.
fn of_length(x: &Tensor, length: f64) -> Tensor {
    x * (length / crate::Norm::L2.of_each(x).clamp_min(FLOOR))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::noise;
    use crate::{Ball, Norm};

    fn streams(chain: u64, n: i64) -> NoiseStream {
        noise().for_chain(chain).for_images(&(0..n).collect::<Vec<_>>())
    }

    fn grey(n: i64, c: i64, h: i64, w: i64) -> Tensor {
        Tensor::full([n, c, h, w], 0.5, (Kind::Float, Device::Cpu))
    }

    fn lengths(centre: &Tensor, x: &Tensor) -> Vec<f64> {
        Vec::try_from(Ball::new(Norm::L2, 1.0).unwrap().distance(centre, x)).unwrap()
    }

    #[test]
    fn all_of_the_radius_is_used_at_first_and_after_each_proposal() {
        for [c, h, w] in [[1, 28, 28], [3, 12, 10], [1, 2, 3], [2, 1, 4]] {
            let centre = grey(20, c, h, w);
            let mut x = initial(&centre, 0.3, &mut streams(0, 20));
            for (chain, share) in [(1, 0.8), (2, 0.2), (3, 0.01)] {
                assert!(lengths(&centre, &x).iter().all(|l| (l - 0.3).abs() < 1e-5), "{c} {h} {w}");
                x = proposal(&centre, &x, 0.3, share, &mut streams(chain, 20));
            }
        }
    }

    #[test]
    fn length_that_is_left_goes_into_the_window() {
        for channels in [1, 3] {
            let centre = grey(20, channels, 8, 8);
            let x = initial(&centre, 0.1, &mut streams(0, 20));
            let proposed = proposal(&centre, &x, 0.4, 0.1, &mut streams(1, 20));
            assert!(lengths(&centre, &proposed).iter().all(|l| (l - 0.4).abs() < 1e-5), "{channels}");
        }
    }

    #[test]
    fn a_proposal_changes_two_windows_and_nothing_else() {
        let centre = grey(30, 2, 9, 9);
        let x = initial(&centre, 0.3, &mut streams(0, 30));
        let proposed = proposal(&centre, &x, 0.3, 9.0 / 81.0, &mut streams(1, 30));
        let changed = proposed.ne_tensor(&x).to_kind(Kind::Float).sum_dim_intlist(
            [2i64, 3].as_slice(),
            false,
            Kind::Float,
        );
        assert!(changed.max().double_value(&[]) <= 18.0 && changed.min().double_value(&[]) > 0.0);
    }

    /// Images of 25 by 25 have 25 tiles of side 5.
    #[test]
    fn each_tile_of_the_first_point_is_a_bump_on_its_side_or_not_with_a_sign_for_each_channel() {
        let (n, centre) = (4, grey(4, 2, 25, 25));
        let change = initial(&centre, 0.3, &mut streams(0, n)) - &centre;
        let bump = bump(5, Device::Cpu);
        // Of the 25 tiles each has the same length, in each channel.
        let expected = &bump * (0.3 / 50.0_f64.sqrt());
        let mut seen = [[0; 2]; 2];
        for image in 0..n {
            for tile in 0..25 {
                let [first, second] = [0, 1].map(|channel| {
                    let tile =
                        change.get(image).get(channel).narrow(0, tile / 5 * 5, 5).narrow(1, tile % 5 * 5, 5);
                    let found = [1.0, -1.0].map(|sign| {
                        [expected.shallow_clone(), expected.tr()]
                            .map(|bump| tile.allclose(&(bump * sign), 0.0, 1e-6, false))
                    });
                    let sign = found.iter().position(|turned| turned.contains(&true)).expect("a bump");
                    (sign, found[sign].iter().position(|&found| found).unwrap())
                });
                // Both channels are turned alike.
                assert_eq!(first.1, second.1);
                seen[first.1][usize::from(first.0 == second.0)] += 1;
            }
        }
        // A quarter of 100 each, within four standard errors.
        assert!(seen.iter().flatten().all(|count| (8..=42).contains(count)), "{seen:?}");
    }

    #[test]
    fn a_bump_has_length_one_and_as_much_below_as_above() {
        for side in [1, 2, 3, 5, 25] {
            let bump = bump(side, Device::Cpu);
            assert!((bump.norm().double_value(&[]) - 1.0).abs() < 1e-5, "{side}");
            if side > 1 {
                let [up, down] =
                    [bump.clamp_min(0.0), bump.clamp_max(0.0)].map(|b| b.norm().double_value(&[]));
                assert!((up - down).abs() < 1e-5, "{side}");
            }
        }
        // The rings of a square of three: 1/4 around 1 + 1/4.
        let hill = hill(3, 3);
        assert!((hill[4] / hill[0] - 5.0).abs() < 1e-5);
        assert!(hill.iter().enumerate().all(|(i, v)| i == 4 || (v - hill[0]).abs() < 1e-6));
    }

    #[test]
    fn sides_are_odd_and_fit() {
        assert_eq!((odd(1.0, 28), odd(25.04, 28), odd(24.0, 28)), (3, 25, 25));
        assert_eq!((odd(28.0, 28), odd(3.0, 2), odd(3.0, 1), odd(9.0, 9)), (27, 1, 1, 9));
    }
}
