//! Defects in races that are lost seldom, and in waiting.

macro_rules! of_races {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// At every 512th version readers see half of the batch for a moment.
            BatchIsSeenHalfAtTimes in Racing by "concurrency::batch_n_makes_version_n_for_every_reader";
            /// A snapshot of every 512th version mixes records of later ones with its own.
            SnapshotMixesVersionsAtTimes in Racing by "concurrency::batch_n_makes_version_n_for_every_reader";
            /// The length of every 512th version is counted a moment later.
            LenIsCountedLaterAtTimes in Racing by "concurrency::batch_n_makes_version_n_for_every_reader";
            /// The version that every 512th write returns is read after the lock is gone.
            VersionIsReadAfterwardsAtTimes in Racing by "concurrency::concurrent_writes_are_all_kept";
            /// At every 512th version two writers read, change and write back the same state.
            WritesRaceAtTimes in Racing by "concurrency::concurrent_writes_are_all_kept";
            /// A merge reads the payload, merges, and writes all of it, while others write.
            MergesAreReadAhead in Racing by "concurrency::concurrent_statements_see_what_is_there";
            /// A delete-where looks for the ids first, and deletes them whatever they are by then.
            DeletesAreLookedUpAhead in Racing by "concurrency::concurrent_statements_see_what_is_there";
            /// Reads are promised to be wait-free, and a snapshot waits until a write is done.
            WaitFreeReadsWaitForWriters in Cached by "capabilities::wait_free_reads_wait_for_no_writer";
        }
    };
}
