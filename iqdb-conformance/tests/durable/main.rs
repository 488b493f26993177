//! The suite on a store that can be reopened, and on one that forgets when it is.

mod log;

use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
use iqdb_conformance::{Case, Harness, conformance_tests};
use log::{LogPlace, LogStore, Loss};

conformance_tests!(harness(Loss::Nothing));

fn harness(loss: Loss) -> Harness {
    // Each reopening replays the whole log.
    Harness::durable("log", move |schema| Ok(LogPlace::new(schema, loss)), NaiveSearch)
        .with_operations(3_000)
}

fn assert_caught(harness: &Harness, case: &str) {
    let failure = Case::named(case).expect("a case").check(harness).err();
    assert!(failure.is_some(), "{case} catches nothing");
}

#[test]
fn a_write_that_a_kill_undoes_is_caught() {
    let harness = harness(Loss::LastBatchOnKill);
    assert_caught(&harness, "apply::an_acknowledged_write_is_visible_to_every_later_read");
    assert_caught(&harness, "histories::random_operations_agree_with_the_model");
}

#[test]
fn a_version_that_reopening_forgets_is_caught() {
    let harness = harness(Loss::HistoryOnReopen);
    assert_caught(&harness, "histories::random_operations_agree_with_the_model");
}

#[test]
fn a_promise_to_be_durable_that_cannot_be_tried_is_caught() {
    let place = |schema| Ok(LogStore::alone(schema));
    assert_caught(&Harness::new("untried", place, NaiveSearch), "store::capabilities_never_change");
}

#[test]
fn a_store_without_a_place_is_not_reopened() {
    let harness = Harness::new("naive", |schema| Ok(NaiveStore::new(schema)), NaiveSearch);
    let schema = iqdb_core::Schema::new(2, iqdb_core::Metric::Dot).unwrap();
    let mut site = harness.create(schema).unwrap();
    let kind = iqdb_core::ErrorKind::NotSupported;
    assert_eq!(site.reopen().unwrap_err().kind(), kind);
    assert_eq!(site.reopen_after_kill().unwrap_err().kind(), kind);
    // And is still open.
    assert_eq!(site.schema(), &schema);
}
