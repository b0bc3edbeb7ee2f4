//! An evaluation image by image, as a table.

use std::path::Path;

use crate::csv::Csv;
use crate::{ReportError, whole};

/// What became of one image at one radius.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageRow {
    /// Its number in the data set, from 0.
    pub index: i64,
    /// Its class.
    pub label: i64,
    /// The model's class for the image as it is.
    pub clean: i64,
    /// The ball's radius; `None` for an attack without.
    pub radius: Option<f64>,
    /// The model's class for the changed image.
    pub predicted: i64,
    /// The attack that broke it; `None` for one that stands, or was wrong as it is.
    pub broken_by: Option<String>,
    /// Euclidean length of the change.
    pub l2: f64,
    /// Greatest change of a pixel.
    pub linf: f64,
    /// How far pixels were moved, of an attack that moves them.
    pub size: Option<f64>,
    /// How far the nearest error that was found is, of an attack that seeks it.
    pub distance: Option<f64>,
    /// The image's file below the folder of the data set; `None` where images are no files of their own.
    pub file: Option<String>,
}

/// Writes one line per image and radius: `index,label,clean,radius,predicted,broken_by,l2,linf,distance,file`, and
/// `size` where pixels were moved; what does not apply is empty. Whole or not at all.
pub fn write_image_rows(path: &Path, rows: &[ImageRow]) -> Result<(), ReportError> {
    let sized = rows.iter().any(|row| row.size.is_some());
    let mut head =
        vec!["index", "label", "clean", "radius", "predicted", "broken_by", "l2", "linf", "distance", "file"];
    head.extend(sized.then_some("size"));
    let mut table = Csv::new(&head);
    let optional = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for row in rows {
        let mut cells = vec![
            row.index.to_string(),
            row.label.to_string(),
            row.clean.to_string(),
            optional(row.radius),
            row.predicted.to_string(),
            row.broken_by.clone().unwrap_or_default(),
            row.l2.to_string(),
            row.linf.to_string(),
            optional(row.distance),
            row.file.clone().unwrap_or_default(),
        ];
        cells.extend(sized.then(|| optional(row.size)));
        table.row(&cells);
    }
    whole::write(path, table.finish().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_apply_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        let row = ImageRow {
            index: 7,
            label: 3,
            clean: 3,
            radius: Some(0.1),
            predicted: 8,
            broken_by: Some("square".into()),
            l2: 1.5,
            linf: 0.1,
            size: None,
            distance: None,
            file: Some("test/cat/a, b.png".into()),
        };
        let standing = ImageRow {
            radius: None,
            predicted: 3,
            broken_by: None,
            distance: Some(0.25),
            file: None,
            ..row.clone()
        };
        write_image_rows(&path, &[row, standing]).unwrap();
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            "index,label,clean,radius,predicted,broken_by,l2,linf,distance,file\n\
             7,3,3,0.1,8,square,1.5,0.1,,\"test/cat/a, b.png\"\n7,3,3,,3,,1.5,0.1,0.25,\n"
        );
    }
}
