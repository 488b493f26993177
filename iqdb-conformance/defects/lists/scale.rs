//! Defects in reading and writing many records, of many versions and snapshots, which no case catches yet.

macro_rules! of_scale {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// A snapshot lends its first block of 4,096 rows only.
            OnlyTheFirstBlockIsLent in Map of 4 by "scale::a_large_version_reads_like_a_small_one";
            /// A snapshot lends sixteen blocks at most.
            SixteenBlocksAtMost in Map of 4 by "scale::a_large_version_reads_like_a_small_one";
            /// An index by id has row numbers of 16 bits.
            RowNumbersAreOf16Bits in Map of 4 by "scale::a_large_version_reads_like_a_small_one";
            /// A length is counted in 16 bits.
            LengthsAreOf16Bits in Map of 4 by "scale::a_large_version_reads_like_a_small_one";
            /// A page of more than a thousand records is cut there, and says that it was the last.
            PagesHaveAThousandAtMost in Map of 4 by "scale::a_large_version_reads_like_a_small_one";
            /// A read of many ids takes 999 of them, as many as a statement may have parameters.
            A999thIdIsTheLast in Map of 4 by "scale::a_large_version_reads_like_a_small_one";
            /// More than a thousand different values are not counted.
            AThousandDifferentValuesAtMost in Map of 4 by
                "scale::a_large_version_reads_like_a_small_one";
            /// A count of more than a thousand is an estimate.
            LargeCountsAreRounded in Map of 4 by "scale::a_large_version_reads_like_a_small_one";
            /// Deleting by a filter deletes a thousand records at most.
            AThousandAreDeletedAtMost in Map of 4 by
                "scale::a_large_version_reads_like_a_small_one";
            /// A search finds a thousand hits at most.
            AThousandHitsAtMost in Map of 4 by "scale::a_large_version_reads_like_a_small_one";
            /// A search of more than 1,024 records ranks by distances of 32 bits.
            LargeScansAreRounded in Map of 4 by "scale::a_large_version_reads_like_a_small_one";
            /// In more than 1,024 records the nearest are found first, and then filtered.
            RareMatchesOfManyAreFilteredLast in Map of 4 by
                "scale::a_large_version_reads_like_a_small_one";
            /// With several threads and more than 1,024 records, the last part is not looked at.
            ThreadsFindTheirShareOnly in Map of 4 by
                "scale::a_large_version_reads_like_a_small_one";
            /// A condition looks at the first thousand of its values.
            InHasAThousandValuesAtMost of 4 by "blocks::matching_agrees_with_the_predicate";
            /// The 256th version after a snapshot takes the place of the snapshot's.
            A256thVersionReplacesTheFirst in Map of 4 by "scale::old_versions_stay_apart";
            /// There is a place for 128 snapshots, and one more takes that of the eldest.
            EldestOfManySnapshotsIsDropped in Map of 4 by "scale::many_snapshots_are_held_at_once";
        }
    };
}
