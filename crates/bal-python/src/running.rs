//! Long work that Ctrl-C ends.

use crate::failure::runtime;
use pyo3::prelude::*;
use std::{
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How often Python is asked for signals.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs `work` on a thread of its own, with the interpreter free, until it ends or Python has a signal; then `stop` is set, and the
/// end of the work is waited for.
///
/// Leaves LibTorch the number of threads that it had.
///
/// # Errors
/// The exception of the signal handler, such as `KeyboardInterrupt`; `RuntimeError` where the work panicked.
pub(crate) fn interruptible<T: Send>(
    py: Python<'_>,
    stop: &AtomicBool,
    work: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    let threads = tch::get_num_threads();
    let ended = (Mutex::new(false), Condvar::new());
    let (result, signal) = thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let result = work();
            *ended.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            ended.1.notify_all();
            result
        });
        let mut signal = Ok(());
        while signal.is_ok() && !worker.is_finished() {
            py.detach(|| {
                let is_over = ended.0.lock().unwrap_or_else(PoisonError::into_inner);
                drop(ended.1.wait_timeout_while(is_over, PAUSE, |over| !*over));
            });
            signal = py.check_signals();
        }
        stop.store(signal.is_err(), Ordering::Relaxed);
        // The work may need the interpreter to come to its end.
        (py.detach(|| worker.join()), signal)
    });
    tch::set_num_threads(threads);
    signal?;
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        runtime(format!(
            "internal fault, please report it: {}",
            text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
        ))
    })
}
