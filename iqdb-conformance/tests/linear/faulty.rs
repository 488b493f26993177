//! A store on the model that is right but for one fault, and dawdles where the fault is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use iqdb_conformance::Model;
use iqdb_core::{Applied, Batch, Capabilities, Record, RecordId, Result, Schema, Snapshot, Store};

use crate::shown::Shown;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    GetIsCached,
    BatchIsSeenHalf,
}

#[derive(Debug)]
pub(crate) struct FaultyStore {
    schema: Schema,
    fault: Option<Fault>,
    /// Held by whoever writes, for as long as it takes.
    writing: Mutex<()>,
    model: Mutex<Model>,
    cache: Mutex<BTreeMap<RecordId, (Instant, Option<Record>)>>,
}

/// Long enough for other threads to get a turn, also on one core.
fn dawdle() {
    thread::sleep(Duration::from_micros(100));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FaultyStore {
    pub(crate) fn new(schema: Schema, fault: Option<Fault>) -> Self {
        Self {
            schema,
            fault,
            writing: Mutex::default(),
            model: Mutex::new(Model::new(schema)),
            cache: Mutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn model(&self) -> Model {
        lock(&self.model).clone()
    }
}

impl Store for FaultyStore {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }

    fn apply(&self, batch: &Batch) -> Result<Applied> {
        let _writing = lock(&self.writing);
        let mut next = self.model();
        let applied = next.apply(batch)?;
        if self.has(Fault::BatchIsSeenHalf) && batch.changes().len() > 1 {
            let half = &batch.changes()[..batch.changes().len() / 2];
            lock(&self.model).apply(&half.iter().cloned().collect())?;
            dawdle();
        }
        *lock(&self.model) = next;
        Ok(applied)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        let read = || self.model().get(id).cloned();
        if self.has(Fault::GetIsCached) {
            const FRESH: Duration = Duration::from_millis(1);
            let mut cache = lock(&self.cache);
            cache.retain(|_, (since, _)| since.elapsed() < FRESH);
            let (_, record) = cache.entry(id.clone()).or_insert_with(|| (Instant::now(), read()));
            return Ok(record.clone());
        }
        Ok(read())
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(Shown::of(&self.model())?))
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
