//! Random histories: a store and the model live through the same operations.
//!
//! Everything about a history follows from its seed: the schema, which operations occur and how
//! often, which ids are hot. So a seed is all that it takes to see a failure again.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use fastrand::Rng;
use iqdb_core::{Batch, ErrorKind, Metric, Result, Schema, Snapshot, SnapshotExt, StoreExt};

use crate::Harness;
use crate::Model;
use crate::agreement::check_queries;
use crate::exact::{assert_is, assert_record, brief};
use crate::generate::{Generator, Operation, Question};
use crate::run::panic_message;
use crate::twin::Twin;

/// The environment variable that replays one history instead of the usual ones.
pub const SEED_VARIABLE: &str = "IQDB_CONFORMANCE_SEED";

const DIMS: [usize; 5] = [1, 2, 3, 8, 17];
const HISTORIES: u64 = 30;
const STEPS: usize = 120;
const SNAPSHOTS_KEPT_MAX: usize = 3;

/// The seeds to go through: two for each metric and dimension, or the one that is to be replayed.
pub(crate) fn seeds() -> Vec<u64> {
    match std::env::var(SEED_VARIABLE) {
        Ok(text) => match text.parse() {
            Ok(seed) => vec![seed],
            Err(error) => panic!("{SEED_VARIABLE} is {text:?}, which is no seed: {error}"),
        },
        Err(_) => (0..HISTORIES).collect(),
    }
}

/// Lives through the history of this seed.
///
/// # Panics
/// When the store disagrees with the model; the message says how to see it again.
pub(crate) fn live_through(harness: &Harness, seed: u64) {
    let at = Cell::new(0);
    let doing = Cell::new(None);
    let ended = catch_unwind(AssertUnwindSafe(|| steps(harness, seed, &at, &doing)));
    let message = match ended {
        Ok(Ok(())) => return,
        Ok(Err(error)) => format!("expected success, found the error {error:?}"),
        Err(panic) => panic_message(&*panic),
    };
    panic!(
        "seed {seed}, step {} ({SEED_VARIABLE}={seed} replays it), in {}: {message}",
        at.get(),
        doing.take().map_or_else(|| "its start".to_owned(), |operation| brief(&operation)),
    );
}

fn steps(
    harness: &Harness,
    seed: u64,
    at: &Cell<usize>,
    doing: &Cell<Option<Operation>>,
) -> Result<()> {
    let turn = usize::try_from(seed % 15).unwrap_or(0);
    let schema = Schema::new(DIMS[turn / 3], Metric::ALL[turn % 3])?;
    let mut rng = Rng::with_seed(seed);
    let mut twin = Twin::new(harness, schema)?;
    let reopens = twin.site.reopens() && twin.site.capabilities().durable();
    let generator = Generator::new(&mut rng, schema, reopens);
    let mut kept: Vec<(Arc<dyn Snapshot>, Model)> = Vec::new();
    for step in 0..STEPS {
        at.set(step);
        let operation = generator.next(&mut rng, &twin.model)?;
        doing.set(Some(operation.clone()));
        perform(&mut twin, &operation, &mut kept)?;
        if step % 16 == 15 {
            twin.check()?;
        }
    }
    for (snapshot, model) in &kept {
        twin.check_snapshot(&**snapshot, model)?;
    }
    twin.check()
}

/// Does one step to both, and fails unless both say the same about it.
pub(crate) fn perform(
    twin: &mut Twin<'_>,
    operation: &Operation,
    kept: &mut Vec<(Arc<dyn Snapshot>, Model)>,
) -> Result<()> {
    match operation {
        Operation::Apply(batch) => apply(twin, batch)?,
        Operation::DeleteWhere(filter) => {
            let matches = twin.model.matching(Some(filter))?;
            let expected = matches.len() as u64;
            let batch = matches.iter().fold(Batch::new(), |batch, record| batch.delete(&record.id));
            twin.model.apply(&batch)?;
            assert_is!(twin.site.delete_where(filter)?, expected, "delete_where");
        }
        Operation::Get(id) => {
            let found = twin.site.get(id)?;
            assert_record(found.as_ref(), twin.model.get(id), "Store::get");
        }
        Operation::Count(filter) => {
            let expected = twin.model.matching(Some(filter))?.len() as u64;
            assert_is!(twin.site.snapshot()?.count(Some(filter))?, expected, "count");
        }
        Operation::Search(questions) => {
            let queries: Vec<_> = questions.iter().map(Question::query).collect();
            check_queries(&*twin.site.snapshot()?, &twin.model, twin.search(), &queries)?;
        }
        Operation::KeepSnapshot => {
            if kept.len() == SNAPSHOTS_KEPT_MAX {
                let (snapshot, model) = kept.remove(0);
                twin.check_snapshot(&*snapshot, &model)?;
            }
            kept.push((twin.site.snapshot()?, twin.model.clone()));
        }
        Operation::CheckSnapshots => {
            for (snapshot, model) in &*kept {
                twin.check_snapshot(&**snapshot, model)?;
            }
        }
        Operation::Flush => twin.site.flush()?,
        Operation::Reopen { after_kill } => {
            // Some stores can't be opened while somebody reads from them.
            kept.clear();
            if *after_kill {
                twin.site.reopen_after_kill()?;
            } else {
                twin.site.reopen()?;
            }
            twin.check()?;
        }
    }
    Ok(())
}

/// Applies a batch, good or bad, and looks at every record that it was about.
fn apply(twin: &mut Twin<'_>, batch: &Batch) -> Result<()> {
    const REFUSALS: [ErrorKind; 5] = [
        ErrorKind::DimensionMismatch,
        ErrorKind::InvalidVector,
        ErrorKind::InvalidId,
        ErrorKind::InvalidPayload,
        ErrorKind::VersionConflict,
    ];
    match twin.apply(batch) {
        Err(error) if !REFUSALS.contains(&error.kind()) => return Err(error),
        _ => {}
    }
    for change in batch.changes() {
        let found = twin.site.get(change.id())?;
        assert_record(found.as_ref(), twin.model.get(change.id()), "Store::get after apply");
    }
    let snapshot = twin.site.snapshot()?;
    assert_is!(snapshot.version(), twin.model.version(), "the version after apply");
    assert_is!(snapshot.len(), twin.model.len() as u64, "the length after apply");
    Ok(())
}
