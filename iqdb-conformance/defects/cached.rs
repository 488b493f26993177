//! A store whose snapshots are made when it is written to, so that reading allocates nothing.

use std::sync::{Arc, Mutex, PoisonError};

use iqdb_conformance::naive::{NaiveSearch, NaiveStore};
use iqdb_conformance::{Case, Outcome};
use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Field, Progress, Record, RecordId, Result, Schema,
    Snapshot, Store, Version,
};

use crate::harness::{harness, metered};

#[derive(Debug)]
struct CachedStore {
    inner: NaiveStore,
    last: Mutex<Arc<dyn Snapshot>>,
}

impl Store for CachedStore {
    fn schema(&self) -> Schema {
        self.inner.schema()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_wait_free_reads()
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let applied = self.inner.apply_within(batch, budget)?;
        *last = self.inner.snapshot()?;
        Ok(applied)
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let version = self.inner.add_field(field, budget, progress)?;
        *last = self.inner.snapshot()?;
        Ok(version)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.inner.get(id)
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        Ok(self.last.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }
}

#[test]
fn reads_that_allocate_nothing_are_kept_and_need_a_meter() {
    let create = |schema| {
        let inner = NaiveStore::new(schema);
        let last = Mutex::new(inner.snapshot()?);
        Ok(CachedStore { inner, last })
    };
    let case = Case::named("capabilities::wait_free_reads_allocate_nothing").expect("the case");
    let cached = iqdb_conformance::Harness::new("cached", create, NaiveSearch);
    assert!(matches!(case.check(&cached), Ok(Outcome::NotPromised(_))));
    assert_eq!(case.check(&metered(cached)).expect("no failure"), Outcome::Kept);
    assert!(matches!(case.check(&harness(None)), Ok(Outcome::NotPromised(_))));
}
