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
    a_read_from_a_cache_is_caught: GetIsCached says "get " says "allowed at version",
    /// Changes go in one by one, and readers are not kept out in between.
    half_a_batch_is_caught: BatchIsSeenHalf,
}
