//! What can be wrong with the core's own settings.

/// A setting of the core that is out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CoreError {
    /// A count that has to be at least one is zero.
    #[error("{name} must be at least 1, got 0")]
    Zero {
        /// The setting.
        name: &'static str,
    },
    /// The worker threads could not be started.
    #[error("cannot start {threads} worker threads: {reason}; try fewer")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the operating system said.
        reason: String,
    },
    /// Images and labels do not describe the same number of examples.
    #[error("{images} images but {labels} labels: the two files do not belong together")]
    Unpaired {
        /// Number of images.
        images: i64,
        /// Number of labels.
        labels: i64,
    },
    /// Logits that are not those of an ensemble for some images.
    #[error(
        "the members' logits have shape {found:?}; expected [members, images, classes], with a member and a class"
    )]
    MemberLogits {
        /// Their shape.
        found: Vec<i64>,
    },
    /// Members of several architectures where one is wanted.
    #[error("the posterior has members of several architectures, among them {first} and {other}")]
    Architectures {
        /// The first member's.
        first: String,
        /// Another one.
        other: String,
    },
    /// A name that is none of those known.
    #[error("unknown {what} `{name}`; known are {known}")]
    UnknownName {
        /// What the name should have named.
        what: &'static str,
        /// The name given.
        name: String,
        /// The names there are.
        known: &'static str,
    },
}
