//! A store of records in a map, fast enough for many of them. Its defects are in the keys of the map, in
//! how it applies large batches, in what it keeps, and in what core computes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Computed, Effect, Field, Filter, Progress, Record,
    RecordId, RecordRef, Resolved, Result, Schema, Snapshot, Store, StoredRecord, Version,
};

use crate::defect::Defect;
use crate::keys::{is_below, key};
use crate::map_snapshot::MapSnapshot;
use crate::{batches, leaks, same};

#[derive(Debug)]
pub(crate) struct MapStore {
    defect: Option<Defect>,
    /// A writer holds this lock while it applies its batch.
    writing: Mutex<()>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) defect: Option<Defect>,
    schema: Schema,
    pub(crate) version: Version,
    records: BTreeMap<RecordId, StoredRecord>,
    /// The snapshot of this version, once it was asked for.
    shown: Option<Arc<MapSnapshot>>,
    /// The values that equal ones share.
    pub(crate) interned: same::Interned,
    pub(crate) leaked: leaks::Leaked,
}

impl iqdb_core::State for State {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn record(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        Ok(self.records.get(&key(self.defect, id)).map(RecordRef::from))
    }

    fn matching(&self, filter: &Filter) -> Result<Vec<RecordId>> {
        let mut found = Vec::new();
        for stored in self.records.values() {
            if filter.matches(stored)? {
                found.push(stored.record.id.clone());
            }
        }
        if self.defect == Some(Defect::AThousandAreDeletedAtMost) {
            found.truncate(1_000);
        }
        Ok(found)
    }
}

impl State {
    pub(crate) fn get(&self, id: &RecordId) -> Option<&Record> {
        self.records.get(&key(self.defect, id)).map(|stored| &stored.record)
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Applies changes of a batch, which have been checked, without making a version of them.
    fn apply(&mut self, changes: &Batch) -> Result<Applied> {
        let Resolved { effects, mut applied } = changes.resolve(self, self.version)?;
        self.shown = None;
        for effect in effects {
            let id = effect.to_id();
            let key = key(self.defect, &id);
            if matches!(effect, Effect::Remove(_)) && self.has(Defect::IdsAreFolders) {
                let is_below = |key: &RecordId| is_below(&id, key);
                let behind = self.records.range(&id..).map(|(key, _)| key).skip(1);
                let below: Vec<_> = behind.filter(|key| is_below(key)).cloned().collect();
                below.iter().for_each(|key| drop(self.records.remove(key)));
            }
            let before = self.records.remove(&key);
            applied.count(&effect, before.is_some());
            self.leaked.keep(self.defect, before.as_ref());
            if let Some(after) = self.after(effect, before)? {
                self.records.insert(key, after);
            }
        }
        Ok(applied)
    }

    /// The record that an effect leaves, given the one before it.
    fn after(
        &mut self,
        effect: Effect<'_>,
        before: Option<StoredRecord>,
    ) -> Result<Option<StoredRecord>> {
        if let Some(before) = &before
            && same::is_unchanged(self.defect, &effect, &before.record)
        {
            return Ok(Some(before.clone()));
        }
        let after = match (effect, before) {
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
        };
        Ok(after.map(|mut stored| {
            self.interned.share(self.defect, &mut stored.record.payload);
            stored
        }))
    }
}

impl MapStore {
    pub(crate) fn new(schema: Schema, defect: Option<Defect>) -> Self {
        let state = State {
            defect,
            schema,
            version: Version(0),
            records: BTreeMap::new(),
            shown: None,
            interned: same::Interned::default(),
            leaked: leaks::Leaked::default(),
        };
        Self { defect, writing: Mutex::default(), state: Arc::new(Mutex::new(state)) }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for MapStore {
    fn schema(&self) -> Schema {
        self.lock().schema.clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_space_amplification(2)
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let _writing = lock(&self.writing);
        let batch = &*batches::misread(self.defect, batch)?;
        let version = self.lock().version;
        if !batches::is_checked_late(self.defect, batch) {
            batch.check_input(&self.schema())?;
        }
        batches::check_version(self.defect, batch, version)?;
        budget.check()?;
        let mut applied = Applied::at(version);
        let mut state = self.lock();
        for changes in batches::parts(self.defect, batch) {
            if self.has(Defect::BudgetsEndLargeBatchesHalfway) {
                budget.check()?;
            }
            changes.check_input(&state.schema)?;
            batches::add(&mut applied, state.apply(&changes)?);
            if self.has(Defect::LargeBatchesAreSeenInParts) && batch.changes().len() > 1_000 {
                drop(state);
                thread::yield_now();
                state = self.lock();
            }
        }
        if applied.has_effect() {
            state.version = state.version.next();
            state.shown = None;
            applied.version = state.version;
        }
        Ok(batches::miscounted(self.defect, applied))
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
        let _writing = lock(&self.writing);
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
        state.shown = None;
        let version = state.version;
        drop(state);
        progress.report(1, 1);
        if self.has(Defect::CancelledComputedFieldStays) {
            budget.check()?;
        }
        Ok(version)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        Ok(self.lock().get(id).cloned())
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        let mut state = self.lock();
        let shown = match state.shown.take() {
            Some(shown) => shown,
            None => {
                let (schema, version) = (state.schema.clone(), state.version);
                let records = state.records.values();
                let store = Arc::downgrade(&self.state);
                Arc::new(MapSnapshot::new(schema, version, records, self.defect, store)?)
            }
        };
        state.leaked.show(self.defect, &shown);
        state.shown = Some(Arc::clone(&shown));
        Ok(shown)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
