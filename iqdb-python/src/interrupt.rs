//! Work without the interpreter, which Ctrl-C ends where it may take long.
//!
//! Python runs the handlers of signals on its main thread alone. A long call from there works on
//! another thread, while the main thread looks for signals and then sets the flag that cancels.

use std::panic::resume_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use iqdb::{Budget, Filter};
use pyo3::prelude::*;

use crate::cancel;
use crate::errors::{Failure, Result};

/// How often the main thread looks for signals.
pub(crate) const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// From how many components on a search counts as long: some milliseconds of work, of which the
/// thread that is started takes a hundredth.
const LONG_COMPONENTS: u64 = 4_000_000;

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Far less than a tenth of a second.
    Short,
    Long,
}

impl Effort {
    /// The effort of a call that reads `rows` rows of `dim` components `times` times.
    pub(crate) fn of(rows: u64, times: usize, dim: usize) -> Self {
        // What is read of a row beside its vector counts like a short vector.
        const BESIDE: u64 = 64;
        let row = (dim as u64).saturating_add(BESIDE);
        let components = rows.saturating_mul(times as u64).saturating_mul(row);
        if components < LONG_COMPONENTS { Self::Short } else { Self::Long }
    }

    /// The same call, which asks `rows` rows for this filter.
    pub(crate) fn with_filter(self, rows: u64, filter: Option<&Filter>) -> Self {
        // A term takes as long as some components of a row do.
        const TERM: u64 = 16;
        let terms = filter.map_or(0, |filter| filter.terms() as u64);
        match rows.saturating_mul(terms).saturating_mul(TERM) < LONG_COMPONENTS {
            true => self,
            false => Self::Long,
        }
    }
}

/// Does the work with the interpreter released.
///
/// # Errors
/// That of the work; that of a signal's handler, such as `KeyboardInterrupt`, after the work has ended.
pub(crate) fn run<T: Send>(
    py: Python<'_>,
    effort: Effort,
    deadline: Option<Instant>,
    work: impl FnOnce(Budget<'_>) -> iqdb::Result<T> + Send,
) -> Result<T> {
    let budget = deadline.map_or(Budget::new(), |deadline| Budget::new().with_deadline(deadline));
    if let Some(flag) = cancel::current() {
        return py.detach(|| work(budget.with_cancel(&flag))).map_err(Failure::from);
    }
    if effort == Effort::Short || !is_main_thread(py)? {
        return py.detach(|| work(budget)).map_err(Failure::from);
    }
    py.detach(|| watched(budget, work))
}

fn watched<T: Send>(
    budget: Budget<'_>,
    work: impl FnOnce(Budget<'_>) -> iqdb::Result<T> + Send,
) -> Result<T> {
    let cancel = AtomicBool::new(false);
    let budget = budget.with_cancel(&cancel);
    let work = Mutex::new(Some(work));
    let take = || work.lock().ok().and_then(|mut work| work.take());
    let (main, ended) = (thread::current(), AtomicBool::new(false));
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("iqdb".to_owned()).spawn_scoped(scope, || {
            let _waker = Waker { ended: &ended, main: &main };
            take().map(|work| work(budget))
        });
        let Ok(worker) = worker else {
            // There are no more threads. The work is done, and can't be interrupted.
            return take().map_or_else(|| Err(cancelled()), |work| Ok(work(budget)?));
        };
        let mut interrupted = None;
        while !ended.load(Ordering::Acquire) {
            thread::park_timeout(BETWEEN_LOOKS);
            if interrupted.is_none() && !ended.load(Ordering::Acquire) {
                interrupted = signal();
                cancel.store(interrupted.is_some(), Ordering::Relaxed);
            }
        }
        let done = worker.join().unwrap_or_else(|panic| resume_unwind(panic));
        match (interrupted, done) {
            (Some(signal), _) => Err(signal.into()),
            (None, Some(done)) => Ok(done?),
            (None, None) => Err(cancelled()),
        }
    })
}

/// Between two steps of a call that holds the interpreter: whether it may go on.
///
/// # Errors
/// That of a signal's handler; that of a caller who cancelled.
pub(crate) fn look(py: Python<'_>) -> Result<()> {
    py.check_signals()?;
    match cancel::current() {
        Some(flag) => Ok(Budget::new().with_cancel(&flag).check()?),
        None => Ok(()),
    }
}

/// What the handler of a signal raised, if there was one.
pub(crate) fn signal() -> Option<PyErr> {
    // The method is of one lifetime, and the closure of all.
    #[allow(clippy::redundant_closure_for_method_calls)]
    Python::attach(|py| py.check_signals()).err()
}

/// Says that the work has ended and wakes the main thread when it is dropped, after a panic, too.
struct Waker<'a> {
    ended: &'a AtomicBool,
    main: &'a thread::Thread,
}

impl Drop for Waker<'_> {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        self.main.unpark();
    }
}

pub(crate) fn cancelled() -> Failure {
    iqdb::Error::new(iqdb::ErrorKind::Cancelled, "the work was not begun").into()
}

pub(crate) fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    let current = threading.call_method0("get_ident")?;
    threading.call_method0("main_thread")?.getattr("ident")?.eq(current)
}
