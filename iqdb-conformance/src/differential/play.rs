//! Plays a script on a new store, and compares the whole store with the model in between.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use iqdb_core::Result;

use super::Differential;
use super::perform::{Kept, perform};
use crate::Harness;
use crate::catch::{panic_message, silence_panics};
use crate::check::exact::assert_is;
use crate::generate::script::Script;

/// `play` checks the whole store after each operation of a script with at most this many.
const SHORT: usize = 32;

/// In a longer script, `play` checks the whole store when the steps since the last check, times
/// this, exceed the number of records.
const RECORDS_PER_STEP: usize = 2;

/// The first difference between the store and the model while a script played.
#[derive(Debug)]
pub(crate) struct Disagreement {
    /// The index of the operation; the number of operations if the final check failed.
    pub(crate) step: usize,
    pub(crate) message: String,
}

/// Plays the script on a new store. Returns the first disagreement with the model, if any.
pub(crate) fn play(script: &Script, harness: &Harness) -> Option<Disagreement> {
    play_until(script, harness, None)
}

/// Plays the script on a new store until the time is up. Returns the first disagreement with the
/// model that was found by then, if any.
pub(crate) fn play_until(
    script: &Script,
    harness: &Harness,
    until: Option<Instant>,
) -> Option<Disagreement> {
    let step = Cell::new(0);
    let play = || play_steps(script, harness, &step, until);
    let message = match silence_panics(|| catch_unwind(AssertUnwindSafe(play))) {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => format!("expected success, found the error {error:?}"),
        Err(panic) => panic_message(&*panic),
    };
    Some(Disagreement { step: step.get(), message })
}

fn play_steps(
    script: &Script,
    harness: &Harness,
    at: &Cell<usize>,
    until: Option<Instant>,
) -> Result<()> {
    let mut pair = Differential::new(harness, &script.schema)?;
    let mut kept: Kept = Vec::new();
    let mut steps_unchecked = 0;
    for (step, operation) in script.operations.iter().enumerate() {
        if until.is_some_and(|until| Instant::now() > until) {
            return Ok(());
        }
        at.set(step);
        perform(operation, &mut pair, &mut kept)?;
        let snapshot = pair.site.snapshot()?;
        assert_is!(snapshot.version(), pair.model.version(), "the version after it");
        assert_is!(snapshot.len(), pair.model.len() as u64, "the length after it");
        steps_unchecked += 1;
        // A check costs time in proportion to the records, so a larger store is checked less often.
        let is_due = steps_unchecked * RECORDS_PER_STEP > pair.model.len();
        if is_due || script.operations.len() <= SHORT {
            pair.check()?;
            steps_unchecked = 0;
        }
    }
    at.set(script.operations.len());
    for (snapshot, model) in &kept {
        pair.check_snapshot(&**snapshot, model)?;
    }
    pair.check()
}
