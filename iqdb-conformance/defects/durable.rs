//! Tests of places and of the stores that the suite reopens.

use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
use iqdb_conformance::{CASES, Case, Harness, Outcome};
use iqdb_core::{ErrorKind, Metric, Schema};

use crate::defect::Defect;
use crate::harness::{durable_harness, harness};
use crate::log::LogStore;

#[test]
fn a_sound_store_that_reopens_passes() {
    for case in CASES {
        let outcome = case.check(&durable_harness(None));
        let outcome = outcome.unwrap_or_else(|failure| panic!("{failure}"));
        let is_beyond = matches!(case.family, "remote" | "crashes")
            || matches!(
                case.full_name,
                "capabilities::wait_free_reads_allocate_nothing"
                    | "capabilities::wait_free_reads_wait_for_no_writer"
                    | "capabilities::memory_is_bounded_by_what_is_live"
                    | "answers::explain_counts_what_was_done"
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

#[test]
fn a_durable_failure_says_after_which_batch_and_reopening() {
    for (defect, case, expected) in [
        (
            Defect::KillLosesTheLastBatch,
            "durable::acknowledged_writes_outlive_the_process",
            "after batch 1 and reopening 1, after a kill: ",
        ),
        (
            Defect::SecondOpeningCutsTheLog,
            "durable::reopening_twice_changes_nothing",
            "after batch 11 and reopening 2, of a closed store: ",
        ),
        (
            Defect::KillForgetsFields,
            "added_fields::an_added_field_outlives_the_process",
            "and reopening 1, after a kill: ",
        ),
    ] {
        let case = Case::named(case).expect("the case");
        let failure = case.check(&durable_harness(Some(defect))).unwrap_err();
        assert!(failure.message().contains(expected), "{failure}");
        assert!(failure.message().contains("expected "), "{failure}");
    }
}

#[test]
fn a_sealed_block_that_changed_is_told_with_where_its_seal_was_found_first() {
    let case = Case::named("blocks::sealed_blocks_never_change").expect("the case");
    let failure = case.check(&harness(Some(Defect::SealsAreCounted))).unwrap_err();
    for part in [" at version ", ", whose seal is that of block ", "expected ", "found "] {
        assert!(failure.message().contains(part), "{part:?} is missing: {failure}");
    }
}
