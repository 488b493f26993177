//! A durable store in memory: a log of batches that outlives the store, replayed when it opens.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iqdb_conformance::Place;
use iqdb_conformance::naive::NaiveStore;
use iqdb_core::{
    Applied, Batch, Capabilities, Error, ErrorKind, Record, RecordId, Result, Schema, Snapshot,
    Store,
};

/// What is wrong with a store that is reopened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    Nothing,
    LastBatchOnKill,
    HistoryOnReopen,
}

/// What a directory would be to a store with files.
#[derive(Debug)]
pub(crate) struct LogPlace {
    schema: Schema,
    loss: Loss,
    files: Mutex<Arc<Files>>,
}

#[derive(Debug, Default)]
struct Files {
    batches: Mutex<Vec<Batch>>,
    locked: AtomicBool,
}

#[derive(Debug)]
pub(crate) struct LogStore {
    inner: NaiveStore,
    files: Arc<Files>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LogPlace {
    pub(crate) fn new(schema: Schema, loss: Loss) -> Self {
        Self { schema, loss, files: Mutex::default() }
    }
}

impl Place for LogPlace {
    fn open(&self) -> Result<Arc<dyn Store>> {
        let files = lock(&self.files).clone();
        if self.loss == Loss::HistoryOnReopen {
            // The content of the last version, as if it were the first.
            let all: Batch =
                lock(&files.batches).drain(..).flat_map(|batch| batch.changes().to_vec()).collect();
            lock(&files.batches).push(all);
        }
        Ok(Arc::new(LogStore::open(self.schema, files)?))
    }

    fn open_after_kill(&self) -> Result<Arc<dyn Store>> {
        let mut files = lock(&self.files);
        let mut copied = lock(&files.batches).clone();
        if self.loss == Loss::LastBatchOnKill {
            copied.pop();
        }
        *files = Arc::new(Files { batches: Mutex::new(copied), ..Files::default() });
        Ok(Arc::new(LogStore::open(self.schema, files.clone())?))
    }
}

impl LogStore {
    /// A store that nobody else knows the place of.
    pub(crate) fn alone(schema: Schema) -> Self {
        Self { inner: NaiveStore::new(schema), files: Arc::default() }
    }

    fn open(schema: Schema, files: Arc<Files>) -> Result<Self> {
        if files.locked.swap(true, Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Locked, "the store is open already"));
        }
        let inner = NaiveStore::new(schema);
        for batch in lock(&files.batches).iter() {
            inner.apply(batch)?;
        }
        Ok(Self { inner, files })
    }
}

impl Drop for LogStore {
    fn drop(&mut self) {
        self.files.locked.store(false, Ordering::SeqCst);
    }
}

impl Store for LogStore {
    fn schema(&self) -> &Schema {
        self.inner.schema()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_durable()
    }

    fn apply(&self, batch: &Batch) -> Result<Applied> {
        // Held throughout, so that the log has the order of the versions.
        let mut batches = lock(&self.files.batches);
        let applied = self.inner.apply(batch)?;
        batches.push(batch.clone());
        Ok(applied)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.inner.get(id)
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        self.inner.snapshot()
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
