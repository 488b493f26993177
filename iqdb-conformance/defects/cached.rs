//! A store whose snapshots are made when it is written to, so that reading allocates nothing.

use std::sync::{Arc, Mutex, PoisonError};

use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
use iqdb_conformance::{Case, Harness, Outcome};
use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Field, Progress, Record, RecordId, Result, Schema,
    Snapshot, Store, Version,
};

use crate::defect::Defect;
use crate::harness::{cached_harness, harness};

#[derive(Debug)]
pub(crate) struct CachedStore {
    inner: NaiveStore,
    defect: Option<Defect>,
    /// A writer holds this lock until readers can see what it did.
    writing: Mutex<()>,
    /// Locked for as long as it takes to copy a pointer.
    last: Mutex<Arc<dyn Snapshot>>,
}

impl CachedStore {
    pub(crate) fn new(schema: Schema, defect: Option<Defect>) -> Result<Self> {
        let inner = NaiveStore::new(schema);
        let last = Mutex::new(inner.snapshot()?);
        Ok(Self { inner, defect, writing: Mutex::default(), last })
    }

    /// Writes, and shows readers the result.
    fn write<T>(&self, write: impl FnOnce(&NaiveStore) -> Result<T>) -> Result<T> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let written = write(&self.inner)?;
        let shown = self.inner.snapshot()?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = shown;
        Ok(written)
    }
}

impl Store for CachedStore {
    fn schema(&self) -> Schema {
        self.inner.schema()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_wait_free_reads()
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        self.write(|inner| inner.apply_within(batch, budget))
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        self.write(|inner| inner.add_field(field, budget, progress))
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.inner.get(id)
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        let waits = self.defect == Some(Defect::WaitFreeReadsWaitForWriters);
        let _writing = waits.then(|| self.writing.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(self.last.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }
}

#[test]
fn reads_that_allocate_nothing_are_kept_and_need_a_meter() {
    let case = Case::named("capabilities::wait_free_reads_allocate_nothing").expect("the case");
    let create = |schema| CachedStore::new(schema, None);
    let unmetered = Harness::new("cached", create, NaiveSearch);
    assert!(matches!(case.check(&unmetered), Ok(Outcome::NotPromised(_))));
    assert_eq!(case.check(&cached_harness(None)).expect("no failure"), Outcome::Kept);
    assert!(matches!(case.check(&harness(None)), Ok(Outcome::NotPromised(_))));
}
