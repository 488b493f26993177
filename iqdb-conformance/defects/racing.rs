//! A store on the model whose defect is a race, and which dawdles where it is lost.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use iqdb_conformance::Model;
use iqdb_core::{
    Applied, Batch, Capabilities, Change, Record, RecordId, Result, Schema, Snapshot, Store,
    Version,
};

use crate::defect::Defect;
use crate::shown::Shown;

#[derive(Debug)]
pub(crate) struct RacingStore {
    schema: Schema,
    defect: Option<Defect>,
    /// A writer holds it for as long as its batch takes.
    writing: Mutex<()>,
    state: Mutex<State>,
    beside: Mutex<Beside>,
}

/// What the store holds. The version is the store's, not the model's, so that it can be wrong.
#[derive(Debug, Clone)]
struct State {
    model: Model,
    version: Version,
}

/// What a defect keeps beside the state.
#[derive(Debug, Default)]
struct Beside {
    records: BTreeMap<RecordId, (Instant, Option<Record>)>,
    snapshot: Option<(Instant, Arc<Shown>)>,
    drawn: u64,
    /// The version that a thread has drawn for its next batch.
    kept: HashMap<ThreadId, Version>,
    writes: u64,
    len: u64,
}

/// Long enough for other threads to get a turn, also on one core.
fn dawdle() {
    thread::sleep(Duration::from_micros(100));
}

/// Whether something from then is still taken for new.
fn is_fresh(since: Instant) -> bool {
    since.elapsed() < Duration::from_millis(1)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The changes, whatever version they expect.
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

impl RacingStore {
    pub(crate) fn new(schema: Schema, defect: Option<Defect>) -> Self {
        Self {
            schema,
            defect,
            writing: Mutex::default(),
            state: Mutex::new(State { model: Model::new(schema), version: Version(0) }),
            beside: Mutex::default(),
        }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn state(&self) -> State {
        lock(&self.state).clone()
    }

    /// Applies a batch as a store does that numbers its batches when it likes.
    fn apply_drawn(&self, batch: &Batch) -> Result<Applied> {
        let changes = unconditional(batch.changes());
        let mut state = lock(&self.state);
        batch.check_version(state.version)?;
        let idle = state.model.clone().apply(&changes)?;
        if !idle.has_effect() {
            return Ok(at(state.version, idle));
        }
        let version = self.draw();
        // It is careful where the caller is.
        if self.has(Defect::VersionIsDrawnFirst) && batch.expected_version().is_none() {
            drop(state);
            dawdle();
            state = lock(&self.state);
        }
        state.version = state.version.max(version);
        Ok(at(version, state.model.apply(&changes)?))
    }

    /// A version that no other thread has drawn.
    fn draw(&self) -> Version {
        let beside = &mut *lock(&self.beside);
        let kept = beside.kept.remove(&thread::current().id());
        kept.unwrap_or_else(|| {
            beside.drawn += 1;
            let drawn = Version(beside.drawn);
            if self.has(Defect::VersionsAreDrawnInPairs) {
                beside.drawn += 1;
                beside.kept.insert(thread::current().id(), drawn.next());
            }
            drawn
        })
    }

    /// Holds a batch up before anything of it is seen, or while some of it is.
    fn hold_up(&self, batch: &Batch) -> Result<()> {
        let seen = match self.defect {
            Some(Defect::BatchIsSeenHalf) if self.state().apply(batch).is_ok() => {
                batch.changes().len() / 2
            }
            Some(Defect::RefusedIsSeen) if self.state().apply(batch).is_err() => {
                batch.changes().len()
            }
            _ => return Ok(()),
        };
        let before = self.state();
        lock(&self.state).apply(&unconditional(&batch.changes()[..seen]))?;
        dawdle();
        *lock(&self.state) = before;
        Ok(())
    }
}

impl Store for RacingStore {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }

    fn apply(&self, batch: &Batch) -> Result<Applied> {
        batch.check_input(&self.schema)?;
        match self.defect {
            Some(Defect::WritesRace) => {
                let mut state = self.state();
                let applied = state.apply(batch)?;
                dawdle();
                *lock(&self.state) = state;
                return Ok(applied);
            }
            Some(Defect::VersionIsComparedFirst) => {
                batch.check_version(self.state().version)?;
                dawdle();
                return lock(&self.state).apply(&unconditional(batch.changes()));
            }
            Some(Defect::VersionIsDrawnFirst | Defect::VersionsAreDrawnInPairs) => {
                return self.apply_drawn(batch);
            }
            _ => {}
        }
        let _writing = lock(&self.writing);
        self.hold_up(batch)?;
        let mut next = self.state();
        let applied = next.apply(batch)?;
        if self.has(Defect::WritesAreLost) && applied.has_effect() {
            let mut beside = lock(&self.beside);
            beside.writes += 1;
            if beside.writes.is_multiple_of(10) {
                next.model = self.state().model;
            }
        }
        let len = next.model.len() as u64;
        *lock(&self.state) = next;
        if self.has(Defect::LenIsCountedLater) {
            dawdle();
            lock(&self.beside).len = len;
        }
        Ok(applied)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        let found = self.state().model.get(id).cloned();
        if self.has(Defect::GetIsCached) {
            let records = &mut lock(&self.beside).records;
            records.retain(|_, (since, _)| is_fresh(*since));
            let (_, cached) = records.entry(id.clone()).or_insert((Instant::now(), found));
            return Ok(cached.clone());
        }
        Ok(found)
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        let State { model, version } = self.state();
        let mut records: Vec<_> = model.records().cloned().collect();
        if self.has(Defect::SnapshotMixesVersions) {
            dawdle();
            let later = self.state().model;
            let (_, rest) = records.split_at_mut(model.len() / 2);
            for record in rest {
                *record = later.get(&record.id).unwrap_or(record).clone();
            }
        }
        let mut shown = Shown::new(self.schema, version, records);
        if self.has(Defect::LenIsCountedLater) {
            shown.len = lock(&self.beside).len;
        }
        let shown = Arc::new(shown);
        if self.has(Defect::SnapshotIsCached) {
            let cached = &mut lock(&self.beside).snapshot;
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
