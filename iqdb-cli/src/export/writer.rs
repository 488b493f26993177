//! What the writers of all formats have in common.

use iqdb::{RecordRef, Result};

/// Takes records one by one and puts them into files.
pub(super) trait Writer {
    /// Returns whether the record is written: a matrix has no room for one without a vector.
    fn write(&mut self, record: &RecordRef<'_>) -> Result<bool>;

    /// Completes the files; before that there are none.
    fn finish(self: Box<Self>) -> Result<()>;
}
