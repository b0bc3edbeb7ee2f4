//! Settings and queries; distances are compared with known optima in `tests/minimal`.

use super::*;
use crate::Protocol;
use crate::tests::{LinearProblem, noise};
use bal_core::{ClassifierError, Prediction};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

#[test]
fn settings_out_of_range_are_named() {
    let sound = HopSkipJumpSettings::default();
    let error = |settings| HopSkipJump::new(settings).unwrap_err().to_string();
    assert_eq!(error(HopSkipJumpSettings { queries: 0, ..sound }), "queries must be at least 1, got 0");
    assert_eq!(error(HopSkipJumpSettings { draws: 0, ..sound }), "draws must be at least 1, got 0");
    assert_eq!(error(HopSkipJumpSettings { first_samples: 1, ..sound }), "first_samples must be >= 2, got 1");
}

/// Counts the images that a model is shown.
struct Counting {
    model: crate::tests::Linear,
    shown: Arc<AtomicU64>,
}

impl Classifier for Counting {
    fn classes(&self) -> i64 {
        self.model.classes()
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        self.shown.fetch_add(x.size()[0] as u64, Ordering::Relaxed);
        self.model.member_logits(x)
    }

    fn prediction(&self) -> Prediction {
        self.model.prediction
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        self.model.replicate()
    }
}

#[test]
fn no_image_takes_more_queries_than_it_may() {
    let LinearProblem { model, batch } = LinearProblem::new();
    let shown = Arc::new(AtomicU64::new(0));
    let model = Counting { model, shown: shown.clone() };
    for queries in [1, 12, 40, 500, 3000] {
        for one in batch.shards(1) {
            shown.store(0, Ordering::Relaxed);
            let settings = HopSkipJumpSettings { norm: Norm::L2, queries, ..HopSkipJumpSettings::default() };
            let attack = HopSkipJump::new(settings).unwrap();
            let _ = attack.search(&model, &one, &noise()).unwrap();
            // Two more: the clean image, and the one that is given back.
            let shown = shown.load(Ordering::Relaxed);
            assert!(shown <= queries + 2, "{shown} queries where {queries} are allowed");
        }
    }
}

#[test]
fn more_queries_come_nearer() {
    let LinearProblem { model, batch } = LinearProblem::new();
    let mean = |queries| {
        let settings = HopSkipJumpSettings { norm: Norm::L2, queries, ..HopSkipJumpSettings::default() };
        let x = HopSkipJump::new(settings).unwrap().search(&model, &batch, &noise()).unwrap();
        Norm::L2.of_each(&(x - &batch.x)).mean(None::<tch::Kind>).double_value(&[])
    };
    let means = [60, 400, 4000].map(mean);
    assert!(means[0] > means[1] && means[1] > means[2], "{means:?}");
}

/// Logits 0 and `sum x - b`: uniform noise is of one class for every draw, and images of that class have no start in it.
#[test]
fn an_image_without_wrong_noise_starts_at_an_image_of_another_class() {
    let _ = noise();
    let d = 16;
    let weights = Tensor::cat(
        &[
            Tensor::zeros([1, 1, d], (Kind::Float, tch::Device::Cpu)),
            Tensor::ones([1, 1, d], (Kind::Float, tch::Device::Cpu)),
        ],
        1,
    );
    let bias = Tensor::from_slice(&[0.0, -14.0]).reshape([1, 2]);
    let model = crate::tests::Linear::new(&weights, &bias, Prediction::MeanProbability);
    // Dark images are of class 0, as is all noise; the last two are bright, and of class 1.
    let shade = |shade: f64| Tensor::full([1, 1, 4, 4], shade, (Kind::Float, tch::Device::Cpu));
    let x = Tensor::cat(&[shade(0.5), shade(0.7), shade(0.9), shade(0.95)], 0);
    let y = crate::predicted_classes(&model, &x).unwrap();
    assert_eq!(Vec::<i64>::try_from(&y).unwrap(), [0, 0, 1, 1]);
    let images = Images::new(x, &y, tch::Device::Cpu).unwrap();
    for norm in [Norm::LInf, Norm::L2] {
        let settings =
            HopSkipJumpSettings { norm, queries: 4000, draws: 50, ..HopSkipJumpSettings::default() };
        let attack = HopSkipJump::new(settings).unwrap();
        let evaluated = crate::Attack::nearest(attack.clone());
        let protocol = |limit| Protocol { attack: &evaluated, radii: None, limit, seed: 3 };
        let run = |images: &Images, limit| {
            let workers = bal_core::Workers::new(1).unwrap();
            crate::evaluate(&model, images, &protocol(limit), &workers, &|_| {}).unwrap()
        };
        let curve = run(&images, None);
        assert_eq!(curve.not_found(), 0);
        // The nearest error is where the mean is 14/16.
        let nearest = |shade: f64| match norm {
            Norm::LInf => (shade - 0.875).abs(),
            Norm::L2 => (shade - 0.875).abs() * 4.0,
        };
        for (found, shade) in curve.distances.as_ref().unwrap().iter().zip([0.5, 0.7, 0.9, 0.95]) {
            let found = found.unwrap() / nearest(shade);
            assert!((1.0..1.15).contains(&found), "{norm} {shade}: {found} of the least");
        }
        // However many images are attacked, what becomes of one is the same.
        assert_eq!(run(&images, Some(2)).distances.unwrap(), curve.distances.unwrap()[..2]);
        // Alone, or where all images are of one class, there is no start, and that is said.
        let dark = run(&images.subset(&[0, 1]), None);
        assert_eq!((dark.not_found(), dark.distances), (2, Some(vec![None, None])));
        assert_eq!(attack.search(&model, &images.batch(&[0]), &noise()).unwrap(), images.batch(&[0]).x);
    }
}
