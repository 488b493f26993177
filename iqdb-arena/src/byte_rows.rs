//! Rows of bytes of one computed field in one chunk, appended beside readers.

use std::ops::Range;

use iqdb_core::{ByteRows, Result};

use crate::column::Appender;
use crate::growing_column::{GrowingAppender, GrowingColumn, growing_column};
use crate::row_ends::{RowEnds, row_ends};

/// The rows as readers see them. The end of a row is written after its bytes.
#[derive(Debug)]
pub(crate) struct Bytes {
    ends: RowEnds,
    bytes: GrowingColumn<u8>,
}

/// The one that fills [`Bytes`].
#[derive(Debug)]
pub(crate) struct BytesAppender {
    ends: Appender<u64>,
    bytes: GrowingAppender<u8>,
}

/// Room for `rows` rows of any length, and memory for this many bytes of them.
pub(crate) fn byte_rows(rows: usize, bytes: usize) -> (BytesAppender, Bytes) {
    let (ends_in, ends) = row_ends(rows);
    let (bytes_in, bytes) = growing_column(bytes);
    (BytesAppender { ends: ends_in, bytes: bytes_in }, Bytes { ends, bytes })
}

impl Bytes {
    /// Some rows; `None` if they are not all there.
    pub(crate) fn rows(&self, rows: Range<usize>) -> Option<Result<ByteRows<'_>>> {
        let (ends, bytes) = self.ends.of(rows)?;
        Some(ByteRows::new(ends, self.bytes.slice(bytes)?))
    }

    /// How many bytes a row has.
    pub(crate) fn row_bytes(&self, row: usize) -> usize {
        self.ends.row_len(row)
    }
}

impl BytesAppender {
    /// Appends a row to `rows`, of which this is the appender. O(bytes of the row), amortised.
    ///
    /// # Panics
    /// When there is no room for another row.
    pub(crate) fn push(&mut self, rows: &Bytes, row: &[u8]) {
        self.bytes.extend_from_slice(&rows.bytes, row);
        self.ends.push(self.bytes.len() as u64);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_length_are_lent_as_they_were_appended() {
        for known in [0, 3, 100_000] {
            let (mut writes, reads) = byte_rows(300, known);
            assert!(reads.rows(0..0).unwrap().unwrap().is_empty());
            let row = |n: usize| n.to_le_bytes()[..1].repeat(n % 11 * 3);
            for n in 0..300 {
                assert!(reads.rows(n..n + 1).is_none());
                writes.push(&reads, &row(n));
            }
            for n in 0..300 {
                let rows = reads.rows(n..300).unwrap().unwrap();
                assert_eq!((rows.len(), rows.row(0)), (300 - n, &*row(n)));
                assert_eq!(reads.row_bytes(n), n % 11 * 3);
            }
        }
    }

    /// No piece of memory is taken for them.
    #[test]
    fn rows_without_bytes_are_rows() {
        let (mut writes, reads) = byte_rows(2, 0);
        (0..2).for_each(|_| writes.push(&reads, &[]));
        let rows = reads.rows(0..2).unwrap().unwrap();
        assert_eq!((rows.len(), rows.row(0), rows.row(1)), (2, &[][..], &[][..]));
    }
}
