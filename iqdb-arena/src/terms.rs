//! Sparse rows of one chunk, appended beside readers and lent as compressed sparse rows.
//!
//! How many terms the rows of a chunk will have is not known, and what readers hold never moves. So
//! the terms are kept in pieces of memory, each twice as large as the one before: a piece that is
//! full is copied to the beginning of the next one. The newest piece has all terms; the older ones
//! stay for readers that look at them, and take as much memory together as the newest.

use std::ops::Range;
use std::sync::OnceLock;

use iqdb_core::{Csr, Result, SparseRef};

use crate::column::{Appender, Column, column};

/// What the first piece has room for, in terms, unless its first row is longer.
const FIRST_TERMS: usize = 1_024;

/// As many pieces as double from the first to more terms than memory holds.
const PIECES: usize = 40;

/// The sparse rows of one field in one chunk, as readers see them.
#[derive(Debug)]
pub(crate) struct Terms {
    /// Where each row ends, in terms; 0 comes before the first.
    ends: Column<u64>,
    pieces: Box<[OnceLock<Piece>]>,
}

#[derive(Debug)]
struct Piece {
    indices: Column<u32>,
    weights: Column<f32>,
}

/// The one that fills [`Terms`].
#[derive(Debug)]
pub(crate) struct TermsAppender {
    ends: Appender<u64>,
    newest: Option<PieceAppender>,
}

#[derive(Debug)]
struct PieceAppender {
    /// Which of the pieces it is.
    number: usize,
    /// The most terms.
    room: usize,
    indices: Appender<u32>,
    weights: Appender<f32>,
}

/// Room for `rows` rows of any length.
pub(crate) fn terms(rows: usize) -> (TermsAppender, Terms) {
    let (mut writes, ends) = column(rows + 1);
    writes.push(0);
    let pieces = (0..PIECES).map(|_| OnceLock::new()).collect();
    (TermsAppender { ends: writes, newest: None }, Terms { ends, pieces })
}

impl Terms {
    /// Some rows; `None` if they are not all there.
    pub(crate) fn rows(&self, rows: Range<usize>) -> Option<Result<Csr<'_>>> {
        let ends = self.ends.slice(rows.start..rows.end.checked_add(1)?)?;
        let place = |end: &u64| usize::try_from(*end).ok();
        let terms = place(ends.first()?)?..place(ends.last()?)?;
        // The row's end was written after its terms, and they are in every later piece, too.
        let (indices, weights) = match self.pieces.iter().map_while(OnceLock::get).last() {
            Some(piece) => (piece.indices.slice(terms.clone())?, piece.weights.slice(terms)?),
            None => ([].as_slice(), [].as_slice()),
        };
        Some(Csr::new(ends, indices, weights))
    }
}

impl Terms {
    /// The bytes that the terms of a row take.
    pub(crate) fn row_bytes(&self, row: usize) -> usize {
        let ends = row.checked_add(2).and_then(|end| self.ends.slice(row..end));
        let terms = ends.map_or(0, |ends| ends[1] - ends[0]);
        usize::try_from(terms).unwrap_or(usize::MAX) * (size_of::<u32>() + size_of::<f32>())
    }
}

impl TermsAppender {
    /// Appends a row to `terms`, of which this is the appender. O(terms of the row), amortised.
    ///
    /// # Panics
    /// When there is no room for another row.
    pub(crate) fn push(&mut self, terms: &Terms, vector: SparseRef<'_>) {
        let len = self.newest.as_ref().map_or(0, |piece| piece.indices.len());
        let needed = len + vector.indices().len();
        let mut piece = match self.newest.take() {
            Some(piece) if needed <= piece.room => piece,
            full => add_piece(terms, full.as_ref(), needed),
        };
        piece.indices.extend_from_slice(vector.indices());
        piece.weights.extend_from_slice(vector.weights());
        self.newest = Some(piece);
        self.ends.push(needed as u64);
    }
}

/// Adds a piece with room for `needed` terms, which begins with the terms of the one before.
fn add_piece(terms: &Terms, before: Option<&PieceAppender>, needed: usize) -> PieceAppender {
    let number = before.map_or(0, |piece| piece.number + 1);
    let room = needed.next_power_of_two().max(FIRST_TERMS);
    let (mut indices, indices_read) = column(room);
    let (mut weights, weights_read) = column(room);
    if let Some(old) = number.checked_sub(1).and_then(|before| terms.pieces[before].get()) {
        indices.extend_from_slice(old.indices.all());
        weights.extend_from_slice(old.weights.all());
    }
    let piece = Piece { indices: indices_read, weights: weights_read };
    terms.pieces[number].set(piece).expect("the writer sets each piece once");
    PieceAppender { number, room, indices, weights }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_where_readers_found_them_while_pieces_are_added() {
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
        assert!(reads.pieces.iter().filter(|piece| piece.get().is_some()).count() > 3);
    }
}
