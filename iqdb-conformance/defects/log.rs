//! A durable store in memory, with a defect planted in how it is reopened: a log of batches that
//! outlives the store, replayed when it opens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iqdb_conformance::Place;
use iqdb_conformance::naive::NaiveStore;
use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Error, ErrorKind, Feed, Field, Maintenance, Progress,
    Record, RecordId, Result, Schema, Snapshot, Store, StoreExt, Verified, Version,
};

use crate::defect::Defect;
use crate::reopened::read_back;

/// The place of the log, like a directory of files.
#[derive(Debug)]
pub(crate) struct LogPlace {
    schema: Schema,
    defect: Option<Defect>,
    files: Mutex<Arc<Files>>,
}

#[derive(Debug, Default)]
struct Files {
    /// Each made a version.
    writes: Arc<Mutex<Vec<Write>>>,
    locked: AtomicBool,
    /// The number of openings since the last write.
    opened: AtomicUsize,
    /// The number of batches before the incomplete frame that a kill left, if there is one.
    torn_at: Option<usize>,
}

#[derive(Debug, Clone)]
enum Write {
    Batch(Batch),
    Field(Field),
}

#[derive(Debug)]
pub(crate) struct LogStore {
    inner: NaiveStore,
    files: Arc<Files>,
    defect: Option<Defect>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LogPlace {
    pub(crate) fn new(schema: Schema, defect: Option<Defect>) -> Self {
        Self { schema, defect, files: Mutex::default() }
    }
}

impl Place for LogPlace {
    fn open(&self) -> Result<Arc<dyn Store>> {
        let files = lock(&self.files).clone();
        let opened = files.opened.fetch_add(1, Ordering::SeqCst);
        if self.defect == Some(Defect::SecondOpeningCutsTheLog) && opened > 0 {
            lock(&files.writes).pop();
        }
        if let Some(torn_at) = files.torn_at {
            lock(&files.writes).truncate(torn_at);
        }
        if self.defect == Some(Defect::ReopeningForgetsTheVersion) {
            // One batch with the content of the last version, so that it becomes version 1.
            let changes = |write| match write {
                Write::Batch(batch) => batch.changes().to_vec(),
                Write::Field(_) => Vec::new(),
            };
            let all: Batch = lock(&files.writes).drain(..).flat_map(changes).collect();
            lock(&files.writes).push(Write::Batch(all));
        }
        Ok(Arc::new(LogStore::open(self.schema.clone(), files, self.defect)?))
    }

    fn open_after_kill(&self) -> Result<Arc<dyn Store>> {
        let mut files = lock(&self.files);
        let mut copied = lock(&files.writes).clone();
        if self.defect == Some(Defect::KillLosesTheLastBatch) {
            copied.pop();
        }
        if self.defect == Some(Defect::KillForgetsFields) {
            copied.retain(|write| matches!(write, Write::Batch(_)));
        }
        if self.defect == Some(Defect::KillForgetsComputedFields) {
            copied.retain(|write| !matches!(write, Write::Field(it) if it.kind().is_computed()));
        }
        if self.defect == Some(Defect::KillForgetsSources) {
            for write in &mut copied {
                if let Write::Field(field) = write {
                    *field = Field::new(field.name(), field.kind())?;
                }
            }
        }
        let is_torn = self.defect == Some(Defect::KillHidesWhatFollows);
        let torn_at = is_torn.then_some(copied.len());
        *files =
            Arc::new(Files { writes: Arc::new(Mutex::new(copied)), torn_at, ..Files::default() });
        Ok(Arc::new(LogStore::open(self.schema.clone(), files.clone(), self.defect)?))
    }

    fn copied(&self, copy: &mut dyn FnMut(&Path) -> Result<()>) -> Result<Box<dyn Place>> {
        static COPIES: AtomicUsize = AtomicUsize::new(0);
        let path = PathBuf::from(COPIES.fetch_add(1, Ordering::SeqCst).to_string());
        copy(&path)?;
        let files = lock(&BACKUPS).remove(&path).expect("the backup that was made");
        let (schema, defect) = (self.schema.clone(), self.defect);
        Ok(Box::new(Self { schema, defect, files: Mutex::new(files) }))
    }
}

/// The files that stores were copied to, by their paths.
static BACKUPS: Mutex<BTreeMap<PathBuf, Arc<Files>>> = Mutex::new(BTreeMap::new());

impl LogStore {
    /// A store whose files no other store opens.
    pub(crate) fn alone(schema: Schema) -> Self {
        Self { inner: NaiveStore::new(schema), files: Arc::default(), defect: None }
    }

    fn open(schema: Schema, files: Arc<Files>, defect: Option<Defect>) -> Result<Self> {
        if files.locked.swap(true, Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Locked, "the store is open already"));
        }
        let inner = NaiveStore::new(schema);
        for write in lock(&files.writes).iter() {
            let batch = match write {
                Write::Batch(batch) => &read_back(defect, batch)?,
                Write::Field(field) => {
                    inner.add_field(field.clone(), Budget::new(), &mut ())?;
                    continue;
                }
            };
            match inner.apply(batch) {
                Err(_) if defect == Some(Defect::RefusedBatchIsReplayed) => {
                    for change in batch.changes() {
                        let _ = inner.apply(&[change.clone()].into_iter().collect());
                    }
                }
                applied => {
                    applied?;
                }
            }
        }
        Ok(Self { inner, files, defect })
    }
}

impl Drop for LogStore {
    fn drop(&mut self) {
        self.files.locked.store(false, Ordering::SeqCst);
    }
}

impl Store for LogStore {
    fn schema(&self) -> Schema {
        self.inner.schema()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_durable()
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        // Locked for the whole call, so that the log has the order of the versions.
        let mut writes = lock(&self.files.writes);
        let applied = self.inner.apply_within(batch, budget);
        if applied.is_ok() || self.defect == Some(Defect::RefusedBatchIsReplayed) {
            writes.push(Write::Batch(batch.clone()));
        }
        let applied = applied?;
        self.files.opened.store(0, Ordering::SeqCst);
        Ok(applied)
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        let mut writes = lock(&self.files.writes);
        let version = self.inner.add_field(field.clone(), budget, progress)?;
        writes.push(Write::Field(field));
        self.files.opened.store(0, Ordering::SeqCst);
        Ok(version)
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

    fn feed(&self) -> Option<&dyn Feed> {
        self.inner.feed()
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        Some(self)
    }
}

impl Maintenance for LogStore {
    fn compact(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<()> {
        self.inner.compact(budget, progress)
    }

    fn backup_to(
        &self,
        path: &Path,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        progress.report(0, 1);
        budget.check()?;
        let writes = match self.defect {
            Some(Defect::BackupIsALink) => Arc::clone(&self.files.writes),
            _ => Arc::new(Mutex::new(lock(&self.files.writes).clone())),
        };
        let files = Files { writes, ..Files::default() };
        lock(&BACKUPS).insert(path.to_owned(), Arc::new(files));
        progress.report(1, 1);
        Ok(())
    }

    fn verify(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<Verified> {
        self.inner.verify(budget, progress)
    }
}
