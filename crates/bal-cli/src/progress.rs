//! What a user sees while a run goes on.

use crate::console::say;
use bal::Progress;
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

    /// At the rate of the steps that were not done before; `None` while there is none and some are left.
    fn seconds_left(&self, done: u64, total: u64) -> Option<f64> {
        let (made, left) = (done.saturating_sub(self.first), total.saturating_sub(done));
        match (made, left) {
            (_, 0) => Some(0.0),
            (0, _) => None,
            (made, left) => Some(self.begun.elapsed().as_secs_f64() / made as f64 * left as f64),
        }
    }
}

impl Progress for Display {
    fn show(&mut self, done: u64, message: &str) {
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
        let left =
            self.seconds_left(done, total).map_or("? s left".into(), |left| format!("{left:.0} s left"));
        say(&format!("{} {done}/{total}  {left}  {message}", self.title));
    }

    fn recalled(&mut self, steps: u64) {
        if steps != self.first {
            self.first = steps;
            self.bar.set_position(steps);
            self.bar.reset_eta();
        }
    }

    fn finish(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_were_done_before_tell_nothing_of_the_time_left() {
        let mut display = Display::new("pgd", "images", 100, 0);
        display.recalled(60);
        assert_eq!(display.seconds_left(60, 100), None);
        assert_eq!(display.seconds_left(60, 60), Some(0.0));
        display.begun = Instant::now().checked_sub(Duration::from_secs(10)).unwrap();
        // Ten images in ten seconds.
        let left = display.seconds_left(70, 100).unwrap();
        assert!((30.0..33.0).contains(&left), "{left}");
    }
}
