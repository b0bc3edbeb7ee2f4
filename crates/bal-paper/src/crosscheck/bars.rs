//! What a comparison has to reach, and where it does not.

use super::{Accuracy, Cell, Crosscheck, Distances, Found, Images};

/// By how much our attack may leave more images standing than theirs, in [0, 1], as means over seeds.
const ACCURACY: f64 = 0.003;
/// How many times as far as theirs our errors may be, as the median over images.
const DISTANCE: f64 = 1.01;
/// How many times as long as ours theirs has to take.
const TIME: f64 = 2.0;
/// What is to be left of the published posterior under `AutoAttack` in L-infinity, at most: radius and accuracy. Told of
/// another implementation on 1,000 images.
const PUBLISHED: (&str, &str, [(f64, f64); 2]) =
    ("autoattack-linf", "mnist_bal", [(0.1, 0.874), (0.15, 0.562)]);

impl Crosscheck {
    /// Where the comparison falls short, a sentence for each, in the order of the cells.
    pub(crate) fn shortfalls(&self) -> Vec<String> {
        let of = |cell: &Cell| {
            let said = cell.shortfalls();
            said.into_iter()
                .map(|what| format!("{} on {}: {what}", cell.attack, cell.model))
                .collect::<Vec<_>>()
        };
        self.cells.iter().flat_map(of).collect()
    }
}

impl Cell {
    /// Where this cell falls short.
    pub(crate) fn shortfalls(&self) -> Vec<String> {
        let mut said = match &self.found {
            Found::Images(found) => found.shortfalls(),
            Found::Distances(found) => found.shortfalls(),
            Found::Accuracy(found) => {
                let mut said = found.above(&Accuracy::mean(&found.theirs), ACCURACY, "theirs");
                if (self.attack.as_str(), self.model.as_str()) == (PUBLISHED.0, PUBLISHED.1) {
                    said.extend(found.above_published());
                }
                said
            }
        };
        if let Some(ratio) = self.seconds.ratio().filter(|ratio| *ratio < TIME) {
            said.push(format!("theirs takes {ratio:.2} times as long as ours, less than {TIME}"));
        }
        said
    }
}

impl Images {
    fn shortfalls(&self) -> Vec<String> {
        let wrong = self.differing - self.ours_right;
        if wrong == 0 {
            return Vec::new();
        }
        vec![format!(
            "{wrong} pixels differ in which ours are not those of double precision, {} of them undecided",
            self.undecided
        )]
    }
}

impl Distances {
    fn shortfalls(&self) -> Vec<String> {
        let mut said = Vec::new();
        if self.ours.broken < self.theirs.broken {
            said.push(format!("ours breaks {} images, theirs {}", self.ours.broken, self.theirs.broken));
        }
        if let Some(ratio) = self.ratio.filter(|ratio| *ratio > DISTANCE) {
            said.push(format!("our errors are {ratio:.3} times as far as theirs, in the median"));
        }
        said
    }
}

impl Accuracy {
    /// Where ours leaves more than `theirs` by more than `margin`; rounding of a share of images aside.
    fn above(&self, theirs: &[f64], margin: f64, whose: &str) -> Vec<String> {
        let rows = self.radii.iter().zip(Self::mean(&self.ours)).zip(theirs);
        rows.filter(|((_, ours), theirs)| *ours > **theirs + margin + 1e-9)
            .map(|((radius, ours), theirs)| format!("ours leaves {ours:.4} at {radius}, {whose} {theirs:.4}"))
            .collect()
    }

    fn above_published(&self) -> Vec<String> {
        let expected = self.radii.iter().map(|radius| {
            let known = PUBLISHED.2.iter().find(|(known, _)| (known - radius).abs() < 1e-9);
            known.map_or(f64::INFINITY, |(_, accuracy)| *accuracy)
        });
        self.above(&expected.collect::<Vec<_>>(), 0.0, "the bar is")
    }
}
