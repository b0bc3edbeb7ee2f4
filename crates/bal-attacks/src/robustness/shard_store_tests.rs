//! An evaluation that goes on from what was kept of another.

use super::*;
use crate::tests::{Bumpy, data};
use crate::{AttackName, AttackSpec};
use std::collections::BTreeMap;

/// Keeps shards in memory, until they are recalled.
#[derive(Default)]
struct InMemory(Mutex<BTreeMap<usize, Shard>>);

impl ShardStore for InMemory {
    fn images(&self) -> bool {
        false
    }

    fn read(&self, number: usize) -> Result<Option<Shard>, StoreError> {
        Ok(self.0.lock().unwrap().remove(&number))
    }

    fn write(&self, number: usize, shard: &Shard) -> Result<(), StoreError> {
        let Shard { indices, labels, clean, outcomes, distances, gradients, x: _, witness: _ } = shard;
        let kept = Shard {
            indices: indices.clone(),
            labels: labels.clone(),
            clean: clean.clone(),
            outcomes: outcomes.clone(),
            distances: distances.clone(),
            gradients: gradients.clone(),
            x: None,
            witness: None,
        };
        self.0.lock().unwrap().insert(number, kept);
        Ok(())
    }
}

#[test]
fn what_was_kept_is_not_attacked_again_and_progress_says_how_much_that_was() {
    let images = data(230);
    let attack = AttackSpec::from(AttackName::Pgd).build().unwrap();
    let radii: Radii = "0,0.05,0.1".parse().unwrap();
    let protocol = Protocol { attack: &attack, radii: Some(&radii), limit: None, seed: 5 };
    let kept = InMemory::default();
    let run = || {
        let last = Mutex::new(None);
        let remember: &(dyn Fn(&EvaluationProgress) + Sync) =
            &|progress| *last.lock().unwrap() = Some(progress.clone());
        let workers = Workers::new(2).unwrap();
        let evaluated = evaluate_with_store(&Bumpy, &images, &protocol, &workers, &kept, remember).unwrap();
        let EvaluationProgress { images, recalled, .. } = last.into_inner().unwrap().unwrap();
        (evaluated.curve, images, recalled)
    };

    let (whole, images, recalled) = run();
    assert_eq!((images, recalled), (230, 0));
    kept.0.lock().unwrap().remove(&1).unwrap();
    assert_eq!(run(), (whole, 230, 230 - SHARD));
}
