//! Which column of a table is which, and what separates them.

use csv::{ReaderBuilder, StringRecord, Trim};

/// What may separate columns.
const SEPARATORS: [(u8, &str); 4] = [(b',', "commas"), (b';', "semicolons"), (b'\t', "tabs"), (b'|', "bars")];

/// Names of the columns as they are compared ([`plain`]), the preferred first.
const PATH: [&str; 9] =
    ["path", "file", "filename", "filepath", "image", "imagepath", "imagefile", "img", "imgpath"];
const LABEL: [&str; 6] = ["label", "class", "classname", "classid", "category", "target"];
const SPLIT: [&str; 3] = ["split", "subset", "set"];
const GROUP: [&str; 2] = ["group", "track"];

/// How a table is to be read.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) separator: u8,
    pub(super) path: usize,
    pub(super) label: usize,
    pub(super) split: Option<usize>,
    pub(super) group: Option<usize>,
    /// What is to be said of how the table was taken, if it is not in the plain form.
    pub(super) remark: Option<String>,
}

impl Columns {
    /// By the header of the table with this text; refused, with the reason, if it names no paths or no labels.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let mut found = Vec::new();
        for (separator, name) in SEPARATORS {
            let header = header(text, separator);
            found.push((Self::in_header(&header, separator, name), header.len()));
        }
        if let Some(at) = found.iter().position(|(columns, _)| columns.is_ok()) {
            return found.swap_remove(at).0;
        }
        // Of refusals that of the separator that is there.
        let most = found.iter().map(|(_, columns)| *columns).max().unwrap_or(0);
        let of_most = found.into_iter().find(|(_, columns)| *columns == most);
        of_most.map_or_else(|| Err("is empty".to_owned()), |(refused, _)| refused)
    }

    fn in_header(header: &StringRecord, separator: u8, separated_by: &str) -> Result<Self, String> {
        let names: Vec<String> = header.iter().map(plain).collect();
        let mut used = Vec::new();
        let mut find = |meaning: &str, known: &[&str]| -> Result<Option<usize>, String> {
            for known in known {
                let mut here = names.iter().enumerate().filter(|(_, name)| name == known);
                let Some((column, _)) = here.next() else { continue };
                if here.next().is_some() {
                    return Err(format!("line 1: column {:?} is there twice", &header[column]));
                }
                used.push((column, meaning.to_owned()));
                return Ok(Some(column));
            }
            Ok(None)
        };
        let (path, label) = (find("path", &PATH)?, find("label", &LABEL)?);
        let (split, group) = (find("split", &SPLIT)?, find("group", &GROUP)?);
        let (Some(path), Some(label)) = (path, label) else {
            let found: Vec<String> = header.iter().take(8).map(|name| format!("{name:?}")).collect();
            return Err(format!(
                "line 1: the header has to name the columns path and label, and found is {}; known are also {} for path, {} \
                 for label, and split and group",
                if found.is_empty() { "nothing".to_owned() } else { found.join(", ") },
                PATH[1..].join(", "),
                LABEL[1..].join(", ")
            ));
        };
        used.sort_unstable();
        let others: Vec<&str> = (0..header.len())
            .filter(|column| used.iter().all(|(used, _)| used != column))
            .filter_map(|column| header.get(column))
            .collect();
        let in_plain_form = used.iter().all(|(column, meaning)| header[*column] == *meaning);
        let remark = (separator != b',' || !in_plain_form || !others.is_empty()).then(|| {
            let taken = used.iter().map(|(column, meaning)| match &header[*column] {
                name if name == meaning => name.to_owned(),
                name => format!("{name} as {meaning}"),
            });
            let taken = taken.collect::<Vec<_>>().join(", ");
            let left = if others.is_empty() {
                String::new()
            } else {
                format!("; left alone: {}", others.join(", "))
            };
            format!("columns, separated by {separated_by}: {taken}{left}")
        });
        Ok(Self { separator, path, label, split, group, remark })
    }
}

/// The first line of a table; empty where that cannot be read.
fn header(text: &str, separator: u8) -> StringRecord {
    let mut reader = ReaderBuilder::new().trim(Trim::All).delimiter(separator).from_reader(text.as_bytes());
    reader.headers().cloned().unwrap_or_default()
}

/// A name as it is compared: letters and digits, small.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remark(header: &str) -> Option<String> {
        Columns::of(header).unwrap().remark
    }

    #[test]
    fn other_names_separators_and_columns_are_taken_and_said() {
        assert_eq!(remark("path,label,split,group\n"), None);
        assert_eq!(remark("label,path\n"), None);
        assert_eq!(
            remark("Filename;Width;ClassId\n").as_deref(),
            Some("columns, separated by semicolons: Filename as path, ClassId as label; left alone: Width")
        );
        assert_eq!(
            remark("image_path\tcategory\n").as_deref(),
            Some("columns, separated by tabs: image_path as path, category as label")
        );
        // The preferred name wins; the other one is left alone.
        assert_eq!(
            remark("class,label,file\n").as_deref(),
            Some("columns, separated by commas: label, file as path; left alone: class")
        );
    }

    #[test]
    fn a_header_without_paths_or_labels_is_refused_with_what_it_has() {
        for (header, expected) in [
            ("id;breed\n", "found is \"id\", \"breed\""),
            ("path\n", "has to name the columns path and label, and found is \"path\"; known are also file,"),
            ("", "found is nothing"),
            ("path,Path,label\n", "column \"path\" is there twice"),
        ] {
            let error = Columns::of(header).unwrap_err();
            assert!(error.contains(expected), "{header:?}: {error}");
        }
    }
}
