//! Why a crash isn't tried.

use std::io::{self, Write};

use iqdb_core::{Error, ErrorKind};
use nix::errno::Errno;

use crate::{Harness, Outcome};

/// The environment variable that makes a failure of a system that lets no process be traced.
const VARIABLE: &str = "IQDB_CONFORMANCE_MUST_TRACE";

const NOT_PERMITTED: &str = "the system does not permit that a process is traced (ptrace)";

/// Why a crash isn't tried.
#[derive(Debug)]
pub(super) enum Untried {
    /// It can't be, for this reason, which is no fault of the store.
    Because(&'static str),
    Failed(Error),
}

impl Untried {
    /// The error of an attempt to trace a process.
    ///
    /// # Panics
    /// When the system doesn't permit it, and the environment insists on it.
    pub(super) fn of_tracing(error: impl Into<io::Error>) -> Self {
        let error = error.into();
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EPERM | Errno::EACCES | Errno::ENOSYS) => {
                assert!(std::env::var_os(VARIABLE).is_none(), "{VARIABLE} is set: {NOT_PERMITTED}");
                Self::Because(NOT_PERMITTED)
            }
            _ => error.into(),
        }
    }
}

impl From<io::Error> for Untried {
    fn from(error: io::Error) -> Self {
        let attempted = Error::new(ErrorKind::Io, "the test can't trace a process");
        Self::Failed(attempted.caused_by(error))
    }
}

impl From<Errno> for Untried {
    fn from(error: Errno) -> Self {
        match error {
            // A status that has no form here. It belongs to a thread that waits for good now.
            Errno::EINVAL => Self::Because("it gets signals that can't be passed on"),
            error => io::Error::from(error).into(),
        }
    }
}

impl From<Error> for Untried {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The outcome of a case. Standard error says why it isn't tried.
///
/// # Errors
/// Whatever has failed.
pub(super) fn outcome(
    harness: &Harness,
    case: &str,
    tried: Result<(), Untried>,
) -> iqdb_core::Result<Outcome> {
    match tried {
        Ok(()) => Ok(Outcome::Kept),
        Err(Untried::Because(reason)) => {
            let line = format!("{case} isn't tried on {}: {reason}\n", harness.name());
            // Not by a macro, whose lines a test that passes doesn't show. Where standard error is closed,
            // the report has it.
            let _ = io::stderr().write_all(line.as_bytes());
            Ok(Outcome::NotPromised(reason))
        }
        Err(Untried::Failed(error)) => Err(error),
    }
}
