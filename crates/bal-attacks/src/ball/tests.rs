//! Geometry and law of balls.

use super::*;
use bal_core::{NoiseKey, Purpose};
use tch::Device;

const NORMS: [Norm; 2] = [Norm::LInf, Norm::L2];

fn noise(images: i64) -> NoiseStream {
    let key = NoiseKey { seed: 11, purpose: Purpose::Test, sweep: 0, chain: 0 };
    NoiseStream::new(key).for_images(&(0..images).collect::<Vec<_>>())
}

fn images(values: &[f32], n: i64) -> Tensor {
    Tensor::from_slice(values).reshape([n, 1, 1, -1])
}

fn flat(x: &Tensor) -> Vec<f64> {
    Vec::try_from(x.reshape([-1]).to_kind(Kind::Double)).unwrap()
}

fn close(found: &Tensor, expected: &[f64]) {
    let found = flat(found);
    assert_eq!(found.len(), expected.len());
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?} for {expected:?}");
}

#[test]
fn only_finite_radii_of_at_least_zero_are_taken() {
    for norm in NORMS {
        assert!(Ball::new(norm, 0.0).is_ok());
        for radius in [-0.1, f64::NAN, f64::INFINITY] {
            let error = Ball::new(norm, radius).unwrap_err().to_string();
            assert!(error.contains(&radius.to_string()), "{error}");
        }
    }
}

#[test]
fn projection_is_the_nearest_point_image_by_image() {
    let centre = images(&[0.0, 0.0, 1.0, 1.0], 2);
    let x = images(&[3.0, 4.0, 1.1, 1.0], 2);
    close(&Ball::new(Norm::L2, 1.0).unwrap().project(&centre, &x), &[0.6, 0.8, 1.1, 1.0]);
    close(&Ball::new(Norm::LInf, 3.5).unwrap().project(&centre, &x), &[3.0, 3.5, 1.1, 1.0]);
}

#[test]
fn projection_keeps_what_is_inside_to_the_bit_and_a_ball_of_radius_zero_is_its_centre() {
    for norm in NORMS {
        let centre = noise(5).uniform_like(&Tensor::zeros([5, 1, 4, 4], (Kind::Float, Device::Cpu)));
        let inside = Ball::new(norm, 0.3).unwrap().uniform(&centre, &mut noise(5));
        assert_eq!(Ball::new(norm, 0.31).unwrap().project(&centre, &inside), inside);
        let point = Ball::new(norm, 0.0).unwrap();
        assert_eq!(point.project(&centre, &inside), centre);
        assert_eq!(point.project(&centre, &centre), centre);
        assert_eq!(point.uniform(&centre, &mut noise(5)), centre);
    }
}

#[test]
fn the_steepest_step_has_norm_one_and_reaches_the_dual_norm() {
    let g = images(&[3.0, -4.0, 0.5, 0.0], 2);
    close(&Ball::new(Norm::LInf, 1.0).unwrap().steepest(&g), &[1.0, -1.0, 1.0, 0.0]);
    close(&Ball::new(Norm::L2, 1.0).unwrap().steepest(&g), &[0.6, -0.8, 1.0, 0.0]);
}

#[test]
fn a_zero_gradient_gives_no_step_and_a_tiny_one_a_whole_one() {
    for norm in NORMS {
        let steps = Ball::new(norm, 1.0).unwrap().steepest(&images(&[0.0, 0.0, 3e-30, 0.0], 2));
        close(&steps, &[0.0, 0.0, 1.0, 0.0]);
    }
}

#[test]
fn distance_is_per_image_and_in_double_precision() {
    let centre = images(&[0.0, 0.0, 1.0, 1.0], 2);
    let x = images(&[3.0, 4.0, 1.0, 0.5], 2);
    let of = |norm| Ball::new(norm, 1.0).unwrap().distance(&centre, &x);
    assert_eq!(of(Norm::L2).kind(), Kind::Double);
    assert_eq!((flat(&of(Norm::L2)), flat(&of(Norm::LInf))), (vec![5.0, 0.5], vec![4.0, 0.5]));
}

/// Kolmogorov-Smirnov at 1.95 / sqrt(n): false alarm 1 in 1000 for each norm.
#[test]
fn points_are_uniform_in_the_ball() {
    let (n, d, radius) = (20_000, 6, 0.4);
    let centre = Tensor::full([n, 1, 2, 3], 0.5, (Kind::Float, Device::Cpu));
    for norm in NORMS {
        let ball = Ball::new(norm, radius).unwrap();
        let x = ball.uniform(&centre, &mut noise(n));
        let mut shares: Vec<f64> =
            flat(&ball.distance(&centre, &x)).iter().map(|r| (r / radius).powi(d)).collect();
        shares.sort_unstable_by(f64::total_cmp);
        let gap = shares.iter().enumerate().map(|(i, s)| (s - (i as f64 + 0.5) / n as f64).abs());
        assert!(gap.fold(0.0, f64::max) < 1.95 / (n as f64).sqrt(), "{norm}");
        // No direction is preferred: each pixel's mean is the centre's (5 standard errors at most).
        let means = (x - &centre).mean_dim(0, false, Kind::Double);
        let bound = 5.0 * radius / (3.0 * n as f64).sqrt();
        assert!(flat(&means).iter().all(|m| m.abs() < bound), "{norm}");
    }
}

#[test]
fn an_image_starts_at_the_same_point_alone_and_among_others() {
    let centre = Tensor::full([3, 1, 2, 3], 0.5, (Kind::Float, Device::Cpu));
    for norm in NORMS {
        let ball = Ball::new(norm, 0.4).unwrap();
        let among = ball.uniform(&centre, &mut noise(3));
        let alone = ball.uniform(&centre.narrow(0, 2, 1), &mut noise(1).for_images(&[2]));
        assert_eq!(among.narrow(0, 2, 1), alone);
    }
}
