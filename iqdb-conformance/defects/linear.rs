//! The messages of the linearizability case for stores that violate it, each by one realistic race.

use iqdb_conformance::Case;

use crate::defect::Defect;
use crate::harness::racing_harness;

const CASE: &str = "concurrency::concurrent_histories_are_linearizable";

macro_rules! caught {
    ($($name:ident: $defect:ident $(says $part:literal)*,)*) => {$(
        #[test]
        fn $name() {
            let case = Case::named(CASE).expect("the case");
            let failure = case.check(&racing_harness(Some(Defect::$defect))).unwrap_err();
            println!("{failure}");
            for part in ["seed ", "IQDB_CONFORMANCE_SEED=", "thread ", $($part),*] {
                assert!(failure.message().contains(part), "{part:?} is missing: {failure}");
            }
        }
    )*};
}

caught! {
    a_read_from_a_cache_is_caught: GetIsCached says ", get: " says "allowed at version",
    half_a_batch_is_caught: BatchIsSeenHalf,
    a_batch_that_is_taken_back_is_caught: RefusedIsSeen,
    versions_drawn_before_the_lock_are_caught: VersionIsDrawnFirst says ", apply: ",
    versions_drawn_in_pairs_are_caught: VersionsAreDrawnInPairs says "has the greater version",
    a_snapshot_of_two_versions_is_caught: SnapshotMixesVersions says ", snapshot: ",
    a_snapshot_from_before_is_caught: SnapshotIsCached says "was acknowledged before it",
    a_length_counted_separately_is_caught: LenIsCountedLater,
    a_write_lost_now_and_then_is_caught: WritesAreLost,
    a_write_lost_in_a_race_is_caught: WritesRace says "another batch says that it has made",
    a_version_compared_too_early_is_caught: VersionIsComparedFirst says " if at version ",
}
