//! The reference backend of iqdb: a hash map behind a read-write lock.
//!
//! It should read like the specification and be slow in the obvious ways: a write takes the lock,
//! a read copies out and lets it go, the first snapshot of a version copies everything. It never
//! does I/O and starts no threads. Use it to understand the contract, to test against, and for a
//! few thousand records.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Effect, Field, Filter, Progress, Record, RecordId,
    RecordRef, Resolved, Result, RowsSnapshot, Schema, Snapshot, Store, StoredRecord, Version,
};

/// A store in memory, and nothing but the contract.
///
/// ```
/// use iqdb_core::{Metric, Record, Schema, Store, StoreExt};
/// use iqdb_memory::MemoryStore;
///
/// let store = MemoryStore::new(Schema::new(2, Metric::Euclidean)?);
/// store.upsert(Record::new("a", [0.0, 1.0])?)?;
/// assert_eq!(store.get(&"a".into())?.unwrap().only_vector()?.dim(), Some(2));
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    state: RwLock<State>,
}

/// Everything behind the lock. No guard on it outlives a call.
#[derive(Debug)]
struct State {
    schema: Schema,
    version: Version,
    records: HashMap<RecordId, StoredRecord>,
    /// The snapshot of this version, once a caller has asked for it.
    snapshot: Option<Arc<RowsSnapshot>>,
}

impl iqdb_core::State for State {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn record(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        Ok(self.records.get(id).map(RecordRef::from))
    }

    /// O(records).
    fn matching(&self, filter: &Filter) -> Result<Vec<RecordId>> {
        self.matching_within(filter, Budget::new())
    }

    fn matching_within(&self, filter: &Filter, budget: Budget<'_>) -> Result<Vec<RecordId>> {
        let mut found = Vec::new();
        for (id, stored) in &self.records {
            budget.check()?;
            if filter.matches(stored)? {
                found.push(id.clone());
            }
        }
        Ok(found)
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        let (version, records) = (Version::default(), HashMap::new());
        Self { state: RwLock::new(State { schema, version, records, snapshot: None }) }
    }

    // A panic elsewhere must not wedge the store, so the lock's poison is ignored. That is sound
    // because nothing panics between the first change of a batch and its version: see `apply_within`.

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn schema(&self) -> Schema {
        self.read().schema.clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_space_amplification(2)
    }

    /// O(bytes in the batch). Everything that can fail comes first.
    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let mut state = self.write();
        batch.check(&state.schema, state.version)?;
        let Resolved { effects, mut applied } =
            batch.resolve_within(&*state, state.version, budget)?;
        budget.check()?;

        for effect in effects {
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

        if applied.has_effect() {
            state.version = state.version.next();
            state.snapshot = None;
        }
        applied.version = state.version;
        Ok(applied)
    }

    /// O(fields); for a computed field O(bytes of the payloads), under the lock.
    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        let mut state = self.write();
        let schema = self.capabilities().limits().add_field(&state.schema, field)?;
        let computed = StoredRecord::compute_all(state.records.values(), &schema, budget)?;
        budget.check()?;
        for (stored, computed) in state.records.values_mut().zip(computed) {
            stored.computed = computed;
        }
        state.schema = schema;
        state.version = state.version.next();
        state.snapshot = None;
        let version = state.version;
        drop(state);
        progress.report(1, 1);
        Ok(version)
    }

    /// O(bytes in the record).
    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        Ok(self.read().records.get(id).map(|stored| stored.record.clone()))
    }

    /// O(1) when this version has been asked for before, else O(bytes in the store).
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        if let Some(snapshot) = &self.read().snapshot {
            return Ok(snapshot.clone());
        }
        let mut state = self.write();
        if let Some(snapshot) = &state.snapshot {
            return Ok(snapshot.clone());
        }
        let records = state.records.values();
        let snapshot = Arc::new(RowsSnapshot::new(state.schema.clone(), state.version, records)?);
        state.snapshot = Some(snapshot.clone());
        Ok(snapshot)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    /// O(1).
    fn refresh(&self, budget: Budget<'_>) -> Result<Version> {
        budget.check()?;
        Ok(self.read().version)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use iqdb_core::{Metric, StoreExt};

    use super::*;

    #[test]
    fn a_poisoned_lock_is_recovered() {
        let store = MemoryStore::new(Schema::new(1, Metric::Dot).unwrap());
        store.upsert(Record::new(1, [1.0]).unwrap()).unwrap();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _guard = store.state.write();
            panic!("while holding the lock");
        }));
        assert!(panicked.is_err() && store.state.is_poisoned());

        store.upsert(Record::new(2, [2.0]).unwrap()).unwrap();
        assert_eq!(store.len().unwrap(), 2);
        assert!(store.get(&1.into()).unwrap().is_some());
        assert!(store.delete(1).unwrap());
    }

    #[test]
    fn a_snapshot_is_made_once_per_version() {
        let store = MemoryStore::new(Schema::new(1, Metric::Dot).unwrap());
        let first = store.snapshot().unwrap();
        assert!(Arc::ptr_eq(&first, &store.snapshot().unwrap()));
        store.delete("absent").unwrap();
        assert!(Arc::ptr_eq(&first, &store.snapshot().unwrap()));
        store.upsert(Record::new(1, [1.0]).unwrap()).unwrap();
        let second = store.snapshot().unwrap();
        assert!(!Arc::ptr_eq(&first, &second));
        assert_eq!(format!("{second:?}"), "RowsSnapshot(version 1, 1 records)");
    }
}
