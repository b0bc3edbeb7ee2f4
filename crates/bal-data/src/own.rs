//! Data sets of the user's own: a folder per class, a pair of IDX files, or a table of paths and labels.
//!
//! 1. [`Layout`] is detected or told, and everything that will be read is listed and checked before anything is decoded.
//! 2. Sizes and channels are agreed on from the headers of all files, or set ([`OwnSettings`]); [`Preprocessing`] is what
//!    then happens to each image, here and wherever a single file is looked at later.
//! 3. Where the user gives no split, one is drawn: seeded, stratified by class, and by whole groups where there are any.
//!
//! Nothing happens silently: [`Report`] counts conversions and lists what was skipped or ignored.
//! What is read is distrusted: dimensions are checked before memory is taken, only regular files are opened (a link to
//! one is followed), hidden files are left alone, and paths of a table stay below its folder.

mod agree;
mod bad;
mod classes;
mod collected;
mod conversion;
mod divide;
mod export;
mod fingerprint;
mod folders;
mod idx_pairs;
mod jpeg;
mod layout;
mod listing;
mod preprocessing;
mod raw;
mod read;
mod report;
mod table;

use std::path::Path;

pub use bad::{BadFiles, Skipped};
pub use conversion::Conversion;
pub use export::export;
pub use layout::Layout;
pub use preprocessing::{Decoded, MOST_SIDE, Preprocessing};
pub use report::{Report, SplitOrigin};

use crate::{DataError, Dataset, Share};

/// How a data set of the user's own is to be read.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | `layout` | what the folder holds; `None`: what is found there | `None` |
/// | `size` | `(height, width)` in pixels, each 1..=[`MOST_SIDE`], that every image is resized to (proportions are not kept); `None`: that of the images, which then must agree | `None` |
/// | `channels` | 1 (gray) or 3 (RGB); `None`: those of the files, which then must agree | `None` |
/// | `bad_files` | whether a file that cannot be used ends the reading | [`BadFiles::Refuse`] |
/// | `test_share` | share or number of test images, where the data come without a split | 0.2 |
/// | `seed` | of that split | 0 |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnSettings {
    /// What the folder holds; `None`: what is found there.
    pub layout: Option<Layout>,
    /// `(height, width)` that every image is resized to; `None`: that of the images.
    pub size: Option<(usize, usize)>,
    /// 1 or 3; `None`: those of the files.
    pub channels: Option<usize>,
    /// Whether a file that cannot be used ends the reading.
    pub bad_files: BadFiles,
    /// Test images, where the data come without a split.
    pub test_share: Share,
    /// Seed of that split.
    pub seed: u64,
}

impl Default for OwnSettings {
    fn default() -> Self {
        Self {
            layout: None,
            size: None,
            channels: None,
            bad_files: BadFiles::Refuse,
            test_share: Share::Fraction(0.2),
            seed: 0,
        }
    }
}

/// A data set of the user's own, with what was done to get it.
#[derive(Clone, Debug)]
pub struct Own {
    /// Images `[n, c, h, w]`, labels and groups of both parts; `digests` has `train` and `test`
    /// (and the files, where they are IDX), and `name` is that of the folder or table.
    pub dataset: Dataset,
    /// Name of each class, by label.
    pub classes: Vec<String>,
    /// What was done to each image; the same object prepares further files in the same way.
    pub preprocessing: Preprocessing,
    /// What was found, converted, skipped and ignored.
    pub report: Report,
}

/// Reads the data set at `path`: a folder ([`Layout`]) or a table `path,label[,split][,group]` whose name ends in `.csv`.
///
/// The result is a function of the files and settings alone, whatever the number of threads or the order in which the
/// file system lists names. Classes are sorted: by number if all are whole numbers, else by the bytes of their names.
///
/// # Errors
///
/// One line that names the folder, file or row and the way out: [`DataError::Own`], [`DataError::Row`],
/// [`DataError::Image`], [`DataError::BadFiles`], and those of [`idx`](crate::idx).
pub fn load(path: &Path, settings: &OwnSettings) -> Result<Own, DataError> {
    preprocessing::check(settings.size, settings.channels).map_err(|reason| DataError::own(path, reason))?;
    let place = layout::detect(path, settings.layout)?;
    let collected = match &place {
        layout::Place::Folders(root) => read::read(folders::list(root)?, settings)?,
        layout::Place::Csv(table) => read::read(table::list(table)?, settings)?,
        layout::Place::Idx(root) => idx_pairs::read(root, settings)?,
    };
    collected.finish(&place, settings)
}
