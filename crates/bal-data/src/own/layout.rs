//! Which of the three layouts is at a path: detected, or told where it is ambiguous.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::listing::visible;
use crate::DataError;

/// Names of a table within a folder that are looked for.
const TABLES: [&str; 2] = ["images.csv", "labels.csv"];

/// How a data set is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `<class>/<image>`, or `train/<class>/<image>` and `test/<class>/<image>`.
    Folders,
    /// `train-images-idx3-ubyte` with `train-labels-idx1-ubyte`, perhaps `t10k-..` or `test-..` beside them,
    /// plain or `.gz`; `idx4` for colour, `[n, h, w, 3]`.
    Idx,
    /// A table `path,label[,split][,group]`.
    Csv,
}

impl Layout {
    /// Every layout.
    pub const ALL: [Layout; 3] = [Layout::Folders, Layout::Idx, Layout::Csv];

    /// The name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Layout::Folders => "folders",
            Layout::Idx => "idx",
            Layout::Csv => "csv",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Layout::ALL
            .into_iter()
            .find(|layout| layout.name() == text)
            .ok_or_else(|| format!("unknown layout {text:?}; known are folders, idx and csv"))
    }
}

/// What to read: the folder of classes, that of the IDX files, or the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Folders(PathBuf),
    Idx(PathBuf),
    Csv(PathBuf),
}

impl Place {
    pub(super) fn layout(&self) -> Layout {
        match self {
            Place::Folders(_) => Layout::Folders,
            Place::Idx(_) => Layout::Idx,
            Place::Csv(_) => Layout::Csv,
        }
    }

    pub(super) fn path(&self) -> &Path {
        let (Place::Folders(path) | Place::Idx(path) | Place::Csv(path)) = self;
        path
    }
}

/// What is at `path`, which has to be `told` if that is given.
pub(super) fn detect(path: &Path, told: Option<Layout>) -> Result<Place, DataError> {
    let refused = |reason: String| DataError::own(path, reason);
    let metadata = fs::metadata(path).map_err(|e| DataError::read(path, e))?;
    if !metadata.is_dir() {
        let table = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        return match told {
            None | Some(Layout::Csv) if table && metadata.is_file() => Ok(Place::Csv(path.to_owned())),
            Some(told) if table => Err(refused(format!("is a table, but the layout is set to {told}"))),
            _ => Err(refused("is neither a folder nor a .csv file".to_owned())),
        };
    }
    let found = Found::in_folder(path)?;
    let wanted = match told {
        Some(told) => told,
        None => found.one().map_err(refused)?,
    };
    match wanted {
        Layout::Folders if !found.folders.is_empty() => Ok(Place::Folders(path.to_owned())),
        Layout::Idx if !found.idx.is_empty() => Ok(Place::Idx(path.to_owned())),
        Layout::Csv => match &found.tables[..] {
            [table] => Ok(Place::Csv(path.join(table))),
            [] => {
                Err(refused("holds neither images.csv nor labels.csv; give the path of the table".to_owned()))
            }
            _ => {
                Err(refused("holds both images.csv and labels.csv; give the path of one of them".to_owned()))
            }
        },
        wanted => Err(refused(format!("the layout is set to {wanted}, but there is {}", found.in_words()))),
    }
}

/// What of the three layouts a folder has.
struct Found {
    tables: Vec<String>,
    idx: Vec<String>,
    folders: Vec<String>,
    others: Vec<String>,
}

impl Found {
    fn in_folder(folder: &Path) -> Result<Self, DataError> {
        let mut found = Self { tables: vec![], idx: vec![], folders: vec![], others: vec![] };
        for item in visible(folder)?.items {
            let name = item.name;
            let kind = if item.is_folder {
                &mut found.folders
            } else if TABLES.contains(&name.as_str()) {
                &mut found.tables
            } else if name.contains("-images-idx3-ubyte") || name.contains("-images-idx4-ubyte") {
                &mut found.idx
            } else {
                &mut found.others
            };
            kind.push(name);
        }
        Ok(found)
    }

    /// The only layout that is here. A table wins over folders: its images have to be somewhere.
    fn one(&self) -> Result<Layout, String> {
        match (self.tables.is_empty(), self.idx.is_empty(), self.folders.is_empty()) {
            (false, true, _) => Ok(Layout::Csv),
            (true, false, true) => Ok(Layout::Idx),
            (true, true, false) => Ok(Layout::Folders),
            (true, true, true) => Err(format!(
                "no data set found: expected a folder per class, an IDX pair such as train-images-idx3-ubyte.gz, or \
                 images.csv; there is {}",
                self.in_words()
            )),
            _ => Err(format!(
                "more than one data set found: {}; set the layout to folders, idx or csv, or give the path of the table",
                self.in_words()
            )),
        }
    }

    fn in_words(&self) -> String {
        let kinds = [
            ("table", &self.tables),
            ("IDX file", &self.idx),
            ("folder", &self.folders),
            ("other file", &self.others),
        ];
        let words: Vec<String> = kinds
            .into_iter()
            .filter_map(|(kind, names)| {
                let first = names.first()?;
                let (plural, more) = if names.len() > 1 { ("s", ", ..") } else { ("", "") };
                Some(format!("{} {kind}{plural} ({first}{more})", names.len()))
            })
            .collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    }
}
