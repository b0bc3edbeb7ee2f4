use super::*;
use tch::{Device, Kind};

const KEY: NoiseKey = NoiseKey { seed: 7, purpose: Purpose::Test, sweep: 3, chain: 1 };

fn zeros(size: &[i64]) -> Tensor {
    Tensor::zeros(size, (Kind::Float, Device::Cpu))
}

const GENERATORS: [NoiseGenerator; 2] = [NoiseGenerator::ChaCha8, NoiseGenerator::Philox];

/// A stream of each generator.
fn each() -> [NoiseStream; 2] {
    GENERATORS.map(|generator| NoiseStream::by(generator, KEY))
}

#[test]
fn an_image_gets_the_same_noise_alone_among_others_and_on_another_thread() {
    for noise in each() {
        let among = noise.for_images(&[5, 9, 2]).normal_like(&zeros(&[3, 1, 4, 4]));
        let draw = |mut noise: NoiseStream| noise.normal_like(&zeros(&[1, 1, 4, 4]));
        let alone = noise.for_images(&[9]);
        let elsewhere = std::thread::scope(|scope| {
            let alone = alone.clone();
            scope.spawn(move || draw(alone)).join().unwrap()
        });
        let alone = draw(alone);
        assert_eq!(among.get(1), alone.get(0));
        assert_eq!(elsewhere, alone);
        assert_ne!(among.get(0), among.get(1));
    }
}

/// Correlations of images, of chains, and of a draw with the next, each over 100,000 numbers.
///
/// False alarms: 6 numbers at 5 standard errors, 1 in 290,000.
#[test]
fn streams_of_images_and_of_chains_and_draws_of_one_stream_are_not_correlated() {
    let n = 100_000;
    for noise in each() {
        let like = zeros(&[2, n]);
        let images = noise.for_images(&[0, 1]).normal_like(&like);
        let mut chain = noise.for_chain(8).for_images(&[0, 1]);
        let (other, later) = (chain.normal_like(&like), chain.normal_like(&like));
        let pairs =
            [(images.get(0), images.get(1)), (images.get(0), other.get(0)), (other.get(0), later.get(0))];
        for (a, b) in pairs {
            let correlation = (a * b).mean(Kind::Double).double_value(&[]);
            assert!(correlation.abs() < 5.0 / (n as f64).sqrt(), "{correlation}");
        }
    }
}

/// Mean and variance are both the shape; each is seen over 40,000 numbers.
///
/// False alarms: 12 numbers at 5 standard errors, 1 in 145,000.
#[test]
fn gamma_numbers_have_the_moments_of_their_shape() {
    let n = 40_000;
    for (mut noise, shape) in
        each().into_iter().flat_map(|noise| [0.3, 2.0, 5e4].map(|shape| (noise.clone(), shape)))
    {
        let draws = noise.gamma(&vec![shape; n]);
        let mean = draws.iter().sum::<f64>() / n as f64;
        let variance = draws.iter().map(|x| (x - shape).powi(2)).sum::<f64>() / n as f64;
        assert!((mean - shape).abs() < 5.0 * (shape / n as f64).sqrt(), "{shape}: {mean}");
        // The fourth central moment is 3 shape^2 + 6 shape.
        let error = ((2.0 * shape * shape + 6.0 * shape) / n as f64).sqrt();
        assert!((variance - shape).abs() < 5.0 * error, "{shape}: {variance}");
    }
    let mut one_by_one = NoiseStream::new(KEY);
    let mut apart = one_by_one.gamma(&[0.3]);
    apart.extend(one_by_one.gamma(&[2.0]));
    assert_eq!(apart, NoiseStream::new(KEY).gamma(&[0.3, 2.0]));
}

#[test]
fn streams_that_are_cut_and_joined_go_on_as_if_they_had_stayed_together() {
    let draw = |noise: &mut NoiseStream, n| noise.normal_like(&zeros(&[n, 2, 2]));
    for noise in each() {
        let mut together = noise.for_images(&[5, 9, 2]);
        let mut apart = together.clone();
        let mut pieces = apart.cut([2, 1]);
        let first = Tensor::cat(&[draw(&mut pieces[0], 2), draw(&mut pieces[1], 1)], 0);
        assert_eq!(first, draw(&mut together, 3));
        apart.join(pieces);
        assert_eq!(draw(&mut apart, 3), draw(&mut together, 3));
    }
}

#[test]
#[should_panic(expected = "said to draw none")]
fn silence_draws_nothing() {
    let _ = NoiseStream::silent().normal_like(&zeros(&[1]));
}

#[test]
fn every_part_of_the_key_matters() {
    let keys = [
        KEY,
        NoiseKey { seed: 8, ..KEY },
        NoiseKey { purpose: Purpose::Data, ..KEY },
        NoiseKey { sweep: 4, ..KEY },
        NoiseKey { chain: 2, ..KEY },
    ];
    for generator in GENERATORS {
        let draw = |&key: &NoiseKey| NoiseStream::by(generator, key).normal_like(&zeros(&[8]));
        let draws: Vec<Tensor> = keys.iter().map(draw).collect();
        for (i, a) in draws.iter().enumerate() {
            for b in &draws[..i] {
                assert_ne!(a, b);
            }
        }
    }
}

/// False alarms: each bound is 5 standard errors, together below 1 in 100,000.
#[test]
fn normals_have_the_moments_of_a_standard_normal() {
    let n = 400_000;
    for mut noise in each() {
        let x = noise.normal_like(&zeros(&[n])).to_kind(Kind::Double);
        let moment = |k: f64| x.pow_tensor_scalar(k).mean(Kind::Double).double_value(&[]);
        let se = |variance: f64| 5.0 * (variance / n as f64).sqrt();
        assert!(moment(1.0).abs() < se(1.0));
        assert!((moment(2.0) - 1.0).abs() < se(2.0));
        assert!((moment(4.0) - 3.0).abs() < se(96.0));
    }
}

/// Means and variances of both generators: false alarm below 1 in 400,000 (5 standard errors of four numbers).
#[test]
fn uniform_numbers_have_the_moments_of_their_law_and_stay_below_1() {
    let n = 100_000;
    for mut noise in each() {
        let x = noise.uniform_like(&zeros(&[n])).to_kind(Kind::Double);
        assert!(x.min().double_value(&[]) >= 0.0 && x.max().double_value(&[]) < 1.0);
        let mean = x.mean(Kind::Double).double_value(&[]);
        let variance = (&x - 0.5).square().mean(Kind::Double).double_value(&[]);
        assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / n as f64).sqrt(), "{mean}");
        // The fourth central moment is 1/80.
        let error = ((1.0 / 80.0 - 1.0 / 144.0) / n as f64).sqrt();
        assert!((variance - 1.0 / 12.0).abs() < 5.0 * error, "{variance}");
    }
}

/// False alarm below 1 in 1,000,000 (5 standard errors).
#[test]
fn a_dropout_mask_keeps_its_share_and_its_mean() {
    for (mut noise, keep) in
        each().into_iter().flat_map(|noise| [0.5, 0.9, 1.0].map(|keep| (noise.clone(), keep)))
    {
        let mask = noise.dropout_mask(&zeros(&[100_000]), keep);
        let kept = mask.gt(0.0).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
        assert!((kept - keep).abs() <= 5.0 * (keep * (1.0 - keep) / 1e5).sqrt());
        assert!((mask.max().double_value(&[]) - 1.0 / keep).abs() < 1e-6);
    }
}

#[test]
fn a_permutation_is_one() {
    for mut noise in each() {
        let mut order = noise.permutation(1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
}
