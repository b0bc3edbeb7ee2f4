//! Data sets as tensors.

use anyhow::{Context, Result, bail};
use bal_core::{Images, NoiseKey, NoiseStream, Purpose};
use bal_data::{Dataset, Holdout, Set, Share, Split};
use bal_models::Sizes;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use tch::{Device, Kind, Tensor};

/// The training images of an experiment.
pub(crate) struct Training {
    pub(crate) images: Images,
    pub(crate) held_out: Images,
    pub(crate) classes: i64,
    pub(crate) test_images: u64,
    pub(crate) digests: BTreeMap<String, String>,
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

/// Loads the training images of set `name`: `held_out` are put apart, of the rest the first
/// `train_images` are taken.
pub(crate) fn training(
    name: &str,
    root: Option<&Path>,
    train_images: usize,
    held_out: usize,
    seed: u64,
    device: Device,
) -> Result<Training> {
    let dataset = load(name, root)?;
    let split = &dataset.train;
    let holdout = divide(split, held_out, seed)?;
    if train_images > holdout.kept.len() {
        bail!(
            "train_images = {train_images}, but {name} has {} training images, {} of them held out",
            split.len(),
            holdout.held_out.len()
        );
    }
    let images = tensors(split, device)?;
    Ok(Training {
        held_out: subset(&images, &holdout.held_out),
        images: subset(&images, &holdout.kept[..train_images]),
        classes: dataset.classes as i64,
        test_images: dataset.test.len() as u64,
        digests: dataset.digests,
    })
}

/// Loads the training images that an experiment with these settings holds out, and their numbers.
pub(crate) fn held_out(
    name: &str,
    root: Option<&Path>,
    held_out: usize,
    seed: u64,
    device: Device,
) -> Result<(Images, Vec<i64>)> {
    let split = load(name, root)?.train;
    let numbers = divide(&split, held_out, seed)?.held_out;
    let images = subset(&tensors(&split, device)?, &numbers);
    Ok((images, numbers.into_iter().map(|number| number as i64).collect()))
}

fn divide(split: &Split, held_out: usize, seed: u64) -> Result<Holdout> {
    Ok(match held_out {
        0 => Holdout { kept: (0..split.len()).collect(), held_out: vec![] },
        count => split.holdout(Share::Images(count), seed)?,
    })
}

fn subset(images: &Images, numbers: &[usize]) -> Images {
    images.subset(&numbers.iter().map(|&i| i as i64).collect::<Vec<_>>())
}

/// Loads the test images of set `name`.
pub(crate) fn test(name: &str, root: Option<&Path>, device: Device) -> Result<Images> {
    tensors(&load(name, root)?.test, device)
}

/// The numbers of `count` among `images`, drawn without replacement by `seed` alone, in their order.
pub(crate) fn sample(images: i64, count: u64, seed: u64) -> Result<Vec<i64>> {
    if count > images as u64 {
        bail!("--sample {count}, but there are {images} images");
    }
    let key = NoiseKey { seed, purpose: Purpose::Sample, sweep: 0, chain: 0 };
    let mut numbers = NoiseStream::new(key).permutation(images);
    numbers.truncate(count as usize);
    numbers.sort_unstable();
    Ok(numbers)
}

/// SHA-256 of the files of set `name`.
pub(crate) fn digests(name: &str, root: Option<&Path>) -> Result<BTreeMap<String, String>> {
    Ok(load(name, root)?.digests)
}

/// GTSRB's training images, divided as in the paper's experiment.
const PAPER_SPLIT: &str = "gtsrb-paper";
/// Which division: the same for every run, so that runs have the same test images.
const PAPER_SPLIT_SEED: u64 = 1;

fn load(name: &str, root: Option<&Path>) -> Result<Dataset> {
    let set: Set = if name == PAPER_SPLIT { Set::Gtsrb } else { name.parse()? };
    let root = folder(root)?;
    let dataset = bal_data::load(set, &root).with_context(|| {
        format!("cannot load {set} from {}; `cargo xtask download {set}` fetches it", root.display())
    })?;
    Ok(if name == PAPER_SPLIT { dataset.paper_split(PAPER_SPLIT_SEED) } else { dataset })
}

/// The folder of data sets: as given, else `$BAL_DATA`, else `datasets/` here or in the source tree
/// that the program was built from.
fn folder(given: Option<&Path>) -> Result<PathBuf> {
    let variable = std::env::var_os("BAL_DATA").map(PathBuf::from);
    if let Some(folder) = given.map(Path::to_path_buf).or(variable) {
        if folder.is_dir() {
            return Ok(folder);
        }
        bail!("there is no folder of data sets at {}; give another --data", folder.display());
    }
    let source_tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
    let found = [PathBuf::from("datasets"), source_tree].into_iter().find(|folder| folder.is_dir());
    found.context("there is no folder datasets/ here; say by --data where the data sets are")
}

/// Images of one channel as bytes; coloured ones in gray, as the paper has them.
fn tensors(split: &Split, device: Device) -> Result<Images> {
    let shape: Vec<i64> = split.images.shape().iter().map(|&n| n as i64).collect();
    if let [images, channels, height, width] = shape[..]
        && channels > 1
    {
        let every: Vec<usize> = (0..split.len()).collect();
        let pixels = Tensor::f_from_slice(&split.gray(&every))?.f_reshape([images, 1, height, width])?;
        return Ok(Images::new(pixels, &Tensor::f_from_slice(&split.labels)?, device)?);
    }
    let bytes = split.images.as_standard_layout();
    let bytes = bytes.as_slice().context("images are not contiguous")?;
    let pixels = Tensor::f_from_data_size(bytes, &shape, Kind::Uint8)?;
    let labels = Tensor::f_from_slice(&split.labels)?;
    Ok(Images::new(pixels, &labels, device)?)
}
