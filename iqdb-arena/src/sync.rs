//! The types that the protocol synchronises with: the standard library's, or those of a model checker.
//!
//! `--cfg loom` and `--cfg shuttle` replace the types by those of the checkers, which then run the
//! same code. Neither checker sees into the cells of another crate or into raw memory, so
//! [`Published`] and [`Tracker`] have models of our own there, which promise what the real ones
//! promise and no more.

#[cfg(loom)]
#[path = "sync/loom.rs"]
mod imp;
#[cfg(not(any(loom, shuttle)))]
#[path = "sync/real.rs"]
mod imp;
#[cfg(shuttle)]
#[path = "sync/shuttle.rs"]
mod imp;

pub(crate) use imp::{
    Arc, AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering, Published, Tracker,
};

#[cfg(not(loom))]
mod untracked {
    use std::ops::Range;

    /// Reports reads and writes of raw memory to loom. Does nothing without loom.
    #[derive(Debug)]
    pub(crate) struct Tracker;

    impl Tracker {
        pub(crate) fn new(_cells: usize) -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn read(&self, _cells: Range<usize>) {}

        #[inline(always)]
        pub(crate) fn write(&self, _cells: Range<usize>) {}
    }
}
