//! The shortest way from an image to a plane, within `[0, 1]`.

use crate::{Norm, still_robust::sum_of_each};
use tch::{Kind, Tensor};

/// The change `d` of least norm with `value + gradient d = 0` and `x + d` in `[0, 1]`, row by row.
///
/// ```text
/// d_j = -sign(value g_j) min(t s_j, r_j),    s_j = 1 (LInf) or |g_j| (L2)
/// r_j   room of pixel j in that direction
/// t     where sum_j |g_j| min(t s_j, r_j) = |value|
/// ```
///
/// The sum is piecewise linear, concave and rising in t. Newton's steps from its first piece stay
/// below the root and fix further pixels at the border each time, so they end at the exact root, after
/// a few rounds and without sorting. Where the plane does not meet the box, every pixel that
/// counts goes to the border on the plane's side. An image without a gradient stays.
///
/// `x`, `gradient`: `[m, c, h, w]`; `value`: `[m, 1, 1, 1]`. Returns `[m, c, h, w]`.
///
/// Source: Croce & Hein, ICML 2020 (fast adaptive boundary), whose projection onto plane and box this is;
/// they solve it by sorting. The fixing of variables is that of Bitran & Hax (Management Science 27, 1981).
pub(super) fn onto_plane(norm: Norm, x: &Tensor, value: &Tensor, gradient: &Tensor) -> Tensor {
    let least = f64::from(f32::MIN_POSITIVE);
    let most = f64::from(f32::MAX);
    // The plane does not change with the scale, but squares of small gradients would vanish.
    let scale = Norm::LInf.of_each(gradient).clamp_min(least);
    let slope = gradient / &scale;
    let goal = (value.abs() / scale).clamp_max(most);
    let falls = &slope * value.sign();
    let slope = slope.abs();
    let room = x.where_self(&falls.gt(0.0), &(1.0 - x));
    let speed = match norm {
        Norm::LInf => slope.ones_like(),
        Norm::L2 => slope.shallow_clone(),
    };
    let gain = &slope * &room;
    let rate = &slope * &speed;
    let mut fixed = slope.eq(0.0);
    let mut count = -1;
    let mut t;
    loop {
        let still_needed = &goal - sum_of_each(&(&gain * &fixed));
        let rises = sum_of_each(&(&rate * fixed.logical_not()));
        // Nothing left to move: the border is as far as one gets.
        let root = still_needed / rises.clamp_min(least);
        t = root.clamp(0.0, most).where_self(&rises.gt(0.0), &goal.full_like(most));
        fixed = fixed.logical_or(&(&t * &speed).ge_tensor(&room));
        let now = fixed.sum(Kind::Int64).int64_value(&[]);
        if now == count {
            break;
        }
        count = now;
    }
    -falls.sign() * (t * speed).minimum(&room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::noise;

    const PIXELS: usize = 7;

    /// The least norm by bisection over it: the widest reach of a change of norm t is a monotone
    /// function of t, found for L2 by a bisection over the multiplier and for `LInf` directly.
    fn least_norm(norm: Norm, room: &[f64], slope: &[f64], goal: f64) -> f64 {
        let change = |t: f64| -> Vec<f64> {
            room.iter().zip(slope).map(|(r, g)| r.min(if norm == Norm::L2 { t * g } else { t })).collect()
        };
        let reach = |t: f64| change(t).iter().zip(slope).map(|(d, g)| d * g).sum::<f64>();
        let (mut low, mut high) = (0.0, 1e6);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if reach(middle) < goal { low = middle } else { high = middle }
        }
        let moving = change(high).into_iter().zip(slope).filter(|(_, g)| **g > 0.0).map(|(d, _)| d);
        match norm {
            Norm::L2 => moving.map(|d| d * d).sum::<f64>().sqrt(),
            Norm::LInf => moving.fold(0.0, f64::max),
        }
    }

    fn rows(n: i64) -> Tensor {
        let streams: Vec<i64> = (0..n).collect();
        let like = Tensor::zeros([n, 1, 1, PIXELS as i64], (Kind::Float, tch::Device::Cpu));
        noise().for_images(&streams).uniform_like(&like)
    }

    #[test]
    fn the_way_to_a_plane_is_as_short_as_bisection_finds_and_ends_on_it() {
        let n = 200;
        let x = rows(n);
        let gradient = noise().for_images(&(n..2 * n).collect::<Vec<_>>()).normal_like(&x);
        // One pixel does not count, two stand at the border.
        let _ = gradient.narrow(3, 2, 1).fill_(0.0);
        let _ = x.narrow(3, 4, 1).fill_(0.0);
        let _ = x.narrow(3, 5, 1).fill_(1.0);
        let share = rows(n).narrow(3, 0, 1) * 1.2;
        for side in [1.0, -1.0] {
            let room = x.where_self(&(&gradient * side).gt(0.0), &(1.0 - &x));
            let reach = sum_of_each(&(gradient.abs() * &room));
            // Planes near and far, a sixth of them out of reach.
            let value = &share * &reach * side;
            for norm in [Norm::LInf, Norm::L2] {
                let d = onto_plane(norm, &x, &value, &gradient);
                let moved = &x + &d;
                assert!(moved.min().double_value(&[]) >= 0.0 && moved.max().double_value(&[]) <= 1.0);
                let rest = &value + sum_of_each(&(&gradient * &d));
                let rest = Vec::<f32>::try_from(rest.reshape([-1])).unwrap();
                let lengths = Vec::<f32>::try_from(norm.of_each(&d).reshape([-1])).unwrap();
                let shares = Vec::<f32>::try_from(share.reshape([-1])).unwrap();
                for row in 0..n as usize {
                    let of = |values: &Tensor| {
                        Vec::<f64>::try_from(values.get(row as i64).reshape([-1]).to_kind(Kind::Double))
                            .unwrap()
                    };
                    let goal = of(&value)[0].abs();
                    let expected = least_norm(norm, &of(&room), &of(&gradient.abs()), goal);
                    let found = f64::from(lengths[row]);
                    assert!((found - expected).abs() < 2e-5, "{norm} row {row}: {found} for {expected}");
                    let beyond = f64::from(shares[row] - 1.0).max(0.0) * of(&reach)[0] * side;
                    assert!(
                        (f64::from(rest[row]) - beyond).abs() < 1e-5,
                        "{norm} row {row} misses the plane"
                    );
                }
            }
        }
    }

    #[test]
    fn the_way_on_a_fine_grid_is_no_shorter() {
        let x = Tensor::from_slice(&[0.9f32, 0.3]).reshape([1, 1, 1, 2]);
        let (value, w) = (-0.6, [2.0f32, 1.0]);
        let gradient = Tensor::from_slice(&w).reshape([1, 1, 1, 2]);
        for norm in [Norm::LInf, Norm::L2] {
            let d = onto_plane(
                norm,
                &x,
                &Tensor::from_slice(&[value]).reshape([1, 1, 1, 1]).to_kind(Kind::Float),
                &gradient,
            );
            let found = norm.of_each(&d).double_value(&[0, 0, 0, 0]);
            let mut best = f64::INFINITY;
            // On the plane d_2 = .6 - 2 d_1, and the first pixel has room for .1 only.
            for step in 0..=110_000 {
                let d1 = -1.0 + f64::from(step) * 1e-5;
                let d2 = 0.6 - 2.0 * d1;
                if (0.0..=1.0).contains(&(0.3 + d2)) && d1 >= -0.9 {
                    best = best.min(match norm {
                        Norm::LInf => d1.abs().max(d2.abs()),
                        Norm::L2 => d1.hypot(d2),
                    });
                }
            }
            assert!((found - best).abs() < 1e-5, "{norm}: {found} for {best}");
        }
    }

    #[test]
    fn the_scale_of_the_gradient_does_not_matter_and_without_one_nothing_moves() {
        let (x, one) = (rows(3), Tensor::from_slice(&[0.1f32]).reshape([1, 1, 1, 1]));
        let gradient = rows(3) - 0.4;
        for norm in [Norm::LInf, Norm::L2] {
            let d = onto_plane(norm, &x, &one, &gradient);
            let small = onto_plane(norm, &x, &(&one * 1e-30), &(&gradient * 1e-30));
            assert!(d.allclose(&small, 1e-4, 1e-6, false), "{norm}");
            assert_eq!(onto_plane(norm, &x, &one, &gradient.zeros_like()), x.zeros_like());
        }
    }
}
