//! Whether a file has ids, or the row numbers are the ids.

use iqdb::{Error, ErrorKind, RecordId, Result};

/// What the first record has decided for all.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Ids {
    #[default]
    Undecided,
    InTheFile,
    RowNumbers,
}

impl Ids {
    /// Whether records have been read, and had ids.
    pub(super) fn are_in_the_file(self) -> bool {
        matches!(self, Self::InTheFile)
    }

    /// The id of the record in `row`, counted from 0, of which the file says `given`.
    pub(super) fn of_row(&mut self, row: u64, given: Option<RecordId>) -> Result<RecordId> {
        match (*self, given) {
            (Self::Undecided | Self::InTheFile, Some(id)) => {
                id.check()?;
                *self = Self::InTheFile;
                Ok(id)
            }
            (Self::Undecided | Self::RowNumbers, None) => {
                *self = Self::RowNumbers;
                Ok(row.into())
            }
            (Self::InTheFile, None) => Err(Error::new(ErrorKind::Damaged, "the record has no id")
                .expected("an id, as in the records before it")
                .found("none")
                .hint("give all records an id, or none of them")),
            (Self::RowNumbers, Some(id)) => {
                Err(Error::new(ErrorKind::Damaged, "the record has an id")
                    .expected("none, as in the records before it")
                    .found(id)
                    .hint("give all records an id, or none of them"))
            }
        }
    }
}
