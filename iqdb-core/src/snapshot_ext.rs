//! What follows from a snapshot alone, the same for every backend.

use crate::filter::MaskPool;
use crate::reading;
use crate::{
    Aggregate, Aggregated, Block, Blocks, Budget, Cursor, Error, ErrorKind, Filter, Page, Record,
    RecordId, RecordRef, Result, RowMask, Rows, Schema, Snapshot, State,
};

/// How many records a page has where there are no blocks.
const PAGE_ROWS: usize = 1_024;

/// What follows from [`Snapshot`] alone, the same for every backend.
pub trait SnapshotExt: Snapshot {
    /// Whether there are no records. O(1).
    ///
    /// - `a_snapshot_is_empty_when_its_len_is_0`: Whatever has been written since it was taken.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many records match `filter`; O(1) without one, else O(rows).
    ///
    /// - `count_agrees_with_the_filter`: As many as [`Filter::matches`] says yes to, one by one.
    /// - `filters_tell_values_apart`: Numbers, texts and dates that another program takes for equal, or
    ///   orders differently: by their bits as the contract compares them, alone and beside other kinds.
    /// - `blocks_of_like_values_are_filtered`: Whatever a block knows of the least and the greatest of its
    ///   values, and whatever lies beside them.
    /// - `filters_tell_keys_apart`: Keys of any bytes are compared byte by byte, and a dot in a key is no
    ///   step of a path.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`](crate::ErrorKind::InvalidFilter) when the filter breaks a
    /// limit; whatever reading the blocks reports.
    fn count(&self, filter: Option<&Filter>) -> Result<u64> {
        if filter.is_none() {
            return Ok(self.len());
        }
        match self.aggregate(&[Aggregate::Count], filter, Budget::new())?[..] {
            [Aggregated::Count(count)] => Ok(count),
            _ => Err(Error::new(
                ErrorKind::ContractViolation,
                "a snapshot computed other aggregates than those wanted",
            )),
        }
    }

    /// The records that match `filter`, block by block or, where there are no blocks, page by page, in no
    /// promised order. From a block only the parts of a record are read that are asked for: its id
    /// without its vectors, say.
    ///
    /// - `records_yields_each_live_match_once`: Every live record that matches, and nothing else.
    ///
    /// Each item may be an error of reading; after an error of a whole block the iterator ends. A
    /// filter that breaks a limit is the first and only item.
    fn records<'a>(&'a self, filter: Option<&'a Filter>) -> Records<'a, Self> {
        Records { snapshot: self, filter, source: Source::Unread }
    }
}

impl<S: Snapshot + ?Sized> SnapshotExt for S {}

impl<S: Snapshot + ?Sized> State for S {
    fn schema(&self) -> &Schema {
        Snapshot::schema(self)
    }

    fn record(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        self.get(id)
    }

    fn matching(&self, filter: &Filter) -> Result<Vec<RecordId>> {
        self.matching_within(filter, Budget::new())
    }

    fn matching_within(&self, filter: &Filter, budget: Budget<'_>) -> Result<Vec<RecordId>> {
        let mut found = Vec::new();
        match self.blocks() {
            Some(blocks) => {
                filter.check_for(Snapshot::schema(self))?;
                let blocks = (0..blocks.block_count()).map(|number| blocks.block(number));
                reading::for_each_row(blocks, Some(filter), budget, |block, row| {
                    found.push(block.id(row)?.to_id());
                    Ok(())
                })?;
            }
            None => {
                for record in self.records(Some(filter)) {
                    budget.check()?;
                    found.push(record?.id()?.to_id());
                }
            }
        }
        Ok(found)
    }
}

/// The iterator of [`SnapshotExt::records`].
#[derive(Debug)]
pub struct Records<'a, S: ?Sized> {
    snapshot: &'a S,
    filter: Option<&'a Filter>,
    source: Source<'a>,
}

/// Where the next record comes from.
#[derive(Debug)]
enum Source<'a> {
    /// Nothing has been read, and the filter has not been checked.
    Unread,
    Block(BlockRows<'a>),
    /// The records of a page that are still to come, in reverse, and where the next page begins.
    Page(Vec<Record>, Option<Cursor>),
    End,
}

/// The rows of one block that match, from one row on.
#[derive(Debug)]
struct BlockRows<'a> {
    blocks: &'a dyn Blocks,
    block: Block<'a>,
    number: usize,
    mask: RowMask,
    next_row: usize,
    pool: MaskPool,
}

impl<'a> BlockRows<'a> {
    /// Selects the rows of the next block.
    fn next_block(mut self, filter: Option<&Filter>) -> Result<Source<'a>> {
        self.number += 1;
        self.next_row = 0;
        if self.number >= self.blocks.block_count() {
            return Ok(Source::End);
        }
        self.block = self.blocks.block(self.number)?;
        self.block.select(0..self.block.len(), filter, &mut self.mask, &mut self.pool)?;
        Ok(Source::Block(self))
    }
}

impl<'a, S: Snapshot + ?Sized> Records<'a, S> {
    /// Reads the first block, or the first page where there are no blocks.
    fn first(&self) -> Result<Source<'a>> {
        let schema = self.snapshot.schema();
        self.filter.map_or(Ok(()), |filter| filter.check_for(schema))?;
        let Some(blocks) = self.snapshot.blocks() else { return self.page(None) };
        if blocks.block_count() == 0 {
            return Ok(Source::End);
        }
        let block = blocks.block(0)?;
        let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
        block.select(0..block.len(), self.filter, &mut mask, &mut pool)?;
        Ok(Source::Block(BlockRows { blocks, block, number: 0, mask, next_row: 0, pool }))
    }

    fn page(&self, after: Option<&Cursor>) -> Result<Source<'a>> {
        let mut page = Page::new(PAGE_ROWS);
        page = self.filter.map_or(page, |filter| page.with_filter(filter));
        page = after.map_or(page, |cursor| page.with_after(cursor));
        let mut rows = Rows::new(self.snapshot.schema());
        let next = self.snapshot.scroll(&page, &mut rows)?;
        let mut records = rows.to_records();
        records.reverse();
        Ok(Source::Page(records, next))
    }

    fn advance(&mut self) -> Result<Option<RecordRef<'a>>> {
        loop {
            // After an error there is no more.
            self.source = match std::mem::replace(&mut self.source, Source::End) {
                Source::Unread => self.first()?,
                Source::Block(mut rows) => match rows.mask.next(rows.next_row) {
                    Some(row) => {
                        rows.next_row = row + 1;
                        let record = rows.block.record(row);
                        self.source = Source::Block(rows);
                        return record.map(Some);
                    }
                    None => rows.next_block(self.filter)?,
                },
                Source::Page(mut records, next) => match (records.pop(), next) {
                    (Some(record), next) => {
                        self.source = Source::Page(records, next);
                        return Ok(Some(record.into()));
                    }
                    (None, Some(cursor)) => self.page(Some(&cursor))?,
                    (None, None) => Source::End,
                },
                Source::End => return Ok(None),
            };
        }
    }
}

impl<'a, S: Snapshot + ?Sized> Iterator for Records<'a, S> {
    type Item = Result<RecordRef<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().transpose()
    }
}
