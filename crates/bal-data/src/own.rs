//! Data sets of the user's own: a folder per class, a pair of IDX files, or a table of paths and labels.
//!
//! 1. [`Layout`] is detected or told, and everything that will be read is listed and checked before anything is decoded.
//! 2. Sizes and channels are agreed on from the headers of all files, or set ([`OwnSettings`]); [`Preprocessing`] is what
//!    then happens to each image, here and wherever a single file is looked at later.
//! 3. Where the user gives no split, one is drawn: by the content of each file, or by whole groups where there are any, so
//!    that an image stays on its side whatever else comes or goes.
//!
//! Nothing happens silently: [`Report`] counts conversions and lists what was skipped or ignored.
//! What is read is distrusted: dimensions are checked before memory is taken, only regular files are opened (a link to
//! one is followed), hidden files and litter are left alone, and paths of a table stay below its folder.

mod agree;
mod bad;
mod class_file;
mod classes;
mod collected;
mod conversion;
mod divide;
mod equal;
mod export;
pub(crate) mod fingerprint;
mod folders;
mod formats;
mod gray;
mod ground;
mod idx_files;
mod idx_pairs;
mod layout;
mod listing;
mod litter;
mod name;
mod parts;
mod preprocessing;
pub(crate) mod raw;
mod read;
mod remedy;
mod report;
mod table;
mod whole;

use std::path::Path;

pub use bad::{BadFiles, Skipped};
pub use class_file::read_class_names;
pub use classes::ClassOrder;
pub use conversion::Conversion;
pub use equal::Equal;
pub use export::export;
pub use formats::named_as_image;
pub use gray::Gray;
pub use ground::Ground;
pub use layout::Layout;
pub use listing::line_of_text;
pub use litter::is_left_alone;
pub use preprocessing::{Decoded, MOST_SIDE, Preprocessing};
pub(crate) use remedy::Refusal;
pub use remedy::Remedy;
pub use report::{Report, SplitOrigin};

use crate::{DataError, Dataset, Share, Split};

/// How a data set of the user's own is to be read.
///
/// | setting | meaning | default |
/// |---|---|---|
/// | `layout` | what the folder holds; `None`: what is found there | `None` |
/// | `classes` | names of all classes in the order of their labels; `None`: those that are found, in the order of a file `classes.txt` beside their folders, else by number if all are whole numbers, else by the bytes of their names | `None` |
/// | `size` | `(height, width)` in pixels, each 1..=[`MOST_SIDE`], that every image is resized to (proportions are not kept); `None`: that of the images, which then must agree | `None` |
/// | `channels` | 1 (gray) or 3 (RGB); `None`: those of the files, which then must agree | `None` |
/// | `gray` | how colours become gray | [`Gray::Mean`] |
/// | `ground` | what is behind transparent images | [`Ground::White`] |
/// | `bad_files` | whether a file that cannot be used ends the reading | [`BadFiles::Refuse`] |
/// | `test_share` | share of test images, where the data come without a split: met as chance has it; or their number, met exactly, but each image that comes or goes may move another | 0.2 |
/// | `seed` | of that split | 0 |
#[derive(Clone, Debug, PartialEq)]
pub struct OwnSettings {
    /// What the folder holds; `None`: what is found there.
    pub layout: Option<Layout>,
    /// Names of all classes, by label; `None`: those that are found.
    pub classes: Option<Vec<String>>,
    /// `(height, width)` that every image is resized to; `None`: that of the images.
    pub size: Option<(usize, usize)>,
    /// 1 or 3; `None`: those of the files.
    pub channels: Option<usize>,
    /// How colours become gray.
    pub gray: Gray,
    /// What is behind transparent images.
    pub ground: Ground,
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
            classes: None,
            size: None,
            channels: None,
            gray: Gray::default(),
            ground: Ground::default(),
            bad_files: BadFiles::Refuse,
            test_share: Share::Fraction(0.2),
            seed: 0,
        }
    }
}

/// A data set of the user's own, with what was done to get it.
#[derive(Clone, Debug)]
pub struct Own {
    /// Images `[n, c, h, w]`, labels, groups and names of all parts; `digests` has `train`, `test` and perhaps `held-out`
    /// (and the files, where they are IDX), and `name` is that of the folder or table.
    pub dataset: Dataset,
    /// Name of each class, by label.
    pub classes: Vec<String>,
    /// What was done to each image; the same object prepares further files in the same way.
    pub preprocessing: Preprocessing,
    /// What was found, converted, skipped and ignored.
    pub report: Report,
}

/// Images with labels, to test on.
#[derive(Clone, Debug)]
pub struct Labelled {
    /// Name of the folder or table.
    pub name: String,
    /// The images, in the order of their listing.
    pub images: Split,
    /// Name of each class, by label: all that are known, whether there are images of them or not.
    pub classes: Vec<String>,
    /// What was done to each image.
    pub preprocessing: Preprocessing,
    /// SHA-256 of names, labels and pixels, as [`Dataset::digests`] has them of the part `test`.
    pub digest: String,
    /// What was found, converted, skipped and ignored.
    pub report: Report,
}

/// What a data set is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// To train on one part of it and test on another.
    Train,
    /// To test on what it has for that.
    Test,
}

impl Goal {
    /// Whether images of this side are asked for; `None` where no side is given.
    fn asks_for(self, side: Option<listing::Side>) -> bool {
        self == Self::Train || matches!(side, None | Some(listing::Side::Test))
    }
}

/// Reads the data set at `path`: a folder ([`Layout`]), a table with columns `path` and `label` whose name ends in `.csv`,
/// `.tsv` or `.txt`, or one of the IDX files that hold images.
///
/// The result is a function of the files and settings alone, whatever the number of threads or the order in which the
/// file system lists names. Names that differ only in how Unicode composes letters are one name; they are compared, sorted
/// and given back in the composed form (NFC).
///
/// # Errors
///
/// One line that names the folder, file or row and the way out: [`DataError::Own`], [`DataError::Row`],
/// [`DataError::Image`], [`DataError::BadFiles`], and those of [`idx`](crate::idx).
/// [`DataError::remedy`] tells which setting would help.
pub fn load(path: &Path, settings: &OwnSettings) -> Result<Own, DataError> {
    let (place, collected) = collected(path, settings, Goal::Train)?;
    collected.finish(&place, settings)
}

/// Reads the images of `path` that are to test on: of a data set with a split its test images, else all of them.
///
/// The place may lack what training needs: a part to train on, images of some classes. With
/// [`OwnSettings::classes`] labels are places in that list, found by name.
///
/// # Errors
///
/// As [`load`]; also for a class that is not in the list, with its name.
pub fn load_labelled(path: &Path, settings: &OwnSettings) -> Result<Labelled, DataError> {
    let (place, collected) = collected(path, settings, Goal::Test)?;
    Ok(collected.labelled(&place))
}

fn collected(
    path: &Path,
    settings: &OwnSettings,
    goal: Goal,
) -> Result<(layout::Place, collected::Collected), DataError> {
    preprocessing::check(settings.size, settings.channels).map_err(|reason| DataError::own(path, reason))?;
    let place = layout::detect(path, settings.layout)?;
    let collected = match &place {
        layout::Place::Folders(root) => read::read(folders::list(root, settings, goal)?, settings, goal)?,
        layout::Place::Csv(table) => read::read(table::list(table, settings, goal)?, settings, goal)?,
        layout::Place::Idx(files) => idx_pairs::read(files, settings, goal)?,
    };
    Ok((place, collected))
}
