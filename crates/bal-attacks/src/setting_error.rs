//! What can be wrong with an attack before it runs on a model.

use crate::Norm;

/// A value that a setting, a radius or a norm cannot have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
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
    /// A measure that is not known.
    #[error("unknown measure `{0}`; known are linf, l2, flow, flow-cost, pose")]
    UnknownMeasure(String),
    /// A loss that is not known.
    #[error("unknown loss `{0}`; known are cross-entropy, margin, dlr, confident")]
    UnknownLoss(String),
    /// A target that is not known.
    #[error("unknown target `{0}`; expected any-error, least-likely or the number of a class")]
    UnknownTarget(String),
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
        setting: String,
    },
    /// A setting of a wrong type.
    #[error("the setting `{setting}` of the attack {attack} must be {expected}, got {found}")]
    WrongSetting {
        /// The attack.
        attack: &'static str,
        /// The setting.
        setting: String,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A setting whose word cannot be read, in the words of who reads it.
    #[error("{0}")]
    Unreadable(String),
    /// A setting that an attack does not have.
    #[error("the attack {attack} has no setting `{setting}`; leave it out")]
    ForeignSetting {
        /// The attack.
        attack: &'static str,
        /// The setting.
        setting: String,
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
    /// An attack by a generator was given none.
    #[error("the attack advgan needs a generator: a run of [advgan], or its file of weights")]
    MissingGenerator,
    /// A network that changes no images, or other images than those beside it.
    #[error(
        "the network {0} is no generator of these images; the attack advgan takes runs of [advgan], of the same images"
    )]
    NoGenerator(String),
    /// An attack that takes no generator was given one.
    #[error("the attack {0} takes no generator; leave it out, or take the attack advgan")]
    ForeignGenerator(&'static str),
    /// A generator for images of another shape.
    #[error("the generator changes images of shape {expected:?}, got a batch of shape {found:?}")]
    GeneratorImages {
        /// Channels, height and width that it takes.
        expected: [i64; 3],
        /// Shape of the batch given.
        found: Vec<i64>,
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
}
