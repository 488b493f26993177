//! Scripts: operations in a row, put to a new store, with looks at all of it in between.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use iqdb_core::{Result, Schema};

use crate::Harness;
use crate::exact::assert_is;
use crate::operation::{Kept, Operation};
use crate::paste;
use crate::quiet::quietly;
use crate::run::panic_message;
use crate::twin::Twin;

/// In a script of at most this many operations `play` checks the whole store after each of them.
const SHORT: usize = 32;

/// A look at a whole store costs as much as this many of its records in steps.
const RECORDS_PER_STEP: usize = 2;

/// A schema, and what happens to a store of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Script {
    pub(crate) schema: Schema,
    pub(crate) operations: Vec<Operation>,
}

/// A script whose store disagreed with the model.
#[derive(Debug)]
pub(crate) struct Disagreement {
    /// At which operation, counted from 0; as many as there are when it was after the last.
    pub(crate) step: usize,
    pub(crate) message: String,
}

impl Script {
    /// Puts the script to a new store; what the store and the model disagree about.
    pub(crate) fn play(&self, harness: &Harness) -> Option<Disagreement> {
        let step = Cell::new(0);
        let play = || self.steps(harness, &step);
        let message = match quietly(|| catch_unwind(AssertUnwindSafe(play))) {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => format!("expected success, found the error {error:?}"),
            Err(panic) => panic_message(&*panic),
        };
        Some(Disagreement { step: step.get(), message })
    }

    fn steps(&self, harness: &Harness, at: &Cell<usize>) -> Result<()> {
        let mut twin = Twin::new(harness, self.schema)?;
        let mut kept: Kept = Vec::new();
        let mut steps_unseen = 0;
        for (step, operation) in self.operations.iter().enumerate() {
            at.set(step);
            operation.perform(&mut twin, &mut kept)?;
            let snapshot = twin.site.snapshot()?;
            assert_is!(snapshot.version(), twin.model.version(), "the version after it");
            assert_is!(snapshot.len(), twin.model.len() as u64, "the length after it");
            steps_unseen += 1;
            // As the store grows, a look at all of it is worth more steps.
            let is_due = steps_unseen * RECORDS_PER_STEP > twin.model.len();
            if is_due || self.operations.len() <= SHORT {
                twin.check()?;
                steps_unseen = 0;
            }
        }
        at.set(self.operations.len());
        for (snapshot, model) in &kept {
            twin.check_snapshot(&**snapshot, model)?;
        }
        twin.check()
    }

    /// How the disagreement reads: where, in what, and what it is.
    pub(crate) fn describe(&self, Disagreement { step, message }: &Disagreement) -> String {
        let operation = self.operations.get(*step);
        let operation = operation.map_or_else(|| "the last look".to_owned(), paste::operation);
        format!("step {step}, in {operation}: {message}")
    }
}

/// Puts the operations to a new store of this schema and the model alike, and looks at all of the
/// store after each: what the regression tests call that the suite prints.
///
/// ```
/// use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
/// use iqdb_conformance::{Harness, Operation, replay};
/// use iqdb_core::{Batch, Metric, Record, Schema};
///
/// let harness = Harness::new("naive", |schema| Ok(NaiveStore::new(schema)), NaiveSearch);
/// let schema = Schema::new(2, Metric::Euclidean)?;
/// let batch = Batch::new().upsert(Record::new("a", [1.0, 2.0])?);
/// replay(&harness, schema, vec![Operation::Apply(batch), Operation::Flush]);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
///
/// # Panics
/// When the store disagrees with the model; the message says at which operation.
pub fn replay(harness: &Harness, schema: Schema, operations: Vec<Operation>) {
    let script = Script { schema, operations };
    if let Some(disagreement) = script.play(harness) {
        panic!("{}, {}", harness.name(), script.describe(&disagreement));
    }
}
