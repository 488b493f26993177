//! Snapshots: one consistent, unchanging view of a store.

use std::fmt::Debug;

use crate::filter::MaskPool;
use crate::{
    Block, Explain, Filter, Hits, Query, RecordId, RecordRef, Result, RowMask, Schema, Version,
};

/// One version of a store, seen whole.
///
/// - `snapshot_never_changes`: Whatever is written, deleted or compacted later, every method goes
///   on answering as it did first.
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

    /// Lends block number `i`.
    ///
    /// - `blocks_have_the_dimension_of_the_schema`: And they are seen at the snapshot's version.
    /// - `block_out_of_range_is_an_error`: There is none from `block_count()` on.
    /// - `sealed_blocks_never_change`: Where a block has a seal, a later block of the same seal
    ///   has the same rows, ids and payloads.
    ///
    /// # Errors
    /// [`ErrorKind::Backend`](crate::ErrorKind::Backend) when there is no such block;
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when reading it fails.
    fn block(&self, i: usize) -> Result<Block<'_>>;

    /// Answers the query by the backend's own engine and fills `hits`, or returns `None` and the
    /// blocks are scanned instead. The query has been checked against the schema.
    ///
    /// - `push_down_answers_as_a_scan_would`: The same hits, bit for bit, or `None` with `hits`
    ///   left as they were.
    ///
    /// # Errors
    /// Whatever the engine reports; `hits` is then empty.
    fn push_down(&self, query: &Query<'_>, hits: &mut Hits) -> Result<Option<Explain>>;
}

/// What follows from [`Snapshot`] alone, the same for every backend.
pub trait SnapshotExt: Snapshot {
    /// Whether there are no records. O(1).
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
        let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
        let mut count = 0;
        for i in 0..self.block_count() {
            self.block(i)?.select(Some(filter), &mut mask, &mut pool)?;
            count += mask.count() as u64;
        }
        Ok(count)
    }

    /// The records that match `filter`, block by block, in no promised order.
    ///
    /// - `records_yields_each_live_match_once`: Every live record that matches, and nothing else.
    ///
    /// Each item may be an error of reading; after one the iterator ends.
    fn records<'a>(&'a self, filter: Option<&'a Filter>) -> Records<'a, Self> {
        Records {
            snapshot: self,
            filter,
            next_block: 0,
            block: None,
            next_row: 0,
            mask: RowMask::new(),
            pool: MaskPool::default(),
        }
    }
}

impl<S: Snapshot + ?Sized> SnapshotExt for S {}

/// The iterator of [`SnapshotExt::records`].
#[derive(Debug)]
pub struct Records<'a, S: ?Sized> {
    snapshot: &'a S,
    filter: Option<&'a Filter>,
    next_block: usize,
    block: Option<Block<'a>>,
    next_row: usize,
    mask: RowMask,
    pool: MaskPool,
}

impl<'a, S: Snapshot + ?Sized> Records<'a, S> {
    fn advance(&mut self) -> Result<Option<RecordRef<'a>>> {
        loop {
            if let Some(block) = self.block {
                if let Some(row) = self.mask.next(self.next_row) {
                    self.next_row = row + 1;
                    return block.record(row).map(Some);
                }
                self.block = None;
            }
            if self.next_block >= self.snapshot.block_count() {
                return Ok(None);
            }
            let block = self.snapshot.block(self.next_block)?;
            block.select(self.filter, &mut self.mask, &mut self.pool)?;
            self.next_block += 1;
            self.next_row = 0;
            self.block = Some(block);
        }
    }
}

impl<'a, S: Snapshot + ?Sized> Iterator for Records<'a, S> {
    type Item = Result<RecordRef<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.advance().transpose();
        if !matches!(item, Some(Ok(_))) {
            self.block = None;
            self.next_block = usize::MAX;
        }
        item
    }
}
