//! Why a write failed, and what that means for later writes.

use std::fmt;
use std::sync::Arc;

use iqdb_core::{Error, ErrorKind, Result};

use super::read_only::ReadOnlyReason;
use crate::files::held_names::{HeldNames, NotHeld};

/// Why a write failed, for every writer with a batch in its group.
#[derive(Debug, Clone)]
pub(crate) struct WriteFailure {
    kind: ErrorKind,
    what: String,
    cause: Option<Arc<std::io::Error>>,
    /// The files that were written no longer have their names.
    files_moved: bool,
}

impl WriteFailure {
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self { kind: ErrorKind::Io, what: what.to_string(), cause: None, files_moved: false }
    }

    /// The same failure, after which the content of the disk is unknown.
    pub(crate) fn with_unknown_outcome(mut self) -> Self {
        self.kind = ErrorKind::OutcomeUnknown;
        self
    }

    /// Names no longer refer to the open files, or the system doesn't tell.
    pub(crate) fn not_held(names: &HeldNames, reason: NotHeld) -> Self {
        let what = names.describe(&reason);
        match reason {
            NotHeld::Unknown(_, error) => Self { cause: Some(Arc::new(error)), ..Self::new(what) },
            _ => Self { files_moved: true, ..Self::new(what).with_unknown_outcome() },
        }
    }

    /// Why the database takes no more writes from now on, if it does not.
    pub(crate) fn read_only_reason(&self) -> Option<ReadOnlyReason> {
        match self.files_moved {
            true => Some(ReadOnlyReason::FilesMoved(self.what.clone())),
            false if self.is_outcome_unknown() => {
                Some(ReadOnlyReason::OutcomeUnknown(self.to_string()))
            }
            false => None,
        }
    }

    pub(crate) fn is_outcome_unknown(&self) -> bool {
        self.kind == ErrorKind::OutcomeUnknown
    }

    pub(crate) fn is_full(&self) -> bool {
        self.cause.as_ref().is_some_and(|cause| cause.kind() == std::io::ErrorKind::StorageFull)
    }

    /// The system refused to do `what` with a file.
    pub(crate) fn of(path: &std::path::Path, what: &str, cause: std::io::Error) -> Self {
        let what = format!("{}: it can't be {what}", path.display());
        Self { kind: ErrorKind::Io, what, cause: Some(Arc::new(cause)), files_moved: false }
    }

    pub(crate) fn to_error(&self) -> Error {
        let error = Error::new(self.kind, self.what.clone()).during("apply");
        let error = match self.kind {
            _ if self.files_moved => {
                error.hint("put the file back and open the database again, or restore a backup")
            }
            ErrorKind::OutcomeUnknown => {
                error.hint("close the database and open it again; what was acknowledged is there")
            }
            _ if self.is_full() => {
                error.hint("free some space; deleting records and compacting work without")
            }
            _ => error,
        };
        match &self.cause {
            Some(cause) => error.caused_by(Arc::clone(cause)),
            None => error,
        }
    }
}

impl fmt::Display for WriteFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{} ({cause})", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// The worse of two outcomes: a failure after which the outcome is unknown, another failure, success.
pub(crate) fn worse(
    a: Result<(), WriteFailure>,
    b: Result<(), WriteFailure>,
) -> Result<(), WriteFailure> {
    match (a, b) {
        (Ok(()), b) => b,
        (a, Ok(())) => a,
        (Err(a), Err(b)) => {
            Err(if b.is_outcome_unknown() && !a.is_outcome_unknown() { b } else { a })
        }
    }
}
