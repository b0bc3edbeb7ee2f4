//! The JSON of a transfer matrix: adversarial images of each model, shown to all.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Evaluation, ReportError, json};

/// What `bal transfer` measured. Keys of the JSON are the names of the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferMatrix {
    /// The names of the models, in the order of rows and columns.
    pub models: Vec<String>,
    /// A row for each model that was attacked; in it an evaluation of each model on the images that the attack made. On the
    /// diagonal the attacked model saw its own.
    pub evaluations: Vec<Vec<Evaluation>>,
}

impl TransferMatrix {
    /// The matrix of these rows.
    ///
    /// # Errors
    /// [`ReportError::Invalid`] as in [`TransferMatrix::read`].
    pub fn new(models: Vec<String>, evaluations: Vec<Vec<Evaluation>>) -> Result<Self, ReportError> {
        let matrix = Self { models, evaluations };
        matrix.check().map_err(|what| ReportError::invalid(Path::new("a transfer matrix"), what))?;
        Ok(matrix)
    }

    /// Reads the JSON of a matrix.
    ///
    /// # Errors
    /// When the file cannot be read, is no matrix, has not as many rows and columns as models, holds an evaluation that does not
    /// agree with itself, or evaluations of other images or radii than the first.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let matrix: Self = json::read(path)?;
        matrix.check().map_err(|what| ReportError::invalid(path, what))?;
        Ok(matrix)
    }

    /// Writes the JSON, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        json::write(path, self)
    }

    /// The evaluation of the model `target` on the images that were made by attacking `surrogate`, both counted from 0.
    pub fn cell(&self, surrogate: usize, target: usize) -> Option<&Evaluation> {
        self.evaluations.get(surrogate)?.get(target)
    }

    fn check(&self) -> Result<(), String> {
        let models = self.models.len();
        if self.evaluations.len() != models || self.evaluations.iter().any(|row| row.len() != models) {
            return Err(format!("evaluations must have {models} rows of {models}, as many as models"));
        }
        let Some(first) = self.cell(0, 0) else { return Err("models is empty".into()) };
        let digest = |evaluation: &Evaluation| evaluation.image_set.as_ref().map(|set| set.digest.clone());
        for (row, cells) in self.evaluations.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                let place = format!("evaluations[{row}][{column}]");
                cell.consistent().map_err(|what| format!("{place}: {what}"))?;
                if (&cell.radii, &cell.norm) != (&first.radii, &first.norm) {
                    return Err(format!("{place} is at other radii than the first"));
                }
                if (cell.images, digest(cell)) != (first.images, digest(first)) {
                    return Err(format!("{place} is of other images than the first"));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn matrix() -> TransferMatrix {
        let cell = |accuracy: f64| testing::evaluation("pgd", vec![Some(0.1)], &[accuracy], 4);
        let rows = vec![vec![cell(0.25), cell(0.75)], vec![cell(1.0), cell(0.5)]];
        TransferMatrix::new(vec!["a".into(), "b".into()], rows).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("matrix.json");
        matrix().write(&path).unwrap();
        assert_eq!(TransferMatrix::read(&path).unwrap(), matrix());
        assert_eq!(matrix().cell(1, 0).unwrap().accuracy, [1.0]);
        assert_eq!(matrix().cell(2, 0), None);
    }

    #[test]
    fn rows_that_do_not_belong_together_are_refused() {
        type Break = fn(&mut TransferMatrix);
        let cases: [(Break, &str); 5] = [
            (|m| m.models.clear(), "rows of 0"),
            (|m| drop(m.evaluations[1].pop()), "2 rows of 2"),
            (|m| m.evaluations[0][1].radii = vec![Some(0.2)], "evaluations[0][1] is at other radii"),
            (|m| m.evaluations[1][0].accuracy = vec![0.75], "evaluations[1][0]: accuracy[0]"),
            (
                |m| m.evaluations[1][1] = testing::evaluation("pgd", vec![Some(0.1)], &[0.6], 5),
                "evaluations[1][1] is of other images",
            ),
        ];
        for (break_it, said) in cases {
            let mut broken = matrix();
            break_it(&mut broken);
            let error = TransferMatrix::new(broken.models, broken.evaluations).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
