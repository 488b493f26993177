//! Running one case as a test, and reporting how it ended.

use std::time::Instant;

use crate::crash::child;
use crate::{Case, Harness, report};

/// Runs the case of this family and name as a test. The tests that
/// [`conformance_tests!`](crate::conformance_tests) defines call this function.
///
/// # Panics
/// When the backend breaks the statement, or when there is no such case. In a process that
/// [the suite](Harness::with_process) has started, when the store can't be written to.
pub fn run_case(harness: &Harness, full_name: &str) {
    let case = Case::named(full_name)
        .unwrap_or_else(|| panic!("iqdb-conformance has no case named `{full_name}`"));
    if child::is_one() {
        return child::write(harness).unwrap_or_else(|error| panic!("{error:?}"));
    }
    let started = Instant::now();
    let verdict = case.check(harness);
    report::append(harness.name(), full_name, &verdict, started.elapsed());
    if let Err(failure) = verdict {
        panic!("{failure}");
    }
}
