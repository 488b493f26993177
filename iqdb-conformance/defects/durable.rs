//! Tests of places and of the stores that the suite reopens.

use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
use iqdb_conformance::{CASES, Case, Harness, Outcome};
use iqdb_core::{ErrorKind, Metric, Schema};

use crate::harness::durable_harness;
use crate::log::LogStore;

#[test]
fn a_sound_store_that_reopens_passes() {
    for case in CASES {
        let outcome = case.check(&durable_harness(None));
        let outcome = outcome.unwrap_or_else(|failure| panic!("{failure}"));
        let is_beyond = case.family == "remote"
            || matches!(
                case.full_name,
                "capabilities::wait_free_reads_allocate_nothing"
                    | "shelf::shelf_saves_until_the_store_is_closed"
            );
        assert_eq!(outcome == Outcome::Kept, !is_beyond, "{}", case.full_name);
    }
}

#[test]
fn a_promise_to_be_durable_that_cannot_be_tried_is_caught() {
    let harness = Harness::new("untried", |schema| Ok(LogStore::alone(schema)), NaiveSearch);
    let case = Case::named("store::capabilities_never_change").expect("the case");
    assert!(case.check(&harness).is_err());
}

#[test]
fn a_store_without_a_place_is_not_reopened() {
    let harness = Harness::new("naive", |schema| Ok(NaiveStore::new(schema)), NaiveSearch);
    let schema = Schema::new(2, Metric::Dot).unwrap();
    let mut site = harness.create(&schema).unwrap();
    let kind = ErrorKind::NotSupported;
    assert_eq!(site.reopen().unwrap_err().kind(), kind);
    assert_eq!(site.reopen_after_kill().unwrap_err().kind(), kind);
    // And is still open.
    assert_eq!(site.schema(), schema);
}
