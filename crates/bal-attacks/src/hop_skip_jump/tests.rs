//! Settings and queries; distances are compared with known optima in `tests/minimal`.

use super::*;
use crate::tests::{LinearProblem, noise};
use bal_core::{ClassifierError, Prediction};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

#[test]
fn settings_out_of_range_are_named() {
    let sound = HopSkipJumpSettings::default();
    let error = |settings| HopSkipJump::new(Norm::L2, settings).unwrap_err().to_string();
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
            let settings = HopSkipJumpSettings { queries, ..HopSkipJumpSettings::default() };
            let attack = HopSkipJump::new(Norm::L2, settings).unwrap();
            let _ = attack.perturb(&model, &one, &noise()).unwrap();
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
        let settings = HopSkipJumpSettings { queries, ..HopSkipJumpSettings::default() };
        let x = HopSkipJump::new(Norm::L2, settings).unwrap().perturb(&model, &batch, &noise()).unwrap();
        Norm::L2.of_each(&(x - &batch.x)).mean(None::<tch::Kind>).double_value(&[])
    };
    let means = [60, 400, 4000].map(mean);
    assert!(means[0] > means[1] && means[1] > means[2], "{means:?}");
}
