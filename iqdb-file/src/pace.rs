//! The pace of a long call: how far it has come, and until when it may go on.
//!
//! The caller's code runs in [`step`](Pace::step) and [`end`](Pace::end): no lock may be held there.

use std::fmt;

use iqdb_core::{Budget, Progress, Result};

/// Counts the parts that are done, tells the caller, and ends the call when its budget is over.
pub(crate) struct Pace<'a> {
    budget: Budget<'a>,
    progress: &'a mut dyn Progress,
    done: u64,
    of: u64,
}

impl<'a> Pace<'a> {
    /// A call of `of` parts, none of them done.
    pub(crate) fn new(budget: Budget<'a>, progress: &'a mut dyn Progress, of: u64) -> Self {
        Self { budget, progress, done: 0, of }
    }

    /// Raises the number of parts.
    pub(crate) fn expect(&mut self, more: u64) {
        self.of += more;
    }

    pub(crate) fn budget(&self) -> Budget<'a> {
        self.budget
    }

    /// Notes that this many more parts are done.
    ///
    /// # Errors
    /// [`Cancelled`](iqdb_core::ErrorKind::Cancelled) or
    /// [`DeadlineExceeded`](iqdb_core::ErrorKind::DeadlineExceeded).
    pub(crate) fn step(&mut self, parts: u64) -> Result<()> {
        self.budget.check()?;
        self.done = (self.done + parts).min(self.of);
        self.progress.report(self.done, self.of);
        Ok(())
    }

    /// Notes that all parts are done.
    pub(crate) fn end(self) {
        self.progress.report(self.of, self.of);
    }
}

impl fmt::Debug for Pace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pace({} of {})", self.done, self.of)
    }
}
