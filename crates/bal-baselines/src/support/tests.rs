//! What happens at the rim, pixel by pixel and image by image.

use super::*;
use bal_core::{NoiseKey, Purpose};
use tch::{Device, Kind};

const ALL: [(Norm, bool, Boundary); 7] = [
    (Norm::LInf, false, Boundary::Reflect),
    (Norm::LInf, true, Boundary::Reflect),
    (Norm::L2, false, Boundary::Reflect),
    (Norm::L2, true, Boundary::Reflect),
    (Norm::LInf, true, Boundary::Project),
    (Norm::L2, true, Boundary::Project),
    (Norm::L2, false, Boundary::Reject),
];

fn support(norm: Norm, radius: f64, unit_box: bool, boundary: Boundary) -> Support {
    Support::new(SupportSettings { norm, radius, unit_box, boundary, ramp: None }).unwrap()
}

fn noise(images: i64) -> NoiseStream {
    let key = NoiseKey { seed: 5, purpose: Purpose::Test, sweep: 0, chain: 0 };
    NoiseStream::new(key).for_images(&(0..images).collect::<Vec<_>>())
}

fn row(values: &[f32]) -> Tensor {
    Tensor::from_slice(values).reshape([1, 1, 1, -1])
}

fn assert_near(found: &Tensor, expected: &[f32]) {
    assert!(
        found.allclose(&row(expected), 1e-6, 1e-6, false),
        "{:?}",
        Vec::<f32>::try_from(found.flatten(0, -1))
    );
}

/// Images of which many pixels are 0 or 1, as digits are.
fn images() -> Tensor {
    let like = Tensor::zeros([50, 1, 4, 5], (Kind::Float, Device::Cpu));
    (noise(50).normal_like(&like) + 0.5).clamp(0.0, 1.0)
}

#[test]
fn a_step_is_folded_back_pixel_by_pixel() {
    let ball = support(Norm::LInf, 0.25, true, Boundary::Reflect);
    let x = row(&[0.5, 0.5, 0.5, 0.5, 0.0, 0.0, 1.0]);
    // Inside; past each rim; past both; at the box: [0, .25] and [.75, 1].
    let z = row(&[0.6, 0.8, 0.2, 1.4, -0.1, 0.3, 1.05]);
    assert_near(&ball.confine(&x, &x, &z), &[0.6, 0.7, 0.3, 0.4, 0.1, 0.2, 0.95]);
}

#[test]
fn in_l2_the_distance_is_folded_back_and_the_direction_stays() {
    let ball = support(Norm::L2, 1.0, false, Boundary::Reflect);
    let x = row(&[0.5, 0.5]);
    // Distance 1.25 becomes .75; beyond 2 it becomes 0.
    assert_near(&ball.confine(&x, &x, &row(&[1.25, 1.5])), &[0.95, 1.1]);
    assert_near(&ball.confine(&x, &x, &row(&[3.5, 0.5])), &[0.5, 0.5]);
    let boxed = support(Norm::L2, 1.0, true, Boundary::Reflect);
    assert_near(&boxed.confine(&x, &x, &row(&[1.25, 1.5])), &[0.95, 0.9]);
}

#[test]
fn a_projected_step_ends_on_the_rim_and_a_rejected_one_is_not_made() {
    let x = row(&[0.5, 0.9]);
    let project = support(Norm::LInf, 0.25, true, Boundary::Project);
    assert_near(&project.confine(&x, &x, &row(&[0.8, 1.3])), &[0.75, 1.0]);
    let reject = support(Norm::L2, 0.5, false, Boundary::Reject);
    let before = row(&[0.6, 0.8]);
    assert_near(&reject.confine(&x, &before, &row(&[0.8, 1.4])), &[0.6, 0.8]);
    assert_near(&reject.confine(&x, &before, &row(&[0.8, 1.2])), &[0.8, 1.2]);
}

#[test]
fn a_confined_chain_never_leaves_and_what_is_inside_stays_to_the_bit() {
    let (x, mut noise) = (images(), noise(50));
    for (norm, unit_box, boundary) in ALL {
        let support = support(norm, 0.3, unit_box, boundary);
        let mut z = x.copy();
        for scale in [0.01, 0.2, 3.0, 1e6] {
            let after = &z + noise.normal_like(&z) * scale;
            z = support.confine(&x, &z, &after);
            let far = support.ball().distance(&x, &z).max().double_value(&[]);
            assert!(far <= 0.3 * (1.0 + 1e-6), "{norm} {boundary:?} {scale}: {far}");
            let (low, high) = (z.min().double_value(&[]), z.max().double_value(&[]));
            assert!(!unit_box || (low >= 0.0 && high <= 1.0), "{norm} {boundary:?} {scale}: {low} {high}");
            if norm == Norm::LInf || boundary != Boundary::Project {
                assert_eq!(support.confine(&x, &x, &z), z, "{norm} {boundary:?} {scale}");
            }
        }
    }
}

#[test]
fn an_image_is_confined_alone_as_among_others() {
    let x = images();
    let after = &x + noise(50).normal_like(&x);
    for (norm, unit_box, boundary) in ALL {
        let support = support(norm, 0.3, unit_box, boundary);
        let among = support.confine(&x, &x, &after).narrow(0, 7, 1);
        let (x, after) = (x.narrow(0, 7, 1), after.narrow(0, 7, 1));
        assert_eq!(support.confine(&x, &x, &after), among);
    }
}

/// Kolmogorov-Smirnov at 1.95 / sqrt(n): false alarm 1 in 1000.
#[test]
fn a_uniform_start_is_uniform_where_the_box_cuts_the_ball() {
    let n = 20_000;
    let x = Tensor::full([n, 1, 1, 1], 0.1, (Kind::Float, Device::Cpu));
    let start = support(Norm::LInf, 0.3, true, Boundary::Reflect).uniform(&x, &mut noise(n));
    let mut shares: Vec<f64> = Vec::try_from(start.flatten(0, -1).to_kind(Kind::Double) / 0.4).unwrap();
    shares.sort_unstable_by(f64::total_cmp);
    let gap = shares.iter().enumerate().map(|(i, share)| (share - (i as f64 + 0.5) / n as f64).abs());
    assert!(gap.fold(0.0, f64::max) < 1.95 / (n as f64).sqrt());
}

#[test]
fn a_support_that_no_chain_could_use_is_refused() {
    let error = |norm, radius, unit_box, boundary| {
        Support::new(SupportSettings { norm, radius, unit_box, boundary, ramp: None }).unwrap_err()
    };
    assert_eq!(error(Norm::L2, 0.0, false, Boundary::Reflect).0, "radius");
    assert!(error(Norm::LInf, -1.0, true, Boundary::Reflect).1.contains("-1"));
    for (norm, unit_box) in [(Norm::LInf, false), (Norm::LInf, true), (Norm::L2, true)] {
        let (setting, why) = error(norm, 0.1, unit_box, Boundary::Reject);
        assert!(setting == "boundary" && why.contains("use `reflect`"), "{why}");
    }
}

#[test]
fn the_radius_grows_linearly_and_then_stays() {
    let settings = SupportSettings {
        norm: Norm::LInf,
        radius: 0.3,
        unit_box: true,
        boundary: Boundary::Reflect,
        ramp: Some(10),
    };
    let support = Support::new(settings).unwrap();
    let radius = |sweep| support.in_sweep(sweep).map(|s| s.ball().radius());
    assert!((radius(1).unwrap() - 0.03).abs() < 1e-12 && (radius(9).unwrap() - 0.27).abs() < 1e-12);
    assert_eq!((radius(10), radius(11)), (None, None));
    assert!((support.ball().radius() - 0.3).abs() < 1e-12);
    let (name, why) = Support::new(SupportSettings { ramp: Some(0), ..settings }).unwrap_err();
    assert!(name == "ramp" && why.contains("at least 1"), "{why}");
}
