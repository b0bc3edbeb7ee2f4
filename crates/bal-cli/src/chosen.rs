//! Which images are attacked.

use crate::{
    args::{ImageFlags, Machine},
    console::say,
    dataset::{self, Test},
    experiment::Experiment,
    subject::Source,
};
use anyhow::{Context, Result, bail};
use bal_attacks::AttackSettings;
use bal_core::Images;
use bal_report::Split;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Images of a data set.
pub(crate) struct Chosen {
    pub(crate) images: Images,
    /// Their numbers in the part of the data set that they are of.
    pub(crate) numbers: Vec<i64>,
    pub(crate) dataset: String,
    pub(crate) split: Split,
}

/// The settings of an attack, with those that its images were drawn by, as a record has them.
pub(crate) fn with_images(attack: &AttackSettings, images: &ImageFlags, seed: u64) -> Value {
    let mut settings = json!(attack);
    if let Some(map) = settings.as_object_mut() {
        map.insert("seed".into(), json!(seed));
        if let Some(count) = images.sample {
            map.insert("sample".into(), json!(count));
        }
    }
    settings
}

impl Chosen {
    /// Those that the flags name, for the model `source`; a sample is drawn by `seed`.
    pub(crate) fn by(flags: &ImageFlags, seed: u64, machine: &Machine, source: &Source) -> Result<Self> {
        let split = if flags.held_out { Split::HeldOut } else { Split::Test };
        let all = Self::all(machine, flags.dataset.as_deref(), split, source)?;
        let Some(count) = flags.sample else {
            if let Some(limit) = flags.limit {
                let labels = Vec::<i64>::try_from(all.images.labels())?;
                if let Some(remark) = one_sided(&labels, limit) {
                    say(&remark);
                }
            }
            return Ok(all);
        };
        let drawn = dataset::sample(all.images.len(), count, seed)?;
        Ok(Self {
            images: all.images.subset(&drawn),
            numbers: drawn.iter().map(|&place| all.numbers[place as usize]).collect(),
            ..all
        })
    }

    /// All images of a part of the data set, by default the run's own; what a run held out is of that set.
    pub(crate) fn all(machine: &Machine, named: Option<&str>, split: Split, source: &Source) -> Result<Self> {
        if split == Split::Test {
            let data = source.data(named)?;
            let whole = data.source(machine);
            let Test { images, class_names } = if data.foreign { whole.foreign() } else { whole.test() }?;
            source.knows(class_names.as_deref(), &data.name)?;
            let numbers = (0..images.len()).collect();
            return Ok(Self { images, numbers, dataset: data.name, split });
        }
        let experiment: Experiment = source
            .experiment()?
            .context("only a run says which training images were held out; name the RUN")?;
        let Experiment { held_out, seed, name, .. } = &experiment;
        if *held_out == 0 {
            bail!("{name} held out no images; train it with `--set held_out=1000 --set train_images=..`");
        }
        let (Test { images, .. }, numbers) = experiment.data(machine).held_out(*held_out, *seed)?;
        Ok(Self { images, numbers, dataset: experiment.dataset, split })
    }
}

/// What to know of the first `limit` images, where they are enough for all classes and miss some: the set is in the order of
/// its classes, and they stand for none but their own.
fn one_sided(labels: &[i64], limit: u64) -> Option<String> {
    /// Images of each class in so many, were the order random.
    const ENOUGH: usize = 5;
    let first = labels.get(..limit as usize)?;
    let classes = |labels: &[i64]| labels.iter().collect::<BTreeSet<_>>().len();
    let (found, all) = (classes(first), classes(labels));
    (found < all && first.len() >= ENOUGH * all).then(|| {
        format!(
            "note: the first {limit} images are of {found} of the {all} classes; `--sample {limit}` draws them from all images"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::one_sided;

    #[test]
    fn the_first_images_of_a_sorted_set_are_said_to_miss_classes() {
        let sorted: Vec<i64> = (0..100).map(|image| image / 25).collect();
        let mixed: Vec<i64> = (0..100).map(|image| image % 4).collect();
        assert!(one_sided(&sorted, 50).unwrap().contains("the first 50 images are of 2 of the 4 classes"));
        // All classes; too few to expect them all; all images.
        for (labels, limit) in [(&mixed, 50), (&sorted, 80), (&sorted, 19), (&sorted, 100), (&sorted, 1000)] {
            assert_eq!(one_sided(labels, limit), None, "{limit}");
        }
    }
}
