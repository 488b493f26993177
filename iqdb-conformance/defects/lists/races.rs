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
        }
    };
}
