//! A backend of one's own, in the fewest steps: a map behind a mutex.
//!
//! A backend is a [`Store`], which applies batches and hands out snapshots. Its snapshots are here core's
//! [`RowsSnapshot`], copies of all records. A backend that shares its rows with its snapshots implements
//! three traits more:
//!
//! 1. `Snapshot`, one version that never changes again;
//! 2. `Blocks`, the snapshot's rows in blocks;
//! 3. `BlockSource`, a block, which lends vectors as one column per field, so that a search can run over
//!    them at full speed. `RowsSnapshot` shows all three in a hundred lines.
//!
//! There is nothing about searching in here. Any `Search`, such as `iqdb_search::ExactSearch`, works
//! over any snapshot. And there is nothing to test in here: `tests/conformance.rs` runs the whole
//! suite.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Effect, Field, Filter, Progress, Record, RecordId,
    RecordRef, Resolved, Result, RowsSnapshot, Schema, Snapshot, Store, StoredRecord, Version,
};

/// A store of records in a map.
#[derive(Debug)]
pub struct Toy {
    state: Mutex<State>,
}

#[derive(Debug, Clone)]
struct State {
    schema: Schema,
    version: Version,
    /// Each with the columns that core computes of its payload.
    records: BTreeMap<RecordId, StoredRecord>,
}

/// What core asks of the records when it resolves a batch.
impl iqdb_core::State for State {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn record(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        Ok(self.records.get(id).map(RecordRef::from))
    }

    fn matching(&self, filter: &Filter) -> Result<Vec<RecordId>> {
        let mut found = Vec::new();
        for (id, stored) in &self.records {
            if filter.matches(stored)? {
                found.push(id.clone());
            }
        }
        Ok(found)
    }
}

impl Toy {
    /// An empty store.
    pub fn new(schema: Schema) -> Self {
        let (version, records) = (Version::default(), BTreeMap::new());
        Self { state: Mutex::new(State { schema, version, records }) }
    }

    /// A thread that panics while it holds the lock poisons it, and the others must not notice. To
    /// go on is right here because `apply_within` changes nothing until nothing can fail any more.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Toy {
    fn schema(&self) -> Schema {
        self.lock().schema.clone()
    }

    /// What a store promises here is tested. This one promises the contract and nothing more.
    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }

    /// All of the batch or nothing of it, as one version.
    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let mut state = self.lock();
        // Everything that can make a batch fail, in one call, before anything changes. Under the
        // lock, or the version could move on between the check and the write. A busier backend
        // calls `check_input` before it takes the lock, and only `check_version` under it.
        batch.check(&state.schema, state.version)?;
        // A batch is made of statements, of which there may be more some day. Core turns them into
        // effects, which are few and plain, and counts the statements that have none.
        let Resolved { effects, mut applied } = batch.resolve(&*state, state.version)?;
        // The caller's patience counts until here. From here on nothing fails.
        budget.check()?;
        for effect in effects {
            // In order, and each counted once.
            let id = effect.to_id();
            applied.count(&effect, state.records.contains_key(&id));
            match effect {
                Effect::Put(record, computed) => {
                    state.records.insert(id, StoredRecord { record: record.clone(), computed });
                }
                Effect::PutRow(rows, row, computed) => {
                    let record = rows.record(row)?.to_record()?;
                    state.records.insert(id, StoredRecord { record, computed });
                }
                Effect::Remove(_) => {
                    state.records.remove(&id);
                }
                Effect::SetPayload(..) | Effect::SetVectors(..) => {
                    if let Some(stored) = state.records.get_mut(&id) {
                        effect.apply_to(stored);
                    }
                }
            }
        }
        // A batch without effect leaves the version alone.
        if applied.has_effect() {
            state.version = state.version.next();
            applied.version = state.version;
        }
        Ok(applied)
    }

    /// Appends the field, as a version of its own. The records that are there lack a field of vectors;
    /// the columns of a computed field are made of their payloads, by core.
    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        let version = {
            let mut state = self.lock();
            let schema = self.capabilities().limits().add_field(&state.schema, field)?;
            let computed = StoredRecord::compute_all(state.records.values(), &schema, budget)?;
            budget.check()?;
            for (stored, computed) in state.records.values_mut().zip(computed) {
                stored.computed = computed;
            }
            state.schema = schema;
            state.version = state.version.next();
            state.version
        };
        // The caller's code runs here, so the lock is free again.
        progress.report(1, 1);
        Ok(version)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        Ok(self.lock().records.get(id).map(|stored| stored.record.clone()))
    }

    /// A copy of everything: honest, and slow. A better backend shares what has not changed.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        // The copy is taken under the lock, so that it is one version seen whole; the rest of the
        // work is done after it is released.
        let State { schema, version, records } = self.lock().clone();
        Ok(Arc::new(RowsSnapshot::new(schema, version, records.values())?))
    }

    /// There is nothing to make durable.
    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
