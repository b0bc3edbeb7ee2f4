//! What a round consists of: the start, the way to the boundary, the directions asked about, the step along them.

use super::*;
use crate::tests::{Linear, batch, close, images, linear, noise};
use bal_core::{ClassifierError, Prediction};
use std::sync::Mutex;

/// Wrong, for images of class 0, is what has a first pixel above .7; notes what it is shown.
struct Shown {
    model: Linear,
    shown: Mutex<Vec<Vec<Vec<f64>>>>,
}

impl Shown {
    fn new() -> Self {
        Self::above(0.7)
    }

    fn above(bound: f64) -> Self {
        let model = linear(&[[[0.0, 0.0], [1.0, 0.0]]], &[[0.0, -bound]], Prediction::MeanLogits);
        Self { model, shown: Mutex::default() }
    }

    fn forget(&self) {
        self.shown.lock().unwrap().clear();
    }

    fn shown(&self) -> Vec<Vec<Vec<f64>>> {
        std::mem::take(&mut self.shown.lock().unwrap())
    }
}

impl Classifier for Shown {
    fn classes(&self) -> i64 {
        2
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        self.shown.lock().unwrap().push(rows(x));
        self.model.member_logits(x)
    }

    fn prediction(&self) -> Prediction {
        self.model.prediction
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        self.model.replicate()
    }
}

fn rows(x: &Tensor) -> Vec<Vec<f64>> {
    let all = Vec::<f64>::try_from(x.detach().to_kind(Kind::Double).reshape([-1])).unwrap();
    all.chunks(2).map(<[f64]>::to_vec).collect()
}

/// What `look` sees of one image that the model has right, with a thousand queries.
fn with_one(model: &Shown, image: [f64; 2], look: impl Fn(&mut Decisions, &StillRobust)) {
    noise();
    let _ = on_still_robust(model, &batch(&[&image], &[0]), |robust| {
        model.forget();
        look(&mut Decisions::new(model, robust, 1000), robust);
        Ok(robust.x.shallow_clone())
    })
    .unwrap();
}

#[test]
fn estimates_take_queries_by_the_root_of_the_round_up_to_the_most() {
    let attack =
        HopSkipJump::new(HopSkipJumpSettings { most_samples: 250, ..HopSkipJumpSettings::default() });
    assert_eq!(
        [1, 2, 4, 6, 7, 100].map(|round| attack.as_ref().unwrap().samples(round)),
        [100, 141, 200, 244, 250, 250]
    );
}

#[test]
fn random_noise_is_blended_with_the_image_to_a_thousandth_of_the_way_from_the_boundary() {
    let model = Shown::new();
    with_one(&model, [0.2, 0.5], |decisions, robust| {
        let draws = Draws { most: 100, reserve: 10, elsewhere: None, norm: Norm::L2 };
        let (found, x) = draws.find(decisions, robust, &noise()).unwrap();
        assert_eq!(found, [0]);
        let first = x.double_value(&[0, 0, 0, 0]);
        assert!(first > 0.7 && first < 0.7 + 0.8 / 1024.0 + 1e-6, "{first}");
    });
}

#[test]
fn each_random_start_is_another_one_uniform_in_the_box() {
    let model = Shown::above(2.0);
    with_one(&model, [0.2, 0.5], |decisions, robust| {
        let draws = Draws { most: 100, reserve: 10, elsewhere: None, norm: Norm::L2 };
        assert!(draws.find(decisions, robust, &noise()).unwrap().0.is_empty());
        let mut first: Vec<f64> = model.shown().iter().map(|shown| shown[0][0]).collect();
        first.sort_by(f64::total_cmp);
        assert_eq!(first.len(), 100);
        // Kolmogorov-Smirnov at 1.95 / sqrt(n): false alarm 1 in 1000.
        let gap = first.iter().enumerate().map(|(i, x)| (x - (i as f64 + 0.5) / 100.0).abs());
        assert!(gap.fold(0.0, f64::max) < 0.195);
    });
}

/// From (.5, .5) to (.9, .6) the model changes its mind at .7, half of the way: in L2 the second pixel goes half of its way, in
/// L-infinity, where .1 is within reach, all of it.
#[test]
fn the_way_to_the_boundary_is_a_line_in_l2_and_cuts_pixels_off_in_l_infinity() {
    let model = Shown::new();
    with_one(&model, [0.5, 0.5], |decisions, robust| {
        for (norm, second) in [(Norm::L2, 0.55), (Norm::LInf, 0.6)] {
            let far = images(&[&[0.9, 0.6]]);
            let x = boundary::approach(decisions, &[0], &robust.x, &far, norm, 20).unwrap();
            let [first, other] = [0, 1].map(|pixel| x.double_value(&[0, 0, 0, pixel]));
            assert!(
                first > 0.7 && first < 0.7 + 1e-6 && (other - second).abs() < 1e-6,
                "{norm} {first} {other}"
            );
        }
    });
}

#[test]
fn a_step_is_halved_until_the_image_is_wrong_and_taken_whole_where_it_is_at_once() {
    let model = Shown::new();
    with_one(&model, [0.5, 0.5], |decisions, _| {
        // Down from .75, where .05 is too far.
        let (x, v) = (images(&[&[0.75, 0.5]]), images(&[&[-1.0, 0.5]]));
        let step = Tensor::from_slice(&[0.16f32]);
        let reached = HopSkipJump::stride(decisions, &[0], &x, &v, &step, 0).unwrap();
        let asked: Vec<f64> = model.shown().iter().map(|shown| shown[0][0]).collect();
        close(&asked, &[0.59, 0.67, 0.71]);
        close(&rows(&reached)[0], &[0.71, 0.52]);
        let reached = HopSkipJump::stride(decisions, &[0], &x, &v.neg(), &step, 0).unwrap();
        close(&rows(&reached)[0], &[0.91, 0.42]);
        assert_eq!(model.shown().len(), 1);
    });
}

/// What is left of moves at the border is what counts: up from (.9999999, .5) hardly anything.
#[test]
fn directions_are_those_that_were_asked_about_after_clipping() {
    let model = Shown::new();
    with_one(&model, [0.5, 0.5], |decisions, _| {
        let direction = Direction { norm: Norm::L2, samples: 400, round: 1 };
        let (x, delta) = (images(&[&[1.0, 0.5]]), Tensor::from_slice(&[0.1f32]));
        let v = direction.estimate(decisions, &[0], &x, &delta, &noise()).unwrap();
        let asked = &model.shown()[0];
        assert_eq!(asked.len(), 400);
        let lengths: Vec<f64> = asked.iter().map(|x| (x[0] - 1.0).hypot(x[1] - 0.5)).collect();
        assert!(lengths.iter().all(|length| *length < 0.1 + 1e-6));
        let within = lengths.iter().zip(asked).filter(|(_, x)| x[0] < 1.0);
        assert!(within.clone().all(|(length, _)| (length - 0.1).abs() < 1e-6));
        assert!((150..250).contains(&within.count()));
        // All are wrong, so the direction is the mean of the moves, whose first pixel never rises.
        let mean = asked.iter().fold([0.0; 2], |sum, x| [sum[0] + x[0] - 1.0, sum[1] + x[1] - 0.5]);
        let length = mean[0].hypot(mean[1]);
        let v = &rows(&v)[0];
        assert!((v[0] - mean[0] / length).abs() < 1e-4 && (v[1] - mean[1] / length).abs() < 1e-4, "{v:?}");
        assert!(v[0] < -0.9);
    });
}

/// Of a linear classifier: the samples lie at a share of the distance, one of the number of pixels; the step that is tried first
/// has the distance divided by the root of the round.
#[test]
fn samples_and_steps_have_the_lengths_of_the_paper_round_by_round() {
    let model = Shown::new();
    let settings = HopSkipJumpSettings { norm: Norm::L2, queries: 700, ..HopSkipJumpSettings::default() };
    let attack = HopSkipJump::new(settings).unwrap();
    let clean = [0.45, 0.5];
    noise();
    let _ = attack.search(&model, &batch(&[&clean], &[0]), &noise()).unwrap();
    let shown = model.shown();
    let from = |a: &[f64], b: &[f64]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let (mut rounds, mut first_ways) = (0, vec![]);
    for (place, samples) in shown.iter().enumerate().filter(|(_, shown)| shown.len() > 1) {
        rounds += 1;
        assert_eq!(samples.len(), (100.0 * f64::from(rounds).sqrt()) as usize);
        // They lie on a circle, so two of them and their radius give its middle to within their mean.
        let n = samples.len() as f64;
        let middle: Vec<f64> =
            (0..2).map(|pixel| samples.iter().map(|x| x[pixel]).sum::<f64>() / n).collect();
        let distance = from(&middle, &clean);
        let radius = (samples.iter().map(|x| from(x, &middle).powi(2)).sum::<f64>() / n).sqrt();
        assert!((radius / (distance / 2.0) - 1.0).abs() < 0.1, "round {rounds}: {radius} {distance}");
        // The model changes its mind at .7 whatever the second pixel is.
        assert!((middle[0] - 0.7).abs() < 0.15 * radius * 2.0);
        let step = from(&shown[place + 1][0], &middle) / (distance / f64::from(rounds).sqrt());
        assert!((step - 1.0).abs() < 0.15, "round {rounds}: {step}");
        first_ways.push([0, 1].map(|pixel| (samples[0][pixel] - middle[pixel]) / radius));
    }
    assert!(rounds >= 3, "{rounds}");
    let alike = first_ways[0][0] * first_ways[1][0] + first_ways[0][1] * first_ways[1][1];
    assert!(alike < 0.9, "the second round asks about other directions: {alike}");
}
