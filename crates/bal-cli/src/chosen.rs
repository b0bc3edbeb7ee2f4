//! Which images are attacked.

use crate::{
    args::{ImageFlags, Machine},
    dataset,
    experiment::Experiment,
};
use anyhow::{Context, Result, bail};
use bal_core::Images;
use bal_report::{Record, Split};

/// Images of a data set.
pub(crate) struct Chosen {
    pub(crate) images: Images,
    /// Their numbers in the part of the data set that they are of.
    pub(crate) numbers: Vec<i64>,
    pub(crate) dataset: String,
    pub(crate) split: Split,
}

impl Chosen {
    /// Those that the flags name, a sample drawn by `seed`; `record` is the run's, if there is a run.
    pub(crate) fn by(
        flags: &ImageFlags,
        seed: u64,
        machine: &Machine,
        record: Option<&Record>,
    ) -> Result<Self> {
        let split = if flags.held_out { Split::HeldOut } else { Split::Test };
        let all = Self::all(machine, &flags.dataset, split, record)?;
        let Some(count) = flags.sample else { return Ok(all) };
        let drawn = dataset::sample(all.images.len(), count, seed)?;
        Ok(Self {
            images: all.images.subset(&drawn),
            numbers: drawn.iter().map(|&place| all.numbers[place as usize]).collect(),
            ..all
        })
    }

    /// All images of a part of the data set; what a run held out is of its own set.
    pub(crate) fn all(
        machine: &Machine,
        dataset: &str,
        split: Split,
        record: Option<&Record>,
    ) -> Result<Self> {
        let (data, device) = (machine.data.as_deref(), machine.device);
        if split == Split::Test {
            let images = dataset::test(dataset, data, device)?;
            let numbers = (0..images.len()).collect();
            return Ok(Self { images, numbers, dataset: dataset.into(), split });
        }
        let record = record.context("only a run says which training images were held out; name the RUN")?;
        let Experiment { dataset, held_out, seed, name, .. } =
            serde_json::from_value(record.experiment.clone())
                .context("the run's record.json holds no experiment of this version")?;
        if held_out == 0 {
            bail!("{name} held out no images; train it with `--set held_out=1000 --set train_images=..`");
        }
        let (images, numbers) = dataset::held_out(&dataset, data, held_out, seed, device)?;
        Ok(Self { images, numbers, dataset, split })
    }
}
