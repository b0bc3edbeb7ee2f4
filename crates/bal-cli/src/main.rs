//! The program `bal`: trains posteriors, attacks them, and measures their robustness.

use std::process::ExitCode;

fn main() -> ExitCode {
    bal_cli::run()
}
