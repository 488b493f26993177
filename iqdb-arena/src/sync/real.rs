//! The types of a build without a model checker.

pub(crate) use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
pub(crate) use std::sync::{Arc, Mutex, MutexGuard};

use arc_swap::ArcSwap;

pub(crate) use super::untracked::Tracker;

/// The cell through which a writer publishes and readers look: one pointer.
///
/// [`swap`](Self::swap) releases, [`load`](Self::load) acquires. A load never waits, neither for a
/// writer nor for another reader, and allocates at most once in the life of its thread.
#[derive(Debug)]
pub(crate) struct Published<T>(ArcSwap<T>);

impl<T> Published<T> {
    pub(crate) fn new(value: Arc<T>) -> Self {
        Self(ArcSwap::new(value))
    }

    pub(crate) fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Publishes `value` and returns the value before, of which no load is in progress.
    pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
        self.0.swap(value)
    }
}
