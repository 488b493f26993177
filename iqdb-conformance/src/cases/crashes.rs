//! Crashes in the middle of a write: of the process, at any of its system calls, and of the machine.
//! `n/a` for a store that isn't durable or isn't in files.

use iqdb_core::{Result, Schema};

use crate::crash::{kills, power_cuts};
use crate::{Harness, Outcome};

/// Why there is no process of a case to crash, if there is none.
fn no_process(harness: &Harness, case: &str) -> Result<Option<Outcome>> {
    let store = harness.create(&Schema::builder().build()?)?;
    Ok(if !store.capabilities().durable() {
        Some(Outcome::NotPromised("it is not durable"))
    } else if harness.opens().is_none() {
        Some(Outcome::NotPromised("it is not in files (Harness::in_directory)"))
    } else if harness.process_of(case).is_none() {
        Some(Outcome::NotPromised("no process writes to it (Harness::with_process)"))
    } else {
        None
    })
}

pub(super) fn a_kill_in_a_write_leaves_whole_batches(harness: &Harness) -> Result<Outcome> {
    let case = "crashes::a_kill_in_a_write_leaves_whole_batches";
    match no_process(harness, case)? {
        Some(outcome) => Ok(outcome),
        None => kills(harness, case),
    }
}

pub(super) fn a_power_cut_leaves_whole_batches(harness: &Harness) -> Result<Outcome> {
    let case = "crashes::a_power_cut_leaves_whole_batches";
    match no_process(harness, case)? {
        Some(outcome) => Ok(outcome),
        None if harness.is_relaxed() => Ok(Outcome::NotPromised(
            "a power cut may take what is not flushed (Harness::with_relaxed_durability)",
        )),
        None => power_cuts(harness, case),
    }
}
