//! Defects of stores: what they write, and what they do beside writing.

macro_rules! of_writes {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// A first write keeps the vector and forgets the payload.
            InsertDropsThePayload by
                "apply::upsert_inserts_a_new_record", "conveniences::upsert_is_a_batch_of_one";
            /// Replacing a record changes the payload and not the vector.
            ReplaceKeepsTheVector by
                "apply::upsert_replaces_the_whole_record", "scale::many_versions_show_each_write";
            /// Replacing a record keeps the keys that the new payload lacks.
            ReplaceMergesThePayload by "apply::upsert_replaces_the_whole_record";
            /// Setting a payload keeps the keys that the new one lacks.
            SetPayloadMerges by
                "apply::set_payload_replaces_the_payload_and_keeps_the_vector",
                "histories::random_operations_agree_with_the_model";
            /// A payload set later is not checked, and a NaN in it is stored as null.
            SetPayloadIsUnchecked by "refusals::payloads_are_limited";
            /// A deleted record is still found by its id.
            GetFindsDeleted by "apply::delete_removes_the_record", "get::get_of_an_absent_id_is_none";
            /// A read answers with the payload of the write before the last.
            GetIsAWriteBehind by "apply::an_acknowledged_write_is_visible_to_every_later_read";
            /// For a moment after a write, a cache answers with what was there before.
            StaleForAMoment by
                "apply::an_acknowledged_write_is_visible_to_every_later_read",
                "histories::random_operations_agree_with_the_model";
            /// A read finds a batch that no snapshot shows yet: it was cached before it was written.
            VisibleBeforeWritten by "concurrency::concurrent_readers_see_whole_batches";
            /// Adding 0.0 somewhere has made every -0.0 positive.
            NegativeZeroIsZero by "get::get_returns_the_exact_bits";
            /// Dates are kept in milliseconds.
            DatesLoseTheirMicros by
                "get::get_returns_the_exact_bits", "payloads::row_payloads_list_every_key";
            /// A map is stored as keys with dots in them.
            MapsAreFlattened by
                "get::get_returns_the_exact_bits", "payloads::row_payloads_list_every_key";
            /// Changes go through a map by id, and only the last one of an id remains.
            LastChangeOfAnIdWins by "apply::changes_of_a_batch_apply_in_order";
            /// A replaced record counts as inserted.
            ReplacedCountsAsInserted by "apply::applied_counts_one_per_change";
            /// An absent record counts as deleted, or as given its payload.
            AbsentCountsAsThere by
                "conveniences::delete_says_whether_the_record_was_there",
                "conveniences::set_payload_says_whether_the_record_was_there",
                "apply::delete_removes_the_record";
            /// An id that stands in a batch twice is inserted twice, by the counters.
            DuplicateCountsTwice by "apply::applied_counts_one_per_change";
            /// Writing an identical record counts as no write, and makes no version.
            IdenticalUpsertIsSkipped by "apply::a_batch_with_an_effect_advances_the_version_by_one";
            /// A batch without effect makes a version.
            EmptyBatchAdvances by "apply::a_batch_without_effect_keeps_the_version";
            /// What stands in front of a bad change in its batch is written.
            HalfOfABadBatchStays by
                "refusals::a_batch_with_one_bad_change_changes_nothing",
                "conveniences::upsert_many_is_one_batch";
            /// The expected version is not checked when the batch has no changes.
            ConflictNeedsAnEffect by "refusals::an_unexpected_version_is_a_conflict";
            /// The expected version is checked before the lock is taken, so updates replace each other.
            LostUpdateOnReplace by "concurrency::concurrent_writes_are_all_kept";
            /// The first vector decides the dimension, and not the schema.
            EmptyTakesAnyDimension by "refusals::a_wrong_dimension_is_refused";
            /// A zero vector gets a direction that the caller never gave it.
            ZeroVectorIsNudged by
                "refusals::a_zero_vector_is_refused_where_the_metric_needs_a_direction";
            /// Ids that are too long are cut to size, and meet.
            LongIdsAreCut by
                "refusals::ids_are_limited_in_length", "get::get_of_an_id_that_cannot_be_stored_is_none";
            /// A payload over the limits is left out instead of being refused.
            BadPayloadsAreDropped by "refusals::payloads_are_limited";
            /// A payload that is nested too deeply is left out instead of being refused.
            DeepPayloadsAreDropped by "refusals::payloads_are_limited";
            /// Ids are keyed by their text, so that 7 and "7" are one record.
            IdKindsCollide by "apply::ids_of_different_kinds_never_meet";
            /// The largest number marks an empty slot, and so is no id.
            LargestIdIsASentinel by "apply::ids_of_different_kinds_never_meet";
            /// The empty string is taken for no id at all.
            EmptyIdIsNone by "apply::ids_of_different_kinds_never_meet";
            /// The store always says that its metric is cosine.
            SchemaForgetsTheMetric by "store::schema_is_the_one_it_was_made_with";
            /// The store promises more once it has been written to.
            CapabilitiesGrow by "store::capabilities_never_change";
            /// Flushing writes a marker that counts as a version.
            FlushIsAVersion by "store::flush_changes_nothing_visible";
            /// Flushing waits for a thread that waits for the flush.
            FlushHangs by "store::flush_changes_nothing_visible";
            /// The version that a write returns is read after the lock is gone.
            VersionIsReadAfterwards by "concurrency::concurrent_writes_are_all_kept";
            /// Compacting writes a marker that counts as a version.
            CompactionIsAVersion by "maintenance::compacting_changes_nothing_visible";
            /// Compacting goes on, whether its caller still waits or not.
            CompactionIgnoresItsBudget by "maintenance::maintenance_keeps_to_its_budget";
            /// Compacting reports its parts, but never the last one.
            ProgressStopsAtTheLastPart by "maintenance::maintenance_says_how_far_it_is";
            /// Records that were deleted are counted as checked.
            VerifyCountsTheDead by "maintenance::verify_counts_what_is_there";
            /// A copy is the same file under another name.
            BackupIsALink in Log by "maintenance::a_backup_is_a_store_of_its_own";
            /// A write goes on, whether its caller still waits or not.
            WritesIgnoreTheirBudget by "budgets::a_write_whose_budget_is_over_changes_nothing";
            /// A write is made, and then says that it came too late.
            BudgetIsLookedAtAfterwards by
                "budgets::a_write_whose_budget_is_over_changes_nothing",
                "budgets::a_write_ended_by_its_budget_never_takes_effect";
            /// A large batch has a deadline of its own, where the caller has none.
            LargeBatchesHaveADeadline by "budgets::apply_has_no_deadline";
            /// Refreshing returns the version before the one that reads show.
            RefreshIsAWriteBehind by "store::refresh_returns_the_version_that_reads_show";
            /// A refresh returns the version of the last batch, whatever fields were added since.
            RefreshCountsBatches by "store::refresh_returns_the_version_that_reads_show";
            /// Refreshing goes on, whether its caller still waits or not.
            RefreshIgnoresItsBudget by "store::refresh_keeps_to_its_budget";
            /// A feed begins at the version after its snapshot.
            FeedBeginsLater by "feed::a_feed_begins_at_its_snapshot";
            /// A feed lists the records that were put, and not those that were removed.
            FeedForgetsDeletes by
                "feed::changes_are_each_changed_id_once", "feed::following_a_feed_makes_a_copy";
            /// A feed lists an id once for each write.
            FeedListsEachWrite by "feed::changes_are_each_changed_id_once";
            /// A feed compares versions and takes a position of any history.
            FeedTakesAnyPosition by "feed::a_position_of_another_history_is_gone";
            /// A feed goes on, whether its caller still waits or not.
            FeedIgnoresItsBudget by "feed::a_feed_keeps_to_its_budget";
            /// Adding a field writes a marker that counts as a version of its own.
            AddedFieldIsTwoVersions by "added_fields::adding_a_field_is_a_version_of_its_own";
            /// The records that are there get a vector of a field that is added.
            AddedFieldIsFilledUp by "added_fields::older_records_lack_an_added_field";
            /// A snapshot says what the schema of its store is by now.
            SnapshotsShareTheSchema by "added_fields::older_snapshots_lack_an_added_field";
            /// Adding a field whose name is there succeeds and does nothing.
            NamesThatAreThereAreNoError by "added_fields::a_field_that_cannot_be_added_changes_nothing";
            /// A field is added, whether its caller still waits or not.
            FieldsIgnoreTheirBudget by "added_fields::a_field_that_cannot_be_added_changes_nothing";
            /// A field is added to a copy of the store, which then replaces it.
            FieldsAreAddedToACopy in Racing by "added_fields::fields_are_added_beside_readers_and_writers";
            /// Recovery knows batches, and no fields.
            KillForgetsFields in Log by "added_fields::an_added_field_outlives_the_process";
            /// Setting or merging a payload leaves what was computed of the one before.
            PayloadSetLaterIsNotComputed in Map by "computed::computed_columns_are_made_of_the_payloads";
            /// Rows that are written by columns have nothing that core computed.
            RowsAreNotComputed in Map by "computed::computed_columns_are_made_of_the_payloads";
            /// A record whose vectors are set is copied without what was computed of its payload.
            SetVectorsLosesWhatIsComputed in Map by "computed::computed_columns_are_made_of_the_payloads";
            /// The length of a computed row is kept in one byte.
            BytesAreCutAt255 by "computed::computed_columns_are_made_of_the_payloads";
            /// A computed row without bytes counts as a field that the record lacks.
            EmptyBytesAreNone by "computed::computed_columns_are_made_of_the_payloads";
            /// A vector of a computed field is left out instead of being refused.
            VectorsOfComputedFieldsAreIgnored by "computed::computed_fields_take_no_vectors";
            /// A computed field that is added is filled by later writes only.
            AddedComputedFieldIsOfNewRecords in Map by "computed::an_added_computed_field_has_every_record";
            /// Adding a computed field looks at the budget when the field is there already.
            CancelledComputedFieldStays in Map by "computed::a_computed_field_is_added_whole_or_not_at_all";
            /// An added field is computed of a copy of the records, and not of what is written meanwhile.
            ComputedFieldIsOfACopy in Map by "computed::a_computed_field_is_added_beside_writers";
            /// Recovery leaves out the computed fields.
            KillForgetsComputedFields in Log by "computed::computed_fields_outlive_the_process";
            /// Recovery gives an added text field the key of its name as its source.
            KillForgetsSources in Log by "computed::computed_fields_outlive_the_process";
            /// A large batch is written in two parts, and readers come in between.
            BatchIsTornInTwo by
                "concurrency::concurrent_readers_see_whole_batches",
                "concurrency::concurrent_histories_are_linearizable",
                "snapshot::snapshot_sees_all_of_a_batch_or_none";
            /// After a panic of one reader every later call panics on a poisoned lock.
            APanicPoisons by "panics::a_panic_elsewhere_leaves_the_store_usable";
            /// A store that is made while another of its schema is open is that one.
            OpenStoresAreOne by "store::stores_share_nothing";
            /// A batch is copied before it is checked.
            CopiesBeforeItChecks by "hostile::refused_input_costs_no_memory";
            /// Reads are promised to be wait-free, and each snapshot is a copy.
            WaitFreeReadsAllocate by "capabilities::wait_free_reads_allocate_nothing";
            /// A reader that panics never gives its lock back, and writers wait for ever.
            APanicWedges by
                "panics::a_panic_in_a_drop_leaves_the_store_usable",
                "panics::a_panic_beside_writers_loses_no_write";
        }
    };
}
