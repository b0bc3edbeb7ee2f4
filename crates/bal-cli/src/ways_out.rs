//! What can be done about an error, in the flags of the command at hand. Libraries say it without flags.

mod attacks;
mod images;
mod models;
mod predicting;
mod testing;
mod training;

use crate::{Usage, args::Command};
use anyhow::Error;
pub(crate) use attacks::of_settings;
use bal::{Refusal, Remedy};
use bal_data::DataError;
use bal_models::ModelError;
use std::error::Error as Cause;

/// The error in one line, each reason once.
pub(crate) fn told(error: &Error, command: &Command) -> String {
    bal::told(error.chain().map(|cause| reason(cause, command)))
}

/// Whether the command line is at fault.
pub(crate) fn is_usage(error: &Error) -> bool {
    error.is::<Usage>()
        || error
            .chain()
            .any(|cause| cause.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.of_request))
}

/// One reason, with the flags that help.
fn reason(cause: &(dyn Cause + 'static), command: &Command) -> String {
    if let Some(refusal) = cause.downcast_ref::<Refusal>() {
        return match refusal.remedy.as_ref().and_then(of) {
            Some(words) => format!("{}; {words}", refusal.fault),
            None => refusal.fault.clone(),
        };
    }
    if let Some(error) = cause.downcast_ref::<DataError>() {
        return images::told(error, command);
    }
    if let Some(error) = cause.downcast_ref::<ModelError>() {
        return models::told(error);
    }
    if let Some(fault) = attacks::fault(cause) {
        return attacks::told(fault, command);
    }
    cause.to_string()
}

/// A remedy in flags; `None` where there is nothing to be said.
pub(crate) fn of(remedy: &Remedy) -> Option<String> {
    training::of(remedy).or_else(|| testing::of(remedy)).or_else(|| predicting::of(remedy))
}
