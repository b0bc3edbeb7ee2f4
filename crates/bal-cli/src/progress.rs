//! What a user sees while a run goes on.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

/// A bar on a terminal, and a plain line now and then elsewhere.
pub(crate) struct Display {
    bar: ProgressBar,
    title: String,
    plain: bool,
    last: Option<Instant>,
    begun: Instant,
    first: u64,
}

/// From one plain line to the next.
const INTERVAL: Duration = Duration::from_secs(20);

impl Display {
    /// For `total` steps of which `done` are done.
    pub(crate) fn new(title: &str, unit: &str, total: u64, done: u64) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(4));
        if plain {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template =
            format!("{{prefix}} {{bar:24}} {{pos}}/{{len}} {unit}  {{per_sec}}  {{eta}} left  {{msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar.set_prefix(title.to_string());
        bar.set_position(done);
        bar.reset_eta();
        Self { bar, title: title.into(), plain, last: None, begun: Instant::now(), first: done }
    }

    /// Shows that `done` steps are done.
    pub(crate) fn show(&mut self, done: u64, message: &str) {
        let total = self.bar.length().unwrap_or(done);
        if !self.plain {
            self.bar.set_position(done);
            self.bar.set_message(message.to_string());
            return;
        }
        if done < total && self.last.is_some_and(|last| last.elapsed() < INTERVAL) {
            return;
        }
        self.last = Some(Instant::now());
        let rate = (done - self.first.min(done)) as f64 / self.begun.elapsed().as_secs_f64().max(1e-9);
        let left = (total - done.min(total)) as f64 / rate.max(1e-9);
        say(&format!("{} {done}/{total}  {left:.0} s left  {message}", self.title));
    }

    /// Ends the display.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A line for the user, beside the results.
#[expect(clippy::print_stderr, reason = "news go to standard error, results to standard output")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// A line of results.
#[expect(clippy::print_stdout, reason = "results are the program's output")]
pub(crate) fn print(line: &str) {
    println!("{line}");
}

/// Results that are more than lines.
pub(crate) fn write_out(bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // Whoever reads, `head` perhaps, has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
