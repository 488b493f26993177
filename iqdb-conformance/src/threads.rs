//! The threads of a case: they start together, and the first failure among them fails the case.

use std::panic::resume_unwind;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use iqdb_core::Result;

/// The work of one thread.
pub(crate) type Job<'a, T> = Box<dyn FnOnce() -> Result<T> + Send + 'a>;

/// Runs all jobs at the same time, each on a thread of its own. Returns their results in the order
/// of the jobs.
pub(crate) fn run_concurrently<T: Send>(jobs: Vec<Job<'_, T>>) -> Result<Vec<T>> {
    let start = Barrier::new(jobs.len());
    let ended: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = jobs
            .into_iter()
            .map(|job| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    job()
                })
            })
            .collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    ended.into_iter().map(|ended| ended.unwrap_or_else(|panic| resume_unwind(panic))).collect()
}

/// The number of writers that are still running. Readers loop until it is 0.
#[derive(Debug)]
pub(crate) struct Writers(AtomicU64);

/// A running writer. Dropping the guard counts the writer as done.
#[derive(Debug)]
pub(crate) struct WriterGuard<'a>(&'a Writers);

impl Writers {
    pub(crate) fn new(count: u64) -> Self {
        Self(AtomicU64::new(count))
    }

    /// The guard that one of the writers holds while it runs.
    pub(crate) fn guard(&self) -> WriterGuard<'_> {
        WriterGuard(self)
    }

    pub(crate) fn are_done(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }
}

impl Drop for WriterGuard<'_> {
    // Runs also when the writer fails; otherwise the readers would loop until the time limit.
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
