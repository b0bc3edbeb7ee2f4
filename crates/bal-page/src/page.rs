//! The page: what it is made of, and its check.

use crate::document::document;
use crate::run::Seen;
use crate::{Answers, PageError, Run};

/// Runs that can be told apart side by side.
pub const MOST_RUNS: usize = 8;

/// Bytes that a page may have.
const MOST_BYTES: usize = 5_000_000;

/// Runs side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The page's title.
    pub title: String,
    /// The command that made it, so that it can be made again.
    pub command: String,
    /// The program's and LibTorch's versions, or the like.
    pub made_by: String,
    /// From one to [`MOST_RUNS`].
    pub runs: Vec<Run>,
}

impl Page {
    /// The page as HTML, complete in itself.
    ///
    /// # Errors
    /// [`PageError`] when there are no runs or too many, answers or images do not fit their labels, classes and shapes, or
    /// the page would have more than 5 MB.
    pub fn html(&self) -> Result<String, PageError> {
        match self.runs.len() {
            0 => return Err(PageError::NoRuns),
            1..=MOST_RUNS => {}
            more => return Err(PageError::TooManyRuns(more)),
        }
        for run in &self.runs {
            if let Some(answers) = &run.answers {
                fits(&run.name, answers)?;
            }
        }
        let html = document(self)?;
        if html.len() > MOST_BYTES { Err(PageError::TooLarge(html.len())) } else { Ok(html) }
    }
}

/// Whether every answer has a probability for every class, and a label among them.
fn fits(run: &str, answers: &Answers) -> Result<(), PageError> {
    let classes = answers.classes.len();
    let wrong = |what: String| Err(PageError::Answers { run: run.into(), what });
    if answers.clean.is_empty() {
        return wrong("there is no answer for any image".into());
    }
    let attacked = answers.attacked.iter();
    let examples = attacked.clone().flat_map(|a| &a.examples).flat_map(|e| [&e.clean_seen, &e.attacked_seen]);
    let all = answers.clean.iter().chain(attacked.flat_map(|a| &a.seen)).chain(examples);
    for Seen { answer, .. } in all {
        let (found, label) = (answer.probabilities.len(), answer.label);
        if found != classes {
            return wrong(format!("an answer has {found} probabilities, there are {classes} classes"));
        }
        if label >= classes {
            return wrong(format!("an image has label {label}, there are {classes} classes, counted from 0"));
        }
        if let Some(p) = answer.probabilities.iter().find(|p| !(0.0..=1.0 + 1e-6).contains(*p)) {
            return wrong(format!("a probability is {p}; it has to be in [0, 1]"));
        }
    }
    Ok(())
}
