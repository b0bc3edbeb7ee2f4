//! What happened on the way from files to a data set, so that nothing of it is silent.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::bad::Skipped;
use super::classes::{ClassOrder, text_sorts_otherwise};
use super::conversion::Conversion;
use super::equal::{self, Equal};
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
    /// Names of the classes, by label.
    pub classes: Vec<String>,
    /// What that order follows.
    pub order: ClassOrder,
    /// Training images of each class.
    pub train: Vec<usize>,
    /// Images of each class that the data put apart from both, to choose settings by.
    pub held_out: Vec<usize>,
    /// Test images of each class; 0 is possible where the split was given.
    pub test: Vec<usize>,
    /// `[channels, height, width]`.
    pub image_shape: [usize; 3],
    /// For each conversion the number of images that it was done to.
    pub conversions: BTreeMap<Conversion, usize>,
    /// Images that have the same pixels once they are read.
    pub equal: Equal,
    /// Files that were left out because they cannot be used.
    pub skipped: Vec<Skipped>,
    /// What was left alone: hidden files, litter, and files beside the class folders that are not images.
    pub ignored: Vec<String>,
    /// What else there is to say of how the place was taken, a line each.
    pub remarks: Vec<String>,
}

/// Where the division into training and test images comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitOrigin {
    /// From folders, files or a column.
    Given,
    /// Drawn, by what each image is.
    Drawn {
        /// Its seed.
        seed: u64,
        /// Whether whole groups were drawn.
        grouped: bool,
    },
    /// Nowhere: all images are to test on.
    Absent,
}

impl Report {
    /// Number of images that were read.
    pub fn images(&self) -> usize {
        [&self.train, &self.held_out, &self.test].into_iter().flatten().sum()
    }

    /// What was done to the images and what is odd about them, in one line without the path; `None` where that is nothing.
    pub fn note(&self) -> Option<String> {
        let mut said: Vec<String> =
            self.conversions.iter().map(|(conversion, count)| format!("{count} {conversion}")).collect();
        if self.equal.images > 0 {
            said.push(format!("{} equal to another one", self.equal.images));
        }
        if !self.skipped.is_empty() {
            said.push(format!("{} more left out as bad files", self.skipped.len()));
        }
        (!said.is_empty()).then(|| format!("of {} images {}", self.images(), said.join(", ")))
    }

    /// What deserves a warning, a line each: many images that are equal, and images that say two things or are on two sides.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let (images, Equal { images: equal, of_another_class, tested_and_trained }) =
            (self.images(), self.equal);
        if equal as f64 > equal::MANY * images as f64 {
            warnings.push(format!(
                "{equal} of {images} images are equal to another one once they are read: see whether they show what they \
                 should, and whether size, channels and ground suit them"
            ));
        }
        if of_another_class > 0 {
            warnings.push(format!("{of_another_class} images are equal to an image of another class"));
        }
        if tested_and_trained > 0 {
            warnings.push(format!("{tested_and_trained} test images are equal to training images"));
        }
        warnings
    }

    /// What there is to know where other programs have the classes in another order.
    pub fn order_note(&self) -> Option<String> {
        let by_number = self.order == ClassOrder::Numbers && text_sorts_otherwise(&self.classes);
        by_number.then(|| {
            let mut as_text = self.classes.clone();
            as_text.sort();
            let first = |names: &[String]| names[..names.len().min(3)].join(", ");
            format!(
                "classes are in the order of their numbers ({}, ..); as text, as torchvision's ImageFolder sorts them, they \
                 would be {}, ..",
                first(&self.classes),
                first(&as_text)
            )
        })
    }
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
        let [train, held_out, test] = [&self.train, &self.held_out, &self.test].map(|counts| sum(counts));
        let parts = match (self.split, held_out) {
            (SplitOrigin::Absent, _) => format!("{test} images"),
            (_, _) if train == 0 => format!("{test} test images"),
            (_, 0) => format!("{train} training and {test} test images"),
            _ => format!("{train} training, {held_out} held-out and {test} test images"),
        };
        let classes = self.classes.len();
        write!(
            f,
            "{} ({what}): {parts}, {classes} classes, {height}x{width} pixels, {colour}",
            self.path.display()
        )?;
        match self.split {
            SplitOrigin::Given => write!(f, "\n  split: given")?,
            SplitOrigin::Drawn { seed, grouped } => {
                let by = if grouped { "whole groups" } else { "their contents" };
                write!(f, "\n  split: drawn by {by} with seed {seed}")?;
            }
            SplitOrigin::Absent => write!(f, "\n  split: none, all are tested on")?,
        }
        let untested = self.test.iter().filter(|&&count| count == 0).count();
        if untested > 0 {
            write!(f, "\n  classes without test image: {untested}")?;
        }
        for remark in &self.remarks {
            write!(f, "\n  {remark}")?;
        }
        for (conversion, count) in &self.conversions {
            write!(f, "\n  {count} {conversion}")?;
        }
        if self.equal.images > 0 {
            write!(f, "\n  {} equal to another one", self.equal.images)?;
        }
        if !self.skipped.is_empty() {
            let names = self.skipped.iter().map(|bad| format!("{}: {}", bad.file, bad.reason));
            write!(f, "\n  {} skipped: {}", self.skipped.len(), some(names, "; "))?;
        }
        if !self.ignored.is_empty() {
            write!(f, "\n  {} ignored: {}", self.ignored.len(), some(by_name(&self.ignored), ", "))?;
        }
        if let Some(note) = self.order_note() {
            write!(f, "\n  {note}")?;
        }
        for warning in self.warnings() {
            write!(f, "\n  warning: {warning}")?;
        }
        Ok(())
    }
}

/// Paths; of those in several folders that have one name the name, once, and how often it is there.
fn by_name(paths: &[String]) -> impl Iterator<Item = String> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in paths {
        names.entry(path.rsplit('/').next().unwrap_or(path)).or_default().push(path);
    }
    let mut shown: Vec<(usize, String)> = names
        .into_iter()
        .map(|(name, paths)| match paths[..] {
            [path] => (1, path.to_owned()),
            _ => (paths.len(), format!("{name} ({} times)", paths.len())),
        })
        .collect();
    shown.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    shown.into_iter().map(|(_, shown)| shown)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_many_folders_is_named_once() {
        let ignored = ["a/Thumbs.db", "b/Thumbs.db", ".git", "c/x"].map(str::to_owned);
        assert_eq!(by_name(&ignored).collect::<Vec<_>>(), ["Thumbs.db (2 times)", ".git", "c/x"]);
    }
}
