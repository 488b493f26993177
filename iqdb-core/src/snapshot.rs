//! Snapshots: one consistent, unchanging view of a store.

use std::fmt::Debug;

use crate::filter::MaskPool;
use crate::{
    Block, Explain, Filter, Hits, IdRef, Payload, PayloadRef, Query, RecordId, RecordRef, Result,
    RowMask, Schema, State, Version,
};

/// One version of a store, seen whole.
///
/// - `snapshot_never_changes`: Whatever is written, deleted or compacted later, every record is
///   found as it was first, by `get`, in the blocks and by a search.
/// - `snapshot_sees_all_of_a_batch_or_none`: The content is that of one version.
/// - `snapshot_outlives_its_store`: It stays readable after the last handle to its store is gone.
// `is_empty` follows from `len`, and so lives in `SnapshotExt`.
#[allow(clippy::len_without_is_empty)]
pub trait Snapshot: Debug + Send + Sync {
    /// The schema of the store.
    ///
    /// - `snapshot_has_the_schema_of_its_store`: It is the schema that the store reports.
    fn schema(&self) -> &Schema;

    /// The version that it shows.
    ///
    /// - `snapshot_version_is_the_last_applied`: Taken when no write is in flight, it is the
    ///   version that the last effective batch returned.
    fn version(&self) -> Version;

    /// How many records there are. O(1).
    ///
    /// - `len_counts_distinct_live_ids`: Replaced records count once, deleted ones not at all.
    fn len(&self) -> u64;

    /// The record of this id.
    ///
    /// - `snapshot_get_agrees_with_its_blocks`: It finds exactly the live rows of the blocks.
    /// - `snapshot_get_of_an_id_that_cannot_be_stored_is_none`: An oversized id is absent, not an
    ///   error.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or [`ErrorKind::Io`](crate::ErrorKind::Io)
    /// when reading it fails.
    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>>;

    /// How many blocks there are. Callers may split `0..block_count()` among threads.
    ///
    /// - `blocks_cover_every_live_record_once`: Each record is alive in exactly one row of one
    ///   block.
    fn block_count(&self) -> usize;

    /// Lends block number `i`. What it lends lives as long as the snapshot: rows that are resident
    /// or mapped, not fetched.
    ///
    /// - `block_out_of_range_is_an_error`: There is none from `block_count()` on.
    /// - `sealed_blocks_never_change`: Where a block has a seal, a later block of the same seal
    ///   has the same rows, ids and payloads.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`](crate::ErrorKind::ContractViolation) when there is no such block;
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when reading it fails.
    fn block(&self, i: usize) -> Result<Block<'_>>;

    /// Answers a whole batch by the backend's own engine, `queries[i]` into `hits[i]`; or returns
    /// `None`, and the blocks are scanned instead. The queries have been checked against the
    /// schema, and the buffers are as many and empty.
    ///
    /// - `push_down_answers_as_a_scan_would`: The same hits, bit for bit, or `None`.
    ///
    /// # Errors
    /// Whatever the engine reports.
    fn push_down(&self, queries: &[Query<'_>], hits: &mut [Hits]) -> Result<Option<Explain>>;
}

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
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`](crate::ErrorKind::InvalidFilter) when the filter breaks a
    /// limit; whatever reading the blocks reports.
    fn count(&self, filter: Option<&Filter>) -> Result<u64> {
        let Some(filter) = filter else {
            return Ok(self.len());
        };
        filter.check()?;
        let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
        let mut count = 0;
        for i in 0..self.block_count() {
            let block = self.block(i)?;
            block.select(0..block.len(), Some(filter), &mut mask, &mut pool)?;
            count += mask.count() as u64;
        }
        Ok(count)
    }

    /// The records that match `filter`, block by block, in no promised order.
    ///
    /// - `records_yields_each_live_match_once`: Every live record that matches, and nothing else.
    ///
    /// Each item may be an error of reading; after an error of a whole block the iterator ends. A
    /// filter that breaks a limit is the first and only item.
    fn records<'a>(
        &'a self,
        filter: Option<&'a Filter>,
    ) -> impl Iterator<Item = Result<RecordRef<'a>>> {
        self.live_rows(filter).map(|row| row?.record())
    }

    /// The rows that match `filter`, as [`records`](Self::records) has them, of which only what is
    /// asked for is read: ids without vectors, say.
    ///
    /// - `live_rows_are_the_records_part_by_part`: The same ones in the same order, each with the id,
    ///   the vector and the payload of its record.
    fn live_rows<'a>(&'a self, filter: Option<&'a Filter>) -> LiveRows<'a, Self> {
        LiveRows {
            snapshot: self,
            filter,
            next_block: None,
            block: None,
            next_row: 0,
            mask: RowMask::new(),
            pool: MaskPool::default(),
        }
    }
}

impl<S: Snapshot + ?Sized> SnapshotExt for S {}

impl<S: Snapshot + ?Sized> State for S {
    fn contains(&self, id: &RecordId) -> Result<bool> {
        Ok(self.get(id)?.is_some())
    }

    fn payload(&self, id: &RecordId) -> Result<Option<Payload>> {
        self.get(id)?.map(|record| record.payload()?.to_payload()).transpose()
    }

    fn matching(&self, filter: &Filter) -> Result<Vec<RecordId>> {
        self.live_rows(Some(filter)).map(|row| Ok(row?.id()?.to_id())).collect()
    }
}

/// One live row of a snapshot. Copying it copies a few words.
#[derive(Debug, Clone, Copy)]
pub struct LiveRow<'a> {
    block: Block<'a>,
    row: usize,
}

impl<'a> LiveRow<'a> {
    /// The id. O(1).
    ///
    /// # Errors
    /// Whatever reading it reports.
    pub fn id(&self) -> Result<IdRef<'a>> {
        self.block.id(self.row)
    }

    /// The payload.
    ///
    /// # Errors
    /// Whatever reading it reports.
    pub fn payload(&self) -> Result<PayloadRef<'a>> {
        self.block.payload(self.row)
    }

    /// The whole record.
    ///
    /// # Errors
    /// Whatever reading it reports.
    pub fn record(&self) -> Result<RecordRef<'a>> {
        self.block.record(self.row)
    }
}

/// The iterator of [`SnapshotExt::live_rows`].
#[derive(Debug)]
pub struct LiveRows<'a, S: ?Sized> {
    snapshot: &'a S,
    filter: Option<&'a Filter>,
    /// The block to look at next; `None` before the filter has been checked.
    next_block: Option<usize>,
    block: Option<Block<'a>>,
    next_row: usize,
    mask: RowMask,
    pool: MaskPool,
}

impl<'a, S: Snapshot + ?Sized> LiveRows<'a, S> {
    fn advance(&mut self) -> Result<Option<LiveRow<'a>>> {
        loop {
            if let Some(block) = self.block {
                if let Some(row) = self.mask.next(self.next_row) {
                    self.next_row = row + 1;
                    return Ok(Some(LiveRow { block, row }));
                }
                self.block = None;
            }
            let next = match self.next_block {
                Some(next) => next,
                None => {
                    self.filter.map_or(Ok(()), Filter::check)?;
                    0
                }
            };
            if next >= self.snapshot.block_count() {
                return Ok(None);
            }
            let block = self.snapshot.block(next)?;
            block.select(0..block.len(), self.filter, &mut self.mask, &mut self.pool)?;
            self.next_block = Some(next + 1);
            self.next_row = 0;
            self.block = Some(block);
        }
    }
}

impl<'a, S: Snapshot + ?Sized> Iterator for LiveRows<'a, S> {
    type Item = Result<LiveRow<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().transpose();
        if !matches!(item, Some(Ok(_))) {
            self.block = None;
            self.next_block = Some(usize::MAX);
        }
        item
    }
}
