//! A program that answers requests, one JSON object a line each way.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The program while it runs; it ends when this is dropped.
pub(super) struct Process {
    name: String,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Process {
    /// Starts `command`; what it says on standard error is shown as it comes.
    pub(super) fn start(name: &str, command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let answers = BufReader::new(answers.with_context(|| format!("{name} has no standard output"))?);
        Ok(Self { name: name.into(), child, requests, answers })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Sends a request and waits for its answer.
    pub(super) fn ask(&mut self, request: &Value) -> Result<Value> {
        let sent = self.requests.as_mut().map(|pipe| writeln!(pipe, "{request}"));
        let mut line = String::new();
        let read = self.answers.read_line(&mut line)?;
        if !matches!(sent, Some(Ok(()))) || read == 0 {
            bail!("{} ended instead of answering {request}; its own words are above", self.name);
        }
        serde_json::from_str(&line).with_context(|| format!("{} answered {line:?}", self.name))
    }

    /// The number under `key` of the answer.
    pub(super) fn number(&mut self, request: &Value, key: &str) -> Result<f64> {
        let answer = self.ask(request)?;
        answer[key].as_f64().with_context(|| format!("{} answered {answer}, without {key}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Without requests it comes to its end; if not, the kill makes it.
        self.requests = None;
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_numbers_under_a_key() {
        let mut echo = Process::start("cat", &mut Command::new("cat")).unwrap();
        let seconds = echo.number(&json!({"seconds": 1.5}), "seconds").unwrap();
        assert!((seconds - 1.5).abs() < 1e-12);
        let error = echo.number(&json!({"other": 1}), "seconds").unwrap_err().to_string();
        assert!(error.contains("without seconds"), "{error}");
    }

    #[test]
    fn a_program_that_ends_is_named() {
        let mut process = Process::start("the peer", &mut Command::new("true")).unwrap();
        let error = process.ask(&json!({"do": "sweep"})).unwrap_err().to_string();
        assert!(error.contains("the peer ended instead of answering"), "{error}");
    }
}
