//! Defects in calls that take or give many things, or long ones; and in what such calls share.

macro_rules! of_bulk {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// Texts are sorted by their first 1,024 bytes.
            TextsSortByTheirFirst1024Bytes in Map by "limits::long_texts_are_told_apart";
            /// The least and the greatest text are cut to the 64 bytes that statistics keep.
            MinMaxTextsAreCut in Map by "limits::long_texts_are_told_apart";
            /// Texts of more than 32,766 bytes are not indexed.
            LongTextsAreNotIndexed in Map by "limits::long_texts_are_told_apart";
            /// The first thousand elements of a list are indexed.
            AThousandElementsAreIndexed in Map by "limits::many_elements_and_keys_are_told_apart";
            /// The first thousand keys of all records are indexed.
            AThousandKeysAreIndexed in Map by "limits::many_elements_and_keys_are_told_apart";
            /// A filter that is nested more deeply than 32 is refused when records are counted.
            CountsRefuseDeepFilters in Map by "limits::filters_at_their_limits_are_evaluated";
            /// A condition on ids looks at the first 32,766 of them.
            IdsAreParameters in Map by "limits::filters_at_their_limits_are_evaluated";
            /// Squared distances of bytes are summed in 31 bits.
            ByteSumsAreOf31Bits in Map by "limits::the_longest_vectors_are_ranked_by_their_distances";
            /// Bits are counted in 16.
            BitsAreCountedIn16 in Map by "limits::the_longest_vectors_are_ranked_by_their_distances";
            /// A sparse vector is kept with its first 16,000 terms.
            SparseTermsEndAt16000 in Map by "limits::the_longest_vectors_are_ranked_by_their_distances";
            /// The names of fields have no case.
            FieldNamesIgnoreCase in Map by "limits::names_that_look_alike_are_other_fields";
            /// A page has ten thousand records at most, and says where to go on.
            PagesHaveTenThousandAtMost in Map by "bulk::one_call_reads_any_number_of_records";
            /// Of 10,000 records on, each thread has as many as the others, and the rest has none.
            ThreadsLeaveTheRest in Map by "bulk::one_call_reads_any_number_of_records";
            /// More than ten thousand different values are not counted.
            TenThousandDifferentValuesAtMost in Map by "bulk::aggregates_have_any_number_of_values";
            /// The most frequent values are looked for among those of each thousand records.
            FacetsAreOfShards in Map by "bulk::aggregates_have_any_number_of_values";
            /// How many records have a value is counted in 16 bits.
            FacetsCountIn16Bits in Map by "bulk::aggregates_have_any_number_of_values";
            /// A statement deletes ten thousand records at most.
            TenThousandAreDeletedAtMost in Map by "bulk::one_statement_changes_any_number_of_records";
            /// Rows are written in chunks of 4,096, of which the first is the last.
            ChunksOfRowsGoBackwards in Map by "bulk::one_call_reads_any_number_of_records";
            /// A dictionary of texts has codes of 16 bits, and begins anew behind the last one.
            DictionaryHas65536Texts in Map by "bulk::one_statement_changes_any_number_of_records";
            /// The filters of a batch are bits of a word: query 64 has that of query 0.
            FiltersAreBitsOfAWord in Map by "bulk::a_batch_has_any_number_of_queries";
            /// An aggregate that is asked for twice is answered once.
            AggregatesAskedTwiceComeOnce in Map by "reading::aggregates_are_those_of_the_model";
            /// An expected version is compared with that of the last batch, whatever fields were added since.
            ConflictsForgetFields in Map by "added_fields::adding_a_field_is_a_version_of_its_own";
            /// Rows that were read before a field was added have no vectors of it.
            RowsKeepTheirFirstFields in Map by "added_fields::buffers_follow_the_schema";
            /// An error says what is wrong, and not with which record.
            ErrorsForgetTheRecord in Map by "refusals::a_batch_with_one_bad_change_changes_nothing";
            /// A merge that grows too large is found while its batch is written, which stays in part.
            FailedMergesLeaveAPart in Map by "refusals::a_batch_with_one_bad_change_changes_nothing";
            /// A batch that finds nothing to do returns before its budget is looked at.
            IdleBatchesHaveNoBudget in Map by "budgets::a_write_whose_budget_is_over_changes_nothing";
            /// The budget of a batch of queries is that of the first one.
            TheFirstBudgetCounts in Map by "budgets::any_query_of_a_batch_ends_it";
            /// Rows are copied column by column in their order, where the kinds fit.
            RowsGoByPosition in Map by "statements::upsert_rows_is_an_upsert_of_each_row";
            /// The files of a shelf are on a file system that tells no case.
            ShelfKeysIgnoreCase by "shelf::shelf_keys_that_look_alike_are_apart";
            /// An index says that it reaches the recall asked for, and finds one hit.
            EstimatesSayWhatWasAsked in Map by "estimates::the_recall_of_an_estimate_is_reached";
            /// A feed has the last thousand changes, and says nothing of those before.
            FeedHasAThousandChanges by "feed::following_a_feed_makes_a_copy";
            /// A search says that it read no byte.
            ExplainReadsNoBytes in Map by "answers::explain_counts_what_was_done";
            /// Blocks are skipped by the least and the greatest of their values, rounded to 32 bits.
            BlocksAreSkippedByRoundedBounds in Map by "values::blocks_of_like_values_are_filtered";
            /// A block whose numbers are all 5 is skipped for those that are not 5, whatever else it has.
            BlocksForgetWhatIsNoNumber in Map by "values::blocks_of_like_values_are_filtered";
        }
    };
}
