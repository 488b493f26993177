//! Checks of the errors that invalid input must cause.

use std::fmt::{Debug, Display};

use iqdb_core::{Error, ErrorKind, Result};

use crate::check::exact::assert_is;

/// Panics unless the result is an error of this kind. Returns the error.
pub(crate) fn assert_refused<T: Debug>(
    result: Result<T>,
    kind: ErrorKind,
    context: impl Display,
) -> Error {
    match result {
        Err(error) => {
            assert_is!(error.kind(), kind, "{context}: the kind of the error {error}");
            error
        }
        Ok(found) => panic!("{context}: expected the error {kind:?}, found {found:?}"),
    }
}
