//! Which setting would help against a refusal, so that a program can say how it is set there.

use std::fmt;

/// A setting that would have what was refused accepted; displayed as what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// [`OwnSettings::layout`](super::OwnSettings::layout).
    Layout,
    /// [`OwnSettings::size`](super::OwnSettings::size).
    Size,
    /// [`OwnSettings::channels`](super::OwnSettings::channels).
    Channels,
    /// [`OwnSettings::bad_files`](super::OwnSettings::bad_files).
    BadFiles,
    /// [`OwnSettings::test_share`](super::OwnSettings::test_share).
    TestShare,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Layout => "set the layout to folders, idx or csv",
            Self::Size => "set a size, to resize all",
            Self::Channels => "set the channels to 1 or 3, to make all gray or RGB",
            Self::BadFiles => "have bad files skipped",
            Self::TestShare => "set another share",
        })
    }
}

/// Why something is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    pub(crate) remedy: Option<Remedy>,
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self { reason, remedy: None }
    }
}

impl Remedy {
    /// A refusal that this setting would help against.
    pub(super) fn against(self, reason: String) -> Refusal {
        Refusal { reason, remedy: Some(self) }
    }
}
