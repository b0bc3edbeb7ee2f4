//! The JSON of an evaluation: accuracy under one attack, radius by radius and image by image.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::csv::Csv;
use crate::wilson::{Interval, wilson_95};
use crate::{ImageSet, ReportError, Split, json, whole};

mod check;
mod rows;
mod seeds;

pub use rows::{ImageRow, write_image_rows};
pub use seeds::OfSeed;

/// What `bal evaluate` measured. Keys of the JSON are the names of the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// The attack's name: `fgsm`, `cw-one-step`, ..
    pub attack: String,
    /// What radii measure: the norm of its ball, `linf` or `l2`; of an attack that moves pixels `flow`, the largest displacement
    /// along an axis in pixels, `flow-cost`, the total variation of the flow, or `pose`, degrees with a tenth of them in pixels of
    /// shift; `null` for an attack without.
    pub norm: Option<String>,
    /// The radii, ascending, on pixels in [0, 1] where they are of balls; `null` for an attack without a radius.
    pub radii: Vec<Option<f64>>,
    /// The share of images still classified rightly, one per radius, in [0, 1].
    pub accuracy: Vec<f64>,
    /// Images attacked at each radius.
    pub images: u64,
    /// The attack's other settings.
    pub settings: serde_json::Value,
    /// The same, image by image.
    pub per_image: PerImage,
    /// How far the attack went, one per radius.
    pub reached: Vec<Reached>,
    /// What was attacked.
    pub model: Model,
    /// The data set whose images were attacked: `mnist`, ..
    pub dataset: String,
    /// Which of its images.
    pub split: Split,
    /// Of several attacks in one: per radius, how many images each of them broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_by: Option<Vec<BTreeMap<String, u64>>>,
    /// Of an attack that seeks the nearest error: how far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
    /// Of attacks that follow gradients, each by its name: the share of those that were zero in every pixel, over images,
    /// steps and radii. Absent where none was taken, and where nobody counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_gradients: Option<BTreeMap<String, f64>>,
    /// Of an attack that was run with several seeds, the accuracies with each; `accuracy` and `per_image` are then the worst
    /// case, where an image is right only if it is right with every seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<Vec<OfSeed>>,
    /// Which images exactly; absent where nobody wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_set: Option<ImageSet>,
    /// Where it was computed other than on a processor: the device's name, the driver, and how sums and products are computed there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub device: BTreeMap<String, String>,
}

/// How far the nearest errors that were found are, in the norm of the evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nearest {
    /// The least distance within which at least half of the images are wrong; `null` where more than half stand.
    pub median: Option<f64>,
    /// Image by image; 0 for one that is wrong as it is, `null` where no error was found.
    pub distances: Vec<Option<f64>>,
    /// For how many images none was found, however far away: they count as right at every radius.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_found: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference to the field")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Which images survived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerImage {
    /// One string per radius, in it one character per image in the order of the data set: 1 where the
    /// prediction under attack is right, else 0.
    pub correct: Vec<String>,
}

/// How far an attack moved the images, as means over the images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reached {
    /// The Euclidean norm of the perturbation.
    pub l2: f64,
    /// Its greatest change of a pixel.
    pub linf: f64,
    /// Of an attack that moves pixels, how far, in the unit of the radii.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<f64>,
}

/// The model that was attacked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The run or the file of weights it came from.
    pub source: String,
    /// Its architecture's name; `null` where the file brings its own.
    pub architecture: Option<String>,
    /// Members of the ensemble; 1 for a point estimate.
    pub chains: u64,
    /// How members are averaged: `mean-probability` or `mean-logits`.
    pub prediction: String,
    /// What the attack follows: `predictive` or `member-mean`.
    pub ensemble_gradient: String,
    /// SHA-256 of the files of its weights, in their order, each in 64 hexadecimal digits; absent where nobody wrote them down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<String>>,
}

/// The accuracy at one radius.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The radius; `None` for an attack without.
    pub radius: Option<f64>,
    /// The accuracy, in [0, 1].
    pub accuracy: f64,
    /// Its 95 % interval, see [`wilson_95`].
    pub interval: Interval,
}

impl PerImage {
    /// Writes down which images survived: per radius one flag per image, `true` where the prediction is right.
    pub fn of_flags<R: AsRef<[bool]>>(per_radius: &[R]) -> Self {
        let digits = |flags: &R| {
            let flags = flags.as_ref().iter();
            flags.map(|&right| if right { '1' } else { '0' }).collect()
        };
        Self { correct: per_radius.iter().map(digits).collect() }
    }

    /// The share of ones at each radius; 0 where there are no images.
    pub fn accuracy(&self) -> Vec<f64> {
        let share = |digits: &String| match digits.len() {
            0 => 0.0,
            images => survivors(digits) as f64 / images as f64,
        };
        self.correct.iter().map(share).collect()
    }

    /// Who survived all of these attacks, which are of the same images and radii; what only some tell of is left out.
    pub fn left_by_all(attacks: &[Self]) -> Self {
        let both = |a: &String, b: &String| {
            a.bytes().zip(b.bytes()).map(|pair| if pair == (b'1', b'1') { '1' } else { '0' }).collect()
        };
        let meet = |met: Self, next: Self| Self {
            correct: met.correct.iter().zip(&next.correct).map(|(a, b)| both(a, b)).collect(),
        };
        attacks.iter().cloned().reduce(meet).unwrap_or(Self { correct: Vec::new() })
    }
}

fn survivors(digits: &str) -> u64 {
    digits.bytes().filter(|&digit| digit == b'1').count() as u64
}

impl Evaluation {
    /// Reads and checks an evaluation.
    ///
    /// Errors name the file and the key: missing or unknown keys, lists whose lengths disagree, radii that do
    /// not ascend, characters other than 0 and 1, an accuracy that is not the mean of its images (to 1e-9), more
    /// images broken than are wrong, distances that contradict the accuracy within a radius.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let evaluation: Self = json::read(path)?;
        evaluation.check(path)?;
        Ok(evaluation)
    }

    /// Checks the evaluation as [`Self::read`] does and writes it, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        self.check(path)?;
        json::write(path, self)
    }

    /// Says what is wrong with it, by key and value.
    pub(crate) fn consistent(&self) -> Result<(), String> {
        check::consistent(self)
    }

    fn check(&self, path: &Path) -> Result<(), ReportError> {
        self.consistent().map_err(|what| ReportError::invalid(path, what))
    }

    /// The accuracies with their 95 % intervals, in the order of the radii.
    pub fn points(&self) -> impl Iterator<Item = Point> + '_ {
        let columns = self.radii.iter().zip(&self.accuracy);
        columns.zip(&self.per_image.correct).map(|((&radius, &accuracy), digits)| Point {
            radius,
            accuracy,
            interval: wilson_95(survivors(digits), digits.len() as u64),
        })
    }

    /// One line per radius: `attack,norm,radius,images,accuracy,low,high,l2,linf`, with 95 % intervals, and `size` of an attack
    /// that moves pixels; what does not apply is empty.
    pub fn to_csv(&self) -> String {
        let mut head = vec!["attack", "norm", "radius", "images", "accuracy", "low", "high", "l2", "linf"];
        let sized = self.reached.iter().any(|reached| reached.size.is_some());
        head.extend(sized.then_some("size"));
        let mut table = Csv::new(&head);
        for (point, reached) in self.points().zip(&self.reached) {
            let mut row = vec![
                self.attack.clone(),
                self.norm.clone().unwrap_or_default(),
                point.radius.map(|r| r.to_string()).unwrap_or_default(),
                self.images.to_string(),
                point.accuracy.to_string(),
                format!("{:.6}", point.interval.low),
                format!("{:.6}", point.interval.high),
                reached.l2.to_string(),
                reached.linf.to_string(),
            ];
            row.extend(sized.then(|| reached.size.map(|size| size.to_string()).unwrap_or_default()));
            table.row(&row);
        }
        table.finish()
    }

    /// Writes [`Self::to_csv`], whole or not at all.
    pub fn write_csv(&self, path: &Path) -> Result<(), ReportError> {
        whole::write(path, self.to_csv().as_bytes())
    }
}

#[cfg(test)]
mod tests;
