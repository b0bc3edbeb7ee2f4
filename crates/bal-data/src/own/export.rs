//! Writes a split as a folder of PNGs per class, which [`load`](super::load) reads back.

use std::fs;
use std::path::Path;

use bal_files::NewFolder;
use image::ExtendedColorType;
use image::ImageEncoder;
use image::codecs::png::PngEncoder;

use super::is_left_alone;
use crate::{DataError, Split};

/// Writes each image of `split` as `folder/<class>/<index>.png`, `classes` being the class of each label.
///
/// Indices count over the whole split and have leading zeros, so that sorted names are in the order of the split within
/// a class. Groups are not written: a folder cannot say them. `folder` must not be there yet; it appears when all images
/// are in it, and after a failure nothing is left.
///
/// [`DataError::Own`] if the images are neither gray nor RGB, a label has no class, or a class cannot be the name of a
/// folder of images; [`DataError::Write`] and [`DataError::DiskFull`] if writing fails.
pub fn export(split: &Split, classes: &[String], folder: &Path) -> Result<(), DataError> {
    let refused = |reason: String| DataError::own(folder, reason);
    let (_, channels, height, width) = split.images.dim();
    let color = match channels {
        1 => ExtendedColorType::L8,
        3 => ExtendedColorType::Rgb8,
        other => return Err(refused(format!("a PNG cannot hold images of {other} channels"))),
    };
    let usable = |name: &str| {
        !name.is_empty()
            && !is_left_alone(name)
            && !name.contains(['/', '\\'])
            && !name.chars().any(char::is_control)
    };
    if let Some(class) = classes.iter().find(|class| !usable(class)) {
        return Err(refused(format!("class {class:?} cannot be the name of a folder")));
    }
    if let Some(label) = split.labels.iter().find(|&&label| usize::from(label) >= classes.len()) {
        return Err(refused(format!("label {label} is not in 0..{}", classes.len())));
    }
    if folder.symlink_metadata().is_ok() {
        return Err(refused("is there already; name a folder that is not".to_owned()));
    }
    if folder.file_name().is_none() {
        return Err(refused("is not the name of a new folder".to_owned()));
    }
    let unfinished = NewFolder::beside(folder).map_err(|e| DataError::write(folder, e))?;
    for class in classes {
        let class = unfinished.path().join(class);
        fs::create_dir(&class).map_err(|e| DataError::write(&class, e))?;
    }
    let digits = split.len().saturating_sub(1).to_string().len();
    for (at, (&label, image)) in split.labels.iter().zip(split.images.outer_iter()).enumerate() {
        let path = unfinished.path().join(&classes[usize::from(label)]).join(format!("{at:0digits$}.png"));
        // A view with the channels last, gathered in that order.
        let pixels: Vec<u8> = image.permuted_axes([1, 2, 0]).iter().copied().collect();
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(&pixels, width as u32, height as u32, color)
            .map_err(|e| refused(format!("image {at} cannot be written as PNG: {e}")))?;
        fs::write(&path, png).map_err(|e| DataError::write(&path, e))?;
    }
    unfinished.finish().map_err(|e| DataError::write(folder, e))
}
