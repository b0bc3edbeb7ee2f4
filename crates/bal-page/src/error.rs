//! What can be wrong with the data of a page.

use crate::MOST_RUNS;

/// An error of this crate; it names the run where it is about one.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// There is nothing to show.
    #[error("a page needs at least one run")]
    NoRuns,
    /// More runs than colours.
    #[error("a page shows at most {MOST_RUNS} runs side by side, got {0}; make several pages")]
    TooManyRuns(usize),
    /// Probabilities that do not fit the labels, or each other.
    #[error("{run}: {what}")]
    Answers {
        /// The run's name.
        run: String,
        /// What does not fit, and what would.
        what: String,
    },
    /// An image that cannot be drawn.
    #[error("{run}: image {number} has {found} values, its shape {shape:?} (1 or 3 channels) needs {needed}")]
    Picture {
        /// The run's name.
        run: String,
        /// The image's number in its data set.
        number: i64,
        /// Values that it has.
        found: usize,
        /// Channels, height, width.
        shape: [usize; 3],
        /// Values that it should have.
        needed: usize,
    },
    /// Images that do not fit into a grid.
    #[error(
        "an image grid needs images of shape [1 or 3, h, w], all alike, and one for each column; got {0:?}"
    )]
    Grid([usize; 3]),
    /// A figure could not be drawn, or not be turned into pixels.
    #[error("cannot render the figure: {0}")]
    Render(String),
    /// A page that mail and browsers would not like.
    #[error("the page would have {0} bytes, and at most 5 000 000 are allowed; show fewer runs or images")]
    TooLarge(usize),
}
