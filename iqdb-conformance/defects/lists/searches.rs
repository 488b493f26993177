//! Defects of seals, of searches, of reopening and of threads.

macro_rules! of_searches {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

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
            /// A build whose budget has ended is an error.
            CutBuildIsAnError by "estimates::a_build_that_is_cut_short_is_no_error";
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
            /// Hits carry vectors even if the query doesn't want them.
            VectorAlways by "answers::search_returns_vectors_when_asked";
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
            KillLosesTheLastBatch in Log by
                "durable::acknowledged_writes_outlive_the_process",
                "apply::an_acknowledged_write_is_visible_to_every_later_read",
                "histories::random_operations_agree_with_the_model";
            /// The log is written anew as one batch, and versions begin from there.
            ReopeningForgetsTheVersion in Log by
                "durable::reopening_keeps_version_and_content",
                "histories::random_operations_agree_with_the_model";
            /// Recovering cuts a batch off a log that it has already mended.
            SecondOpeningCutsTheLog in Log by "durable::reopening_twice_changes_nothing";
            /// What a kill left in the log stays there, and recovery stops at it: later writes are lost.
            KillHidesWhatFollows in Log by "durable::writes_after_a_kill_are_kept_too";
            /// A batch is logged before it is checked, and recovery applies the valid part of it.
            RefusedBatchIsReplayed in Log by "durable::a_refused_batch_leaves_no_trace_on_reopening";
            /// A read cache keeps its entries for a while, even if a thread writes meanwhile.
            GetIsCached in Racing by "concurrency::concurrent_histories_are_linearizable";
            /// Changes go in one by one, and readers are not kept out in between.
            BatchIsSeenHalf in Racing by "concurrency::concurrent_histories_are_linearizable";
            /// A batch goes in and is taken back when its version turns out to be another.
            RefusedIsSeen in Racing by "concurrency::concurrent_histories_are_linearizable";
            /// Each batch draws its version before it waits for the lock.
            VersionIsDrawnFirst in Racing by "concurrency::concurrent_histories_are_linearizable";
            /// Each thread draws versions in pairs, and keeps the second for its next batch.
            VersionsAreDrawnInPairs in Racing by "concurrency::concurrent_histories_are_linearizable";
            /// A snapshot copies records one by one, and writers are not kept out in between.
            SnapshotMixesVersions in Racing by "concurrency::concurrent_histories_are_linearizable";
            /// The store returns a cached snapshot for a while, even if a thread writes meanwhile.
            SnapshotIsCached in Racing by "concurrency::concurrent_histories_are_linearizable";
            /// The length is a counter of its own, brought up to date after the records.
            LenIsCountedLater in Racing by "concurrency::concurrent_histories_are_linearizable";
            /// One write in ten is acknowledged and forgotten.
            WritesAreLost in Racing by "concurrency::concurrent_histories_are_linearizable";
            /// Two writers read, change and write back the same state.
            WritesRace in Racing by "concurrency::concurrent_histories_are_linearizable";
            /// The expected version is compared before the lock is taken, and not again.
            VersionIsComparedFirst in Racing by "concurrency::concurrent_histories_are_linearizable";
        }
    };
}
