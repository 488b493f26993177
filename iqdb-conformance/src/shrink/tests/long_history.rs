//! A store that goes wrong after a thousand batches: the seed and the first failure are told before
//! shrinking begins, and shrinking stays within its bounds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::Duration;

use super::wearing::wearing;
use crate::{Case, Harness, OPERATIONS_VARIABLE, run_case};

const HISTORIES: &str = "histories::random_operations_agree_with_the_model";

/// The batches after which the store takes no more. Only a history of 3,000 operations has as many.
const BATCHES: usize = 1_000;

/// The memory that the case may take on the thread that shrinks.
const PEAK_BYTES_MAX: u64 = 64 << 20;

/// Few histories, one of them long. Shrinking ends after an eighth of the time limit.
fn harness(time_limit: Duration) -> Harness {
    wearing(BATCHES).with_operations(3_000).with_time_limit(time_limit)
}

#[test]
fn the_report_names_the_seed_and_the_first_failure() {
    // Not `check`, which measures nothing on its own thread and has a time limit for all of it.
    let (case, harness) =
        (Case::named(HISTORIES).expect("the case"), harness(Duration::from_secs(24)));
    let mut report = String::new();
    let cost = allocation_counter::measure(|| {
        let failed = catch_unwind(AssertUnwindSafe(|| (case.run)(&harness)));
        report = *failed.expect_err("a panic").downcast::<String>().expect("a message");
    });
    let (first, shrunk) = report.split_once("\n\nShrunk to ").expect("a shrunk script");
    assert!(first.starts_with("seed 9, step "), "{first}");
    assert!(first.contains(": expected ") && first.contains(", found "), "{first}");
    assert!(first.ends_with("(IQDB_CONFORMANCE_SEED=9 replays it)"), "{first}");
    assert!(shrunk.contains("fn shrunk_from_seed_9() {"), "{report}");
    assert!(cost.bytes_max < PEAK_BYTES_MAX, "{} bytes", cost.bytes_max);
}

#[test]
fn the_first_failure_is_told_before_shrinking_begins() {
    let output = Command::new(std::env::current_exe().expect("the path of this test"))
        .args(["--exact", "shrink::tests::long_history::a_long_history_fails", "--nocapture"])
        .env(OPERATIONS_VARIABLE, "3000")
        .output()
        .expect("a second process");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let told = stderr.find("wearing: seed 9, step ").expect(&stderr);
    let ended = stderr.find("wearing breaks `histories::").expect(&stderr);
    assert!(told < ended, "{stderr}");
    let told = stderr[told..].lines().next().expect("a line");
    assert!(told.contains("expected ") && told.contains("IQDB_CONFORMANCE_SEED=9 "), "{told}");
    assert!(told.ends_with("shrinking it takes at most 15s)"), "{told}");
}

#[test]
#[should_panic(expected = "wearing breaks `histories::")]
fn a_long_history_fails() {
    run_case(&harness(Duration::from_secs(120)), HISTORIES);
}
