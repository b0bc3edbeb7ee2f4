//! Attacks of ours beside those of the field's Python libraries, on the same networks and images.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use bal_report::{ReportError, json};

mod bars;
mod check;

/// Whose code ours stands beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// torchattacks and foolbox.
    Libraries,
    /// That of AutoAttack's authors.
    Authors,
}

impl Side {
    pub(crate) const ALL: [Self; 2] = [Self::Libraries, Self::Authors];

    /// The script's name for what is compared.
    pub(crate) fn plan(self) -> &'static str {
        match self {
            Self::Libraries => "libraries",
            Self::Authors => "authors",
        }
    }

    /// The file of its record, in `results/crosscheck/`.
    pub(crate) fn record(self) -> &'static str {
        match self {
            Self::Libraries => "crosscheck.json",
            Self::Authors => "authors.json",
        }
    }

    /// Its section in `docs/evaluation.md`.
    pub(crate) fn section(self) -> &'static str {
        match self {
            Self::Libraries => "crosscheck",
            Self::Authors => "crosscheck-authors",
        }
    }
}

/// What `cargo xtask bench crosscheck` found. Keys of the JSON are the names of the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Crosscheck {
    /// The processor, as the operating system names it.
    pub(crate) cpu: String,
    /// Threads of either side.
    pub(crate) threads: u32,
    /// The first so many of MNIST's test images.
    pub(crate) images: u64,
    /// The libraries' versions, by name; `PyTorch`'s among them.
    pub(crate) versions: BTreeMap<String, String>,
    /// What was compared.
    pub(crate) cells: Vec<Cell>,
}

/// One attack on one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cell {
    /// The attack's name among those compared: `apgd-ce`, `deepfool-l2`, ..
    pub(crate) attack: String,
    /// The model's name: `mnist_bal`, ..
    pub(crate) model: String,
    /// The library that the other side's attack is from.
    pub(crate) library: String,
    /// The system's load, as the mean number of waiting processes in the minute before the comparison began; the largest
    /// where it was interrupted and went on later, and `null` where the system does not say.
    pub(crate) load: Option<f64>,
    /// How long either side took.
    pub(crate) seconds: Seconds,
    /// What either side found.
    pub(crate) found: Found,
}

/// How long either side took, in seconds; with several seeds the mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seconds {
    /// `bal evaluate` from its start to its end.
    pub(crate) ours: f64,
    /// What of that is no attack: the same command with one point of uniform noise on the same images.
    pub(crate) ours_beside: f64,
    /// The call of the library's attack, without loading and judging.
    pub(crate) theirs: f64,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Found {
    /// Of attacks that have one result: the images themselves.
    Images(Images),
    /// Of attacks that seek the nearest error: how far it is.
    Distances(Distances),
    /// Of the others: how many images survive.
    Accuracy(Accuracy),
}

/// How many pixels of two attacked batches differ, and which of them double precision agrees with.
///
/// Both are compared with the same attack in double precision, from the same start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Images {
    /// The ball's radius, on pixels in [0, 1].
    pub(crate) radius: f64,
    /// All pixels.
    pub(crate) pixels: u64,
    /// Pixels that differ by more than 1e-5, rounding of single precision many times over,.
    pub(crate) differing: u64,
    /// Of those, how many are in double precision as ours.
    pub(crate) ours_right: u64,
    /// Of those, how many are in double precision as theirs.
    pub(crate) theirs_right: u64,
    /// Of those in which ours are not right, how many double precision itself gives otherwise in one of 16 attacks from a
    /// start whose pixels are moved by at most a millionth.
    pub(crate) undecided: u64,
    /// The largest difference of a pixel.
    pub(crate) largest: f64,
    /// The largest difference of a pixel of ours from double precision.
    pub(crate) ours_from_double: f64,
    /// Our steps one by one.
    pub(crate) steps: Steps,
}

/// Each step of ours beside one in double precision from the same point.
///
/// In many steps a sign that rounding turns moves all that follows; here it counts once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Steps {
    /// All pixels, in all steps.
    pub(crate) pixels: u64,
    /// Pixels that a step leaves more than 1e-5, rounding of single precision many times over, from where double precision does.
    pub(crate) differing: u64,
    /// Of those, how many double precision itself gives otherwise in one of 16 steps from a point whose pixels are moved by
    /// at most a millionth.
    pub(crate) undecided: u64,
}

/// Distances to the nearest errors found, in the norm that the attack makes small.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Distances {
    /// Ours.
    pub(crate) ours: Reach,
    /// Theirs.
    pub(crate) theirs: Reach,
    /// Images that are right at first and that both sides broke.
    pub(crate) both: u64,
    /// The median over those of ours divided by theirs; `null` where there is none.
    pub(crate) ratio: Option<f64>,
    /// On how many of those ours is nearer, by more than a thousandth.
    pub(crate) ours_nearer: u64,
    /// On how many of those theirs is nearer, by more than a thousandth.
    pub(crate) theirs_nearer: u64,
}

/// How far one side's errors are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reach {
    /// Images that are wrong in the end, those that are wrong at first among them.
    pub(crate) broken: u64,
    /// The least distance within which at least half of all images are wrong; `null` where more than half stand.
    pub(crate) median: Option<f64>,
}

/// Robust accuracies, in [0, 1], of attacks that begin at random.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accuracy {
    /// The norm of the balls, `linf` or `l2`.
    pub(crate) norm: String,
    /// Their radii, on pixels in [0, 1].
    pub(crate) radii: Vec<f64>,
    /// What ours leaves: a list for each seed, in it a share for each radius.
    pub(crate) ours: Vec<Vec<f64>>,
    /// What theirs leaves.
    pub(crate) theirs: Vec<Vec<f64>>,
    /// What several attacks leave together.
    pub(crate) together: Together,
}

/// What is left of images that count as broken where any seed broke them: a share for each radius.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Together {
    /// By all seeds of ours.
    pub(crate) ours: Vec<f64>,
    /// By all seeds of theirs.
    pub(crate) theirs: Vec<f64>,
    /// By all seeds of either side: how far their attack lowers what ours left, and ours theirs.
    pub(crate) both: Vec<f64>,
}

impl Accuracy {
    /// The mean over seeds of `ours` or `theirs`, radius by radius.
    pub(crate) fn mean(seeds: &[Vec<f64>]) -> Vec<f64> {
        let radii = seeds.first().map_or(0, Vec::len);
        let at = |radius: usize| seeds.iter().map(|seed| seed[radius]).sum::<f64>() / seeds.len() as f64;
        (0..radii).map(at).collect()
    }
}

impl Seconds {
    /// How many times as long as our attack theirs took; `None` where ours is over too soon to tell, in less than a tenth
    /// of what the program does beside it.
    pub(crate) fn ratio(&self) -> Option<f64> {
        let attack = self.ours - self.ours_beside;
        (attack > 0.1 * self.ours_beside).then(|| self.theirs / attack)
    }
}

impl Crosscheck {
    /// Reads a file that bench/crosscheck/crosscheck.py or [`Self::write`] wrote.
    ///
    /// Errors name the file and what is wrong with it.
    pub(crate) fn read(path: &Path) -> Result<Self, ReportError> {
        let crosscheck: Self = json::read(path)?;
        crosscheck.check().map_err(|what| ReportError::invalid(path, what))?;
        Ok(crosscheck)
    }

    /// Checks the record as [`Self::read`] does and writes it, whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ReportError> {
        self.check().map_err(|what| ReportError::invalid(path, what))?;
        json::write(path, self)
    }
}

#[cfg(test)]
pub(crate) mod tests;
