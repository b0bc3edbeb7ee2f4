//! Data sets as tensors.

use crate::{
    Session,
    own_images::{self, ImageSettings},
    published,
};
use anyhow::{Context, Result, bail};
use bal_core::{Columns, Images, NoiseKey, NoiseStream, Purpose};
use bal_data::{
    Dataset, Holdout, Share, Split,
    own::{Own, Report, SplitOrigin},
};
use bal_models::{Part, RunImages, Sizes};
use std::collections::BTreeMap;
use tch::{Kind, Tensor};

/// Which images, and where they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DataSource<'a> {
    /// A data set that the program knows, or the path of the user's own.
    pub(crate) name: &'a str,
    /// How images of the user's own are read; there exactly if they are.
    pub(crate) own: Option<&'a ImageSettings>,
    /// Where published data sets are, where batches are made, and whom remarks are for.
    pub(crate) session: &'a Session,
}

/// The training images of an experiment.
pub(crate) struct Training {
    pub(crate) images: Images,
    pub(crate) held_out: Images,
    pub(crate) classes: i64,
    /// What the classes are called, for data of the user's own.
    pub(crate) class_names: Option<Vec<String>>,
    pub(crate) test_images: u64,
    pub(crate) digests: BTreeMap<String, String>,
    /// Which images the run is of, part by part.
    pub(crate) identity: RunImages,
    /// What its rows are columns of, where it is a table.
    pub(crate) columns: Option<Columns>,
}

impl Training {
    /// What a network has to fit.
    pub(crate) fn sizes(&self) -> Result<Sizes> {
        let shape = self.images.shape();
        let input = <[i64; 3]>::try_from(shape.clone());
        let Ok(input) = input else {
            bail!("images have shape {shape:?}; channels, height and width are wanted")
        };
        Ok(Sizes { input, classes: self.classes })
    }
}

/// Images to test on.
pub(crate) struct Test {
    pub(crate) images: Images,
    /// What the classes are called, for data of the user's own.
    pub(crate) class_names: Option<Vec<String>>,
    /// The file of each image below the folder of the data set, for data of the user's own that are files.
    pub(crate) files: Option<Vec<String>>,
}

/// All images of a data set, or those of it that are to test on.
pub(crate) struct Whole {
    /// The training images, then those that the data hold out, and after them the test images.
    pub(crate) images: Images,
    /// The file of each, as of a [`Test`].
    pub(crate) files: Option<Vec<String>>,
    /// How many of them are not test images.
    pub(crate) training: usize,
    /// Whether nobody has said which images are to test on.
    pub(crate) drawn: bool,
    /// What the classes are called, in the order of the labels.
    pub(crate) class_names: Vec<String>,
    /// SHA-256 of the files, or of the user's own images.
    pub(crate) digests: BTreeMap<String, String>,
}

/// How many images there are to train on, when those to hold out are put apart.
pub(crate) struct Counted {
    pub(crate) train_images: usize,
    /// As many as were asked for, or those that the data hold out themselves.
    pub(crate) held_out: usize,
    /// Those that the data hold out themselves.
    pub(crate) apart: Option<usize>,
}

/// A data set with what its own reader says of it.
struct Loaded {
    dataset: Dataset,
    own: Option<(Vec<String>, Report)>,
}

impl Loaded {
    fn class_names(&self) -> Option<Vec<String>> {
        self.own.as_ref().map(|(names, _)| names.clone())
    }

    /// Whether which images are to test on was drawn.
    fn is_drawn(&self) -> bool {
        self.own.as_ref().is_some_and(|(_, report)| matches!(report.split, SplitOrigin::Drawn { .. }))
    }
}

/// The images of a data set to train on, and those held out.
struct Divided {
    /// Taken out of the data set; places are numbers in it.
    train: Split,
    kept: Vec<usize>,
    held_out: HeldOut,
}

enum HeldOut {
    /// Places among the training images.
    Drawn(Vec<usize>),
    /// A part of its own.
    Given(Split),
}

impl Divided {
    /// Holds out images of `dataset`, called `name`: `held_out` drawn from its training images; or those that it holds out
    /// itself, all of them, unless none are wanted: then they are left apart.
    fn of(dataset: &mut Dataset, held_out: usize, seed: u64, name: &str) -> Result<Self> {
        let nothing = dataset.test.select(&[]);
        let train = std::mem::replace(&mut dataset.train, nothing);
        let all = || (0..train.len()).collect();
        let (kept, held_out) = match dataset.held_out.take() {
            Some(given) if held_out == given.len() => (all(), HeldOut::Given(given)),
            Some(given) if held_out > 0 => bail!(
                "held_out = {held_out}, but {name} holds out {} images itself, and these are used as they are; set held_out to \
                 that number, or to 0 to leave them apart",
                given.len()
            ),
            _ if held_out == 0 => (all(), HeldOut::Drawn(vec![])),
            _ => {
                let Holdout { kept, held_out } = train.holdout(Share::Images(held_out), seed)?;
                (kept, HeldOut::Drawn(held_out))
            }
        };
        Ok(Self { train, kept, held_out })
    }
}

impl DataSource<'_> {
    /// Loads the training images: `held_out` are put apart, of the rest the first `train_images` are taken.
    pub(crate) fn training(&self, train_images: usize, held_out: usize, seed: u64) -> Result<Training> {
        let mut loaded = self.load()?;
        if let Some((_, report)) = &loaded.own {
            own_images::tell(report, self.session);
        }
        let Divided { train, mut kept, held_out } =
            Divided::of(&mut loaded.dataset, held_out, seed, self.name)?;
        if train_images > kept.len() {
            bail!(
                "train_images = {train_images}, but {} has {} training images, {} of them held out",
                self.name,
                train.len(),
                train.len() - kept.len()
            );
        }
        kept.truncate(train_images);
        let all = self.tensors(&train)?;
        let put_apart = match held_out {
            HeldOut::Drawn(places) => subset(&all, &places),
            HeldOut::Given(given) => self.tensors(&given)?,
        };
        let images = subset(&all, &kept);
        let names = loaded.class_names().or_else(|| published::class_names(self.name)).unwrap_or_default();
        let identity = RunImages {
            train: Part::of(&images, &names),
            held_out: Part::of(&put_apart, &names),
            test: Part::of(&self.tensors(&loaded.dataset.test)?, &names),
            start: vec![],
            given: !loaded.is_drawn(),
        };
        Ok(Training {
            identity,
            held_out: put_apart,
            images,
            classes: loaded.dataset.classes as i64,
            class_names: loaded.class_names(),
            test_images: loaded.dataset.test.len() as u64,
            digests: loaded.dataset.digests,
            columns: None,
        })
    }

    /// How many training images are left when `held_out` are put apart, for an experiment that takes all of them.
    /// What was read of the user's own data is kept for the training.
    pub(crate) fn count(&self, held_out: usize, seed: u64) -> Result<Counted> {
        let counted = |dataset: &Dataset| -> Result<Counted> {
            let (all, apart) = (dataset.train.len(), dataset.held_out.as_ref().map(Split::len));
            let (train_images, held_out) = match (apart, held_out) {
                (_, 0) => (all, 0),
                (Some(given), _) => (all, given),
                (None, _) => (dataset.train.holdout(Share::Images(held_out), seed)?.kept.len(), held_out),
            };
            Ok(Counted { train_images, held_out, apart })
        };
        let Some(settings) = self.own else {
            return counted(&published::known(self.name, self.session.data.as_deref())?);
        };
        let own = settings.load(self.name)?;
        own_images::tell(&own.report, self.session);
        let counted = counted(&own.dataset)?;
        settings.keep(self.name, own);
        Ok(counted)
    }

    /// Loads the training images that an experiment with these settings holds out, and their numbers.
    pub(crate) fn held_out(&self, held_out: usize, seed: u64) -> Result<(Test, Vec<i64>)> {
        let mut loaded = self.load()?;
        let Divided { train, held_out, .. } = Divided::of(&mut loaded.dataset, held_out, seed, self.name)?;
        match held_out {
            HeldOut::Drawn(places) => self.numbered(&train, places, loaded.class_names()),
            HeldOut::Given(given) => self.numbered(&given, (0..given.len()).collect(), loaded.class_names()),
        }
    }

    /// Loads the test images.
    pub(crate) fn test(&self) -> Result<Test> {
        let loaded = self.load()?;
        let class_names = loaded.class_names();
        let test = loaded.dataset.test;
        Ok(Test { images: self.tensors(&test)?, class_names, files: test.names })
    }

    /// Loads the training images that an experiment with these settings trains on, and their numbers.
    pub(crate) fn trained_on(
        &self,
        train_images: usize,
        held_out: usize,
        seed: u64,
    ) -> Result<(Test, Vec<i64>)> {
        let mut loaded = self.load()?;
        let Divided { train, mut kept, .. } = Divided::of(&mut loaded.dataset, held_out, seed, self.name)?;
        kept.truncate(train_images);
        self.numbered(&train, kept, loaded.class_names())
    }

    /// Loads all parts.
    pub(crate) fn whole(&self) -> Result<Whole> {
        let loaded = self.load()?;
        let names = loaded.class_names().or_else(|| published::class_names(self.name)).unwrap_or_default();
        let drawn = loaded.is_drawn();
        let Dataset { train, held_out, test, digests, .. } = loaded.dataset;
        let before = held_out.map_or_else(|| train.clone(), |held_out| train.joined(&held_out));
        let all = before.joined(&test);
        Ok(Whole {
            images: self.tensors(&all)?,
            files: all.names,
            training: before.len(),
            drawn,
            class_names: names,
            digests,
        })
    }

    /// Loads of the user's own images those to test on: of data with a split the test images, else all. Labels are places
    /// among `classes`, found by name, where that is given; nothing that training would need has to be there.
    pub(crate) fn labelled(&self, classes: Option<&[String]>) -> Result<Whole> {
        let Some(settings) = self.own else { return self.whole() };
        let labelled = settings.load_labelled(self.name, classes)?;
        own_images::remark(&labelled.report, self.session);
        Ok(Whole {
            images: self.tensors(&labelled.images)?,
            files: labelled.images.names,
            training: 0,
            drawn: labelled.report.split != SplitOrigin::Given,
            class_names: labelled.classes,
            digests: BTreeMap::from([("test".into(), labelled.digest)]),
        })
    }

    /// SHA-256 of the files, or of the user's own images.
    pub(crate) fn digests(&self) -> Result<BTreeMap<String, String>> {
        match self.own {
            Some(settings) => Ok(settings.digests(self.name)?),
            None => Ok(published::known(self.name, self.session.data.as_deref())?.digests),
        }
    }

    fn load(&self) -> Result<Loaded> {
        if let Some(settings) = self.own {
            let Own { dataset, classes, report, .. } = settings.load(self.name)?;
            return Ok(Loaded { dataset, own: Some((classes, report)) });
        }
        let dataset = published::known(self.name, self.session.data.as_deref())?;
        Ok(Loaded { dataset, own: None })
    }

    /// Images at these places of a split, and their numbers.
    fn numbered(
        &self,
        split: &Split,
        places: Vec<usize>,
        class_names: Option<Vec<String>>,
    ) -> Result<(Test, Vec<i64>)> {
        let images = subset(&self.tensors(split)?, &places);
        let files = split.names.as_ref().map(|names| places.iter().map(|&i| names[i].clone()).collect());
        let numbers = places.into_iter().map(|number| number as i64).collect();
        Ok((Test { images, class_names, files }, numbers))
    }

    /// Pixels as bytes; those of GTSRB in gray, as the paper has them, unless its name says otherwise.
    fn tensors(&self, split: &Split) -> Result<Images> {
        let shape: Vec<i64> = split.images.shape().iter().map(|&n| n as i64).collect();
        let labels: Vec<i64> = split.labels.iter().map(|&label| label.into()).collect();
        let labels = Tensor::f_from_slice(&labels)?;
        if let [images, channels, height, width] = shape[..]
            && channels > 1
            && self.own.is_none()
            && published::is_gray(self.name)
        {
            let every: Vec<usize> = (0..split.len()).collect();
            let pixels = Tensor::f_from_slice(&split.gray(&every))?.f_reshape([images, 1, height, width])?;
            return Ok(Images::new(pixels, &labels, self.session.device)?);
        }
        let bytes = split.images.as_standard_layout();
        let bytes = bytes.as_slice().context("images are not contiguous")?;
        let pixels = Tensor::f_from_data_size(bytes, &shape, Kind::Uint8)?;
        Ok(Images::new(pixels, &labels, self.session.device)?)
    }
}

fn subset(images: &Images, numbers: &[usize]) -> Images {
    images.subset(&numbers.iter().map(|&i| i as i64).collect::<Vec<_>>())
}

/// The numbers of `count` among `images`, drawn without replacement by `seed` alone, in their order.
pub(crate) fn sample(images: i64, count: u64, seed: u64) -> Result<Vec<i64>> {
    if count > images as u64 {
        bail!("a sample of {count} is asked for, but there are {images} images");
    }
    Ok(sample_with_first(images, count, 0, seed))
}

/// The same, at most all of them, and `first` of the drawn before the others: these drawn as well and in the order drawn, so
/// that whatever the order of the images, neither they nor the first of them are of one class; the others are in their order.
pub(crate) fn sample_with_first(images: i64, count: u64, first: u64, seed: u64) -> Vec<i64> {
    let key = NoiseKey { seed, purpose: Purpose::Sample, sweep: 0, chain: 0 };
    let mut numbers = NoiseStream::new(key).permutation(images);
    numbers.truncate(count as usize);
    let first = (first as usize).min(numbers.len());
    numbers[first..].sort_unstable();
    numbers
}

#[cfg(test)]
mod tests {
    use super::{sample, sample_with_first};

    #[test]
    fn those_that_come_first_are_drawn_from_everywhere_and_none_comes_twice() {
        let numbers = sample_with_first(1000, 600, 100, 3);
        assert!(!numbers[..100].is_sorted() && numbers[100..].is_sorted());
        // Of 100 drawn from 1000, the first 200 have 20, give or take 4 standard deviations.
        let low = numbers[..100].iter().filter(|&&number| number < 200).count();
        assert!((4..=36).contains(&low), "{low}");
        let mut all = numbers;
        all.sort_unstable();
        assert_eq!(all, sample(1000, 600, 3).unwrap());
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        // No more than there are.
        assert_eq!(sample_with_first(5, 600, 0, 3), [0, 1, 2, 3, 4]);
    }
}
