//! What the project's own programs share: where the checkout is, headlines, and other programs.

#![allow(clippy::print_stderr, reason = "headlines are for whoever runs a chore")]

mod bal;
mod command;
pub mod python;
pub mod reference;
mod repository;
mod stage;

pub use bal::{Bal, beside};
pub use command::{output, run};
pub use repository::Repository;
pub use stage::stage;

/// The end of a program: 0, or 1 after what went wrong was said, cause by cause.
pub fn told(outcome: anyhow::Result<()>) -> std::process::ExitCode {
    let Err(error) = outcome else { return std::process::ExitCode::SUCCESS };
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    std::process::ExitCode::FAILURE
}

/// The processor, as the operating system names it.
#[must_use]
pub fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    model
        .and_then(|line| line.split_once(':'))
        .map_or_else(|| "unknown".into(), |(_, name)| name.trim().into())
}
