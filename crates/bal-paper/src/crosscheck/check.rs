//! What a comparison has to be to be believed.

use super::{Accuracy, Cell, Crosscheck, Found, Steps, Together};

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
                let wrong = found.differing.saturating_sub(found.ours_right);
                if found.differing > found.pixels
                    || counts.iter().any(|count| *count > found.differing)
                    || found.undecided > wrong
                {
                    return Err("it counts more pixels than there are".into());
                }
                found.steps.check()?;
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

impl Steps {
    fn check(&self) -> Result<(), String> {
        if self.differing > self.pixels || self.undecided > self.differing {
            return Err("it counts more pixels of its steps than there are".into());
        }
        Ok(())
    }
}

impl Accuracy {
    fn check(&self) -> Result<(), String> {
        if self.ours.is_empty() || self.theirs.is_empty() {
            return Err("it has no seed of either side".into());
        }
        let Together { ours, theirs, both } = &self.together;
        let lists: Vec<&Vec<f64>> =
            self.ours.iter().chain(&self.theirs).chain([ours, theirs, both]).collect();
        if self.radii.is_empty() || lists.iter().any(|list| list.len() != self.radii.len()) {
            return Err("its lists have not an entry for each radius".into());
        }
        if let Some(share) = lists.iter().copied().flatten().find(|share| !(0.0..=1.0).contains(*share)) {
            return Err(format!("accuracies must be in [0, 1], got {share}"));
        }
        let more = |part: &[f64], whole: &[f64]| part.iter().zip(whole).any(|(part, whole)| part > whole);
        let above = self.ours.iter().any(|seed| more(ours, seed))
            || self.theirs.iter().any(|seed| more(theirs, seed))
            || more(both, ours)
            || more(both, theirs);
        if above {
            return Err("several attacks leave more together than one of them".into());
        }
        Ok(())
    }
}
