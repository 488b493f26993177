//! Errors of this backend, which all name the file they are about.

use std::error::Error as _;
use std::io;
use std::path::Path;

use iqdb_core::{Error, ErrorKind, Location};

/// The system refused to do `what` with a file.
pub(crate) fn refused(path: &Path, what: &str, error: io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => {
            Some("free some space; deleting records and compacting work without")
        }
        io::ErrorKind::PermissionDenied => Some("the files of a database belong to its owner"),
        io::ErrorKind::NotFound => None,
        _ => None,
    };
    let refused = Error::new(ErrorKind::Io, format!("{}: it can't be {what}", path.display()));
    match hint {
        Some(hint) => refused.hint(hint),
        None => refused,
    }
    .caused_by(error)
}

/// Whether there was no space for it.
pub(crate) fn is_full(error: &Error) -> bool {
    let causes = std::iter::successors(error.source(), |&error| error.source());
    causes
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::StorageFull)
}

/// What a file holds is not what was written to it.
pub(crate) fn damaged(path: &Path, what: &str) -> Error {
    Error::new(ErrorKind::Damaged, format!("{}: {what}", path.display()))
        .hint("restore the database from a backup")
}

/// The same, and where it begins.
pub(crate) fn damaged_at(path: &Path, what: &str, byte: u64) -> Error {
    damaged(path, what).at(Location::Byte(byte))
}

/// A defect of this crate, reported rather than acted upon.
pub(crate) fn defect(what: &'static str) -> Error {
    Error::new(ErrorKind::ContractViolation, what).hint("please report it as a defect of iqdb-file")
}
