//! Stores that break linearizability, each in one realistic way, are caught by their histories.

mod faulty;
mod shown;

use faulty::{Fault, FaultyStore};
use iqdb_conformance::naive::NaiveSearch;
use iqdb_conformance::{Case, Failure, Harness, Outcome};

const CASE: &str = "concurrency::concurrent_histories_are_linearizable";

/// What the case says about a store with this fault.
fn check(fault: Option<Fault>) -> Result<Outcome, Failure> {
    let create = move |schema| Ok(FaultyStore::new(schema, fault));
    Case::named(CASE).expect("the case").check(&Harness::new("faulty", create, NaiveSearch))
}

#[test]
fn without_a_fault_the_same_store_passes() {
    let outcome = check(None).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(outcome, Outcome::Kept);
}

macro_rules! caught {
    ($($(#[$story:meta])* $name:ident: $fault:ident $(says $part:literal)*,)*) => {$(
        $(#[$story])*
        #[test]
        fn $name() {
            let failure = match check(Some(Fault::$fault)) {
                Ok(outcome) => panic!("not caught: {outcome:?}"),
                Err(failure) => failure,
            };
            println!("{failure}");
            for part in ["seed ", "IQDB_CONFORMANCE_SEED=", "thread ", $($part),*] {
                assert!(failure.message().contains(part), "{part:?} is missing: {failure}");
            }
        }
    )*};
}

caught! {
    /// A read cache whose entries live for a while, whoever writes meanwhile.
    a_read_from_a_cache_is_caught: GetIsCached says ", get: " says "allowed at version",
    /// Changes go in one by one, and readers are not kept out in between.
    half_a_batch_is_caught: BatchIsSeenHalf,
    /// A batch goes in first and is taken back when its version turns out to be another.
    a_batch_that_is_taken_back_is_caught: RefusedIsSeen,
    /// Each batch draws its version before it waits for the lock.
    versions_drawn_before_the_lock_are_caught: VersionIsDrawnFirst says ", apply: ",
    /// Each thread draws versions in pairs, and keeps the second for its next batch.
    versions_drawn_in_pairs_are_caught: VersionsAreDrawnInPairs says "has the greater version",
    /// The records are copied one by one, and writers are not kept out in between.
    a_snapshot_of_two_versions_is_caught: SnapshotMixesVersions says ", snapshot: ",
    /// A snapshot is handed out again for a while, whoever writes meanwhile.
    a_snapshot_from_before_is_caught: SnapshotIsCached says "was acknowledged before it",
    /// A counter of its own, brought up to date after the records.
    a_length_counted_separately_is_caught: LenIsCountedLater,
    /// One write in ten is acknowledged and forgotten.
    a_write_lost_now_and_then_is_caught: WritesAreLost,
    /// Two writers read, change and write back the same state.
    a_write_lost_in_a_race_is_caught: WritesRace says "another batch says that it has made",
    /// The expected version is compared before the lock is taken, and not again.
    a_version_compared_too_early_is_caught: VersionIsComparedFirst says " if at version ",
}
