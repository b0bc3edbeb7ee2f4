//! Three regression tables of the UCI repository, with the divisions that the field reports on.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::NumberTable;
use crate::{DataError, Digest, text};

/// A table of the UCI Machine Learning Repository, and 20 divisions of it into training and test rows.
///
/// The divisions are those of Hernandez-Lobato & Adams (ICML 2015), which Gal & Ghahramani (ICML 2016) report on too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UciTable {
    /// Yacht hydrodynamics: residuary resistance by the form of a hull; 308 rows, 6 features.
    Yacht,
    /// Energy efficiency: heating load of buildings; 768 rows, 8 features.
    Energy,
    /// Compressive strength of concrete; 1,030 rows, 8 features.
    Concrete,
}

impl UciTable {
    /// All tables.
    pub const ALL: [Self; 3] = [Self::Yacht, Self::Energy, Self::Concrete];

    /// How many divisions each has.
    pub const SPLITS: usize = 20;

    /// The name that experiments give it: `uci-yacht`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Yacht => "uci-yacht",
            Self::Energy => "uci-energy",
            Self::Concrete => "uci-concrete",
        }
    }

    /// The column that is predicted.
    pub fn target(self) -> &'static str {
        match self {
            Self::Yacht => "residuary_resistance",
            Self::Energy => "heating_load",
            Self::Concrete => "strength",
        }
    }

    /// The names of the columns, the target last.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Yacht => &[
                "longitudinal_position",
                "prismatic_coefficient",
                "length_displacement",
                "beam_draught",
                "length_beam",
                "froude_number",
                "residuary_resistance",
            ],
            Self::Energy => &[
                "relative_compactness",
                "surface_area",
                "wall_area",
                "roof_area",
                "overall_height",
                "orientation",
                "glazing_area",
                "glazing_area_distribution",
                "heating_load",
            ],
            Self::Concrete => &[
                "cement",
                "blast_furnace_slag",
                "fly_ash",
                "water",
                "superplasticizer",
                "coarse_aggregate",
                "fine_aggregate",
                "age",
                "strength",
            ],
        }
    }

    /// The folder below `uci/`.
    fn folder(self) -> &'static str {
        &self.name()["uci-".len()..]
    }

    /// Rows, and SHA-256 of the table and of the divisions.
    fn content(self) -> (usize, [&'static str; 2]) {
        match self {
            Self::Yacht => (
                308,
                [
                    "00dfecc0fc01ddd4c90b558a3ac11b246df8ebcfea130724223475a9a67f0ea1",
                    "6be06d34182d62f5b63ed2fb62a718a433c1013738f5042b1c0eac09f4d85d1b",
                ],
            ),
            Self::Energy => (
                768,
                [
                    "7f8bf024cea437267d56be99b7af7bb3faebec8a7bccfbb20d06d52d9372a950",
                    "2944461d02b788cb7f76447a932c8e720e8dbb905f6972fc9cabea905fdcbae8",
                ],
            ),
            Self::Concrete => (
                1030,
                [
                    "43d290fd2c2a399ad7e62c45cab5337ba94ece69ebdcf5875aa668cb886243de",
                    "5f2377d7245765fa94d0865174168995391bd037d8d66a4e9ee5a786a93f2d85",
                ],
            ),
        }
    }

    /// Reads the table, and the test rows of each division, from `uci/NAME/` below the folder of data sets.
    ///
    /// # Errors
    /// [`DataError`] when a file is not there, or is not the one that is known.
    pub fn load(self, datasets: &Path) -> Result<(NumberTable, Vec<Vec<usize>>), DataError> {
        let folder = datasets.join("uci").join(self.folder());
        let (count, digests) = self.content();
        let read = |name: &str, digest: &str| {
            let file = folder.join(name);
            let text = text::read(&file)?;
            let found = Digest::of(text.as_bytes());
            if found.to_string() == digest {
                return Ok((file, text, found));
            }
            let reason =
                format!("is not the file of this name that is known: its SHA-256 is {found}, not {digest}");
            Err(DataError::own(&file, reason))
        };
        let (file, text, digest) = read("data.txt", digests[0])?;
        let columns = self.columns();
        let row = |line: &str| {
            line.split_whitespace().map(|field| field.parse().ok()).collect::<Option<Vec<f64>>>()
        };
        let rows: Option<Vec<Vec<f64>>> =
            text.lines().filter(|line| !line.trim().is_empty()).map(row).collect();
        let is_whole =
            |rows: &Vec<Vec<f64>>| rows.len() == count && rows.iter().all(|row| row.len() == columns.len());
        let rows =
            rows.filter(is_whole).ok_or_else(|| DataError::own(&file, "holds another table".to_owned()))?;
        let (file, text, _) = read("test_rows.json", digests[1])?;
        let splits: Vec<Vec<usize>> =
            serde_json::from_str(&text).map_err(|error| DataError::own(&file, error.to_string()))?;
        let columns = columns.iter().map(ToString::to_string).collect();
        Ok((NumberTable { columns, rows, digest }, splits))
    }
}

impl fmt::Display for UciTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for UciTable {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|table| table.name() == name).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datasets() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets")
    }

    #[test]
    fn each_table_has_a_tenth_of_its_rows_to_test_on_in_twenty_ways() {
        for (table, first, mean) in [
            (UciTable::Yacht, 0.11, 10.495),
            (UciTable::Energy, 15.55, 22.307),
            (UciTable::Concrete, 79.99, 35.818),
        ] {
            assert_eq!(table.name().parse(), Ok(table));
            let (numbers, splits) = table.load(&datasets()).unwrap();
            let target = numbers.column(table.target()).unwrap();
            assert_eq!((numbers.columns.len(), numbers.rows[0][target]), (target + 1, first));
            let found = numbers.rows.iter().map(|row| row[target]).sum::<f64>() / numbers.rows.len() as f64;
            assert!((found - mean).abs() < 1e-3, "{table}: {found}");
            assert_eq!(splits.len(), UciTable::SPLITS);
            for split in splits {
                let tenth = numbers.rows.len() as f64 / 10.0;
                assert!((split.len() as f64 - tenth).abs() <= 1.0, "{table}: {}", split.len());
                assert!(split.iter().all(|&row| row < numbers.rows.len()));
            }
        }
    }

    #[test]
    fn another_file_of_the_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("uci/yacht");
        std::fs::create_dir_all(&place).unwrap();
        assert!(UciTable::Yacht.load(folder.path()).unwrap_err().to_string().contains("data.txt"));
        std::fs::write(place.join("data.txt"), "1 2 3\n").unwrap();
        let error = UciTable::Yacht.load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("is not the file of this name that is known"), "{error}");
    }
}
