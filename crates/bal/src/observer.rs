//! How callers follow what goes on: remarks, progress, and the wish to end.

use crate::{Checked, Remedy};
use bal_files::News;
use std::fmt;

/// Follows work. Every method has a default that does nothing, so that an observer says only what it cares for.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Something that the user of a result has to know.
    fn note(&self, _: &Note) {}

    /// Work of `total` steps begins, of which `done` are done; the returned object is told how far it comes.
    fn begin(&self, _: &Work<'_>) -> Box<dyn Progress> {
        Box::new(Silent)
    }

    /// A training is about to make its first step; from here on [`is_to_end`](Self::is_to_end) is asked.
    ///
    /// # Errors
    /// Whatever keeps the caller from following it; nothing is trained then.
    fn training_begins(&self) -> crate::Result<()> {
        Ok(())
    }

    /// Whether a training is to end after this batch, with a checkpoint.
    fn is_to_end(&self) -> bool {
        false
    }

    /// The checks before an evaluation have found this.
    fn checked(&self, _: &Checked) {}

    /// Another process holds what is wanted, or the file system has no locks.
    fn locks(&self, _: &News<'_>) {}
}

/// Steps of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// What is done.
    pub title: &'a str,
    /// What is counted.
    pub unit: &'a str,
    /// Steps in all.
    pub total: u64,
    /// Steps that were done before.
    pub done: u64,
}

/// How far work has come.
pub trait Progress: Send {
    /// So many steps are done, with a line of numbers.
    fn show(&mut self, _done: u64, _numbers: &str) {}

    /// Of the steps that are done so many were done by an earlier process, and say nothing of speed.
    fn recalled(&mut self, _steps: u64) {}

    /// It is over.
    fn finish(&mut self) {}
}

/// Says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Observer for Silent {}
impl Progress for Silent {}

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// How much it matters.
    pub level: Level,
    /// What is the case.
    pub text: String,
    /// What can be done.
    pub remedy: Option<Remedy>,
}

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// News of the work, no more.
    News,
    /// Worth knowing.
    Note,
    /// A result may not mean what it seems to.
    Warning,
}

impl Note {
    pub(crate) fn news(text: impl Into<String>) -> Self {
        Self { level: Level::News, text: text.into(), remedy: None }
    }

    pub(crate) fn remark(text: impl Into<String>) -> Self {
        Self { level: Level::Note, text: text.into(), remedy: None }
    }

    pub(crate) fn warning(text: impl Into<String>) -> Self {
        Self { level: Level::Warning, text: text.into(), remedy: None }
    }

    pub(crate) fn with(self, remedy: Remedy) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    /// The line with `remedy` in these words.
    pub fn line(&self, words: impl Fn(&Remedy) -> Option<String>) -> String {
        let level = match self.level {
            Level::News => "",
            Level::Note => "note: ",
            Level::Warning => "warning: ",
        };
        match self.remedy.as_ref().and_then(words) {
            Some(words) => format!("{level}{}; {words}", self.text),
            None => format!("{level}{}", self.text),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line(|remedy| Some(remedy.to_string())))
    }
}
