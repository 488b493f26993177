//! Which rows an index has: by their birthplaces, so that copies of a row are known, too.

use std::ops::Range;

use iqdb_core::{Birthplace, Block, Column, Result, Seal, SealId};

use super::hash::Mixer;

/// Rows that follow each other at their birthplace and in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stretch {
    pub(super) seal: SealId,
    pub(super) row: u32,
    pub(super) len: u32,
    /// The number of the first of them in the index.
    pub(super) first: u32,
}

/// The birthplaces of an index's rows, in the order of seals and rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Births {
    stretches: Vec<Stretch>,
    rows: u32,
}

impl Births {
    /// Adds rows that the index doesn't have yet, and calls `each` with those parts of the range, by
    /// their offset. [`sort`](Self::sort) has to follow before rows are looked up.
    pub(super) fn push(&mut self, from: Birthplace, len: u32) {
        let first = self.rows;
        self.rows += len;
        if let Some(last) = self.stretches.last_mut()
            && (last.seal, last.row + last.len) == (from.seal, from.row)
        {
            last.len += len;
            return;
        }
        self.stretches.push(Stretch { seal: from.seal, row: from.row, len, first });
    }

    /// Sorts what was pushed. Returns false where a row was pushed twice.
    pub(super) fn sort(&mut self) -> bool {
        self.stretches.sort_unstable();
        let twice = |pair: &[Stretch]| {
            pair[0].seal == pair[1].seal && pair[0].row + pair[0].len > pair[1].row
        };
        !self.stretches.windows(2).any(twice)
    }

    /// The stretches, in the order of seals and rows once they are sorted.
    pub(super) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> u32 {
        self.rows
    }

    /// Calls `each` with the parts of these rows, in order: their offset and length, and the number of
    /// the first of them where the index has them. O(log stretches), and O(parts).
    pub(super) fn look_up(
        &self,
        from: Birthplace,
        len: u32,
        mut each: impl FnMut(Range<u32>, Option<u32>),
    ) {
        let before = |it: &Stretch| (it.seal, it.row + it.len) <= (from.seal, from.row);
        let mut next = self.stretches.partition_point(before);
        let (mut at, end) = (from.row, from.row + len);
        while at < end {
            let known = self.stretches.get(next).filter(|it| it.seal == from.seal && it.row < end);
            let Some(known) = known else {
                each(at - from.row..len, None);
                return;
            };
            if known.row > at {
                each(at - from.row..known.row - from.row, None);
                at = known.row;
            }
            let stop = end.min(known.row + known.len);
            each(at - from.row..stop - from.row, Some(known.first + (at - known.row)));
            at = stop;
            next += 1;
        }
    }

    /// Mixes all that it depends on into a hash.
    pub(super) fn hash(&self, hash: &mut Mixer) {
        for Stretch { seal, row, len, first } in &self.stretches {
            let seal = seal.to_u128().to_le_bytes();
            hash.add_bytes(&seal);
            hash.add(u64::from(*row) << 32 | u64::from(*len));
            hash.add(u64::from(*first));
        }
    }
}

/// Calls `each` with the column's rows, in order, as ranges whose birthplaces follow each other; and
/// the birthplace of the first of each. O(runs), and O(rows) where some rows lack a vector.
///
/// # Errors
/// Whatever reading the lineage reports.
pub(super) fn births_of(
    block: &Block<'_>,
    seal: &Seal,
    column: &Column<'_>,
    mut each: impl FnMut(Range<usize>, Birthplace),
) -> Result<()> {
    debug_assert!(block.seal().is_some(), "rows of open blocks have no birthplace");
    let lineage = seal.lineage()?;
    let mut runs = lineage.runs().peekable();
    let mut start = 0;
    while start < column.len() {
        // Rows that follow each other in the block.
        let row = number(column.block_row(start));
        let mut end = start + 1;
        match column.rows_of() {
            None => end = column.len(),
            Some(rows) => {
                while end < column.len() && rows[end] == row + number(end - start) {
                    end += 1;
                }
            }
        }
        let (mut at, stop) = (row, row + number(end - start));
        while at < stop {
            while runs.next_if(|run| run.rows.end <= at).is_some() {}
            let (until, from) = match runs.peek() {
                Some(run) if run.rows.start <= at => {
                    let row = run.from.row + (at - run.rows.start);
                    (run.rows.end, Birthplace { seal: run.from.seal, row })
                }
                Some(run) => (run.rows.start, Birthplace { seal: seal.id(), row: at }),
                None => (stop, Birthplace { seal: seal.id(), row: at }),
            };
            let until = until.min(stop);
            let first = start + (at - row) as usize;
            each(first..first + (until - at) as usize, from);
            at = until;
        }
        start = end;
    }
    Ok(())
}

/// A row of a block, which has fewer than 32 bits number.
pub(super) fn number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seal: u128, row: u32) -> Birthplace {
        Birthplace { seal: SealId::from_u128(seal), row }
    }

    #[test]
    fn rows_are_found_by_parts_wherever_they_lie() {
        let mut births = Births::default();
        births.push(place(9, 0), 10);
        births.push(place(9, 10), 5);
        births.push(place(3, 20), 10);
        births.push(place(9, 30), 5);
        assert!(births.sort() && births.len() == 30);
        let found = |from, len| {
            let mut parts = Vec::new();
            births.look_up(from, len, |rows, number| parts.push((rows, number)));
            parts
        };
        assert_eq!(found(place(9, 0), 15), [(0..15, Some(0))]);
        assert_eq!(found(place(9, 12), 2), [(0..2, Some(12))]);
        assert_eq!(
            found(place(9, 12), 25),
            [(0..3, Some(12)), (3..18, None), (18..23, Some(25)), (23..25, None)]
        );
        assert_eq!(found(place(3, 0), 25), [(0..20, None), (20..25, Some(15))]);
        assert_eq!(found(place(4, 0), 3), [(0..3, None)]);
        assert_eq!(found(place(9, 35), 3), [(0..3, None)]);
        births.push(place(9, 14), 1);
        assert!(!births.sort(), "a row was pushed twice");
    }
}
