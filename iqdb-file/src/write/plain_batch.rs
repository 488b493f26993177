//! From the statements of a batch to the ones that a frame has: upserts, deletes and payloads.

use std::borrow::Cow;
use std::collections::HashMap;

use iqdb_core::{
    Applied, Batch, Budget, Change, Effect, Record, RecordId, Result, Snapshot, StoredRecord,
};

use crate::errors::defect;

/// A batch of plain statements, and what has been counted of the ones that it stands for.
#[derive(Debug)]
pub(crate) struct PlainBatch<'b> {
    batch: Cow<'b, Batch>,
    /// Statements that came to nothing.
    absent: u64,
    kept: u64,
    /// Upserts that stand for records with other vectors.
    vectors_set: u64,
}

impl<'b> PlainBatch<'b> {
    /// The batch itself where all of its statements are plain; otherwise its effects on the state
    /// that `view` shows.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`](iqdb_core::ErrorKind::AlreadyExists) for an insert of an id that
    /// is there; those of taking the view, of reading it and of the budget.
    pub(crate) fn of<S: Snapshot>(
        batch: &'b Batch,
        budget: Budget<'_>,
        view: impl FnOnce() -> Result<S>,
    ) -> Result<Self> {
        if batch.changes().iter().all(is_plain) {
            return Ok(Self { batch: Cow::Borrowed(batch), absent: 0, kept: 0, vectors_set: 0 });
        }
        let view = view()?;
        let resolved = batch.resolve_within(&view, view.version(), budget)?;
        let mut records = Records { view: &view, changed: HashMap::new() };
        let sets_vectors = |effect: &Effect<'_>| matches!(effect, Effect::SetVectors(..));
        let sets_vectors = resolved.effects.iter().any(sets_vectors);
        let (mut changes, mut vectors_set) = (Vec::new(), 0);
        for effect in resolved.effects {
            changes.push(match effect {
                Effect::PutRow(rows, row, _) => Change::Upsert(rows.record(row)?.to_record()?),
                Effect::Put(record, _) => Change::Upsert(record.clone()),
                Effect::Remove(id) => Change::Delete(id.into_owned()),
                Effect::SetPayload(id, payload, _) => {
                    Change::SetPayload(id.clone(), payload.into_owned())
                }
                Effect::SetVectors(id, _) => {
                    vectors_set += 1;
                    let mut stored = StoredRecord::from(records.get(id)?);
                    effect.apply_to(&mut stored);
                    Change::Upsert(stored.record)
                }
            });
            // Only vectors that are set need the record that the changes so far leave.
            if let Some(change) = changes.last().filter(|_| sets_vectors) {
                records.note(change)?;
            }
        }
        let Applied { absent, kept, .. } = resolved.applied;
        Ok(Self { batch: Cow::Owned(changes.into_iter().collect()), absent, kept, vectors_set })
    }

    pub(crate) fn batch(&self) -> &Batch {
        &self.batch
    }

    /// What the batch did, given what the plain statements did.
    pub(crate) fn count(&self, mut plain: Applied) -> Applied {
        plain.absent += self.absent;
        plain.kept += self.kept;
        plain.replaced -= self.vectors_set;
        plain.vectors_set += self.vectors_set;
        plain
    }
}

fn is_plain(change: &Change) -> bool {
    matches!(change, Change::Upsert(_) | Change::Delete(_) | Change::SetPayload(..))
}

/// The records that the changes so far leave.
struct Records<'v> {
    view: &'v dyn Snapshot,
    changed: HashMap<RecordId, Record>,
}

impl Records<'_> {
    /// A copy of a record that is there.
    fn get(&self, id: &RecordId) -> Result<Record> {
        if let Some(record) = self.changed.get(id) {
            return Ok(record.clone());
        }
        match self.view.get(id)? {
            Some(record) => record.to_record(),
            None => Err(defect("vectors are set of a record that is not there")),
        }
    }

    fn note(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Upsert(record) => {
                self.changed.insert(record.id.clone(), record.clone());
            }
            Change::SetPayload(id, payload) => {
                let record = self.get(id)?.with_payload(payload.clone());
                self.changed.insert(id.clone(), record);
            }
            _ => {}
        }
        Ok(())
    }
}
