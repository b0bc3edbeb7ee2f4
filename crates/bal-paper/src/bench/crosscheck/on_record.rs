//! The comparison on record, to which each finished cell is added.

use std::path::PathBuf;

use crate::crosscheck::{Cell, Crosscheck};
use anyhow::Result;
use bal_files::Lock;

use super::plan;
use bal_chores::Repository;

/// The comparison in results/.
pub(super) struct OnRecord {
    path: PathBuf,
    crosscheck: Crosscheck,
    /// Each cell is put beside those that were read: of two comparisons at once, one would undo the other.
    _lock: Option<Lock>,
}

impl OnRecord {
    /// What is on record, if it was made as `now` is: on such a processor, by as many threads, of as many images and with the same
    /// libraries. Else a new one is begun.
    pub(super) fn open(repository: &Repository, now: &Crosscheck) -> Result<Self> {
        let folder = repository.results().join("crosscheck");
        let lock = Lock::take(&folder, &mut |news| eprintln!("{news}"))?;
        Ok(Self { _lock: Some(lock), ..Self::at(folder.join("crosscheck.json"), now)? })
    }

    fn at(path: PathBuf, now: &Crosscheck) -> Result<Self> {
        let new = Crosscheck { cells: Vec::new(), ..now.clone() };
        let before = if path.exists() { Crosscheck::read(&path)? } else { new.clone() };
        let same = Crosscheck { cells: Vec::new(), ..before.clone() } == new;
        Ok(Self { path, crosscheck: if same { before } else { new }, _lock: None })
    }

    /// Puts a cell on record, in place of an earlier one of its attack and model; in the order of the plan.
    pub(super) fn put(&mut self, cell: &Cell) -> Result<()> {
        let cells = &mut self.crosscheck.cells;
        cells.retain(|old| (&old.attack, &old.model) != (&cell.attack, &cell.model));
        cells.push(cell.clone());
        cells.sort_by_key(|cell| plan::place(&cell.attack, &cell.model));
        Ok(self.crosscheck.write(&self.path)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::crosscheck::{Accuracy, Found, Seconds};
    use bal_report::PerImage;

    use super::*;

    fn cell(attack: &str, model: &str, ours: &str) -> Cell {
        let survivors = |digits: &str| [PerImage { correct: vec![digits.into()] }];
        let accuracy = Accuracy::of("linf", &[0.1], &survivors(ours), &survivors("0011"));
        Cell {
            attack: attack.into(),
            model: model.into(),
            library: "torchattacks".into(),
            load: None,
            seconds: Seconds { ours: 2.0, ours_beside: 1.0, theirs: 3.0 },
            found: Found::Accuracy(accuracy.unwrap()),
        }
    }

    #[test]
    fn cells_add_up_and_come_in_the_order_of_the_plan() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crosscheck.json");
        let now = Crosscheck {
            cpu: "a processor".into(),
            threads: 2,
            images: 1000,
            versions: BTreeMap::new(),
            cells: vec![cell("fgsm", "erm", "0000")],
        };
        let mut first = OnRecord::at(path.clone(), &now).unwrap();
        first.put(&cell("autoattack-linf", "mnist_erm", "0001")).unwrap();
        first.put(&cell("apgd-ce", "erm", "0001")).unwrap();
        let mut second = OnRecord::at(path.clone(), &now).unwrap();
        second.put(&cell("apgd-ce", "mnist_erm", "0001")).unwrap();
        second.put(&cell("apgd-ce", "erm", "0111")).unwrap();
        let cells = [
            cell("apgd-ce", "mnist_erm", "0001"),
            cell("autoattack-linf", "mnist_erm", "0001"),
            cell("apgd-ce", "erm", "0111"),
        ];
        assert_eq!(Crosscheck::read(&path).unwrap().cells, cells);
        // Made otherwise, it begins anew.
        OnRecord::at(path.clone(), &Crosscheck { threads: 1, ..now }).unwrap().put(&cells[2]).unwrap();
        assert_eq!(Crosscheck::read(&path).unwrap().cells, cells[2..]);
    }
}
