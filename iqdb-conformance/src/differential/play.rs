//! Scripts: operations in a row, put to a new store, with looks at all of it in between.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use iqdb_core::Result;

use super::Differential;
use super::perform::{Kept, perform};
use crate::Harness;
use crate::catch::{panic_message, silence_panics};
use crate::check::exact::assert_is;
use crate::generate::script::Script;

/// In a script of at most this many operations `play` checks the whole store after each of them.
const SHORT: usize = 32;

/// A look at a whole store costs as much as this many of its records in steps.
const RECORDS_PER_STEP: usize = 2;

/// A script whose store disagreed with the model.
#[derive(Debug)]
pub(crate) struct Disagreement {
    /// At which operation, counted from 0; as many as there are when it was after the last.
    pub(crate) step: usize,
    pub(crate) message: String,
}

/// Puts the script to a new store; what the store and the model disagree about.
pub(crate) fn play(script: &Script, harness: &Harness) -> Option<Disagreement> {
    let step = Cell::new(0);
    let play = || play_steps(script, harness, &step);
    let message = match silence_panics(|| catch_unwind(AssertUnwindSafe(play))) {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => format!("expected success, found the error {error:?}"),
        Err(panic) => panic_message(&*panic),
    };
    Some(Disagreement { step: step.get(), message })
}

fn play_steps(script: &Script, harness: &Harness, at: &Cell<usize>) -> Result<()> {
    let mut pair = Differential::new(harness, script.schema)?;
    let mut kept: Kept = Vec::new();
    let mut steps_unseen = 0;
    for (step, operation) in script.operations.iter().enumerate() {
        at.set(step);
        perform(operation, &mut pair, &mut kept)?;
        let snapshot = pair.site.snapshot()?;
        assert_is!(snapshot.version(), pair.model.version(), "the version after it");
        assert_is!(snapshot.len(), pair.model.len() as u64, "the length after it");
        steps_unseen += 1;
        // As the store grows, a look at all of it is worth more steps.
        let is_due = steps_unseen * RECORDS_PER_STEP > pair.model.len();
        if is_due || script.operations.len() <= SHORT {
            pair.check()?;
            steps_unseen = 0;
        }
    }
    at.set(script.operations.len());
    for (snapshot, model) in &kept {
        pair.check_snapshot(&**snapshot, model)?;
    }
    pair.check()
}
