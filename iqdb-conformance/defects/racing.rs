//! A store on the model whose defects are races. It pauses at the critical place, so that the race
//! is lost.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use iqdb_conformance::Model;
use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Change, Field, Limits, Progress, Record, RecordId,
    Result, Schema, Snapshot, Store, Version, merge_patch,
};

use crate::defect::Defect;
use crate::records_snapshot::RecordsSnapshot;

#[derive(Debug)]
pub(crate) struct RacingStore {
    defect: Option<Defect>,
    /// A writer holds this lock while it applies its batch.
    writing: Mutex<()>,
    state: Mutex<State>,
    defect_state: Mutex<DefectState>,
}

/// The content of the store. The version is separate from the model's, so that a defect can change
/// it.
#[derive(Debug, Clone)]
struct State {
    model: Model,
    version: Version,
}

/// The state of the defect itself.
#[derive(Debug, Default)]
struct DefectState {
    records: BTreeMap<RecordId, (Instant, Option<Record>)>,
    snapshot: Option<(Instant, Arc<RecordsSnapshot>)>,
    drawn: u64,
    /// The version that each thread has drawn for its next batch.
    kept: HashMap<ThreadId, Version>,
    writes: u64,
    len: u64,
}

/// Waits long enough for other threads to run, also on one core.
fn pause() {
    thread::sleep(Duration::from_micros(100));
}

/// Whether the store loses a race at this version that it wins at all others, as when a ring of versions
/// or a table of readers begins anew.
fn is_rare(Version(version): Version) -> bool {
    version.is_multiple_of(512) && version > 0
}

/// Whether a cache entry of this age is still used.
fn is_fresh(since: Instant) -> bool {
    since.elapsed() < Duration::from_millis(1)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A batch of the changes that expects no version.
fn unconditional(changes: &[Change]) -> Batch {
    changes.iter().cloned().collect()
}

/// The same counts at another version.
fn at(version: Version, mut applied: Applied) -> Applied {
    applied.version = version;
    applied
}

impl State {
    fn apply(&mut self, batch: &Batch) -> Result<Applied> {
        batch.check_version(self.version)?;
        let applied = self.model.apply(&unconditional(batch.changes()))?;
        if applied.has_effect() {
            self.version = self.version.next();
        }
        Ok(at(self.version, applied))
    }
}

impl State {
    fn add_field(&mut self, field: Field, limits: Limits) -> Result<Version> {
        self.model.add_field(field, limits)?;
        self.version = self.version.next();
        Ok(self.version)
    }
}

impl RacingStore {
    pub(crate) fn new(schema: Schema, defect: Option<Defect>) -> Self {
        Self {
            defect,
            writing: Mutex::default(),
            state: Mutex::new(State { model: Model::new(schema), version: Version(0) }),
            defect_state: Mutex::default(),
        }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn state(&self) -> State {
        lock(&self.state).clone()
    }

    /// Applies a batch whose version was drawn independently of the lock.
    fn apply_drawn(&self, batch: &Batch) -> Result<Applied> {
        let changes = unconditional(batch.changes());
        let mut state = lock(&self.state);
        batch.check_version(state.version)?;
        let idle = state.model.clone().apply(&changes)?;
        if !idle.has_effect() {
            return Ok(at(state.version, idle));
        }
        let version = self.draw();
        // A batch that expects a version is applied correctly.
        if self.has(Defect::VersionIsDrawnFirst) && batch.expected_version().is_none() {
            drop(state);
            pause();
            state = lock(&self.state);
        }
        state.version = state.version.max(version);
        Ok(at(version, state.model.apply(&changes)?))
    }

    /// A version that no other thread has drawn.
    fn draw(&self) -> Version {
        let defect_state = &mut *lock(&self.defect_state);
        let kept = defect_state.kept.remove(&thread::current().id());
        kept.unwrap_or_else(|| {
            defect_state.drawn += 1;
            let drawn = Version(defect_state.drawn);
            if self.has(Defect::VersionsAreDrawnInPairs) {
                defect_state.drawn += 1;
                defect_state.kept.insert(thread::current().id(), drawn.next());
            }
            drawn
        })
    }

    /// What a statement comes to in the state that is there before it has the lock.
    fn read_ahead(&self, batch: &Batch) -> Result<Option<Batch>> {
        let model = self.state().model;
        Ok(match batch.changes() {
            [Change::MergePayload(id, patch)] if self.has(Defect::MergesAreReadAhead) => {
                let Some(record) = model.get(id) else { return Ok(None) };
                let merged = merge_patch(record.payload.clone(), patch)?;
                Some(Batch::new().set_payload(id, merged))
            }
            [Change::DeleteWhere(filter)] if self.has(Defect::DeletesAreLookedUpAhead) => {
                let found = model.matching(Some(filter))?;
                Some(found.iter().map(|record| Change::Delete(record.id.clone())).collect())
            }
            _ => None,
        })
    }

    /// Shows readers a part of the batch, or a refused batch, for a moment.
    fn hold_up(&self, batch: &Batch) -> Result<()> {
        let seen = match self.defect {
            Some(Defect::BatchIsSeenHalf) if self.state().apply(batch).is_ok() => {
                batch.changes().len() / 2
            }
            Some(Defect::BatchIsSeenHalfAtTimes)
                if self.state().apply(batch).is_ok_and(|applied| is_rare(applied.version)) =>
            {
                batch.changes().len() / 2
            }
            Some(Defect::RefusedIsSeen) if self.state().apply(batch).is_err() => {
                batch.changes().len()
            }
            _ => return Ok(()),
        };
        let before = self.state();
        lock(&self.state).apply(&unconditional(&batch.changes()[..seen]))?;
        pause();
        *lock(&self.state) = before;
        Ok(())
    }
}

impl Store for RacingStore {
    fn schema(&self) -> Schema {
        self.state().model.schema().clone()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        batch.check_input(&self.schema())?;
        budget.check()?;
        match self.defect {
            Some(Defect::WritesRace) => {
                let mut state = self.state();
                let applied = state.apply(batch)?;
                pause();
                *lock(&self.state) = state;
                return Ok(applied);
            }
            Some(Defect::WritesRaceAtTimes) if is_rare(self.state().version.next()) => {
                let mut state = self.state();
                let applied = state.apply(batch)?;
                pause();
                *lock(&self.state) = state;
                return Ok(applied);
            }
            Some(Defect::VersionIsComparedFirst) => {
                batch.check_version(self.state().version)?;
                pause();
                return lock(&self.state).apply(&unconditional(batch.changes()));
            }
            Some(Defect::MergesAreReadAhead | Defect::DeletesAreLookedUpAhead) => {
                if let Some(batch) = self.read_ahead(batch)? {
                    pause();
                    return lock(&self.state).apply(&batch);
                }
            }
            Some(Defect::VersionIsDrawnFirst | Defect::VersionsAreDrawnInPairs) => {
                return self.apply_drawn(batch);
            }
            _ => {}
        }
        let writing = lock(&self.writing);
        self.hold_up(batch)?;
        let mut next = self.state();
        let applied = next.apply(batch)?;
        if self.has(Defect::WritesAreLost) && applied.has_effect() {
            let mut defect_state = lock(&self.defect_state);
            defect_state.writes += 1;
            if defect_state.writes.is_multiple_of(10) {
                next.model = self.state().model;
            }
        }
        let (len, version) = (next.model.len() as u64, next.version);
        *lock(&self.state) = next;
        if self.has(Defect::LenIsCountedLaterAtTimes) && is_rare(version) {
            pause();
            lock(&self.defect_state).len = len;
        }
        if self.has(Defect::VersionIsReadAfterwardsAtTimes) && is_rare(version) {
            drop(writing);
            pause();
            return Ok(at(self.state().version, applied));
        }
        if self.has(Defect::LenIsCountedLater) {
            pause();
            lock(&self.defect_state).len = len;
        }
        Ok(applied)
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        budget.check()?;
        let limits = self.capabilities().limits();
        if self.has(Defect::FieldsAreAddedToACopy) {
            let mut state = self.state();
            let version = state.add_field(field, limits)?;
            // Longer than a pause: writers of few records must not be done before it ends.
            thread::sleep(Duration::from_millis(5));
            *lock(&self.state) = state;
            return Ok(version);
        }
        let writing = lock(&self.writing);
        let version = lock(&self.state).add_field(field, limits)?;
        drop(writing);
        progress.report(1, 1);
        Ok(version)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        let found = self.state().model.get(id).cloned();
        if self.has(Defect::GetIsCached) {
            let records = &mut lock(&self.defect_state).records;
            records.retain(|_, (since, _)| is_fresh(*since));
            let (_, cached) = records.entry(id.clone()).or_insert((Instant::now(), found));
            return Ok(cached.clone());
        }
        Ok(found)
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        let State { model, version } = self.state();
        let mut records: Vec<_> = model.records().cloned().collect();
        if self.has(Defect::SnapshotMixesVersions)
            || self.has(Defect::SnapshotMixesVersionsAtTimes) && is_rare(version)
        {
            pause();
            let later = self.state().model;
            let (_, rest) = records.split_at_mut(model.len() / 2);
            for record in rest {
                *record = later.get(&record.id).unwrap_or(record).clone();
            }
        }
        let mut shown = RecordsSnapshot::new(model.schema().clone(), version, records)?;
        if self.has(Defect::LenIsCountedLater)
            || self.has(Defect::LenIsCountedLaterAtTimes) && is_rare(version)
        {
            shown.len = lock(&self.defect_state).len;
        }
        let shown = Arc::new(shown);
        if self.has(Defect::SnapshotIsCached) {
            let cached = &mut lock(&self.defect_state).snapshot;
            let fresh = cached.take().filter(|(since, _)| is_fresh(*since));
            let (_, shown) = cached.insert(fresh.unwrap_or((Instant::now(), shown)));
            return Ok(shown.clone());
        }
        Ok(shown)
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
