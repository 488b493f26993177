//! Threads of a case: started together, and the first failure among them is the case's.

use std::panic::resume_unwind;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use iqdb_core::Result;

/// What one thread does.
pub(crate) type Job<'a, T> = Box<dyn FnOnce() -> Result<T> + Send + 'a>;

/// Runs all jobs at once, each on a thread of its own; what they return, in their order.
pub(crate) fn at_once<T: Send>(jobs: Vec<Job<'_, T>>) -> Result<Vec<T>> {
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

/// How many writers still write: readers go on as long as there are any.
#[derive(Debug)]
pub(crate) struct Writers(AtomicU64);

/// One writer at work, until it is dropped.
#[derive(Debug)]
pub(crate) struct AtWork<'a>(&'a Writers);

impl Writers {
    pub(crate) fn new(count: u64) -> Self {
        Self(AtomicU64::new(count))
    }

    /// To be held by one of the writers for as long as it works.
    pub(crate) fn at_work(&self) -> AtWork<'_> {
        AtWork(self)
    }

    pub(crate) fn are_done(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }
}

impl Drop for AtWork<'_> {
    // Also when the writer fails, or the readers would go on until the time is up.
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
