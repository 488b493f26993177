//! What the protocol synchronises with: the standard library, or a model checker's stand-ins.
//!
//! `--cfg loom` and `--cfg shuttle` swap the types for those of the model checkers, which then run
//! the very same code. Neither can look into a foreign cell or into raw memory, so [`Published`] and
//! [`Tracker`] have stand-ins of our own there, with the promises of the real ones and no more.

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

    /// Tells a model checker which cells of raw memory are read and written. Here there is none.
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
