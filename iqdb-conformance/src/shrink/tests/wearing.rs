//! A store that takes no more batches after the first few thousand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Field, Progress, Record, RecordId, Result, Schema,
    Snapshot, Store, Version,
};

use crate::Harness;
use crate::naive::{NaiveSearch, NaiveStore};

/// The harness of stores that forget what comes after this many batches.
pub(super) fn wearing(batches: usize) -> Harness {
    let store = move |schema| {
        let (inner, applied) = (NaiveStore::new(schema), AtomicUsize::new(0));
        Ok(WearingStore { inner, batches, applied })
    };
    Harness::new("wearing", store, NaiveSearch)
}

#[derive(Debug)]
struct WearingStore {
    inner: NaiveStore,
    batches: usize,
    applied: AtomicUsize,
}

impl Store for WearingStore {
    fn schema(&self) -> Schema {
        self.inner.schema()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        match self.applied.fetch_add(1, Ordering::SeqCst) < self.batches {
            true => self.inner.apply_within(batch, budget),
            false => Ok(Applied::at(self.inner.snapshot()?.version())),
        }
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        self.inner.add_field(field, budget, progress)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.inner.get(id)
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        self.inner.snapshot()
    }

    fn flush(&self) -> Result<()> {
        self.inner.flush()
    }
}
