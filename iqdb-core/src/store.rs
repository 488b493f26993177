//! The contract that every backend keeps.

use std::fmt::Debug;
use std::sync::Arc;

use crate::{
    Applied, Batch, Budget, Capabilities, Change, Feed, Field, Filter, Maintenance, Payload,
    Progress, Record, RecordId, Result, Schema, Snapshot, SnapshotExt, Version,
};

/// A set of records, written in batches and read through snapshots.
///
/// The bullets under each method are the contract; each one is the name of a conformance case.
/// Forwarded for `Arc<S>` and `Box<S>`. No user code ever runs under a store's lock.
///
/// - `concurrent_writes_are_all_kept`: Batches applied by many threads at once each make one
///   version of their own, and none is lost.
/// - `concurrent_statements_see_what_is_there`: A merge has what other threads merged before, and a
///   `delete_where` deletes what matches in the version it replaces.
/// - `concurrent_readers_see_whole_batches`: A snapshot taken while writers work shows the state
///   at its version, and versions never go back for one reader.
/// - `batch_n_makes_version_n_for_every_reader`: Beside one writer, for as long as it writes.
/// - `concurrent_histories_are_linearizable`: The versions that writes return respect real time, and
///   every read shows the state at one version between its start and its end.
/// - `long_texts_are_told_apart`: Those that differ in their last byte only, however long, by filters, in
///   pages and in aggregates.
/// - `many_elements_and_keys_are_told_apart`: As many as a list or a payload may have, and any number of
///   keys in all records.
/// - `one_call_reads_any_number_of_records`: One page, one list of ids, one search.
/// - `one_statement_changes_any_number_of_records`: One list of rows, one filter, one batch.
/// - `a_store_of_many_records_shows_each`: More of them than 16 bits count, in one version.
/// - `many_versions_show_each_write`: Hundreds of them, each of some hundred records.
/// - `many_snapshots_stay_what_they_are`: Hundreds that are held at once.
/// - `a_panic_elsewhere_leaves_the_store_usable`: A thread that panics while it uses the store
///   takes nothing with it.
/// - `a_panic_in_a_drop_leaves_the_store_usable`: Nor does one that panics in a `Drop`.
/// - `a_panic_beside_writers_loses_no_write`: A thread that panics loses no write of other threads.
/// - `stores_share_nothing`: What is written to one store is in no other.
/// - `random_operations_agree_with_the_model`: Any sequence of operations leaves what the model
///   in `iqdb-conformance` says.
pub trait Store: Debug + Send + Sync + 'static {
    /// The schema as it is now: that which the store was made with, and the fields added since.
    /// O(1).
    ///
    /// - `schema_is_the_one_it_was_made_with`: For every dimension and metric.
    fn schema(&self) -> Schema;

    /// What the store promises beyond this contract.
    ///
    /// - `capabilities_never_change`: They are the same throughout the store's life.
    /// - `the_longest_vectors_are_ranked_by_their_distances`: Of the largest dimension within them, of
    ///   every element.
    /// - `limits_are_kept`: A store of a schema beyond them can't be made, which is
    ///   [`NotSupported`](crate::ErrorKind::NotSupported); any other schema can.
    ///
    /// Where reads are promised to be wait-free:
    ///
    /// - `wait_free_reads_allocate_nothing`: Taking a snapshot, finding a record and reading the
    ///   blocks.
    /// - `wait_free_reads_wait_for_no_writer`: Also while a large batch is applied.
    ///
    /// Where a [space amplification](Capabilities::with_space_amplification) is promised:
    ///
    /// - `memory_is_bounded_by_what_is_live`: Of a store that is written all the time, and whose
    ///   snapshots are dropped.
    ///
    /// Where the store promises to be durable:
    ///
    /// - `acknowledged_writes_outlive_the_process`: Also when it is killed as soon as `apply` has
    ///   returned.
    /// - `reopening_keeps_version_and_content`: The next batch makes the next version.
    /// - `reopening_twice_changes_nothing`: Opening is no write, nor is recovering.
    /// - `writes_after_a_kill_are_kept_too`: Whatever the kill left behind.
    /// - `a_refused_batch_leaves_no_trace_on_reopening`: None of it is recovered.
    /// - `what_is_at_the_limits_outlives_the_process`: The longest ids, names, texts and lists, the largest
    ///   payloads and dimensions.
    /// - `large_batches_outlive_the_process`: Of more changes, or rows, than 16 bits count.
    /// - `a_kill_in_a_write_leaves_whole_batches`: At whichever system call the process is killed, what was
    ///   acknowledged is there, and of the batch that was not, all or nothing.
    /// - `a_power_cut_leaves_whole_batches`: Likewise, whatever the disk has of what was not synced;
    ///   unless the store was opened so that it syncs later.
    fn capabilities(&self) -> Capabilities;

    /// Applies a batch: all of it or nothing, as one version. The budget counts until the batch is
    /// decided: until what it does is known, and its turn has come. From then on nothing ends it.
    ///
    /// - `a_write_whose_budget_is_over_changes_nothing`: It ends as
    ///   [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) or
    ///   [`Cancelled`](crate::ErrorKind::Cancelled).
    /// - `a_write_ended_by_its_budget_never_takes_effect`: Not later either, and whatever other threads
    ///   write; any other write is acknowledged once it has taken effect.
    /// - `upsert_inserts_a_new_record`: It is there with its exact vector and payload.
    /// - `upsert_replaces_the_whole_record`: Nothing of the former vector or payload remains.
    /// - `delete_removes_the_record`: And an id that was not there counts as absent.
    /// - `set_payload_replaces_the_payload_and_keeps_the_vector`: And an id that was not there
    ///   counts as absent.
    /// - `an_insert_of_a_taken_id_fails_the_batch`: Whether the id was there before, or another change of
    ///   the batch took it. An id that a change has freed is no longer taken.
    /// - `insert_if_absent_keeps_what_is_there`: And counts it as kept.
    /// - `delete_where_sees_what_the_batch_did_before_it`: And nothing that the batch does later.
    /// - `set_vectors_keeps_the_rest_of_the_record`: The other vectors and the payload.
    /// - `merge_payload_merges_maps_and_removes_by_null`: As RFC 7396 has it; all else is replaced.
    /// - `upsert_rows_is_an_upsert_of_each_row`: In order, so of two rows of one id the later one stays;
    ///   a record has no field that its row lacks.
    /// - `changes_of_a_batch_apply_in_order`: Each sees what the ones before it did.
    /// - `applied_counts_one_per_change`: Exactly one counter goes up for each.
    /// - `a_batch_with_an_effect_advances_the_version_by_one`: However many changes it has, and
    ///   even if it writes what was there already.
    /// - `a_batch_without_effect_keeps_the_version`: An empty one, or one that finds nothing to
    ///   delete.
    /// - `a_batch_with_one_bad_change_changes_nothing`: Wherever in the batch it stands.
    /// - `a_large_batch_is_seen_whole_or_not_at_all`: By readers beside the writer, whatever its size.
    /// - `a_bad_change_anywhere_in_a_large_batch_refuses_it`: Also as the last of 66,000.
    /// - `changes_of_a_large_batch_apply_in_order`: And each is counted.
    /// - `a_large_write_ended_by_its_budget_changes_nothing`: Wherever in the batch it ends.
    /// - `an_unexpected_version_is_a_conflict`: Even for a batch that would have no effect.
    /// - `an_acknowledged_write_is_visible_to_every_later_read`: By `get` and by `snapshot`, on
    ///   every thread.
    /// - `a_wrong_dimension_is_refused`: Also by a store that is empty.
    /// - `a_record_may_lack_any_field`: Even all of them; and what a replaced record had is gone.
    /// - `has_asks_which_records_have_a_vector`: The filter `@has field`, in searches, pages, counts and
    ///   deletes; and a field that there is not is refused.
    /// - `vectors_of_other_kinds_are_refused`: Of a field that there is not, of another element, or
    ///   dense in place of sparse; in queries, too.
    /// - `computed_fields_take_no_vectors`: In records, rows, and statements that set or remove vectors;
    ///   in queries, too.
    /// - `a_zero_vector_is_refused_where_the_metric_needs_a_direction`: And accepted elsewhere.
    /// - `ids_are_limited_in_length`: At the limit accepted, above refused.
    /// - `payloads_are_limited`: In keys, lists, depth and bytes, at any depth; no float that is not
    ///   finite.
    /// - `refused_input_costs_no_memory`: It is looked at before any of it is copied.
    /// - `ids_of_different_kinds_never_meet`: `7`, `"7"` and a UUID are three records, and strings
    ///   are compared byte by byte.
    /// - `ids_that_look_alike_never_meet`: Numbers around the ends of every width, UUIDs that differ in
    ///   one byte, texts that differ in case, in their ends or in their form.
    /// - `equal_values_of_other_bits_are_written`: `-0.0` over `0.0`, `1.0` over `1`, another form of a
    ///   letter: none of them is unchanged.
    ///
    /// # Errors
    /// Those of [`Batch::check`]. A backend that touches the outside world also reports
    /// [`Io`](crate::ErrorKind::Io), [`Damaged`](crate::ErrorKind::Damaged) or
    /// [`Locked`](crate::ErrorKind::Locked). Those of the budget. The store is then unchanged; only
    /// [`OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown) leaves open whether the batch took
    /// effect, all of it or nothing.
    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied>;

    /// Appends a field to the schema, as a version of its own. A field never changes or goes. The
    /// budget counts until the field is decided, as for [`apply_within`](Self::apply_within).
    ///
    /// - `adding_a_field_is_a_version_of_its_own`: The next one, with the same records; and the
    ///   progress ends at the end.
    /// - `older_records_lack_an_added_field`: They are written, searched and read as before, and take
    ///   vectors of it from now on.
    /// - `older_snapshots_lack_an_added_field`: They have the schema of their version, and asking them
    ///   for the field is [`UnknownField`](crate::ErrorKind::UnknownField). Rows that were read there
    ///   can be written to the store.
    /// - `buffers_follow_the_schema`: Rows, hits and scratch that were used before it was added, or after,
    ///   hold the new answer only.
    /// - `names_that_look_alike_are_other_fields`: Those that differ in case, at their ends or in form.
    /// - `a_field_that_cannot_be_added_changes_nothing`: One whose name is there
    ///   ([`AlreadyExists`](crate::ErrorKind::AlreadyExists)), one beyond
    ///   [`FIELDS_MAX`](crate::limits::FIELDS_MAX)
    ///   ([`InvalidSchema`](crate::ErrorKind::InvalidSchema)) or beyond the store's limits
    ///   ([`NotSupported`](crate::ErrorKind::NotSupported)), and one whose budget is over.
    /// - `fields_are_added_beside_readers_and_writers`: None of their batches is lost or torn.
    /// - `an_added_field_outlives_the_process`: Of a durable store, with the version that it made.
    /// - `an_added_computed_field_has_every_record`: From its version on; the store asks core for the
    ///   columns of its [blocks](crate::Block::compute).
    /// - `a_computed_field_is_added_whole_or_not_at_all`: Cancelled, it leaves nothing that a field in
    ///   its place would have.
    /// - `a_computed_field_is_added_beside_writers`: What they write meanwhile has its bytes, too.
    /// - `computed_fields_outlive_the_process`: Of a durable store.
    ///
    /// # Errors
    /// As above; those of [`apply_within`](Self::apply_within).
    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version>;

    /// A copy of the record of this id, as of now.
    ///
    /// - `get_returns_the_exact_bits`: Negative zeros and subnormals included; never a normalised
    ///   row.
    /// - `get_of_an_absent_id_is_none`: And that is no error.
    /// - `get_of_an_id_that_cannot_be_stored_is_none`: An oversized id is absent, not an error.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) or [`Damaged`](crate::ErrorKind::Damaged) when reading it fails.
    fn get(&self, id: &RecordId) -> Result<Option<Record>>;

    /// The whole store as it is now, unchanging from here on.
    ///
    /// - `snapshot_versions_never_go_back`: A later one shows the same version or a later one.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) or [`Damaged`](crate::ErrorKind::Damaged) when reading it fails.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>>;

    /// Returns when every acknowledged write is as durable as the store's capabilities promise;
    /// for a store that promises nothing, at once.
    ///
    /// - `flush_changes_nothing_visible`: Content and version stay.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) when the outside world refuses.
    fn flush(&self) -> Result<()>;

    /// Moves a store that is open to be read only on to the newest version that its writer has
    /// published, and returns the version that reads show from then on; never back. For any other
    /// store it is the current version.
    ///
    /// - `refresh_returns_the_version_that_reads_show`: Of a store that writes, that of its last
    ///   write, and nothing changes.
    /// - `refresh_keeps_to_its_budget`: One that is over is
    ///   [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) or
    ///   [`Cancelled`](crate::ErrorKind::Cancelled), and reads show what they did before.
    ///
    /// The default is for a store that is always current; a wrapper forwards it.
    ///
    /// # Errors
    /// Those of the budget; [`Io`](crate::ErrorKind::Io) or [`Damaged`](crate::ErrorKind::Damaged)
    /// when reading the newer version fails.
    fn refresh(&self, budget: Budget<'_>) -> Result<Version> {
        budget.check()?;
        Ok(self.snapshot()?.version())
    }

    /// What has changed since a position, of a store that tells its followers.
    ///
    /// - `a_feed_keeps_to_its_budget`: A call whose budget is over says so.
    ///
    /// The default is for a store without one; a wrapper forwards it.
    fn feed(&self) -> Option<&dyn Feed> {
        None
    }

    /// Compaction, backup and verification, of a store that has them.
    ///
    /// - `maintenance_keeps_to_its_budget`: A call whose budget is over ends as
    ///   [`DeadlineExceeded`](crate::ErrorKind::DeadlineExceeded) or
    ///   [`Cancelled`](crate::ErrorKind::Cancelled), changes nothing visible, and may be made again.
    /// - `maintenance_says_how_far_it_is`: `done` never goes back, and is `of` at the end.
    ///
    /// The default is for a store that needs no maintenance; a wrapper forwards it.
    fn maintenance(&self) -> Option<&dyn Maintenance> {
        None
    }
}

macro_rules! forward_store {
    ($($pointer:ty),*) => {$(
        impl<S: Store + ?Sized> Store for $pointer {
            fn schema(&self) -> Schema {
                (**self).schema()
            }
            fn add_field(
                &self,
                field: Field,
                budget: Budget<'_>,
                progress: &mut dyn Progress,
            ) -> Result<Version> {
                (**self).add_field(field, budget, progress)
            }
            fn capabilities(&self) -> Capabilities {
                (**self).capabilities()
            }
            fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
                (**self).apply_within(batch, budget)
            }
            fn get(&self, id: &RecordId) -> Result<Option<Record>> {
                (**self).get(id)
            }
            fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
                (**self).snapshot()
            }
            fn flush(&self) -> Result<()> {
                (**self).flush()
            }
            fn refresh(&self, budget: Budget<'_>) -> Result<Version> {
                (**self).refresh(budget)
            }
            fn feed(&self) -> Option<&dyn Feed> {
                (**self).feed()
            }
            fn maintenance(&self) -> Option<&dyn Maintenance> {
                (**self).maintenance()
            }
        }
    )*};
}

forward_store!(Arc<S>, Box<S>);

/// Conveniences that follow from [`Store`] alone, the same for every backend.
pub trait StoreExt: Store {
    /// Applies a batch: all of it or nothing, as one version.
    ///
    /// - `apply_has_no_deadline`: It returns what [`apply_within`](Store::apply_within) does for a
    ///   budget without an end, and leaves the same.
    ///
    /// # Errors
    /// Those of [`Store::apply_within`], but for the budget's.
    fn apply(&self, batch: &Batch) -> Result<Applied> {
        self.apply_within(batch, Budget::new())
    }

    /// Inserts or replaces one record.
    ///
    /// - `upsert_is_a_batch_of_one`: It returns what that batch would, and leaves the same.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    fn upsert(&self, record: Record) -> Result<Applied> {
        self.apply(&Batch::new().upsert(record))
    }

    /// Inserts or replaces all records, as one batch. The iterator runs to its end before the
    /// store is touched.
    ///
    /// - `upsert_many_is_one_batch`: One version for all, or nothing.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    fn upsert_many(&self, records: impl IntoIterator<Item = Record>) -> Result<Applied> {
        self.apply(&records.into_iter().map(Change::Upsert).collect())
    }

    /// Deletes one record; returns whether it was there.
    ///
    /// - `delete_says_whether_the_record_was_there`: And makes no version if it was not.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    fn delete(&self, id: impl Into<RecordId>) -> Result<bool> {
        self.apply(&Batch::new().delete(id)).map(|applied| applied.deleted == 1)
    }

    /// Replaces the payload of one record; returns whether it was there.
    ///
    /// - `set_payload_says_whether_the_record_was_there`: And makes no version if it was not.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    fn set_payload(&self, id: impl Into<RecordId>, payload: Payload) -> Result<bool> {
        self.apply(&Batch::new().set_payload(id, payload)).map(|applied| applied.payload_set == 1)
    }

    /// How many records there are.
    ///
    /// - `len_follows_every_write`: It is that of a snapshot taken now.
    ///
    /// # Errors
    /// Those of [`Store::snapshot`].
    fn len(&self) -> Result<u64> {
        Ok(self.snapshot()?.len())
    }

    /// Whether there are none.
    ///
    /// - `is_empty_means_len_is_0`: Before the first record and after the last.
    ///
    /// # Errors
    /// Those of [`Store::snapshot`].
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// How many records match `filter`.
    ///
    /// - `count_follows_every_write`: It is that of a snapshot taken now.
    ///
    /// # Errors
    /// Those of [`Store::snapshot`] and [`SnapshotExt::count`].
    fn count(&self, filter: Option<&Filter>) -> Result<u64> {
        self.snapshot()?.count(filter)
    }

    /// The records of these ids, in the order of the ids, all from one snapshot.
    ///
    /// - `get_many_keeps_the_order_of_the_ids`: With `None` where one is absent.
    ///
    /// # Errors
    /// Those of [`Store::snapshot`] and [`Snapshot::get`].
    fn get_many(&self, ids: &[RecordId]) -> Result<Vec<Option<Record>>> {
        let snapshot = self.snapshot()?;
        ids.iter()
            .map(|id| snapshot.get(id)?.map(|record| record.to_record()).transpose())
            .collect()
    }

    /// Deletes the records that match `filter`, as one batch; returns how many there were.
    ///
    /// - `delete_where_deletes_exactly_the_matches`: Those of the version it replaces.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    fn delete_where(&self, filter: &Filter) -> Result<u64> {
        let batch = Batch::new().delete_where(filter.clone());
        self.apply(&batch).map(|applied| applied.deleted)
    }
}

impl<S: Store + ?Sized> StoreExt for S {}
