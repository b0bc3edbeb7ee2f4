//! What a comparison has to be to be believed.

use super::{Accuracy, Cell, Crosscheck, Found};

impl Crosscheck {
    /// Says of a comparison that cannot be what is wrong with it.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.images == 0 {
            return Err("images must be at least 1, got 0".into());
        }
        self.cells.iter().try_for_each(|cell| {
            cell.check(self.images).map_err(|what| format!("{} on {}: {what}", cell.attack, cell.model))
        })
    }
}

impl Cell {
    fn check(&self, images: u64) -> Result<(), String> {
        let seconds = [self.seconds.ours, self.seconds.ours_beside, self.seconds.theirs];
        if !seconds.iter().all(|s| s.is_finite() && *s > 0.0) {
            return Err(format!("seconds must be positive, got {seconds:?}"));
        }
        match &self.found {
            Found::Images(found) => {
                let counts = [found.ours_right, found.theirs_right];
                if found.differing > found.pixels || counts.iter().any(|count| *count > found.differing) {
                    return Err("it counts more pixels than there are".into());
                }
            }
            Found::Distances(found) => {
                let most = found.ours.broken.max(found.theirs.broken).max(found.both);
                if most > images || found.ours_nearer + found.theirs_nearer > found.both {
                    return Err("it counts more images than there are".into());
                }
            }
            Found::Accuracy(found) => found.check()?,
        }
        Ok(())
    }
}

impl Accuracy {
    fn check(&self) -> Result<(), String> {
        let whole = !self.radii.is_empty()
            && self.ours.len() == self.radii.len()
            && self.theirs.len() == self.radii.len();
        if !whole {
            return Err("its lists have not an entry for each radius".into());
        }
        let mut shares = self.ours.iter().chain(&self.theirs);
        match shares.find(|share| !(0.0..=1.0).contains(*share)) {
            Some(share) => Err(format!("accuracies must be in [0, 1], got {share}")),
            None => Ok(()),
        }
    }
}
