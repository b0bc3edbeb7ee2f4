//! What can be wrong with an attack, or with the model under it.

use crate::{Norm, StoreError};
use bal_core::ClassifierError;
use tch::TchError;

/// A setting out of range, a model that cannot be attacked, or an attack that broke its promise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttackError {
    /// A radius that is none.
    #[error("a radius must be finite and >= 0, got {0}")]
    Radius(f64),
    /// A radius that makes any image out of any other.
    #[error(
        "the {norm} radius {radius} is more than {most}, and pixels are in [0, 1]: a ball as large holds every image{hint}",
        most = (most * 1e4).round() / 1e4,
        hint = if *norm == Norm::LInf && *radius <= 255.0 {
            format!("; {radius} of 255 levels of grey are {radius}/255")
        } else {
            String::new()
        }
    )]
    WholeBox {
        /// The norm.
        norm: Norm,
        /// The radius.
        radius: f64,
        /// The greatest distance between two images.
        most: f64,
    },
    /// A list of radii without any.
    #[error("no radius is given; expected a list such as 0,0.05,0.1")]
    NoRadii,
    /// A radius that is not a number.
    #[error(
        "`{0}` is not a radius; expected numbers with commas between them, such as 0,0.05,0.1 or 4/255,8/255"
    )]
    RadiusText(String),
    /// Radii out of order.
    #[error("radii must ascend, but {next} follows {previous}")]
    Order {
        /// A radius.
        previous: f64,
        /// The one after it, which is not greater.
        next: f64,
    },
    /// A count that has to be at least one is zero.
    #[error("{0} must be at least 1, got 0")]
    Zero(&'static str),
    /// A step size that is none.
    #[error(
        "a step size must be a number > 0, such as 0.01 or 2/255, or radius/NUMBER with a number > 0, got `{0}`"
    )]
    StepSize(String),
    /// A decay that is none.
    #[error("a decay must be finite and >= 0, got {0}")]
    Decay(f64),
    /// A share of an image that is none.
    #[error("the initial share of an image must be in (0, 1], got {0}")]
    Share(f64),
    /// A norm that is not known.
    #[error("unknown norm `{0}`; known are linf, l2")]
    UnknownNorm(String),
    /// A loss that is not known.
    #[error("unknown loss `{0}`; known are cross-entropy, margin, dlr, confident")]
    UnknownLoss(String),
    /// A target that is not known.
    #[error("unknown target `{0}`; expected any-error, least-likely or the number of a class")]
    UnknownTarget(String),
    /// A loss that orders more classes than there are.
    #[error(
        "the {loss} loss needs a model of at least {needed} classes, got one of {classes}{way_out}",
        way_out = if *classes > 1 { "; the margin and the cross-entropy take two" } else { "" }
    )]
    Classes {
        /// The loss.
        loss: &'static str,
        /// Classes that it takes.
        needed: i64,
        /// Classes of the model.
        classes: i64,
    },
    /// An attack that takes more classes than there are.
    #[error("the attack {attack} needs a model of at least {needed} classes, got one of {classes}")]
    FewClasses {
        /// The attack.
        attack: &'static str,
        /// Classes that it takes.
        needed: i64,
        /// Classes of the model.
        classes: i64,
    },
    /// An attack that is not known.
    #[error("unknown attack `{name}`; known are {known}")]
    UnknownAttack {
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// An attack that knows one norm.
    #[error("the attack {0} knows the norm l2 only")]
    OnlyL2(&'static str),
    /// A setting that an attack has and was not told.
    #[error("the attack {attack} needs the setting `{setting}`")]
    MissingSetting {
        /// The attack.
        attack: &'static str,
        /// The setting.
        setting: &'static str,
    },
    /// A setting that an attack does not have.
    #[error("the attack {attack} has no setting `{setting}`; leave it out")]
    ForeignSetting {
        /// The attack.
        attack: &'static str,
        /// The setting.
        setting: &'static str,
    },
    /// A radius is needed.
    #[error("the attack {0} needs a radius")]
    MissingRadius(&'static str),
    /// An attack without a ball was given a radius.
    #[error("the attack {0} has no radius; leave it out")]
    NoRadius(&'static str),
    /// A suite of nothing.
    #[error("a suite needs at least one attack")]
    NoParts,
    /// An attack asked for balls of a norm that it does not know.
    #[error("the attack {attack} knows the norm {known} only, not {norm}")]
    OtherNorm {
        /// The attack.
        attack: &'static str,
        /// The norm that it knows.
        known: Norm,
        /// The norm asked for.
        norm: Norm,
    },
    /// A surrogate that answers another question.
    #[error("the surrogate has {surrogate} classes and the model {model}")]
    Surrogate {
        /// Classes of the surrogate.
        surrogate: i64,
        /// Classes of the model.
        model: i64,
    },
    /// A batch whose parts do not fit together.
    #[error(
        "a batch needs images [n, c, h, w] with n >= 1, n labels and n numbers; got images {images:?}, \
         labels {labels:?} and {indices} numbers"
    )]
    Batch {
        /// Shape of the images.
        images: Vec<i64>,
        /// Shape of the labels.
        labels: Vec<i64>,
        /// How many numbers there are.
        indices: usize,
    },
    /// A label that names no class.
    #[error("image {row} of the batch has label {label}, but the model has {classes} classes (from 0)")]
    Label {
        /// The image's row in the batch.
        row: usize,
        /// Its label.
        label: i64,
        /// Number of classes.
        classes: i64,
    },
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ClassifierError),
    /// Logits of a wrong shape.
    #[error("the model gave logits of shape {found:?} where {expected} was expected")]
    Logits {
        /// What the attack asked for.
        expected: String,
        /// What came.
        found: Vec<i64>,
    },
    /// A loss, logit or gradient that is not finite.
    #[error("the model gives image {row} of the batch a {what} that is not finite")]
    NotFinite {
        /// Which quantity.
        what: &'static str,
        /// The image's row in the batch.
        row: usize,
    },
    /// Logits through which no gradient reaches the images.
    #[error(
        "the model's logits have no gradient with respect to the images: it ignores them, or computes \
         outside of automatic differentiation; a gradient attack cannot say anything about it"
    )]
    NoGradient,
    /// LibTorch refused an operation outside the model.
    #[error("LibTorch refused an operation of the attack: {0}")]
    Refused(String),
    /// There is nothing to evaluate.
    #[error("there are no images to evaluate on; the data set has {images} and the limit is {limit}")]
    NoImages {
        /// Images in the data set.
        images: i64,
        /// How many were asked for.
        limit: String,
    },
    /// An image of the data set with pixels that are none.
    #[error("image {image} of the data set has pixels outside [0, 1]; scale them first")]
    Pixels {
        /// The image's number in the data set.
        image: i64,
    },
    /// An attack that gave something other than images like those it got.
    #[error("the attack {attack} returned a batch of shape {found:?} for one of shape {expected:?}")]
    Shape {
        /// The attack.
        attack: String,
        /// Shape of the batch given.
        expected: Vec<i64>,
        /// Shape of what came back.
        found: Vec<i64>,
    },
    /// An attack that gave another number of batches than radii were asked for.
    #[error("the attack {attack} returned {found} batches for {expected} radii")]
    Count {
        /// The attack.
        attack: String,
        /// How many radii there are.
        expected: usize,
        /// How many batches came back.
        found: usize,
    },
    /// An attack whose account of who broke what cannot be true.
    #[error("the attack {attack} accounts for its images wrongly: {problem}")]
    Account {
        /// The attack.
        attack: String,
        /// What is wrong with the account.
        problem: String,
    },
    /// What is kept of an evaluation, to go on after an interruption, could not be written or read.
    #[error(transparent)]
    Store(StoreError),
    /// An attack that went further than it may.
    #[error(
        "the attack {attack} left its {norm} ball on image {image}: distance {distance}, radius {radius}"
    )]
    OutsideBall {
        /// The attack.
        attack: String,
        /// The ball's norm.
        norm: Norm,
        /// The ball's radius.
        radius: f64,
        /// The image's number in the data set.
        image: i64,
        /// How far from the image the attack went.
        distance: f64,
    },
    /// An attack that left the cube of images, or the numbers.
    #[error("the attack {attack} left [0, 1] on image {image}: its pixels reach from {low} to {high}")]
    OutsideBox {
        /// The attack.
        attack: String,
        /// The image's number in the data set.
        image: i64,
        /// The least pixel.
        low: f64,
        /// The greatest pixel.
        high: f64,
    },
    /// An attack failed in an evaluation.
    #[error("{attack} on images {first} to {last}: {source}")]
    During {
        /// The attack.
        attack: String,
        /// Number of the batch's first image in the data set.
        first: i64,
        /// Number of its last.
        last: i64,
        /// What went wrong.
        source: Box<AttackError>,
    },
    /// A setting of an attack out of its range.
    #[error("{setting} must be {range}, got {value}")]
    OutOfRange {
        /// The setting.
        setting: &'static str,
        /// What it may be.
        range: &'static str,
        /// What it is.
        value: f64,
    },
    /// A class to be reached that the model does not have.
    #[error("the target is class {target}, but the model has {classes} classes (from 0)")]
    Target {
        /// The class asked for.
        target: i64,
        /// Number of classes.
        classes: i64,
    },
}

impl AttackError {
    /// The same error, said of the batch whose rows `rows` were picked from.
    pub(crate) fn of_rows(mut self, rows: &[i64]) -> Self {
        if let Self::Label { row, .. } | Self::NotFinite { row, .. } = &mut self {
            *row = rows.get(*row).map_or(*row, |&original| original as usize);
        }
        self
    }
}

impl From<TchError> for AttackError {
    /// Keeps the first line: the rest is a trace through C++.
    fn from(error: TchError) -> Self {
        Self::Refused(error.to_string().lines().next().unwrap_or_default().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::AttackError;
    use std::{error::Error, io};

    #[test]
    fn what_cannot_be_kept_says_why() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot write a.json")]
        struct Cause(#[source] io::Error);
        let error = AttackError::Store(Box::new(Cause(io::Error::other("no room"))));
        assert_eq!(error.to_string(), "cannot write a.json");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no room"));
    }
}
