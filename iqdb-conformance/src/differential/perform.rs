//! Performs operations on a store and on the model, and compares the results.

use std::sync::Arc;

use iqdb_core::{Change, Result, Snapshot, SnapshotExt, StoreExt};

use super::Differential;
use crate::Model;
use crate::check::check_queries;
use crate::check::exact::{assert_is, assert_record};
use crate::generate::operation::{Operation, Question, delete_where};

/// The most snapshots that a script keeps at a time.
const SNAPSHOTS_KEPT_MAX: usize = 3;

/// The kept snapshots, each with a copy of the model from the same moment.
pub(super) type Kept = Vec<(Arc<dyn Snapshot>, Model)>;

/// Performs the operation on the store and on the model. Panics where the results differ.
pub(super) fn perform(
    operation: &Operation,
    pair: &mut Differential<'_>,
    kept: &mut Kept,
) -> Result<()> {
    match operation {
        Operation::Apply(batch) => {
            // An error here means that both refused the batch with the same kind of error.
            let _ = pair.apply(batch);
            for id in batch.changes().iter().filter_map(Change::id) {
                let found = pair.site.get(id)?;
                let expected = pair.model.get(id);
                assert_record(found.as_ref(), expected, "Store::get after apply");
            }
        }
        Operation::DeleteWhere(filter) => {
            let expected = delete_where(&mut pair.model, filter)?;
            assert_is!(pair.site.delete_where(filter)?, expected, "delete_where");
        }
        Operation::Get(id) => {
            let found = pair.site.get(id)?;
            assert_record(found.as_ref(), pair.model.get(id), "Store::get");
        }
        Operation::Count(filter) => {
            let expected = pair.model.matching(Some(filter))?.len() as u64;
            assert_is!(pair.site.snapshot()?.count(Some(filter))?, expected, "count");
        }
        Operation::Search(questions) => {
            let queries: Vec<_> = questions.iter().map(Question::query).collect();
            check_queries(&*pair.site.snapshot()?, &pair.model, pair.search(), &queries)?;
        }
        Operation::KeepSnapshot => {
            if kept.len() == SNAPSHOTS_KEPT_MAX {
                let (snapshot, model) = kept.remove(0);
                pair.check_snapshot(&*snapshot, &model)?;
            }
            kept.push((pair.site.snapshot()?, pair.model.clone()));
        }
        Operation::CheckSnapshots => {
            for (snapshot, model) in &*kept {
                pair.check_snapshot(&**snapshot, model)?;
            }
        }
        Operation::Flush => pair.site.flush()?,
        Operation::Reopen { .. } if !pair.site.reopens() => {}
        Operation::Reopen { after_kill } => {
            // Some stores can't be opened while a snapshot reads from them.
            kept.clear();
            if *after_kill {
                pair.site.reopen_after_kill()?;
            } else {
                pair.site.reopen()?;
            }
            pair.check()?;
        }
    }
    Ok(())
}
