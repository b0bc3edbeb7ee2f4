//! The program `bal` as a library: its command line is [`run`], and nothing else is meant for others.

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod answers;
mod args;
mod calibrate;
mod check;
mod chosen;
mod class_order;
mod console;
mod dataset;
mod diagnose;
mod evaluate;
mod experiment;
mod explain;
mod export;
mod init;
mod interrupt;
mod last_batch;
mod meanings;
mod model_flags;
mod observer;
mod output;
mod overrides;
mod own_images;
mod partial;
mod predict;
mod progress;
#[doc(hidden)]
pub mod readers;
mod report;
mod run_folder;
mod run_record;
mod runs;
mod shell;
mod start;
mod subject;
mod train;
mod trained_on;
mod units;
mod versions;

use anyhow::bail;
use args::{Arguments, Command};
use clap::Parser;
use interrupt::Interrupted;
use std::process::ExitCode;

/// A fault in how the program was called, as opposed to one in what it was given.
#[derive(Debug)]
struct Usage(String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// The whole program: reads the command line, does what it asks for, and says what went wrong in one line.
///
/// Returns 0; 1 after an error; 2 where the command line is wrong; 130 where the user ended the work.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    // A panic is a bug of ours or memory running out: say so in one line, not with a trace.
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(|| match &arguments.command {
        Command::Train(train) => train::train(train),
        Command::Evaluate(evaluate) => evaluate::evaluate(evaluate),
        Command::Predict(predict) => predict::predict(predict),
        Command::Explain(explain) => explain::explain(explain),
        Command::Init(init) => init::init(init),
        Command::Export(export) => export::export(export),
        Command::Calibrate(calibrate) => calibrate::calibrate(calibrate),
        Command::Diagnose(diagnose) => diagnose::diagnose(diagnose),
        Command::Runs(flags) => runs::runs(flags),
        Command::Completions(flags) => shell::completions(flags),
        Command::Man(flags) => shell::man(flags),
        Command::Report(report) => report::report(report),
    });
    let outcome = outcome
        .unwrap_or_else(|panic| bail!("internal fault, please report it: {}", message(panic.as_ref())));
    let Err(error) = outcome.and_then(|()| console::printed()) else {
        return ExitCode::SUCCESS;
    };
    if error.is::<Interrupted>() {
        console::say(&error.to_string());
        return ExitCode::from(interrupt::EXIT_CODE);
    }
    console::say(&format!("error: {}", console::causes(&error)));
    ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}
