//! Work that may wait where nothing looks at a flag that cancels: for the disk, or for another writer.
//!
//! On the main thread it is left to itself after a signal, when it doesn't end soon: it is done on a thread
//! of its own, borrows nothing, and what it returns then is dropped there.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use iqdb::Budget;
use pyo3::prelude::*;

use crate::errors::Result;
use crate::interrupt::{self, BETWEEN_LOOKS, Effort};

/// How long a signal waits for work that has been cancelled.
const GRACE: Duration = Duration::from_millis(50);

/// Does the work with the interpreter released.
///
/// # Errors
/// That of the work; that of a signal's handler, and then the work has ended or ends by itself.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(Budget<'_>) -> iqdb::Result<T> + Send + 'static,
) -> Result<T> {
    if !interrupt::is_main_thread(py)? {
        return interrupt::run(py, Effort::Long, None, work);
    }
    py.detach(|| watched(work))
}

fn watched<T: Send + 'static>(
    work: impl FnOnce(Budget<'_>) -> iqdb::Result<T> + Send + 'static,
) -> Result<T> {
    let cancel = Arc::new(AtomicBool::new(false));
    let work = Arc::new(Mutex::new(Some(work)));
    let (sender, ended) = mpsc::channel();
    let (flag, taken) = (Arc::clone(&cancel), Arc::clone(&work));
    let worker = thread::Builder::new().name("iqdb".to_owned()).spawn(move || {
        if let Some(work) = take(&taken) {
            // After a signal there may be no receiver any more.
            drop(sender.send(work(Budget::new().with_cancel(&flag))));
        }
    });
    let Ok(worker) = worker else {
        // There are no more threads. The work is done, and can't be interrupted.
        return take(&work)
            .map_or_else(|| Err(interrupt::cancelled()), |work| Ok(work(Budget::new())?));
    };
    let mut interrupted: Option<(PyErr, Instant)> = None;
    loop {
        match (ended.recv_timeout(BETWEEN_LOOKS), interrupted.take()) {
            (Ok(_), Some((signal, _))) => return Err(signal.into()),
            (Ok(done), None) => return Ok(done?),
            (Err(RecvTimeoutError::Timeout), Some((signal, until))) if Instant::now() >= until => {
                return Err(signal.into());
            }
            (Err(RecvTimeoutError::Timeout), Some(waiting)) => interrupted = Some(waiting),
            (Err(RecvTimeoutError::Timeout), None) => {
                interrupted = interrupt::signal().map(|signal| (signal, Instant::now() + GRACE));
                cancel.store(interrupted.is_some(), Ordering::Relaxed);
            }
            (Err(RecvTimeoutError::Disconnected), _) => match worker.join() {
                Err(panic) => resume_unwind(panic),
                Ok(()) => return Err(interrupt::cancelled()),
            },
        }
    }
}

fn take<T>(work: &Mutex<Option<T>>) -> Option<T> {
    work.lock().ok().and_then(|mut work| work.take())
}
