//! Defects of snapshots: records, blocks, columns, payloads, pages; and of remotes.

macro_rules! of_reads {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

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
            RemoteAnswersAsOfNow in Remote by "remote::candidates_are_of_their_snapshot";
            /// A snapshot of an empty store has neither blocks nor a remote.
            EmptyHasNoBlocks by "snapshot::a_snapshot_has_blocks_or_a_remote";
            /// A remote sends records that don't match the filter.
            RemoteIgnoresTheFilter in Remote by "remote::candidates_are_records_that_match";
            /// A remote sends payloads that were not asked for.
            RemoteSendsPayloadsUnasked in Remote by "remote::candidates_are_records_that_match";
            /// A remote sends a record twice.
            RemoteSendsTwice in Remote by "remote::candidates_are_records_that_match";
            /// A remote sends one candidate less than it was asked for.
            RemoteSendsOneTooFew in Remote by "remote::candidates_are_as_many_as_asked_for";
            /// A remote forgets the matches at exactly the distance up to which it was asked for all.
            RemoteForgetsTies in Remote by "remote::candidates_up_to_a_distance_are_all_sent";
            /// A remote says that the rest is farther away than it may be.
            RestIsTooFar in Remote by "remote::what_is_not_sent_ranks_at_the_rest_or_after";
            /// A remote says that there is no rest.
            RestIsForgotten in Remote by "remote::what_is_not_sent_ranks_at_the_rest_or_after";
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
        }
    };
}
