//! What happened on the way from files to a data set, so that nothing of it is silent.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::bad::Skipped;
use super::conversion::Conversion;
use super::layout::Layout;

/// How many names a line of the report shows.
const SHOWN: usize = 5;

/// An account of how a data set was read; displayed as a few lines, the first without indentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The folder or table that was read.
    pub path: PathBuf,
    /// What it was taken for.
    pub layout: Layout,
    /// Where the split comes from.
    pub split: SplitOrigin,
    /// Training images of each class.
    pub train: Vec<usize>,
    /// Test images of each class; 0 is possible where the split was given.
    pub test: Vec<usize>,
    /// `[channels, height, width]`.
    pub image_shape: [usize; 3],
    /// For each conversion the number of images that it was done to.
    pub conversions: BTreeMap<Conversion, usize>,
    /// Files that were left out because they cannot be used.
    pub skipped: Vec<Skipped>,
    /// What was left alone: hidden files, and files beside the class folders that are not images.
    pub ignored: Vec<String>,
}

/// Where the division into training and test images comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitOrigin {
    /// From folders, files or a column.
    Given,
    /// Drawn by class.
    Drawn {
        /// Its seed.
        seed: u64,
        /// Whether whole groups were drawn.
        grouped: bool,
    },
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [channels, height, width] = self.image_shape;
        let what = match self.layout {
            Layout::Folders => "folders of classes",
            Layout::Idx => "IDX files",
            Layout::Csv => "table of images",
        };
        let colour = if channels == 1 { "gray" } else { "RGB" };
        let sum = |counts: &[usize]| counts.iter().sum::<usize>();
        write!(
            f,
            "{} ({what}): {} training and {} test images, {} classes, {height}x{width} pixels, {colour}",
            self.path.display(),
            sum(&self.train),
            sum(&self.test),
            self.train.len()
        )?;
        match self.split {
            SplitOrigin::Given => write!(f, "\n  split: given")?,
            SplitOrigin::Drawn { seed, grouped } => {
                let by = if grouped { "by class and whole groups" } else { "by class" };
                write!(f, "\n  split: drawn {by} with seed {seed}")?;
            }
        }
        let untested = self.test.iter().filter(|&&count| count == 0).count();
        if untested > 0 {
            write!(f, "\n  classes without test image: {untested}")?;
        }
        for (conversion, count) in &self.conversions {
            write!(f, "\n  {count} {conversion}")?;
        }
        if !self.skipped.is_empty() {
            let names = self.skipped.iter().map(|bad| format!("{}: {}", bad.file, bad.reason));
            write!(f, "\n  {} skipped: {}", self.skipped.len(), some(names, "; "))?;
        }
        if !self.ignored.is_empty() {
            write!(f, "\n  {} ignored: {}", self.ignored.len(), some(self.ignored.iter().cloned(), ", "))?;
        }
        Ok(())
    }
}

/// The first few, and whether there are more.
fn some(all: impl Iterator<Item = String>, between: &str) -> String {
    let mut all = all;
    let mut shown: Vec<String> = all.by_ref().take(SHOWN).collect();
    if all.next().is_some() {
        shown.push("..".to_owned());
    }
    shown.join(between)
}
