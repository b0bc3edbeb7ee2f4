//! Other programs, run to their end.

use anyhow::{Context, Result, bail};
use std::{
    iter,
    process::{Command, ExitStatus, Stdio},
};

/// Runs to the end; a failure names the command line.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", line(command)))?;
    succeeded(command, status)
}

/// Runs to the end and returns what was printed, errors of the program being shown as they come.
pub fn output(command: &mut Command) -> Result<Vec<u8>> {
    command.stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("cannot start {}", line(command)))?;
    succeeded(command, output.status)?;
    Ok(output.stdout)
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` failed ({status}); its own words are above", line(command));
    }
    Ok(())
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let words: Vec<_> = iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_line() {
        let error = run(Command::new("false").arg("--flag")).unwrap_err().to_string();
        assert!(error.contains("`false --flag` failed"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("no-such-program-here")).unwrap_err().to_string();
        assert_eq!(error, "cannot start no-such-program-here");
    }
}
