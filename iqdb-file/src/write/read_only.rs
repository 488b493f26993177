//! Why a database takes no more writes until it is opened again.

use iqdb_core::{Error, ErrorKind, Result};

/// Why a handle takes no writes. It can be read all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadOnlyReason {
    /// It was opened to be read only.
    OpenedReadOnly,
    /// A sync failed, or undoing a write did: how much is on the disk is unknown. The error.
    OutcomeUnknown(String),
    /// A file of the database, or its directory, has been moved, removed or replaced. Which one.
    FilesMoved(String),
}

impl ReadOnlyReason {
    /// The error of every write.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn refuse(&self) -> Result<()> {
        Err(match self {
            Self::OpenedReadOnly => {
                Error::new(ErrorKind::NotSupported, "the database is open to be read only")
                    .hint("open it for writing")
            }
            Self::OutcomeUnknown(what) => Error::new(
                ErrorKind::Io,
                "an earlier write failed, and how much of it is on the disk is not known",
            )
            .found(what)
            .hint("close the database and open it again; reading goes on"),
            Self::FilesMoved(what) => {
                Error::new(ErrorKind::Damaged, "the files of the database are not in their place")
                    .found(what)
                    .hint("put the file back and open the database again; reading goes on")
            }
        })
    }
}
