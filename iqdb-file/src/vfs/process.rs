//! Which process a handle belongs to.
//!
//! A forked child has a copy of the handle, but none of the threads that the handle counts on, and
//! shares the lock with its parent. So a handle works in the process that opened it, and nowhere
//! else.

use std::sync::atomic::{AtomicU32, Ordering};

use iqdb_core::{Error, ErrorKind, Result};

/// How many forks lie between this process and the one that loaded the program.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// The process that opened a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    id: u32,
    forks: u32,
}

impl Process {
    /// The process that asks.
    pub(crate) fn current() -> Self {
        count_forks();
        Self { id: std::process::id(), forks: FORKS.load(Ordering::Relaxed) }
    }

    /// Whether it is the process that asks. A load, for the query path; sees every `fork` of the C
    /// library.
    pub(crate) fn is_current(self) -> bool {
        FORKS.load(Ordering::Relaxed) == self.forks
    }

    /// The same by a system call, which also sees a fork that went past the C library.
    pub(crate) fn is_surely_current(self) -> bool {
        self.is_current() && std::process::id() == self.id
    }

    /// # Errors
    /// [`ErrorKind::NotSupported`] in another process, by [`is_current`](Self::is_current).
    pub(crate) fn check(self) -> Result<()> {
        if self.is_current() { Ok(()) } else { Err(self.elsewhere()) }
    }

    /// # Errors
    /// [`ErrorKind::NotSupported`] in another process, by
    /// [`is_surely_current`](Self::is_surely_current).
    pub(crate) fn check_surely(self) -> Result<()> {
        if self.is_surely_current() { Ok(()) } else { Err(self.elsewhere()) }
    }

    #[cold]
    fn elsewhere(self) -> Error {
        Error::new(ErrorKind::NotSupported, "the database was opened by another process")
            .expected(format_args!("process {}", self.id))
            .found(format_args!("process {}, forked from it", std::process::id()))
            .hint("open the database after the fork")
    }
}

#[cfg(all(unix, not(miri)))]
fn count_forks() {
    use std::sync::Once;

    extern "C" fn forked() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }

    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // SAFETY: `forked` only adds to an atomic number, which is allowed between a fork and
        // whatever the child does next, and lives as long as the program. A failure, for want of
        // memory, leaves the comparison of process ids.
        #[allow(unsafe_code)]
        let _ = unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    });
}

/// There is no fork.
#[cfg(not(all(unix, not(miri))))]
fn count_forks() {}
