//! Defects that no case catches yet.

macro_rules! of_not_yet {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

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
        }
    };
}
