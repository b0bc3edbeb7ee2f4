//! Which of the three layouts is at a path: detected, or told where it is ambiguous.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::idx_files::{Content, IdxFiles, IdxName};
use super::listing::visible;
use super::remedy::{Refusal, Remedy};
use crate::DataError;

/// Names of a table within a folder that are looked for.
const TABLES: [&str; 4] = ["images.csv", "labels.csv", "images.tsv", "labels.tsv"];

/// Endings of tables that are named by their path.
const TABLE_ENDINGS: [&str; 3] = ["csv", "tsv", "txt"];

/// Where torchvision keeps the files that it downloads, below `MNIST/`, `FashionMNIST/`, `EMNIST/` ..
const RAW: &str = "raw";

/// How a data set is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `<class>/<image>`, or `train/<class>/<image>`, `test/<class>/<image>` and perhaps `val/<class>/<image>`.
    Folders,
    /// `train-images-idx3-ubyte` with `train-labels-idx1-ubyte`, perhaps `t10k-..` or `test-..` beside them,
    /// plain or `.gz`; `idx4` for colour, `[n, h, w, 3]`.
    Idx,
    /// A table with the columns `path`, `label` and perhaps `split` and `group`.
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

/// What to read: the folder of classes, IDX files, or the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Folders(PathBuf),
    Idx(IdxFiles),
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
        match self {
            Place::Folders(path) | Place::Csv(path) => path,
            Place::Idx(files) => &files.root,
        }
    }

    /// The name of the folder, of the table without its ending, or of what the names of IDX files begin with.
    pub(super) fn name(&self) -> String {
        let path = self.path();
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let of = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        match self {
            Place::Csv(_) => path.file_stem().map(|name| name.to_string_lossy().into_owned()),
            Place::Idx(files) if !files.family.is_empty() => {
                Some(files.family.trim_end_matches(|letter: char| !letter.is_alphanumeric()).to_owned())
            }
            Place::Idx(_) if path.file_name().is_some_and(|name| name == RAW) => path.parent().and_then(of),
            Place::Folders(_) | Place::Idx(_) => of(&path),
        }
        .unwrap_or_default()
    }
}

/// What is at `path`, which has to be `told` if that is given.
pub(super) fn detect(path: &Path, told: Option<Layout>) -> Result<Place, DataError> {
    let refused = |refusal: Refusal| DataError::own(path, refusal);
    let metadata = fs::metadata(path).map_err(|e| DataError::read(path, e))?;
    if !metadata.is_dir() {
        return file(path, metadata.is_file(), told);
    }
    let found = Found::in_folder(path)?;
    if found.tables.is_empty()
        && found.idx.is_empty()
        && matches!(told, None | Some(Layout::Idx))
        && let Some(files) = downloaded(path, &found.folders)?
    {
        return Ok(Place::Idx(files));
    }
    let wanted = match told {
        Some(told) => told,
        None => found.one().map_err(refused)?,
    };
    match wanted {
        Layout::Folders if !found.folders.is_empty() => Ok(Place::Folders(path.to_owned())),
        Layout::Idx if !found.idx.is_empty() => Ok(Place::Idx(in_folder(path, &found.idx)?)),
        Layout::Csv => match &found.tables[..] {
            [table] => Ok(Place::Csv(path.join(table))),
            [] => Err(refused(
                format!("holds no table ({}); give the path of the table", TABLES.join(", ")).into(),
            )),
            [one, other, ..] => {
                Err(refused(format!("holds both {one} and {other}; give the path of one of them").into()))
            }
        },
        wanted => Err(refused(
            Remedy::Layout
                .against(format!("the layout is set to {wanted}, but there is {}", found.in_words())),
        )),
    }
}

/// A table, or one of the IDX files that hold images, by its path.
fn file(path: &Path, is_file: bool, told: Option<Layout>) -> Result<Place, DataError> {
    let refused = |refusal: Refusal| Err(DataError::own(path, refusal));
    let idx = path.file_name().and_then(|name| IdxName::parse(name.to_str()?));
    let idx = idx.filter(|name| name.content == Content::Images);
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    let is_table = TABLE_ENDINGS.iter().any(|known| end.eq_ignore_ascii_case(known));
    let found = match (&idx, is_table) {
        _ if !is_file => None,
        (Some(_), _) => Some(Layout::Idx),
        (None, true) => Some(Layout::Csv),
        (None, false) => None,
    };
    match (found, told) {
        (Some(found), Some(told)) if found != told => {
            let what = if found == Layout::Csv { "a table" } else { "an IDX file" };
            refused(Remedy::Layout.against(format!("is {what}, but the layout is set to {told}")))
        }
        (Some(Layout::Csv), _) => Ok(Place::Csv(path.to_owned())),
        (Some(_), _) => {
            let family = idx.map(|name| name.family).unwrap_or_default();
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(Place::Idx(IdxFiles::of_family(folder.unwrap_or(Path::new(".")), &family)?))
        }
        _ => refused(
            "is neither a folder, nor a table (.csv, .tsv, .txt), nor an IDX file of images"
                .to_owned()
                .into(),
        ),
    }
}

/// The IDX files of the only data set in a folder that has files of images with these names.
fn in_folder(root: &Path, images: &[String]) -> Result<IdxFiles, DataError> {
    let families: BTreeSet<String> =
        images.iter().filter_map(|name| IdxName::parse(name)).map(|name| name.family).collect();
    let mut families = families.into_iter();
    match (families.next(), families.next()) {
        (Some(one), Some(other)) => Err(DataError::own(
            root,
            format!(
                "holds several data sets in IDX files ({one}.., {other}..); give the path of the training images of one"
            ),
        )),
        (family, _) => IdxFiles::of_family(root, &family.unwrap_or_default()),
    }
}

/// The IDX files that torchvision keeps below `root`, in `raw/` or, for example, `MNIST/raw/`.
fn downloaded(root: &Path, folders: &[String]) -> Result<Option<IdxFiles>, DataError> {
    let mut found: Vec<(PathBuf, Vec<String>)> = Vec::new();
    for folder in folders {
        let mut raw = PathBuf::from(folder);
        if folder != RAW {
            raw.push(RAW);
        }
        let place = root.join(&raw);
        if place.is_dir() {
            let images = Found::in_folder(&place)?.idx;
            if !images.is_empty() {
                found.push((raw, images));
            }
        }
    }
    match &found[..] {
        [] => Ok(None),
        [(raw, images)] => in_folder(&root.join(raw), images).map(Some),
        [(one, _), (other, _), ..] => Err(DataError::own(
            root,
            format!(
                "has IDX files in {} and {}; give the path of one of them",
                one.display(),
                other.display()
            ),
        )),
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
            let idx = IdxName::parse(&name);
            let kind = if item.is_folder {
                // Some archives have a folder of the same name around each file.
                if idx.is_some() { &mut found.others } else { &mut found.folders }
            } else if TABLES.contains(&name.as_str()) {
                &mut found.tables
            } else if idx.is_some_and(|name| name.content == Content::Images) {
                &mut found.idx
            } else {
                &mut found.others
            };
            kind.push(name);
        }
        Ok(found)
    }

    /// The only layout that is here. A table wins over folders: its images have to be somewhere.
    fn one(&self) -> Result<Layout, Refusal> {
        match (self.tables.is_empty(), self.idx.is_empty(), self.folders.is_empty()) {
            (false, true, _) => Ok(Layout::Csv),
            (true, false, true) => Ok(Layout::Idx),
            (true, true, false) => Ok(Layout::Folders),
            (true, true, true) => Err(format!(
                "no data set found: expected a folder per class, an IDX pair such as train-images-idx3-ubyte.gz, or \
                 images.csv; there is {}",
                self.in_words()
            )
            .into()),
            _ => Err(Remedy::Layout.against(format!(
                "more than one data set found: {}; give the path of the table",
                self.in_words()
            ))),
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
