//! Append-only columns that grow, beside readers.
//!
//! How many values there will be is not known, and what readers hold never moves. So the values are
//! kept in pieces of memory, each at least twice as large as the one before: a piece that is full is
//! copied to the beginning of the next one. The newest piece has all values; the older ones stay for
//! readers that look at them, and take as much memory together as the newest.

use std::ops::Range;
use std::sync::OnceLock;

use crate::column::{Appender, Column, column};

/// What the first piece has room for, unless its maker knows better or the first values are more. Few
/// in a model, because loom tracks every cell of a column.
const FIRST_VALUES: usize = if cfg!(any(loom, shuttle)) { 2 } else { 1_024 };

/// As many pieces as double from the first to more values than memory holds.
const PIECES: usize = 40;

/// A column as its readers see it.
#[derive(Debug)]
pub(crate) struct GrowingColumn<T> {
    pieces: Box<[OnceLock<Column<T>>]>,
}

/// The one that fills a [`GrowingColumn`].
#[derive(Debug)]
pub(crate) struct GrowingAppender<T> {
    newest: Option<Piece<T>>,
}

#[derive(Debug)]
struct Piece<T> {
    /// Which of the pieces it is.
    number: usize,
    /// The most values.
    room: usize,
    values: Appender<T>,
}

/// An empty column with memory for this many values, and its appender.
pub(crate) fn growing_column<T: Copy>(room: usize) -> (GrowingAppender<T>, GrowingColumn<T>) {
    let reads = GrowingColumn { pieces: (0..PIECES).map(|_| OnceLock::new()).collect() };
    let newest = (room > 0).then(|| reads.add_piece(None, room));
    (GrowingAppender { newest }, reads)
}

impl<T: Copy> GrowingColumn<T> {
    /// Some values, if all of them have been appended. O(log values).
    pub(crate) fn slice(&self, values: Range<usize>) -> Option<&[T]> {
        match self.pieces.iter().map_while(OnceLock::get).last() {
            Some(piece) => piece.slice(values),
            None => values.is_empty().then_some(&[]),
        }
    }

    /// Adds a piece with this much room, which begins with the values of the one before.
    fn add_piece(&self, before: Option<&Piece<T>>, room: usize) -> Piece<T> {
        let number = before.map_or(0, |piece| piece.number + 1);
        let (mut values, reads) = column(room);
        if let Some(old) = number.checked_sub(1).and_then(|before| self.pieces[before].get()) {
            values.extend_from_slice(old.all());
        }
        self.pieces[number].set(reads).expect("the writer sets each piece once");
        Piece { number, room, values }
    }
}

impl<T: Copy> GrowingAppender<T> {
    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.newest.as_ref().map_or(0, |piece| piece.values.len())
    }

    /// Appends values to `column`, of which this is the appender. O(values), amortised.
    pub(crate) fn extend_from_slice(&mut self, column: &GrowingColumn<T>, values: &[T]) {
        if values.is_empty() {
            return;
        }
        let needed = self.len() + values.len();
        let mut piece = match self.newest.take() {
            Some(piece) if needed <= piece.room => piece,
            full => {
                let room = needed.next_power_of_two().max(FIRST_VALUES);
                column.add_piece(full.as_ref(), room)
            }
        };
        piece.values.extend_from_slice(values);
        self.newest = Some(piece);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn values_stay_where_readers_found_them_while_pieces_are_added() {
        let (mut writes, reads) = growing_column(0);
        assert_eq!((reads.slice(0..0), reads.slice(0..1)), (Some(&[][..]), None));
        let mut early = None;
        for n in 0..20_000_u32 {
            writes.extend_from_slice(&reads, &[n, n + 1]);
            if n == 5 {
                early = reads.slice(3..9);
            }
        }
        assert_eq!(early.unwrap(), [2, 2, 3, 3, 4, 4]);
        assert_eq!(reads.slice(39_999..40_000).unwrap(), [20_000]);
        assert_eq!((writes.len(), reads.slice(39_999..40_001)), (40_000, None));
        assert!(reads.pieces.iter().filter(|piece| piece.get().is_some()).count() > 3);
    }

    #[test]
    fn a_column_of_a_known_length_is_one_piece() {
        let (mut writes, reads) = growing_column(3);
        writes.extend_from_slice(&reads, b"abc");
        assert_eq!(reads.slice(0..3).unwrap(), b"abc");
        assert_eq!(reads.pieces.iter().filter(|piece| piece.get().is_some()).count(), 1);
        // More may come all the same.
        writes.extend_from_slice(&reads, b"d");
        assert_eq!(reads.slice(1..4).unwrap(), b"bcd");
    }
}
