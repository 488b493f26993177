//! Budgets: until when a call may work, and who may stop it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::{Error, ErrorKind, Result};

/// An optional deadline and an optional flag that cancels. The default has neither, and then no clock
/// is read. Copying it copies a few words.
///
/// ```
/// use std::sync::atomic::AtomicBool;
/// use std::time::{Duration, Instant};
///
/// use iqdb_core::{Budget, ErrorKind};
///
/// let cancel = AtomicBool::new(false);
/// let budget =
///     Budget::new().with_deadline(Instant::now() + Duration::from_secs(60)).with_cancel(&cancel);
/// assert!(budget.check().is_ok());
/// cancel.store(true, std::sync::atomic::Ordering::Relaxed);
/// assert_eq!(budget.check().unwrap_err().kind(), ErrorKind::Cancelled);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Budget<'a> {
    deadline: Option<Instant>,
    cancel: Option<&'a AtomicBool>,
}

impl<'a> Budget<'a> {
    /// No deadline, and nothing cancels.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Until this instant.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Until another thread sets this flag.
    #[must_use]
    pub fn with_cancel(mut self, cancel: &'a AtomicBool) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// The deadline, if there is one.
    #[must_use]
    pub fn deadline(self) -> Option<Instant> {
        self.deadline
    }

    /// The flag that cancels, if there is one.
    #[must_use]
    pub fn cancel(self) -> Option<&'a AtomicBool> {
        self.cancel
    }

    /// Whether there is neither a deadline nor a flag.
    #[must_use]
    pub fn is_unlimited(self) -> bool {
        self.deadline.is_none() && self.cancel.is_none()
    }

    /// Whether the call may go on. Reads the clock only where there is a deadline.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] or [`ErrorKind::DeadlineExceeded`].
    #[inline]
    pub fn check(self) -> Result<()> {
        if self.cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed)) {
            return Err(Error::new(ErrorKind::Cancelled, "the caller cancelled"));
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => {
                Err(Error::new(ErrorKind::DeadlineExceeded, "the deadline has passed")
                    .hint("ask for more time, or for less"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_call_may_go_on_until_its_deadline_and_until_it_is_cancelled() {
        assert!(Budget::new().is_unlimited() && Budget::new().check().is_ok());
        let now = Instant::now();
        let late = Budget::new().with_deadline(now);
        assert_eq!(late.check().unwrap_err().kind(), ErrorKind::DeadlineExceeded);
        assert!(Budget::new().with_deadline(now + Duration::from_secs(600)).check().is_ok());
        let cancel = AtomicBool::new(true);
        let error = late.with_cancel(&cancel).check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    }
}
