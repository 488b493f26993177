//! Where rows of any length end, among the items that they are made of.

use std::ops::Range;

use crate::column::{Appender, Column, column};

/// The ends of the rows of one field in one chunk, as readers see them: that of each row, after a 0.
#[derive(Debug)]
pub(crate) struct RowEnds(Column<u64>);

/// Room for `rows` ends, and the 0 before them.
pub(crate) fn row_ends(rows: usize) -> (Appender<u64>, RowEnds) {
    let (mut writes, reads) = column(rows + 1);
    writes.push(0);
    (writes, RowEnds(reads))
}

impl RowEnds {
    /// The ends of some rows, after that of the row before them, and the items of all of these rows;
    /// `None` if the rows are not all there.
    pub(crate) fn of(&self, rows: Range<usize>) -> Option<(&[u64], Range<usize>)> {
        let ends = self.0.slice(rows.start..rows.end.checked_add(1)?)?;
        let place = |end: &u64| usize::try_from(*end).ok();
        Some((ends, place(ends.first()?)?..place(ends.last()?)?))
    }

    /// How many items a row has; 0 if it is not there.
    pub(crate) fn row_len(&self, row: usize) -> usize {
        let items = row.checked_add(1).and_then(|end| self.of(row..end));
        items.map_or(0, |(_, items)| items.len())
    }
}
