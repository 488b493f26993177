//! A store of records in a map, fast enough for many of them. Its defects are in the keys of the map, in
//! how it applies large batches, in what it keeps, and in what core computes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Change, Computed, Effect, Error, ErrorKind, Field,
    Filter, Progress, Record, RecordId, RecordRef, Resolved, Result, Schema, Snapshot, Store,
    StoredRecord, Version,
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
    /// The version that the last batch made.
    of_batch: Version,
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
        if self.defect == Some(Defect::TenThousandAreDeletedAtMost) {
            found.truncate(10_000);
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

    /// Whether a batch deletes only what is not there.
    fn is_idle(&self, batch: &Batch) -> bool {
        let is_absent = |change: &Change| match change {
            Change::Delete(id) | Change::SetPayload(id, _) => self.get(id).is_none(),
            _ => false,
        };
        batch.changes().iter().all(is_absent)
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
            of_batch: Version(0),
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

    fn write(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let _writing = lock(&self.writing);
        let batch = &*batches::misread(self.defect, batch, &self.schema())?;
        let version = self.lock().version;
        let is_idle = self.has(Defect::IdleBatchesHaveNoBudget) && self.lock().is_idle(batch);
        let budget = if is_idle { Budget::new() } else { budget };
        if !batches::is_checked_late(self.defect, batch) {
            batch.check_input(&self.schema())?;
        }
        let of_batch = Some(self.lock().of_batch);
        if !(self.has(Defect::ConflictsForgetFields) && batch.expected_version() == of_batch) {
            batches::check_version(self.defect, batch, version)?;
        }
        budget.check()?;
        let mut applied = Applied::at(version);
        let mut state = self.lock();
        for changes in batches::parts(self.defect, batch) {
            if self.has(Defect::BudgetsEndLargeBatchesHalfway) {
                budget.check()?;
            }
            changes.check_input(&state.schema)?;
            let part = match state.apply(&changes) {
                Err(error) if self.has(Defect::FailedMergesLeaveAPart) => {
                    let most = changes.changes().len();
                    let parts = (1..most).rev().map(|n| &changes.changes()[..n]);
                    let mut parts = parts.map(|part| part.iter().cloned().collect::<Batch>());
                    parts.find(|part| state.apply(part).is_ok());
                    return Err(error);
                }
                part => part?,
            };
            batches::add(&mut applied, part);
            if self.has(Defect::LargeBatchesAreSeenInParts) && batch.changes().len() > 1_000 {
                drop(state);
                thread::yield_now();
                state = self.lock();
            }
        }
        if applied.has_effect() {
            state.version = state.version.next();
            state.of_batch = state.version;
            state.shown = None;
            applied.version = state.version;
        }
        Ok(batches::miscounted(self.defect, applied))
    }

    fn add(
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
        self.write(batch, budget).map_err(|error| match self.defect {
            Some(Defect::ErrorsForgetTheRecord) => Error::new(error.kind(), "refused"),
            _ => error,
        })
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        if self.has(Defect::FieldNamesIgnoreCase) {
            let schema = self.schema();
            let is_there = |it: &Field| it.name().eq_ignore_ascii_case(field.name());
            if schema.fields().iter().any(is_there) {
                let error = Error::new(ErrorKind::AlreadyExists, "the field is there");
                return Err(error.with_field(field.name()));
            }
        }
        self.add(field, budget, progress)
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
