//! The list of defects: a sentence about each, and the cases that must catch it.
//!
//! The modules beside this one implement them.

defects! {
    /// A first write keeps the vector and forgets the payload.
    InsertDropsThePayload by
        "apply::upsert_inserts_a_new_record", "conveniences::upsert_is_a_batch_of_one";
    /// Replacing a record changes the payload and not the vector.
    ReplaceKeepsTheVector by "apply::upsert_replaces_the_whole_record";
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
    BackupIsALink by "maintenance::a_backup_is_a_store_of_its_own";
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
    FieldsAreAddedToACopy by "added_fields::fields_are_added_beside_readers_and_writers";
    /// Recovery knows batches, and no fields.
    KillForgetsFields by "added_fields::an_added_field_outlives_the_process";
    /// Setting or merging a payload leaves what was computed of the one before.
    PayloadSetLaterIsNotComputed by "computed::computed_columns_are_made_of_the_payloads";
    /// Rows that are written by columns have nothing that core computed.
    RowsAreNotComputed by "computed::computed_columns_are_made_of_the_payloads";
    /// A record whose vectors are set is copied without what was computed of its payload.
    SetVectorsLosesWhatIsComputed by "computed::computed_columns_are_made_of_the_payloads";
    /// The length of a computed row is kept in one byte.
    BytesAreCutAt255 by "computed::computed_columns_are_made_of_the_payloads";
    /// A computed row without bytes counts as a field that the record lacks.
    EmptyBytesAreNone by "computed::computed_columns_are_made_of_the_payloads";
    /// A vector of a computed field is left out instead of being refused.
    VectorsOfComputedFieldsAreIgnored by "computed::computed_fields_take_no_vectors";
    /// A computed field that is added is filled by later writes only.
    AddedComputedFieldIsOfNewRecords by "computed::an_added_computed_field_has_every_record";
    /// Adding a computed field looks at the budget when the field is there already.
    CancelledComputedFieldStays by "computed::a_computed_field_is_added_whole_or_not_at_all";
    /// An added field is computed of a copy of the records, and not of what is written meanwhile.
    ComputedFieldIsOfACopy by "computed::a_computed_field_is_added_beside_writers";
    /// Recovery leaves out the computed fields.
    KillForgetsComputedFields by "computed::computed_fields_outlive_the_process";
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
    /// Deleting takes the record away and leaves the length.
    DeleteForgetsLen by
        "snapshot::len_counts_distinct_live_ids",
        "conveniences::len_follows_every_write",
        "conveniences::is_empty_means_len_is_0",
        "conveniences::a_snapshot_is_empty_when_its_len_is_0";
    /// A snapshot looks records up in the store as it is now.
    SnapshotSeesLaterWrites by "snapshot::snapshot_never_changes";
    /// A snapshot reads from files that its store closes.
    SnapshotDiesWithItsStore by "snapshot::snapshot_outlives_its_store";
    /// Now and then a snapshot comes from a cache that no write has emptied.
    SnapshotIsSometimesOld by "snapshot::snapshot_versions_never_go_back";
    /// A snapshot says the version before the one it shows.
    SnapshotVersionLags by "snapshot::snapshot_version_is_the_last_applied";
    /// A snapshot always says that its metric is cosine.
    SnapshotForgetsTheMetric by "snapshot::snapshot_has_the_schema_of_its_store";
    /// A snapshot has blocks and no way to find an id in them.
    SnapshotGetFindsNothing by
        "snapshot::snapshot_get_agrees_with_its_blocks",
        "conveniences::get_many_keeps_the_order_of_the_ids";
    /// A snapshot finds an id by the part of it that fits.
    SnapshotCutsLongIds by "snapshot::snapshot_get_of_an_id_that_cannot_be_stored_is_none";
    /// A block index out of range returns the last block.
    LastBlockStandsInForAny by "blocks::block_out_of_range_is_an_error";
    /// A count of blocks rounds down.
    LastBlockIsForgotten by "blocks::blocks_cover_every_live_record_once";
    /// Deleting leaves the row alive in its block.
    DeadRowsAreAlive by
        "conveniences::records_yields_each_live_match_once",
        "blocks::blocks_cover_every_live_record_once",
        "blocks::clear_dead_clears_exactly_the_dead_rows",
        "snapshot::snapshot_get_agrees_with_its_blocks";
    /// A record without a field has a row of zeros in its column.
    HoleIsLent by
        "blocks::columns_have_a_row_for_each_vector_and_no_other",
        "fields::has_asks_which_records_have_a_vector";
    /// The rows of a column stand beside the records after theirs.
    ColumnIsOffByOne by
        "blocks::columns_have_a_row_for_each_vector_and_no_other",
        "blocks::rows_are_the_records_exact_bits";
    /// Which records have a field is read from the first field.
    RowsAreOfAnotherField by "blocks::columns_have_a_row_for_each_vector_and_no_other";
    /// A packed column counts the rows that are alive, and lends those of dead records, too.
    DeadRowsStandIn by "blocks::rows_are_the_records_exact_bits";
    /// A record written again without a field keeps the vector that it had there.
    AbsentVectorComesBack by "fields::a_record_may_lack_any_field";
    /// Components of f16 are rounded to eight bits on their way.
    HalvesAreRounded by "get::get_returns_the_exact_bits";
    /// Components of i8 are kept within 127 on both sides.
    BytesSaturate by "get::get_returns_the_exact_bits";
    /// The first bit of a byte is its lowest.
    BitsAreReversed by "get::get_returns_the_exact_bits";
    /// A vector of another element counts as no change, and is no error.
    OtherElementsAreIgnored by "fields::vectors_of_other_kinds_are_refused";
    /// A vector of a field that there is not is dropped.
    UnknownFieldsAreIgnored by "fields::vectors_of_other_kinds_are_refused";
    /// A store holds no sparse vectors, as it says, and can be made for them all the same.
    LimitsAreNotKept by "fields::limits_are_kept";
    /// A query is answered from the first field of its kind.
    FirstFieldAnswers by "fields::search_looks_in_its_field_only";
    /// A record that lacks the field is at distance 0.
    AbsentIsNearest by "fields::search_looks_in_its_field_only";
    /// A batch is answered for the field of its first query only.
    FirstFieldIsAsked by "fields::a_batch_may_ask_different_fields";
    /// Vectors of bits that have none in common are at Jaccard distance 0.
    DisjointBitsAreEqual by "search::search_distances_are_canonical";
    /// The products of sparse vectors are summed in f32.
    SparseSumsInF32 by "search::search_distances_are_canonical";
    /// Sparse vectors that share no index are at distance 0.
    DisjointSparseIsFound by "fields::sparse_hits_share_an_index";
    /// A column ends one row too early.
    LastVectorIsForgotten by "blocks::columns_have_a_row_for_each_vector_and_no_other";
    /// A block is seen at a version after its snapshot's.
    BlockIsAtAnotherVersion by "blocks::blocks_have_the_columns_of_the_schema";
    /// Liveness is counted from the first row asked about and not from the first of the block.
    LivenessStartsAtZero by
        "blocks::clear_dead_clears_exactly_the_dead_rows",
        "blocks::matching_agrees_with_the_predicate";
    /// The id of a row is that of the row beside it.
    IdsAreSwapped by "blocks::row_ids_are_those_of_their_records";
    /// The rows of old snapshots lend the payloads that their records have now.
    PayloadsAreTheLatest by "payloads::row_payloads_are_as_of_their_snapshot";
    /// A row of columns ends one key too early.
    LastKeyIsForgotten by "payloads::row_payloads_list_every_key";
    /// A row of columns lends maps without what is in them.
    MapsAreLentEmpty by
        "payloads::row_payloads_list_every_key", "payloads::row_payloads_find_every_key";
    /// A column is found by its name in any case, as in SQL.
    KeysIgnoreCase by "payloads::row_payloads_find_every_key";
    /// A key that is absent is unequal to everything, where no condition on it is true.
    AbsentKeyDiffers by
        "blocks::matching_agrees_with_the_predicate",
        "conveniences::count_agrees_with_the_filter",
        "conveniences::count_follows_every_write",
        "conveniences::records_yields_each_live_match_once",
        "search::search_filters_before_it_ranks",
        "histories::random_operations_agree_with_the_model";
    /// A path with a dot is looked up as one key.
    PathsAreKeys by
        "blocks::matching_agrees_with_the_predicate", "search::search_filters_before_it_ranks";
    /// A path through a list looks at its first element alone.
    FirstElementIsTheList by
        "blocks::matching_agrees_with_the_predicate", "search::search_filters_before_it_ranks";
    /// Dates are compared with numbers, as the microseconds that they are kept in.
    DatesAreNumbers by "blocks::matching_agrees_with_the_predicate";
    /// A read of many ids brings the records in the order of their ids.
    GetManySortsTheIds by "reading::get_many_fills_rows_in_the_order_asked";
    /// A read of many ids brings vectors and payloads that were not asked for.
    GetManyBringsEverything by "reading::get_many_fills_rows_in_the_order_asked";
    /// A page brings vectors and payloads that were not asked for.
    ScrollBringsEverything by "reading::scroll_brings_the_parts_asked_for";
    /// Pages in the order of the ids go upwards, also those that are to go downwards.
    ScrollAlwaysGoesUp by
        "reading::scroll_has_each_record_once_in_order",
        "reading::a_cursor_is_good_on_later_snapshots";
    /// The records without a value come first.
    ScrollPutsAbsentFirst by "reading::scroll_orders_by_a_path";
    /// Downwards, the ids of equal values go downwards, too.
    ScrollReversesTies by "reading::scroll_orders_by_a_path";
    /// A cursor whose record is gone begins at the first record.
    CursorNeedsItsRecord by "reading::a_cursor_is_good_on_later_snapshots";
    /// Aggregates are computed over all records, whatever the filter.
    AggregatesIgnoreTheFilter by "reading::aggregates_are_those_of_the_model";
    /// Of two values that are equally frequent, the greater one comes first.
    FacetPrefersGreatValues by "reading::aggregates_are_those_of_the_model";
    /// An element that a list has twice counts twice.
    ElementsCountEachTime by "reading::aggregates_count_an_element_once_for_its_record";
    /// A remote answers from the latest version, whatever the snapshot's.
    RemoteAnswersAsOfNow by "remote::candidates_are_of_their_snapshot";
    /// A snapshot of an empty store has neither blocks nor a remote.
    EmptyHasNoBlocks by "snapshot::a_snapshot_has_blocks_or_a_remote";
    /// A remote sends records that don't match the filter.
    RemoteIgnoresTheFilter by "remote::candidates_are_records_that_match";
    /// A remote sends payloads that were not asked for.
    RemoteSendsPayloadsUnasked by "remote::candidates_are_records_that_match";
    /// A remote sends a record twice.
    RemoteSendsTwice by "remote::candidates_are_records_that_match";
    /// A remote sends one candidate less than it was asked for.
    RemoteSendsOneTooFew by "remote::candidates_are_as_many_as_asked_for";
    /// A remote forgets the matches at exactly the distance up to which it was asked for all.
    RemoteForgetsTies by "remote::candidates_up_to_a_distance_are_all_sent";
    /// A remote says that the rest is farther away than it may be.
    RestIsTooFar by "remote::what_is_not_sent_ranks_at_the_rest_or_after";
    /// A remote says that there is no rest.
    RestIsForgotten by "remote::what_is_not_sent_ranks_at_the_rest_or_after";
    /// Deleting by a filter spares the records that lack a certain key.
    DeleteWhereSparesSome by
        "conveniences::delete_where_deletes_exactly_the_matches",
        "histories::random_operations_agree_with_the_model";
    /// An insert of an id that is there replaces the record.
    InsertReplaces by "statements::an_insert_of_a_taken_id_fails_the_batch";
    /// An insert-if-absent of an id that is there replaces the record.
    InsertIfAbsentReplaces by "statements::insert_if_absent_keeps_what_is_there";
    /// A delete-where sees the version before the batch, whatever comes before it there.
    DeleteWhereSeesTheOldState by "statements::delete_where_sees_what_the_batch_did_before_it";
    /// A record whose vectors are set loses its other vectors.
    SetVectorsDropsTheRest by "statements::set_vectors_keeps_the_rest_of_the_record";
    /// A patch replaces the maps of a payload instead of merging them.
    MergeIsShallow by "statements::merge_payload_merges_maps_and_removes_by_null";
    /// A null in a patch is stored.
    MergeKeepsNulls by "statements::merge_payload_merges_maps_and_removes_by_null";
    /// Of two rows of one id the first one stays.
    FirstRowOfAnIdWins by "statements::upsert_rows_is_an_upsert_of_each_row";
    /// Records that come in rows have no payload.
    RowsLoseTheirPayloads by "statements::upsert_rows_is_an_upsert_of_each_row";
    /// The first field of rows is lost.
    FirstFieldOfRowsIsLost by "statements::upsert_rows_is_an_upsert_of_each_row";
    /// Rows count as one change.
    RowsCountOnce by "statements::upsert_rows_is_an_upsert_of_each_row";
    /// A column that declines a condition has already thrown a row out.
    MatchingNarrowsAndDeclines by "blocks::matching_agrees_with_the_predicate";
    /// What lies between two rows was never cleared.
    PaddingIsDirty by "blocks::row_padding_is_zero";
    /// Rows are kept in half the bits.
    RowsAreRounded by "blocks::rows_are_the_records_exact_bits";
    /// A row that was read from damaged memory is full of NaN.
    RowsAreNaN by "blocks::rows_are_the_records_exact_bits";
    /// Rows from the middle of a block are those at its start.
    RangesStartAtZero by "blocks::rows_of_any_range_agree";
    /// Asked for one row, says that it is alive, whatever became of it.
    DeadRowsAnswerForThemselves by "liveness::is_alive_agrees_with_clear_dead";
    /// Of the rows that ended it leaves out those of the first version.
    EndsOfTheFirstVersionAreLeftOut by
        "liveness::ended_names_the_rows_that_ended_between_two_versions";
    /// Says that no row ended at versions that it knows nothing of.
    UnknownEndsAreNone by "liveness::ended_names_the_rows_that_ended_between_two_versions";
    /// Lends the first rows of the block in the place of the wanted ones.
    WantedRowsAreTheFirst by "blocks::rows_some_lends_what_rows_does";
    /// Blocks of different content have one seal.
    OneSealForAll by "blocks::sealed_blocks_never_change";
    /// A row that was copied was born one row behind its own.
    LineageIsOffByOne by "lineage::lineage_names_rows_with_the_same_bytes";
    /// Each snapshot has a shelf of its own.
    ShelfDiesWithItsSnapshot by
        "shelf::shelf_outlives_its_snapshots", "shelf::shelf_loses_no_replacement";
    /// No writer drops what was replaced on the shelf.
    ShelfIsNeverReclaimed by "shelf::shelf_values_are_dropped_by_writers";
    /// The shelf goes on saving when its store is closed.
    ShelfSavesForEver by "shelf::shelf_saves_until_the_store_is_closed";
    /// All snapshots have one layout.
    OneLayoutForAll by "shelf::a_layout_is_of_the_same_sealed_blocks";
    /// Each snapshot has a layout of its own.
    LayoutsAreNotShared by "shelf::a_layout_is_of_the_same_sealed_blocks";
    /// An index keeps on the shelf which records are alive.
    LivenessIsKept by "estimates::estimated_answers_are_sound";
    /// An index serves what it keeps of blocks that the snapshot doesn't have.
    SealsOfOthersAreServed by "estimates::estimated_answers_are_sound";
    /// An index looks at the rows of its blocks, dead or alive.
    DeadRowsAreEstimated by "estimates::estimated_answers_are_sound";
    /// The nearest hit of an estimate is farther than it is.
    EstimateIsRounded by "estimates::estimated_answers_are_sound";
    /// The nearest hit of an estimate comes twice.
    EstimateRepeatsAHit by "estimates::estimated_answers_are_sound";
    /// The hits of an estimate come farthest first.
    EstimateIsUnordered by "estimates::estimated_answers_are_sound";
    /// An estimate ignores the filter.
    EstimateIgnoresTheFilter by "estimates::estimated_answers_are_sound";
    /// An answer that misses hits claims to be exact.
    EstimateIsSaidToBeExact by "estimates::estimated_answers_are_sound";
    /// With two threads an estimate lacks a hit, at the same epoch.
    EstimateDependsOnThreads by "estimates::estimated_answers_repeat_within_an_epoch";
    /// An index puts its value on the shelf in two halves, and searches see the first one alone.
    SwapIsSeenHalf by "estimates::estimated_answers_repeat_within_an_epoch";
    /// A recall of 1 is answered like any other.
    RecallOf1IsEstimated by "estimates::a_recall_of_1_is_exact";
    /// An index replaces whatever another thread has put on the shelf meanwhile.
    ReplacementIsLost by "estimates::prepare_keeps_what_others_prepare";
    /// Each store counts its seals from 0.
    SealsAreCounted by "blocks::sealed_blocks_never_change";
    /// Of equally near records the one written first comes first.
    TiesByInsertion by "search::search_ranks_by_distance_then_id";
    /// Of equally near records the one whose id prints first comes first, so 10 before 9.
    TiesByTextOfTheId by "search::search_ranks_by_distance_then_id";
    /// The k nearest are found first, and then filtered.
    FilterAfterRanking by "search::search_filters_before_it_ranks";
    /// Asking for more records than there are panics.
    KAboveLenPanics by "search::search_with_k_above_len_returns_every_record";
    /// A record at exactly the distance asked for is left out.
    WithinIsExclusive by "search::search_within_is_inclusive_and_capped";
    /// A limit is ignored where a distance is given.
    WithinIsNotCapped by "search::search_within_is_inclusive_and_capped";
    /// Distances are rounded to f32.
    F32Distances by "search::search_distances_are_canonical";
    /// A sum of squares leaves the range of f32, and the distance is NaN.
    F32Overflows by "search::search_ranks_extreme_values_canonically";
    /// Norms are multiplied in f32, and the cosine of large vectors is 0.
    CosineOverflows by
        "hostile::distances_of_huge_and_tiny_components_are_right",
        "search::search_ranks_extreme_values_canonically";
    /// A row whose distance is not a number is passed over.
    DamagedRowsAreSkipped by "hostile::search_of_a_row_that_is_no_vector_is_damaged";
    /// Room is made for k hits, however many records there are.
    KIsReserved by "hostile::search_memory_is_bounded_by_what_is_there";
    /// Searching an empty store is an error.
    EmptyIsAnError by "search::search_of_an_empty_store_finds_nothing";
    /// Hits carry payloads even if the query doesn't want them.
    PayloadAlways by "answers::search_returns_payloads_when_asked";
    /// Hits are appended to what a buffer held.
    StaleHitsStay by "answers::search_ignores_what_hits_held_before";
    /// After an error the buffers hold what they held before.
    HitsStayOnError by "answers::search_leaves_every_buffer_empty_on_error";
    /// A search of an empty store doesn't check the query.
    EmptyTakesAnyQuery by "answers::search_rejects_bad_queries";
    /// With more threads, parts are merged in the order in which they come.
    ThreadsReverseTies by "answers::search_answers_are_the_same_for_any_thread_count";
    /// The first query of a batch decides how many hits all of them get.
    FirstQueryDecides by "answers::search_answers_are_the_same_for_any_batch";
    /// Once a block has been coded, its rows are ranked by their codes alone.
    CodesRank by "prepare::search_answers_are_the_same_once_prepared";
    /// Prepared data keeps the rows that were alive, and finds them after their deletion.
    PreparedRowsNeverDie by "prepare::search_answers_are_the_same_once_prepared";
    /// The last batch is acknowledged before it is in the log.
    KillLosesTheLastBatch by
        "durable::acknowledged_writes_outlive_the_process",
        "apply::an_acknowledged_write_is_visible_to_every_later_read",
        "histories::random_operations_agree_with_the_model";
    /// The log is written anew as one batch, and versions begin from there.
    ReopeningForgetsTheVersion by
        "durable::reopening_keeps_version_and_content",
        "histories::random_operations_agree_with_the_model";
    /// Recovering cuts a batch off a log that it has already mended.
    SecondOpeningCutsTheLog by "durable::reopening_twice_changes_nothing";
    /// What a kill left in the log stays there, and recovery stops at it: later writes are lost.
    KillHidesWhatFollows by "durable::writes_after_a_kill_are_kept_too";
    /// A batch is logged before it is checked, and recovery applies the valid part of it.
    RefusedBatchIsReplayed by "durable::a_refused_batch_leaves_no_trace_on_reopening";
    /// A read cache keeps its entries for a while, even if a thread writes meanwhile.
    GetIsCached by "concurrency::concurrent_histories_are_linearizable";
    /// Changes go in one by one, and readers are not kept out in between.
    BatchIsSeenHalf by "concurrency::concurrent_histories_are_linearizable";
    /// A batch goes in and is taken back when its version turns out to be another.
    RefusedIsSeen by "concurrency::concurrent_histories_are_linearizable";
    /// Each batch draws its version before it waits for the lock.
    VersionIsDrawnFirst by "concurrency::concurrent_histories_are_linearizable";
    /// Each thread draws versions in pairs, and keeps the second for its next batch.
    VersionsAreDrawnInPairs by "concurrency::concurrent_histories_are_linearizable";
    /// A snapshot copies records one by one, and writers are not kept out in between.
    SnapshotMixesVersions by "concurrency::concurrent_histories_are_linearizable";
    /// The store returns a cached snapshot for a while, even if a thread writes meanwhile.
    SnapshotIsCached by "concurrency::concurrent_histories_are_linearizable";
    /// The length is a counter of its own, brought up to date after the records.
    LenIsCountedLater by "concurrency::concurrent_histories_are_linearizable";
    /// One write in ten is acknowledged and forgotten.
    WritesAreLost by "concurrency::concurrent_histories_are_linearizable";
    /// Two writers read, change and write back the same state.
    WritesRace by "concurrency::concurrent_histories_are_linearizable";
    /// The expected version is compared before the lock is taken, and not again.
    VersionIsComparedFirst by "concurrency::concurrent_histories_are_linearizable";
}
