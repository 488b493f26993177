//! Defects in reading and writing many records, of many versions and snapshots.

macro_rules! of_scale {
    ($($joined:tt)*) => {
        join! {
            $($joined)*

            /// A snapshot lends its first block of 4,096 rows only.
            OnlyTheFirstBlockIsLent in Map by "scale::a_store_of_many_records_shows_each";
            /// A snapshot lends sixteen blocks at most.
            SixteenBlocksAtMost in Map by "scale::a_store_of_many_records_shows_each";
            /// An index by id has row numbers of 16 bits.
            RowNumbersAreOf16Bits in Map by "scale::a_store_of_many_records_shows_each";
            /// A length is counted in 16 bits.
            LengthsAreOf16Bits in Map by "scale::a_store_of_many_records_shows_each";
            /// A page of more than a thousand records is cut there, and says that it was the last.
            PagesHaveAThousandAtMost in Map by "scale::a_store_of_many_records_shows_each";
            /// A count of more than a thousand is an estimate.
            LargeCountsAreRounded in Map by "scale::many_snapshots_stay_what_they_are";
            /// A search finds a thousand hits at most.
            AThousandHitsAtMost in Map by "scale::a_store_of_many_records_shows_each";
            /// A search of more than 1,024 records ranks by distances of 32 bits.
            LargeScansAreRounded in Map by "scale::a_store_of_many_records_shows_each";
            /// In more than 1,024 records the nearest are found first, and then filtered.
            RareMatchesOfManyAreFilteredLast in Map by "scale::a_store_of_many_records_shows_each";
            /// With several threads and more than 1,024 records, the last part is not looked at.
            ThreadsFindTheirShareOnly in Map by "scale::a_store_of_many_records_shows_each";
            /// There is a place for 128 snapshots, and one more takes that of the eldest.
            EldestOfManySnapshotsIsDropped in Map by "scale::many_snapshots_stay_what_they_are";
            /// A read of many ids takes 999 of them, as many as a statement may have parameters.
            A999thIdIsTheLast in Map by "scale::a_store_of_many_records_shows_each";
            /// More than a thousand different values are not counted.
            AThousandDifferentValuesAtMost in Map by "scale::a_store_of_many_records_shows_each";
            /// Deleting by a filter deletes a thousand records at most.
            AThousandAreDeletedAtMost in Map by "scale::a_store_of_many_records_shows_each";
            /// The 256th version after a snapshot takes the place of the snapshot's.
            A256thVersionReplacesTheFirst in Map by "scale::many_versions_show_each_write";
        }
    };
}
