//! A store of records in a map, fast enough for many of them. Its defects are in how it keeps what core
//! computes of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Computed, Effect, Field, Filter, Progress, Record,
    RecordId, RecordRef, Resolved, Result, RowsSnapshot, Schema, Snapshot, Store, StoredRecord,
    Version,
};

use crate::defect::Defect;

#[derive(Debug)]
pub(crate) struct MapStore {
    defect: Option<Defect>,
    state: Mutex<State>,
}

#[derive(Debug, Clone)]
struct State {
    schema: Schema,
    version: Version,
    records: BTreeMap<RecordId, StoredRecord>,
}

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

impl MapStore {
    pub(crate) fn new(schema: Schema, defect: Option<Defect>) -> Self {
        let state = State { schema, version: Version(0), records: BTreeMap::new() };
        Self { defect, state: Mutex::new(state) }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record that an effect leaves, given the one before it.
    fn after(
        &self,
        effect: Effect<'_>,
        before: Option<StoredRecord>,
    ) -> Result<Option<StoredRecord>> {
        Ok(match (effect, before) {
            (Effect::Put(record, computed), _) => {
                Some(StoredRecord { record: record.clone(), computed })
            }
            (Effect::PutRow(rows, row, computed), _) => {
                let record = rows.record(row)?.to_record()?;
                let is_lost = self.has(Defect::RowsAreNotComputed);
                let computed = if is_lost { Computed::default() } else { computed };
                Some(StoredRecord { record, computed })
            }
            (effect, Some(mut stored)) => {
                let computed = stored.computed.clone();
                let is_payload = matches!(effect, Effect::SetPayload(..));
                let is_vectors = matches!(effect, Effect::SetVectors(..));
                let is_removed = matches!(effect, Effect::Remove(_));
                effect.apply_to(&mut stored);
                if is_payload && self.has(Defect::PayloadSetLaterIsNotComputed) {
                    stored.computed = computed;
                }
                if is_vectors && self.has(Defect::SetVectorsLosesWhatIsComputed) {
                    stored.computed = Computed::default();
                }
                (!is_removed).then_some(stored)
            }
            (_, None) => None,
        })
    }
}

impl Store for MapStore {
    fn schema(&self) -> Schema {
        self.lock().schema.clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let mut state = self.lock();
        batch.check(&state.schema, state.version)?;
        let Resolved { effects, mut applied } = batch.resolve(&*state, state.version)?;
        budget.check()?;
        for effect in effects {
            let id = effect.to_id();
            let before = state.records.remove(&id);
            applied.count(&effect, before.is_some());
            if let Some(after) = self.after(effect, before)? {
                state.records.insert(id, after);
            }
        }
        if applied.has_effect() {
            state.version = state.version.next();
            applied.version = state.version;
        }
        Ok(applied)
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        let copied = self.has(Defect::ComputedFieldIsOfACopy).then(|| self.lock().records.clone());
        if copied.is_some() {
            // Writers come in between.
            thread::sleep(Duration::from_millis(5));
        }
        let is_computed = field.kind().is_computed();
        let mut state = self.lock();
        let schema = self.capabilities().limits().add_field(&state.schema, field)?;
        if !(is_computed && self.has(Defect::CancelledComputedFieldStays)) {
            budget.check()?;
        }
        let mut records = copied.unwrap_or_else(|| state.records.clone());
        for stored in records.values_mut() {
            stored.computed = Computed::of(&schema, &(&stored.record.payload).into())?;
        }
        for (id, stored) in &mut state.records {
            if let Some(with_field) = records.get(id)
                && !self.has(Defect::AddedComputedFieldIsOfNewRecords)
            {
                stored.computed = with_field.computed.clone();
            }
        }
        state.schema = schema;
        state.version = state.version.next();
        let version = state.version;
        drop(state);
        progress.report(1, 1);
        if self.has(Defect::CancelledComputedFieldStays) {
            budget.check()?;
        }
        Ok(version)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        Ok(self.lock().records.get(id).map(|stored| stored.record.clone()))
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        let State { schema, version, records } = self.lock().clone();
        Ok(Arc::new(RowsSnapshot::new(schema, version, records.values())?))
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
