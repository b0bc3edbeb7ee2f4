//! A program while it runs: to its end, or to a moment at which it is killed.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Nothing here takes minutes: what does hangs.
const MOST: Duration = Duration::from_mins(5);

/// A started program. Killed when it is dropped before its end.
pub(super) struct Attempt {
    child: Child,
    /// Reads what it says on standard error: a file in its place would be under the limits that the program is under.
    said: Option<JoinHandle<Vec<u8>>>,
    begun: Instant,
}

/// A program that is over.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// Its standard error.
    pub(super) said: String,
    /// How long it ran.
    pub(super) after: Duration,
}

impl Attempt {
    /// Starts `command` with nothing at its input, and nobody at its output.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child =
            command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let said = child.stderr.take().map(|mut said| {
            spawn(move || {
                let mut bytes = Vec::new();
                // What was read before an error is what there is.
                let _ = said.read_to_end(&mut bytes);
                bytes
            })
        });
        Ok(Self { child, said, begun: Instant::now() })
    }

    /// The number of its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end, or for `moment` after the start and kills it then: SIGKILL, which no program sees coming.
    pub(super) fn end_or_kill_at(mut self, moment: Duration) -> Result<Ended> {
        self.wait_until(moment)?;
        // An error means that it has ended by itself.
        let _ = self.child.kill();
        self.ended()
    }

    /// Waits for the end.
    pub(super) fn end(mut self) -> Result<Ended> {
        if !self.wait_until(MOST)? {
            bail!("process {} has not ended after {} s; it hangs", self.id(), MOST.as_secs());
        }
        self.ended()
    }

    /// Whether it ended by itself before `moment` after the start.
    fn wait_until(&mut self, moment: Duration) -> Result<bool> {
        const LOOK_EVERY: Duration = Duration::from_millis(2);
        loop {
            if self.child.try_wait()?.is_some() {
                return Ok(true);
            }
            let left = moment.saturating_sub(self.begun.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            sleep(left.min(LOOK_EVERY));
        }
    }

    fn ended(&mut self) -> Result<Ended> {
        let status = self.child.wait()?;
        let after = self.begun.elapsed();
        let said = self.said.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
        Ok(Ended { status, said: String::from_utf8_lossy(&said).into_owned(), after })
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Ended {
    pub(super) fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// The last line that it said: why it ended.
    pub(super) fn last_line(&self) -> &str {
        self.said.trim_end().lines().last().unwrap_or_default().trim()
    }

    /// Whether it was killed, and did not end by itself.
    pub(super) fn was_killed(&self) -> bool {
        self.status.signal() == Some(9)
    }

    /// What is wrong with how it refused: it has to exit with 1 and one line that says why, and nothing of a panic.
    pub(super) fn is_no_refusal(&self) -> Option<String> {
        let errors = self.said.lines().filter(|line| line.starts_with("error: ")).count();
        let last = self.last_line();
        // `cargo xtask` tells the causes of an error on lines of their own.
        let told = last.starts_with("error: ") || last.starts_with("because: ");
        let panic = ["panicked", "internal fault"].iter().find(|word| self.said.contains(**word));
        match (self.status.code(), panic) {
            (_, Some(panic)) => Some(format!("it {panic}: {}", self.said)),
            (Some(1), None) if errors == 1 && told => None,
            (code, None) => Some(format!("exit code {code:?}, {errors} errors: {last}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Attempt {
        Attempt::start(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn a_program_is_killed_at_its_moment_and_not_after_its_end() {
        let killed =
            shell("echo begun >&2; exec sleep 60").end_or_kill_at(Duration::from_millis(200)).unwrap();
        assert!(killed.was_killed() && killed.said == "begun\n", "{killed:?}");
        assert!(killed.after >= Duration::from_millis(200));
        let ended = shell("exit 3").end_or_kill_at(Duration::from_mins(1)).unwrap();
        assert!(!ended.was_killed() && ended.status.code() == Some(3), "{ended:?}");
    }

    #[test]
    fn a_refusal_is_one_line_and_no_panic() {
        let refused = |script: &str| shell(script).end().unwrap().is_no_refusal();
        assert_eq!(refused("echo news >&2; echo error: no room >&2; exit 1"), None);
        for script in [
            "exit 1",
            "echo error: a >&2; echo error: b >&2; exit 1",
            "echo error: a >&2; exit 2",
            "echo error: internal fault >&2; exit 1",
            "kill -SEGV $$",
        ] {
            assert!(refused(script).is_some(), "{script}");
        }
    }
}
