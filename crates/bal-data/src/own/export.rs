//! Writes a split as a folder of PNGs per class, which [`load`](super::load) reads back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use image::ExtendedColorType;
use image::ImageEncoder;
use image::codecs::png::PngEncoder;

use crate::{DataError, Split};

/// Writes each image of `split` as `folder/<class>/<index>.png`, `classes` being the class of each label.
///
/// Indices count over the whole split and have leading zeros, so that sorted names are in the order of the split within
/// a class. Groups are not written: a folder cannot say them. `folder` must not be there yet; it appears when all images
/// are in it, and after a failure nothing is left.
///
/// [`DataError::Own`] if the images are neither gray nor RGB, a label has no class, or a class cannot be the name of a
/// folder; [`DataError::Write`] and [`DataError::DiskFull`] if writing fails.
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
            && !name.starts_with('.')
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
    let unfinished = Unfinished::create(folder)?;
    for class in classes {
        let class = unfinished.path.join(class);
        fs::create_dir(&class).map_err(|e| DataError::write(&class, e))?;
    }
    let digits = split.len().saturating_sub(1).to_string().len();
    for (at, (&label, image)) in split.labels.iter().zip(split.images.outer_iter()).enumerate() {
        let path = unfinished.path.join(&classes[usize::from(label)]).join(format!("{at:0digits$}.png"));
        // A view with the channels last, gathered in that order.
        let pixels: Vec<u8> = image.permuted_axes([1, 2, 0]).iter().copied().collect();
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(&pixels, width as u32, height as u32, color)
            .map_err(|e| refused(format!("image {at} cannot be written as PNG: {e}")))?;
        fs::write(&path, png).map_err(|e| DataError::write(&path, e))?;
    }
    unfinished.commit(folder)
}

/// A folder in the making beside its final place; removed when dropped before it got its name.
struct Unfinished {
    path: PathBuf,
    keep: bool,
}

impl Unfinished {
    fn create(goal: &Path) -> Result<Self, DataError> {
        let name = goal.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.is_empty() {
            return Err(DataError::own(goal, "is not the name of a new folder".to_owned()));
        }
        let path = goal.with_file_name(format!(".{name}.part"));
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(DataError::write(&path, error));
            }
            _ => {}
        }
        fs::create_dir_all(&path).map_err(|e| DataError::write(&path, e))?;
        Ok(Self { path, keep: false })
    }

    fn commit(mut self, goal: &Path) -> Result<(), DataError> {
        fs::rename(&self.path, goal).map_err(|e| DataError::write(goal, e))?;
        self.keep = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.keep {
            // There is an error under way already; the next attempt removes what is left.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
