//! Two evaluations of the same images, compared image by image.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Evaluation, Interval, Pairs, ReportError, Split, json};

/// Radii that differ by less are the same: `4/255` may have been written with fewer digits.
const SAME_RADIUS: f64 = 1e-6;

/// Two evaluations, compared at each radius that both have. Keys of the JSON are the names of the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The first.
    pub first: Compared,
    /// The second.
    pub second: Compared,
    /// The data set, as the first names it.
    pub dataset: String,
    /// Which of its images.
    pub split: Split,
    /// How many of them.
    pub images: u64,
    /// The norm of the radii; `null` for attacks without.
    pub norm: Option<String>,
    /// One per common radius, ascending.
    pub points: Vec<PairedPoint>,
}

/// One of two evaluations that are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// The file; absent for one that was just measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The run or the file of weights that was attacked.
    pub model: String,
    /// The attack's name.
    pub attack: String,
}

/// Both at one radius.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairedPoint {
    /// The radius; `null` for attacks without.
    pub radius: Option<f64>,
    /// The accuracies of the first and of the second, in [0, 1].
    pub accuracy: [f64; 2],
    /// The first accuracy less the second, in [-1, 1].
    pub difference: f64,
    /// Its 95 % interval, see [`Pairs::interval_95`].
    pub interval: Interval,
    /// Who gets how many images right.
    pub pairs: Pairs,
    /// The exact McNemar test's, see [`Pairs::p_value`].
    pub p_value: f64,
}

/// What has to agree before evaluations are compared image by image. It is known before an attack begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Pairing {
    /// The norm; `None` for attacks without.
    pub norm: Option<String>,
    /// The radii; a single `None` for attacks without.
    pub radii: Vec<Option<f64>>,
    /// How many images.
    pub images: u64,
    /// The name of the data set.
    pub dataset: String,
    /// Which of its images.
    pub split: Split,
    /// The seed of the draw, where images were drawn at random.
    pub drawn_by: Option<u64>,
    /// The digest of the images, see [`crate::ImageSet::digest`]; `None` where nobody wrote it down.
    pub digest: Option<String>,
}

impl Pairing {
    /// That of an evaluation.
    pub fn of(evaluation: &Evaluation) -> Self {
        Self {
            norm: evaluation.norm.clone(),
            radii: evaluation.radii.clone(),
            images: evaluation.images,
            dataset: evaluation.dataset.clone(),
            split: evaluation.split,
            drawn_by: Self::drawn_by(&evaluation.settings),
            digest: evaluation.image_set.as_ref().map(|set| set.digest.clone()),
        }
    }

    /// The seed by which the settings of an evaluation say that its images were drawn.
    pub fn drawn_by(settings: &Value) -> Option<u64> {
        settings.get("sample").map(|_| settings.get("seed").and_then(Value::as_u64).unwrap_or(0))
    }

    /// Whether it takes the names and numbers of the images at their word, as one of the two has no digest.
    pub fn on_trust(&self, other: &Self) -> bool {
        self.digest.is_none() || other.digest.is_none()
    }

    /// Whether the two can be compared.
    ///
    /// # Errors
    /// What differs: the norms; the numbers of images; the digests of the images or, where one is missing, the data sets,
    /// their parts or the draws; or that no radius is common.
    pub fn fits(&self, other: &Self) -> Result<(), String> {
        let norm = |of: &Self| of.norm.clone().unwrap_or_else(|| "none".into());
        if self.norm != other.norm {
            return Err(format!("the norms differ, {} and {}", norm(self), norm(other)));
        }
        if self.images != other.images {
            return Err(format!("the numbers of images differ, {} and {}", self.images, other.images));
        }
        match (&self.digest, &other.digest) {
            (Some(first), Some(second)) if first != second => {
                return Err(format!("the images differ: their digests are {first} and {second}"));
            }
            (Some(_), Some(_)) => {}
            _ if self.words() != other.words() => {
                return Err(format!("the images differ: {}, and {}", self.words(), other.words()));
            }
            _ => {}
        }
        if common(&self.radii, &other.radii).is_empty() {
            let radii = |of: &Self| {
                let radii = of.radii.iter().map(|radius| radius.map_or("none".into(), |r| r.to_string()));
                radii.collect::<Vec<_>>().join(", ")
            };
            return Err(format!("no radius is common: {}, and {}", radii(self), radii(other)));
        }
        Ok(())
    }

    fn words(&self) -> String {
        let images = format!("{} images of {}", self.split.words(), self.dataset);
        match self.drawn_by {
            Some(seed) => format!("{images} drawn by seed {seed}"),
            None => format!("the first {images}"),
        }
    }
}

impl Comparison {
    /// Compares two evaluations; a path is where one was read from.
    ///
    /// # Errors
    /// [`ReportError::Unpaired`] with what [`Pairing::fits`] says.
    pub fn of(
        (first, first_file): (&Evaluation, Option<&Path>),
        (second, second_file): (&Evaluation, Option<&Path>),
    ) -> Result<Self, ReportError> {
        let compared = |evaluation: &Evaluation, file: Option<&Path>| Compared {
            file: file.map(|file| file.display().to_string()),
            model: evaluation.model.source.clone(),
            attack: evaluation.attack.clone(),
        };
        let (a, b) = (compared(first, first_file), compared(second, second_file));
        Pairing::of(first).fits(&Pairing::of(second)).map_err(|what| ReportError::Unpaired {
            first: a.name().into(),
            second: b.name().into(),
            what,
        })?;
        let point = |(i, j): (usize, usize)| {
            let pairs = Pairs::of(&first.per_image.correct[i], &second.per_image.correct[j]);
            PairedPoint {
                radius: first.radii[i],
                accuracy: [first.accuracy[i], second.accuracy[j]],
                difference: pairs.difference(),
                interval: pairs.interval_95(),
                pairs,
                p_value: pairs.p_value(),
            }
        };
        Ok(Self {
            first: a,
            second: b,
            dataset: first.dataset.clone(),
            split: first.split,
            images: first.images,
            norm: first.norm.clone(),
            points: common(&first.radii, &second.radii).into_iter().map(point).collect(),
        })
    }

    /// Writes comparisons as one JSON array, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_all(comparisons: &[Self], path: &Path) -> Result<(), ReportError> {
        json::write(path, &comparisons)
    }
}

impl Compared {
    /// The file, or the model where there is none.
    pub fn name(&self) -> &str {
        self.file.as_deref().unwrap_or(&self.model)
    }
}

/// The places of the radii that both have.
fn common(first: &[Option<f64>], second: &[Option<f64>]) -> Vec<(usize, usize)> {
    let same = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= SAME_RADIUS,
        (a, b) => a.is_none() && b.is_none(),
    };
    let place = |radius: Option<f64>| second.iter().position(|&other| same(radius, other));
    first.iter().enumerate().filter_map(|(i, &radius)| Some((i, place(radius)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ImageSet, testing};
    use serde_json::json;

    fn evaluation(radii: &[f64], right: &[&str]) -> Evaluation {
        let flags: Vec<Vec<bool>> =
            right.iter().map(|digits| digits.bytes().map(|digit| digit == b'1').collect()).collect();
        testing::evaluation_of("pgd", radii.iter().copied().map(Some).collect(), &flags)
    }

    fn compared(a: &Evaluation, b: &Evaluation) -> Result<Comparison, String> {
        Comparison::of((a, Some(Path::new("a.json"))), (b, Some(Path::new("b.json"))))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn common_radii_are_compared_image_by_image() {
        let a = evaluation(&[0.0, 4.0 / 255.0, 0.2], &["11110", "11100", "10000"]);
        let b = evaluation(&[0.015_686_3, 0.1, 0.2], &["10011", "10001", "00001"]);
        let found = compared(&a, &b).unwrap();
        assert_eq!(found.points.len(), 2);
        let first = found.points[0];
        assert_eq!(first.pairs, Pairs { both: 1, only_first: 2, only_second: 2, neither: 0 });
        assert_eq!((first.radius, first.accuracy), (Some(4.0 / 255.0), [0.6, 0.6]));
        assert_eq!((first.difference, first.p_value), (0.0, 1.0));
        let [a, b] = found.points[1].accuracy;
        assert!((a - 0.2).abs() < 1e-12 && (b - 0.2).abs() < 1e-12, "{a} {b}");
        assert_eq!((found.first.name(), found.images), ("a.json", 5));
    }

    #[test]
    fn what_does_not_belong_together_is_refused_with_both_names_and_what_differs() {
        let a = evaluation(&[0.1], &["1100"]);
        let set =
            |digest: &str| Some(ImageSet { digest: digest.repeat(64), classes: None, trained_on: None });
        let other = |change: &dyn Fn(&mut Evaluation)| {
            let mut other = a.clone();
            change(&mut other);
            compared(&a, &other).unwrap_err()
        };
        for (said, error) in [
            ("norms differ, linf and l2", other(&|b| b.norm = Some("l2".into()))),
            ("norms differ, linf and none", other(&|b| b.norm = None)),
            ("numbers of images differ, 4 and 5", compared(&a, &evaluation(&[0.1], &["11001"])).unwrap_err()),
            ("no radius is common: 0.1, and 0.2", other(&|b| b.radii = vec![Some(0.2)])),
            ("images of mnist, and the first test images of gtsrb", other(&|b| b.dataset = "gtsrb".into())),
            ("held-out training images", other(&|b| b.split = Split::HeldOut)),
            ("drawn by seed 3", other(&|b| b.settings = json!({"sample": 4, "seed": 3}))),
        ] {
            assert!(error.starts_with("a.json and b.json cannot be compared image by image: "), "{error}");
            assert!(error.contains(said), "{error}");
        }
        let (mut a, mut b) = (a.clone(), a);
        (a.image_set, b.image_set) = (set("a"), set("b"));
        assert!(compared(&a, &b).unwrap_err().contains("digests are aaaa"));
    }

    /// A folder may have moved, so that its name says nothing where the pixels are known.
    #[test]
    fn the_same_pixels_are_the_same_images_by_any_name() {
        let mut a = evaluation(&[0.1], &["1100"]);
        a.image_set = Some(ImageSet { digest: "a".repeat(64), classes: None, trained_on: None });
        let mut b = a.clone();
        b.dataset = "elsewhere".into();
        assert!(compared(&a, &b).is_ok());
        b.image_set = None;
        assert!(compared(&a, &b).is_err());
        b.dataset.clone_from(&a.dataset);
        assert!(compared(&a, &b).is_ok() && Pairing::of(&a).on_trust(&Pairing::of(&b)));
    }

    #[test]
    fn comparisons_are_written_and_read_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let a = evaluation(&[0.1], &["1100"]);
        let all = vec![compared(&a, &a).unwrap()];
        Comparison::write_all(&all, &folder.path().join("c.json")).unwrap();
        let read: Vec<Comparison> = json::read(&folder.path().join("c.json")).unwrap();
        assert_eq!(read, all);
    }
}
