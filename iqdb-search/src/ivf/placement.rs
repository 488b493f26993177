//! Where the rows of an index are in the blocks of a snapshot, and which rows it lacks.

use std::ops::Range;
use std::sync::OnceLock;

use iqdb_core::{Blocks, FieldId, Layout, Result};

use super::births::{Births, births_of, number};
use crate::field_block::FieldBlock;
use crate::scan::Span;

/// Rows of the index to an entry of the coarse table.
const COARSE_ROWS: usize = 256;

/// Rows that follow each other in the index and in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    /// The number of the first of them in the index.
    first: u32,
    len: u32,
    block: u32,
    /// Numbered in the column.
    row: u32,
}

/// The sealed blocks of a snapshot beside an index. It holds for all snapshots of one layout.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    /// In the order of the index, without overlaps.
    parts: Vec<Part>,
    /// The first part that may have a row, for each `COARSE_ROWS` rows.
    coarse: Vec<u32>,
    /// Rows of sealed blocks that the index lacks.
    lacking: Vec<Span>,
    lacking_rows: usize,
    /// Whether a block is sealed.
    is_sealed: Vec<bool>,
}

impl Placement {
    /// Looks up the rows of all sealed blocks. O(runs log runs), runs being those of the lineages.
    pub(super) fn new(births: &Births, on: &dyn Blocks, field: FieldId) -> Result<Self> {
        let mut this = Self::default();
        for n in 0..on.block_count() {
            let block = on.block(n)?;
            this.is_sealed.push(block.seal().is_some());
            let Some(seal) = block.seal() else { continue };
            let Some(lent) = FieldBlock::of(on, n, field)? else { continue };
            births_of(&block, seal, lent.column(), |rows, from| {
                births.look_up(from, number(rows.len()), |part, first| {
                    let row = number(rows.start) + part.start;
                    let part = Part { first: 0, len: number(part.len()), block: number(n), row };
                    match first {
                        Some(first) => this.parts.push(Part { first, ..part }),
                        None => this.lack(part),
                    }
                });
            })?;
        }
        this.sort();
        Ok(this)
    }

    /// Brings the parts into the order of the index. A row that several blocks have is kept once; the
    /// others are scanned.
    fn sort(&mut self) {
        self.parts.sort_unstable();
        let parts = std::mem::take(&mut self.parts);
        let mut end = 0;
        for part in parts {
            if part.first < end {
                self.lack(part);
                continue;
            }
            end = part.first + part.len;
            self.parts.push(part);
        }
        let mut next = 0;
        for first in (0..end).step_by(COARSE_ROWS) {
            while self.parts[next].first + self.parts[next].len <= first {
                next += 1;
            }
            self.coarse.push(number(next));
        }
    }

    fn lack(&mut self, part: Part) {
        let row = part.row as usize;
        let rows = row..row + part.len as usize;
        self.lacking_rows += rows.len();
        self.lacking.push(Span { block: part.block as usize, rows });
    }

    /// The block that has a row of the index, and its place in the column there. O(1) where blocks
    /// are as they were when the index was built.
    #[inline]
    pub(crate) fn find(&self, number: u32) -> Option<(usize, usize)> {
        let mut at = *self.coarse.get(number as usize / COARSE_ROWS)? as usize;
        loop {
            let part = self.parts.get(at)?;
            if number < part.first {
                return None;
            }
            if number - part.first < part.len {
                return Some((part.block as usize, (part.row + number - part.first) as usize));
            }
            at += 1;
        }
    }

    /// Calls `each` with all rows that the index has of the snapshot, in its order: the number of the first
    /// of some that follow each other, their block, and their places in the column there.
    ///
    /// # Errors
    /// Those of `each`.
    pub(super) fn for_each(
        &self,
        mut each: impl FnMut(u32, usize, Range<usize>) -> Result<()>,
    ) -> Result<()> {
        for Part { first, len, block, row } in &self.parts {
            let row = *row as usize;
            each(*first, *block as usize, row..row + *len as usize)?;
        }
        Ok(())
    }

    /// How many rows of the index the sealed blocks have.
    pub(crate) fn found_rows(&self) -> usize {
        self.parts.iter().map(|part| part.len as usize).sum()
    }

    /// How many rows of sealed blocks the index lacks.
    pub(crate) fn lacking_rows(&self) -> usize {
        self.lacking_rows
    }

    /// What the index lacks of a snapshot of this layout: rows of sealed blocks, and open blocks.
    ///
    /// # Errors
    /// Whatever lending a block reports.
    pub(crate) fn lacking<'a>(
        &'a self,
        on: &'a dyn Blocks,
        field: FieldId,
    ) -> impl Iterator<Item = Result<(Span, FieldBlock<'a>)>> {
        let is_open = |n: &usize| !self.is_sealed.get(*n).copied().unwrap_or(false);
        let open = (0..on.block_count()).filter(is_open).map(|n| (n, None));
        let sealed = self.lacking.iter().map(|span| (span.block, Some(span.rows.clone())));
        open.chain(sealed).filter_map(move |(block, rows)| {
            let lent = FieldBlock::of(on, block, field).transpose()?;
            Some(lent.map(|lent| {
                let rows = rows.unwrap_or(0..lent.len());
                (Span { block, rows }, lent)
            }))
        })
    }
}

/// The placements of the indexes that have been asked about a layout: a list that only grows.
#[derive(Debug, Default)]
pub(super) struct Placements(OnceLock<Box<Node>>);

#[derive(Debug)]
struct Node {
    index: u128,
    placement: Placement,
    next: Placements,
}

impl Placements {
    /// The placement of an index in a layout; made now if it is the first time. `None` where the
    /// layout has no room for it.
    ///
    /// # Errors
    /// Whatever `make` reports.
    pub(super) fn of(
        layout: &Layout,
        index: u128,
        make: impl FnOnce() -> Result<Placement>,
    ) -> Result<Option<&Placement>> {
        let derived = layout.derived();
        let Some(mut list) = derived.get::<Self>().or_else(|| derived.put(Self::default())) else {
            return Ok(None);
        };
        while let Some(node) = list.0.get() {
            if node.index == index {
                return Ok(Some(&node.placement));
            }
            list = &node.next;
        }
        let mut node = Box::new(Node { index, placement: make()?, next: Self::default() });
        loop {
            match list.0.set(node) {
                Ok(()) => break,
                // Another thread was faster, perhaps with the same one.
                Err(back) => node = back,
            }
            let Some(other) = list.0.get().filter(|other| other.index != index) else { break };
            list = &other.next;
        }
        Ok(list.0.get().map(|node| &node.placement))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_two_blocks_have_is_found_in_one_and_scanned_in_the_other() {
        let part = |first, len, block, row| Part { first, len, block, row };
        // The rows 300 to 399 of the index are in two blocks, and 400 to 499 in none.
        let parts = vec![part(500, 100, 2, 7), part(0, 400, 0, 0), part(300, 100, 1, 50)];
        let mut placement = Placement { parts, ..Placement::default() };
        placement.sort();
        for number in [0, 255, 256, 300, 399] {
            assert_eq!(placement.find(number), Some((0, number as usize)), "row {number}");
        }
        assert_eq!(placement.find(450), None);
        assert_eq!(placement.find(512), Some((2, 19)));
        assert_eq!(placement.find(600), None);
        assert_eq!(placement.lacking_rows(), 100);
        assert!(matches!(&placement.lacking[..], [Span { block: 1, rows }] if *rows == (50..150)));
    }
}
