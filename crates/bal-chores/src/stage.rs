//! Headlines: what is being done, and how long it took.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Runs `work` under a headline, with its duration after it; an error says which stage it was.
///
/// # Errors
/// That of the work.
pub fn stage<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("==> {name}");
    let start = Instant::now();
    let value = work().with_context(|| format!("{name} failed"))?;
    eprintln!("==> {name}: done in {}", readable(start.elapsed()));
    Ok(value)
}

fn readable(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_readable() {
        assert_eq!(readable(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(readable(Duration::from_secs(754)), "12 min 34 s");
    }

    #[test]
    fn an_error_names_the_stage() {
        let error = stage("clippy", || -> Result<()> { anyhow::bail!("two warnings") }).unwrap_err();
        assert_eq!(format!("{error:#}"), "clippy failed: two warnings");
    }
}
