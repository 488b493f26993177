//! Why a database takes no more writes until it is opened again.

use iqdb_core::{Error, ErrorKind, Result};

/// What has happened. Reading goes on all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadOnlyReason {
    /// It was opened so.
    ReadOnly,
    /// A sync failed, or what it takes to undo a write. What the system said.
    Unsure(String),
    /// A file that is needed, or the directory, is not where it was any more. Which one.
    Misplaced(String),
}

impl ReadOnlyReason {
    /// # Errors
    /// Always: what every write is told from now on.
    pub(crate) fn refuse(&self) -> Result<()> {
        Err(match self {
            Self::ReadOnly => {
                Error::new(ErrorKind::NotSupported, "the database is open to be read only")
                    .hint("open it for writing")
            }
            Self::Unsure(what) => Error::new(
                ErrorKind::Io,
                "an earlier write failed, and how much of it is on the disk is not known",
            )
            .found(what)
            .hint("close the database and open it again; reading goes on"),
            Self::Misplaced(what) => {
                Error::new(ErrorKind::Damaged, "the files of the database are not in their place")
                    .found(what)
                    .hint("put the file back and open the database again; reading goes on")
            }
        })
    }
}
