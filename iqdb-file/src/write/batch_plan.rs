//! Decides what a batch does before any of it is applied.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use iqdb_core::{Applied, Batch, Change, Error, RecordId, Result, Version};

use super::memtable::Memtable;
use crate::errors::defect;
use crate::read::segment::Segment;
use crate::read::view::Segments;

/// The effect of a batch on a database.
#[derive(Debug)]
pub(crate) struct BatchPlan<'b> {
    batch: &'b Batch,
    applied: Applied,
    /// The changes that the memtable has to apply.
    changes: Cow<'b, Batch>,
    /// The rows of segments that the batch replaces or deletes.
    ended: Vec<(Arc<Segment>, u32)>,
}

impl<'b> BatchPlan<'b> {
    /// Looks each id of a batch up. Changes nothing. O(changes × segments).
    ///
    /// # Errors
    /// Those of reading the segments.
    pub(crate) fn new(batch: &'b Batch, memtable: &Memtable, segments: &Segments) -> Result<Self> {
        let (records, schema) = (memtable.snapshot()?, memtable.schema());
        let mut plan = Self {
            batch,
            applied: Applied::at(memtable.version()),
            changes: Cow::Borrowed(batch),
            ended: Vec::new(),
        };
        let mut present: HashMap<&RecordId, bool> = HashMap::new();
        let mut whole: Vec<(usize, Change)> = Vec::new();
        for (n, change) in batch.changes().iter().enumerate() {
            let id = change.id().ok_or_else(unresolved)?;
            let was_present = match present.get(id) {
                Some(present) => *present,
                None if records.get(id)?.is_some() => true,
                None => match segments.find(id, Version(u64::MAX))? {
                    Some((segment, row)) => {
                        if let Change::SetPayload(_, payload) = change {
                            // The vectors move to the memtable with the record.
                            let mut record =
                                segment.record(&schema, row, memtable.version())?.to_record()?;
                            record.payload.clone_from(payload);
                            whole.push((n, Change::Upsert(record)));
                        }
                        plan.ended.push((Arc::clone(segment), row));
                        true
                    }
                    None => false,
                },
            };
            let (counter, is_present) = match (change, was_present) {
                (Change::Upsert(_), false) => (&mut plan.applied.inserted, true),
                (Change::Upsert(_), true) => (&mut plan.applied.replaced, true),
                (Change::Delete(_), true) => (&mut plan.applied.deleted, false),
                (Change::SetPayload(..), true) => (&mut plan.applied.payload_set, true),
                (Change::Delete(_) | Change::SetPayload(..), false) => {
                    (&mut plan.applied.absent, false)
                }
                _ => return Err(unresolved()),
            };
            *counter += 1;
            present.insert(id, is_present);
        }
        if !whole.is_empty() {
            let mut changes: Vec<Change> = batch.changes().to_vec();
            whole.into_iter().for_each(|(n, change)| changes[n] = change);
            plan.changes = Cow::Owned(changes.into_iter().collect());
        }
        if plan.applied.has_effect() {
            plan.applied.version = memtable.version().next();
        }
        Ok(plan)
    }

    /// The batch itself.
    pub(crate) fn batch(&self) -> &Batch {
        self.batch
    }

    pub(crate) fn applied(&self) -> &Applied {
        &self.applied
    }

    /// The changes that the memtable has to apply: the batch, or a copy that has whole records in place of
    /// payloads for rows of segments.
    /// Also returns whether their input has been checked, as that of the batch has. Vectors that were
    /// read from segments have not been checked.
    pub(crate) fn changes(&self) -> (&Batch, bool) {
        (&self.changes, matches!(self.changes, Cow::Borrowed(_)))
    }

    /// The rows of segments that the batch replaces or deletes.
    pub(crate) fn ended(&self) -> &[(Arc<Segment>, u32)] {
        &self.ended
    }
}

fn unresolved() -> Error {
    defect("a statement was not resolved")
}
