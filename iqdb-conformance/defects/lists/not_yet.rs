//! Defects that no case catches yet.

macro_rules! of_not_yet {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// The ids of records that were replaced or deleted are kept for ever.
            OldIdsAreNeverFreed in Map of 10 by "store::memory_is_bounded_by_what_is_live";
            /// The plain scan ignores the filter.
            ForcedPlanForgetsTheFilter in Map of 8 by
                "answers::search_answers_are_the_same_for_any_plan";
            /// The lists that come with hits have a thousand elements at most.
            HitListsAreCut in Map of 8 by "answers::search_returns_payloads_when_asked";
            /// The texts that come with hits have a hundred thousand characters at most.
            HitTextsAreCut in Map of 8 by "answers::search_returns_payloads_when_asked";
            /// Where reading fails, the queries that were answered before keep their hits.
            DamageLeavesEarlierAnswers in Map of 8 by
                "answers::search_leaves_every_buffer_empty_on_error";
            /// The version that every 512th write returns is read after the lock is gone.
            VersionIsReadAfterwardsAtTimes in Racing of 9 by
                "concurrency::concurrent_writes_are_all_kept";
            /// At every 512th version two writers read, change and write back the same state.
            WritesRaceAtTimes in Racing of 9 by "concurrency::concurrent_writes_are_all_kept";
            /// Reads are promised to be wait-free, and a snapshot waits until a write is done.
            WaitFreeReadsWaitForWriters in Cached of 9 by
                "capabilities::wait_free_reads_wait_for_no_writer";
            /// A read of many ids takes 999 of them, as many as a statement may have parameters.
            A999thIdIsTheLast in Map of 4 by "scale::a_large_version_reads_like_a_small_one";
            /// More than a thousand different values are not counted.
            AThousandDifferentValuesAtMost in Map of 4 by
                "scale::a_large_version_reads_like_a_small_one";
            /// Deleting by a filter deletes a thousand records at most.
            AThousandAreDeletedAtMost in Map of 4 by
                "scale::a_large_version_reads_like_a_small_one";
            /// A condition looks at the first thousand of its values.
            InHasAThousandValuesAtMost of 4 by "blocks::matching_agrees_with_the_predicate";
            /// The 256th version after a snapshot takes the place of the snapshot's.
            A256thVersionReplacesTheFirst in Map of 4 by "scale::old_versions_stay_apart";
        }
    };
}
