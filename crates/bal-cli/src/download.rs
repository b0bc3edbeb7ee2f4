//! `bal download`.

use crate::{
    args::Download,
    console::{print, say},
};
use anyhow::Result;
use bal::Set;
use bal_data::download::Progress;
use bal_files::News;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Fetches the data sets that the flags name.
pub(crate) fn download(flags: &Download) -> Result<()> {
    let sets = if flags.sets.is_empty() { &Set::PAPER[..] } else { &flags.sets };
    let bar = Bar::new();
    let folders =
        bal::download(sets, flags.data.as_deref(), flags.mirror.as_deref(), &mut |event| bar.show(event));
    bar.0.finish_and_clear();
    for folder in folders? {
        print(&folder.display().to_string());
    }
    Ok(())
}

/// A line for each event; bytes run on below, where there is a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
        Self(bar)
    }

    fn show(&self, event: &Progress<'_>) {
        match event {
            Progress::Waiting { folder, holder } => self.line(&News::Waiting { folder, holder }.to_string()),
            Progress::NoLocks { folder, reason } => self.line(&News::NoLocks { folder, reason }.to_string()),
            Progress::Present { file } => self.line(&format!("{file}: is there already")),
            Progress::Trying { file, source } => {
                self.0.reset();
                self.line(&format!("{file}: from {source}"));
            }
            Progress::Failed { file, source, error } => {
                self.line(&format!("{file}: not from {source}: {error}"));
            }
            Progress::Stored { file, .. } => self.line(&format!("{file}: right, and in place")),
            Progress::Bytes { file, done, total } => {
                let style = "{prefix}: {bytes} of {total_bytes}, {bytes_per_sec}";
                self.running(file, *done, *total, style);
            }
            Progress::Preparing { part, done, total } => {
                self.running(
                    part,
                    *done as u64,
                    Some(*total as u64),
                    "{prefix} images prepared: {pos} of {len}",
                );
            }
            _ => {}
        }
    }

    fn line(&self, text: &str) {
        self.0.suspend(|| say(text));
    }

    fn running(&self, what: &str, done: u64, total: Option<u64>, style: &str) {
        if let Ok(style) = ProgressStyle::with_template(style) {
            self.0.set_style(style);
        }
        self.0.set_prefix(what.to_owned());
        self.0.set_length(total.unwrap_or(done));
        self.0.set_position(done);
    }
}
