//! Sparse rows of one field in one chunk, appended beside readers and lent as compressed sparse rows.

use std::ops::Range;

use iqdb_core::{Csr, Result, SparseRef};

use crate::column::Appender;
use crate::growing_column::{GrowingAppender, GrowingColumn, growing_column};
use crate::row_ends::{RowEnds, row_ends};

/// The sparse rows as readers see them. The end of a row is written after its terms.
#[derive(Debug)]
pub(crate) struct Terms {
    ends: RowEnds,
    indices: GrowingColumn<u32>,
    weights: GrowingColumn<f32>,
}

/// The one that fills [`Terms`].
#[derive(Debug)]
pub(crate) struct TermsAppender {
    ends: Appender<u64>,
    indices: GrowingAppender<u32>,
    weights: GrowingAppender<f32>,
}

/// Room for `rows` rows of any length.
pub(crate) fn terms(rows: usize) -> (TermsAppender, Terms) {
    let (ends_in, ends) = row_ends(rows);
    let (indices_in, indices) = growing_column(0);
    let (weights_in, weights) = growing_column(0);
    let writes = TermsAppender { ends: ends_in, indices: indices_in, weights: weights_in };
    (writes, Terms { ends, indices, weights })
}

impl Terms {
    /// Some rows; `None` if they are not all there.
    pub(crate) fn rows(&self, rows: Range<usize>) -> Option<Result<Csr<'_>>> {
        let (ends, terms) = self.ends.of(rows)?;
        Some(Csr::new(ends, self.indices.slice(terms.clone())?, self.weights.slice(terms)?))
    }

    /// The bytes that the terms of a row take.
    pub(crate) fn row_bytes(&self, row: usize) -> usize {
        self.ends.row_len(row) * (size_of::<u32>() + size_of::<f32>())
    }
}

impl TermsAppender {
    /// Appends a row to `terms`, of which this is the appender. O(terms of the row), amortised.
    ///
    /// # Panics
    /// When there is no room for another row.
    pub(crate) fn push(&mut self, terms: &Terms, vector: SparseRef<'_>) {
        self.indices.extend_from_slice(&terms.indices, vector.indices());
        self.weights.extend_from_slice(&terms.weights, vector.weights());
        self.ends.push(self.indices.len() as u64);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_where_readers_found_them_while_rows_are_added() {
        let (mut writes, reads) = terms(3_000);
        assert!(reads.rows(0..0).unwrap().unwrap().is_empty());
        assert!(reads.rows(0..1).is_none());
        let row = |n: u32| -> (Vec<u32>, Vec<f32>) {
            (0..=n % 7).map(|i| (i * 3 + n, 1.0 + (i + n) as f32)).unzip()
        };
        let mut early = None;
        for n in 0..3_000 {
            let (indices, weights) = row(n);
            writes.push(&reads, SparseRef::new(&indices, &weights).unwrap());
            if n == 5 {
                early = Some(reads.rows(2..6).unwrap().unwrap());
            }
        }
        let all = reads.rows(0..3_000).unwrap().unwrap();
        let early = early.unwrap();
        for n in 0..3_000 {
            let (indices, weights) = row(n);
            let expected = (indices.as_slice(), weights.as_slice());
            assert_eq!(all.row(n as usize), expected, "row {n}");
            if (2..6).contains(&n) {
                assert_eq!(early.row(n as usize - 2), expected);
            }
        }
        assert_eq!(
            (reads.row_bytes(8), reads.row_bytes(2_999), reads.row_bytes(3_000)),
            (16, 32, 0)
        );
    }
}
