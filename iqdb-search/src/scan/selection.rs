//! Which rows the queries want: the live rows of a block that match the filter of each group.

use std::ops::Range;

use iqdb_core::{Filter, Result, RowMask};

use super::context::ScanContext;
use super::strip::{STRIP_ROWS, Strip};
use crate::budgets::Budgets;
use crate::derived::filter_masks::{self, Selector};
use crate::field_block::FieldBlock;
use crate::kernel::GROUP_ROWS;
use crate::query_batch::Group;

/// Where a group of queries wants fewer than one row in this many, scoring those rows costs less
/// than comparing all codes.
const SPARSE: usize = 24;

/// The rows of a block that each group of queries wants.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// The vectors of live rows that match the filter, per group. Behind them, where there are several groups,
    /// all live rows, to count the bytes read.
    masks: Vec<RowMask>,
    /// The selected rows of a block of which some have no vector.
    block_rows: RowMask,
    selector: Selector,
    /// The fingerprint of each group's filter, once a sealed block has asked for it.
    fingerprints: Vec<Option<u64>>,
    groups: usize,
}

impl Selection {
    /// Forgets the last search and gets ready for `groups` groups.
    pub(super) fn prepare(&mut self, groups: usize) {
        self.groups = groups;
        self.masks.resize_with(self.masks.len().max(groups + 1), RowMask::default);
        self.fingerprints.clear();
        self.fingerprints.resize(groups, None);
    }

    /// Selects among the rows of a block, once for each group.
    pub(super) fn select(
        &mut self,
        context: ScanContext<'_>,
        block: &FieldBlock<'_>,
        rows: Range<usize>,
    ) -> Result<()> {
        for (n, group) in context.batch.groups.iter().enumerate() {
            let filter = context.queries[group.example].filter().map(|filter| {
                let fingerprint = match block.block().seal() {
                    Some(_) => {
                        let known = &mut self.fingerprints[n];
                        *known.get_or_insert_with(|| filter_masks::fingerprint(filter))
                    }
                    None => 0,
                };
                (filter, fingerprint)
            });
            self.select_one(n, block, rows.clone(), filter, context.budgets)?;
        }
        if self.groups > 1 {
            self.select_one(self.groups, block, rows, None, context.budgets)?;
        }
        Ok(())
    }

    /// Makes mask number `n` the vectors of live rows that match a filter with this fingerprint.
    fn select_one(
        &mut self,
        n: usize,
        block: &FieldBlock<'_>,
        rows: Range<usize>,
        filter: Option<(&Filter, u64)>,
        budgets: Budgets<'_>,
    ) -> Result<()> {
        let Self { masks, selector, block_rows, .. } = self;
        let go_on = || budgets.check();
        let Some(rows_of) = block.column().rows_of() else {
            return selector.select(block.block(), rows, filter, &mut masks[n], &go_on);
        };
        // The rows of the block that the vectors are of, and those between them.
        let (Some(first), Some(last)) = (rows_of.get(rows.start), rows_of[..rows.end].last())
        else {
            masks[n].clear_all(rows_of.len());
            return Ok(());
        };
        let between = *first as usize..*last as usize + 1;
        selector.select(block.block(), between, filter, block_rows, &go_on)?;
        masks[n].gather(block_rows, rows_of, rows);
        Ok(())
    }

    /// How many rows of a range the groups read, as far as bytes are counted: with several groups,
    /// all live ones.
    pub(super) fn counted_rows(&self, range: Range<usize>) -> usize {
        self.masks[if self.groups > 1 { self.groups } else { 0 }].count_in(range)
    }

    /// The rows of a strip that group number `n` wants.
    pub(super) fn wanted<'a>(
        &'a self,
        n: usize,
        group: &'a Group,
        strip: &'a Strip<'a>,
    ) -> WantedRows<'a> {
        let mask = &self.masks[n];
        WantedRows { group, strip, mask, count: mask.count_in(strip.range()) }
    }
}

/// The rows of a strip that a group of queries wants.
pub(super) struct WantedRows<'a> {
    group: &'a Group,
    strip: &'a Strip<'a>,
    /// Numbered in the column.
    mask: &'a RowMask,
    count: usize,
}

impl<'a> WantedRows<'a> {
    pub(super) fn group(&self) -> &'a Group {
        self.group
    }

    pub(super) fn strip(&self) -> &'a Strip<'a> {
        self.strip
    }

    /// How many rows are wanted.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// How many pairs of a wanted row and a query of the group there are.
    pub(super) fn pairs(&self) -> usize {
        self.count * self.group.len()
    }

    /// Whether so few rows are wanted that comparing codes doesn't pay.
    pub(super) fn are_sparse(&self) -> bool {
        self.count * SPARSE < self.strip.len()
    }

    fn are_all(&self) -> bool {
        self.count == self.strip.len()
    }

    /// Writes a bit for each wanted row; each entry of `groups` stands for 16 rows of the strip.
    /// The last group may be longer than the strip.
    pub(super) fn write_bits(&self, groups: &mut [u16]) {
        if self.are_all() {
            groups.fill(u16::MAX);
            return;
        }
        for (group, first) in groups.iter_mut().zip(self.strip.range().step_by(GROUP_ROWS)) {
            *group = self.mask.sixteen(first);
        }
    }

    /// Calls `each` with every wanted row that `candidates` has a bit for, numbered within the
    /// strip; each entry of `candidates` stands for 16 rows of the strip.
    pub(super) fn for_each_of(&self, candidates: &[u16], mut each: impl FnMut(u32)) {
        let (range, all) = (self.strip.range(), self.are_all());
        for (first, candidates) in (0..).step_by(GROUP_ROWS).zip(candidates) {
            let mut candidates = *candidates;
            while candidates != 0 {
                let row: u32 = first + candidates.trailing_zeros();
                candidates &= candidates - 1;
                // The last group may be longer than the block.
                let at = range.start + row as usize;
                if at < range.end && (all || self.mask.contains(at)) {
                    each(row);
                }
            }
        }
    }
}

/// Lists of the wanted rows of a strip, reused from strip to strip.
#[derive(Debug, Default)]
pub(super) struct RowList {
    /// 0, 1, 2, … for strips of which all rows are wanted.
    all: Vec<u32>,
    some: Vec<u32>,
}

impl RowList {
    /// Makes room for the longest list.
    pub(super) fn prepare(&mut self) {
        if self.all.is_empty() {
            self.all.extend((0..).take(STRIP_ROWS.end));
        }
        self.some.clear();
        self.some.reserve(STRIP_ROWS.end);
    }

    /// The wanted rows, numbered within the strip.
    pub(super) fn of(&mut self, wanted: &WantedRows<'_>) -> &[u32] {
        if wanted.are_all() {
            return &self.all[..wanted.count];
        }
        let range = wanted.strip.range();
        self.some.clear();
        let rows = wanted.mask.rows_in(range.clone());
        self.some.extend(rows.map(|row| self.all[row - range.start]));
        &self.some
    }
}
