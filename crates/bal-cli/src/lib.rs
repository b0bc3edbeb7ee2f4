//! The program `bal` as a library: its command line is [`run`], and nothing else is meant for others.

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod args;
mod calibrate;
mod compare;
mod console;
mod diagnose;
mod download;
mod evaluate;
mod explain;
mod export;
mod init;
mod interrupt;
mod merge;
mod output;
mod predict;
mod progress;
mod report;
mod runs;
mod session;
mod shell;
mod train;
mod transfer;
mod ways_out;

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
        Command::Transfer(transfer) => transfer::transfer(transfer),
        Command::Merge(merge) => merge::merge(merge),
        Command::Compare(compare) => compare::compare(compare),
        Command::Predict(predict) => predict::predict(predict),
        Command::Explain(explain) => explain::explain(explain),
        Command::Init(init) => init::init(init),
        Command::Export(export) => export::export(export),
        Command::Calibrate(calibrate) => calibrate::calibrate(calibrate),
        Command::Diagnose(diagnose) => diagnose::diagnose(diagnose),
        Command::Download(flags) => download::download(flags),
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
    console::say(&format!("error: {}", ways_out::told(&error, &arguments.command)));
    ExitCode::from(if ways_out::is_usage(&error) { 2 } else { 1 })
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}
