//! Snapshots: one consistent, unchanging view of a store.

use std::fmt::Debug;

use crate::{
    Aggregate, Aggregated, Block, Budget, Cursor, Error, ErrorKind, Filter, Layout, Page, Parts,
    RecordId, RecordRef, Remote, Result, Rows, Schema, Shelf, Version, reading,
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
    /// The schema of the store at the version.
    ///
    /// - `snapshot_has_the_schema_of_its_store`: It is the schema that the store reports then.
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

    /// Fills `out` with the parts of the records of these ids, in the order of the ids. An id without a
    /// record is left out, and one that is asked for twice is there twice. One round trip, where the
    /// store is elsewhere.
    ///
    /// - `get_many_fills_rows_in_the_order_asked`: With the parts that were asked for, and no others.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled) or
    /// [`ErrorKind::DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) when the budget is used up;
    /// whatever reading the records reports. `out` is then without rows.
    fn get_many(
        &self,
        ids: &[RecordId],
        parts: Parts,
        out: &mut Rows,
        budget: Budget<'_>,
    ) -> Result<()> {
        get_each(self, ids, parts, out, budget)
    }

    /// Fills `out` with a page of records; returns where to go on if the page is full.
    /// O(rows log limit) over blocks.
    ///
    /// - `scroll_has_each_record_once_in_order`: By ids, upwards and downwards; the pages together have
    ///   what the filter matches.
    /// - `scroll_orders_by_a_path`: Records without a value there come last both ways, and equal values
    ///   are in the order of their ids.
    /// - `orders_tell_values_apart`: In pages and in aggregates, whatever lies beside them.
    /// - `scroll_brings_the_parts_asked_for`: And no others.
    /// - `a_cursor_is_good_on_later_snapshots`: As bytes, too; and one of another order is refused.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`](crate::ErrorKind::InvalidFilter) for a filter or a path that breaks a
    /// limit; [`ErrorKind::InvalidQuery`](crate::ErrorKind::InvalidQuery) for a cursor of another order,
    /// and to order by the elements of lists; those of [`get_many`](Self::get_many). `out` is then
    /// without rows.
    fn scroll(&self, page: &Page<'_>, out: &mut Rows) -> Result<Option<Cursor>> {
        scroll_blocks(blocks_of(self)?, page, out)
    }

    /// Computes aggregates over the records that match, one for each that is wanted. O(rows) over
    /// blocks, and O(1) for the count of all.
    ///
    /// - `aggregates_are_those_of_the_model`: The count, the least and the greatest value, the different
    ///   values and the most frequent ones.
    /// - `filters_at_their_limits_are_evaluated`: As deep, as long and of as many terms as a filter may be,
    ///   by every way to read.
    /// - `aggregates_have_any_number_of_values`: Each exact, however the values lie among the records.
    /// - `aggregates_count_an_element_once_for_its_record`: And equal numbers as one value.
    ///
    /// # Errors
    /// Those of [`scroll`](Self::scroll).
    fn aggregate(
        &self,
        wanted: &[Aggregate<'_>],
        filter: Option<&Filter>,
        budget: Budget<'_>,
    ) -> Result<Vec<Aggregated>> {
        aggregate_blocks(blocks_of(self)?, wanted, filter, budget)
    }

    /// The blocks, where the rows are in this process: resident or mapped.
    ///
    /// Where there is a [`remote`](Self::remote), too, searches use the blocks. A snapshot without blocks has
    /// `scroll` and `aggregate` of its own.
    ///
    /// - `a_snapshot_has_blocks_or_a_remote`: Or both, also of an empty store.
    fn blocks(&self) -> Option<&dyn Blocks>;

    /// The engine that sends candidates, where the rows are elsewhere.
    ///
    /// - `candidates_are_of_their_snapshot`: Of its version, whatever has been written since.
    fn remote(&self) -> Option<&dyn Remote>;
}

/// A snapshot that lends its rows as blocks.
pub trait Blocks: Snapshot {
    /// How many blocks there are. Callers may split `0..block_count()` among threads.
    ///
    /// - `blocks_cover_every_live_record_once`: Each record is alive in exactly one row of one
    ///   block.
    fn block_count(&self) -> usize;

    /// Lends block number `i`. What it lends lives as long as the snapshot: rows that are resident
    /// or mapped, not fetched.
    ///
    /// - `block_out_of_range_is_an_error`: There is none from `block_count()` on.
    /// - `sealed_blocks_never_change`: Where a block has a seal, any block of any store whose seal has
    ///   the same id has the same rows, ids and payloads.
    /// - `lineage_names_rows_with_the_same_bytes`: Where the seal of a block names another block as the
    ///   birthplace of a row, the row there had the same id, vectors and payload, and was born there.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`](crate::ErrorKind::ContractViolation) when there is no such block;
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) when reading it fails.
    fn block(&self, i: usize) -> Result<Block<'_>>;

    /// What searches keep of the store's sealed blocks, across its snapshots; `None` where the store
    /// seals none.
    ///
    /// - `shelf_outlives_its_snapshots`: All snapshots of a store have one shelf.
    /// - `shelf_keys_that_look_alike_are_apart`: Keys that differ in case, at their ends or in form, also
    ///   after a field was added.
    /// - `shelf_loses_no_replacement`: Of threads that replace a value at once, each succeeds or knows.
    /// - `shelf_values_are_dropped_by_writers`: A replaced value is dropped by a later write or flush,
    ///   once no reader holds it, and by no reader.
    /// - `shelf_saves_until_the_store_is_closed`: What was saved is lent again, on reopening too, or
    ///   nothing is; once the last handle is gone, nothing is saved.
    fn shelf(&self) -> Option<&Shelf>;

    /// One object for all snapshots that lend the same sealed blocks in the same order; `None` where
    /// the store has none.
    ///
    /// - `a_layout_is_of_the_same_sealed_blocks`: Two snapshots of one layout have the same seals at the
    ///   same places, and a write that seals nothing keeps the layout.
    fn layout(&self) -> Option<&Layout>;
}

/// What [`Snapshot::get_many`] does unless a snapshot has a better way: one `get` after another.
///
/// # Errors
/// Those of [`Snapshot::get_many`].
pub fn get_each<S: Snapshot + ?Sized>(
    snapshot: &S,
    ids: &[RecordId],
    parts: Parts,
    out: &mut Rows,
    budget: Budget<'_>,
) -> Result<()> {
    filled(snapshot.schema(), out, |out| {
        for id in ids {
            budget.check()?;
            if let Some(record) = snapshot.get(id)? {
                out.push_parts(&record, parts)?;
            }
        }
        Ok(())
    })
}

/// What [`Snapshot::scroll`] does unless a snapshot has a better way: one pass over the blocks.
///
/// # Errors
/// Those of [`Snapshot::scroll`].
pub fn scroll_blocks(
    blocks: &dyn Blocks,
    page: &Page<'_>,
    out: &mut Rows,
) -> Result<Option<Cursor>> {
    let schema = blocks.schema();
    filled(schema, out, |out| {
        page.filter().map_or(Ok(()), |filter| filter.check_for(schema))?;
        reading::scroll(each(blocks), page, out)
    })
}

/// What [`Snapshot::aggregate`] does unless a snapshot has a better way: one pass over the blocks.
///
/// # Errors
/// Those of [`Snapshot::aggregate`].
pub fn aggregate_blocks(
    blocks: &dyn Blocks,
    wanted: &[Aggregate<'_>],
    filter: Option<&Filter>,
    budget: Budget<'_>,
) -> Result<Vec<Aggregated>> {
    let counts_all = filter.is_none() && wanted.iter().all(|it| matches!(it, Aggregate::Count));
    if counts_all {
        return Ok(vec![Aggregated::Count(blocks.len()); wanted.len()]);
    }
    filter.map_or(Ok(()), |filter| filter.check_for(blocks.schema()))?;
    reading::aggregate(each(blocks), wanted, filter, budget)
}

/// Fills rows of this schema anew; leaves none if that fails.
fn filled<T>(
    schema: &Schema,
    out: &mut Rows,
    fill: impl FnOnce(&mut Rows) -> Result<T>,
) -> Result<T> {
    out.reset(schema);
    fill(out).inspect_err(|_| out.reset(schema))
}

fn each(blocks: &dyn Blocks) -> impl Iterator<Item = Result<Block<'_>>> {
    (0..blocks.block_count()).map(|i| blocks.block(i))
}

/// The blocks that a default body of [`Snapshot`] reads.
fn blocks_of<S: Snapshot + ?Sized>(snapshot: &S) -> Result<&dyn Blocks> {
    snapshot.blocks().ok_or_else(|| {
        Error::new(ErrorKind::ContractViolation, "a snapshot has no blocks to read")
            .expected("blocks, or a way of its own to scroll and to aggregate")
    })
}
