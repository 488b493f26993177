//! Defects in what is counted, and in what memory is kept.

macro_rules! of_counts {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// A search counts what it did for the first query of a batch.
            ExplainIsOfTheFirstQuery in Map by "answers::explain_counts_what_was_done";
            /// The candidates of a search are counted before it filters.
            ExplainCountsWhatDoesNotMatch in Map by "answers::explain_counts_what_was_done";
            /// The hits of a search are counted as its candidates.
            ExplainCountsHits in Map by "answers::explain_counts_what_was_done";
            /// A search says that it excluded what it scored.
            ExplainExcludesAll in Map by "answers::explain_counts_what_was_done";
            /// A search says as many threads as it was allowed, on however few it worked.
            ExplainSaysTheMostThreads in Map by "answers::explain_counts_what_was_done";
            /// Records that were replaced or deleted are kept for ever.
            OldRecordsAreNeverFreed in Map by "capabilities::memory_is_bounded_by_what_is_live";
            /// Snapshots that were dropped are kept for ever.
            SnapshotsAreNeverFreed in Map by "capabilities::memory_is_bounded_by_what_is_live";
            /// The ids of records that were replaced or deleted are kept for ever.
            OldIdsAreNeverFreed in Map by "capabilities::memory_is_bounded_by_what_is_live";
        }
    };
}
