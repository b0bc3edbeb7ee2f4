//! Refusals: what is wrong, and what can be done about it, apart from each other.

use crate::FileKind;
use std::{fmt, path::PathBuf};

/// What a caller can do. A program with flags or buttons has words of its own for each.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Train into another folder.
    AnotherFolder,
    /// Train into another folder, or resume with the experiment that the folder holds.
    AnotherFolderOrAsBegun,
    /// Resume the run in this folder.
    Resume(PathBuf),
    /// Resume the run that is there, or train into another folder.
    ResumeOrAnotherFolder,
    /// Wait for the other process, or train into another folder.
    WaitOrAnotherFolder,
    /// Put the right file in its place, or train into another folder.
    RightFileOrAnotherFolder,
    /// Remove the checkpoint; the run then begins anew.
    WithoutCheckpoint,
    /// Say what the classes are called.
    ClassNames,
    /// Leave class names out.
    NoClassNames,
    /// Leave the treatment of colours and transparency out.
    NoReading,
    /// Leave the data set out.
    NoDataset,
    /// Name no run to start from.
    NoStart,
    /// Say where the images are now.
    Dataset,
    /// Name images that the network was trained for.
    ImagesForIt,
    /// Name other images, or, where that can be asked for, say that training images are meant.
    OtherImages {
        /// Whether training images can be asked for.
        or_training: bool,
    },
    /// Say what images the network takes.
    InputShape,
    /// Draw so many images from all.
    Sample(u64),
    /// Save the images of an evaluation.
    SavedImages,
    /// Evaluate both models on the same images, in the same norm and at a common radius.
    SameEvaluation,
    /// Look for signs of masked gradients.
    Check,
    /// Name a file, and not a run folder.
    NamedAsFile {
        /// The file.
        file: PathBuf,
        /// What it is.
        kind: FileKind,
    },
    /// Say where the data sets are.
    DataFolder,
    /// Download the data set.
    Download(String),
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AnotherFolder => "use another folder",
            Self::AnotherFolderOrAsBegun => "use another folder, or resume it with its own experiment",
            Self::Resume(folder) => return write!(f, "resume it in {}", folder.display()),
            Self::ResumeOrAnotherFolder => "resume it, or use another folder",
            Self::WaitOrAnotherFolder => "wait until that has ended, or use another folder",
            Self::RightFileOrAnotherFolder => "put the right file in its place, or use another folder",
            Self::WithoutCheckpoint => "without that file the run begins anew",
            Self::ClassNames => "a file of class names says what the outputs stand for",
            Self::NoClassNames => "give no class names",
            Self::NoReading => "do not say how colours and transparency are read",
            Self::NoDataset => "name no data set",
            Self::NoStart => "name no run to start from",
            Self::Dataset => "say where they are now",
            Self::ImagesForIt => "name images that it was trained for",
            Self::OtherImages { or_training: false } => "name others",
            Self::OtherImages { or_training: true } => "name others, or ask for training images",
            Self::InputShape => "say what shape of images it takes",
            Self::Sample(count) => return write!(f, "a sample of {count} is drawn from all images"),
            Self::SavedImages => "an evaluation that saves its images writes such files",
            Self::SameEvaluation => "evaluate both on the same images, in one norm and at a common radius",
            Self::Check => "checks for masked gradients look for causes",
            Self::NamedAsFile { .. } => "name it as a file",
            Self::DataFolder => "say where the data sets are",
            Self::Download(set) => return write!(f, "download {set}"),
        })
    }
}

/// What is wrong with what was asked for, and what can be done. It is among the causes of an error:
///
/// ```
/// fn remedy(error: &bal::Error) -> Option<&bal::Remedy> {
///     error.chain().find_map(|cause| cause.downcast_ref::<bal::Refusal>()?.remedy.as_ref())
/// }
/// ```
#[derive(Debug)]
pub struct Refusal {
    /// What is wrong.
    pub fault: String,
    /// What can be done.
    pub remedy: Option<Remedy>,
    /// Whether the request itself is at fault, whatever files hold.
    pub of_request: bool,
    /// Why.
    cause: Option<anyhow::Error>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.remedy {
            Some(remedy) => write!(f, "{}; {remedy}", self.fault),
            None => f.write_str(&self.fault),
        }
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

impl Refusal {
    /// Something that was found is not as it has to be.
    pub(crate) fn new(fault: impl Into<String>, remedy: Remedy) -> Self {
        Self { fault: fault.into(), remedy: Some(remedy), of_request: false, cause: None }
    }

    /// What was asked for cannot be done with any files.
    pub(crate) fn of_request(fault: impl Into<String>) -> Self {
        Self { fault: fault.into(), remedy: None, of_request: true, cause: None }
    }

    /// The same with something that can be done.
    pub(crate) fn with(self, remedy: Remedy) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    /// The same, and why.
    pub(crate) fn because(self, cause: anyhow::Error) -> anyhow::Error {
        Self { cause: Some(cause), ..self }.into()
    }
}

/// What went wrong and why, each reason once: errors of libraries may name their cause in their own text.
pub fn causes(error: &crate::Error) -> String {
    told(error.chain().map(ToString::to_string))
}

/// Reasons in one line, each once.
pub fn told(reasons: impl IntoIterator<Item = String>) -> String {
    reasons.into_iter().fold(String::new(), |told, reason| match told.as_str() {
        "" => reason,
        _ if told.contains(&reason) => told,
        _ => format!("{told}: {reason}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_reason_that_is_told_already_is_not_told_again() {
        let error = anyhow!("no such file");
        assert_eq!(
            causes(&error.context("a.json: no such file").context("cannot go on")),
            "cannot go on: a.json: no such file"
        );
        assert_eq!(causes(&anyhow!("no room").context("a.json")), "a.json: no room");
    }

    #[test]
    fn a_refusal_is_found_among_causes_with_its_own() {
        let error = Refusal::new("the run has not ended", Remedy::AnotherFolder).because(anyhow!("no room"));
        let error = error.context("a run");
        let found = error.chain().find_map(|cause| cause.downcast_ref::<Refusal>()).unwrap();
        assert_eq!(found.remedy, Some(Remedy::AnotherFolder));
        assert_eq!(causes(&error), "a run: the run has not ended; use another folder: no room");
    }
}
