//! A snapshot of any records, with whatever version and length it is told to show.

use std::sync::Arc;

use iqdb_conformance::naive::NaiveStore;
use iqdb_core::{
    Block, Explain, Hits, Query, Record, RecordId, RecordRef, Result, Schema, Snapshot, Store,
    StoreExt, Version,
};

#[derive(Debug)]
pub(crate) struct Shown {
    inner: Arc<dyn Snapshot>,
    version: Version,
    pub(crate) len: u64,
}

impl Shown {
    /// A snapshot of these records.
    pub(crate) fn new(
        schema: Schema,
        version: Version,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<Self> {
        let store = NaiveStore::new(schema);
        store.upsert_many(records)?;
        let inner = store.snapshot()?;
        Ok(Self { version, len: inner.len(), inner })
    }
}

impl Snapshot for Shown {
    fn schema(&self) -> &Schema {
        self.inner.schema()
    }

    fn version(&self) -> Version {
        self.version
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        self.inner.get(id)
    }

    fn block_count(&self) -> usize {
        self.inner.block_count()
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        self.inner.block(i)
    }

    fn push_down(&self, queries: &[Query<'_>], hits: &mut [Hits]) -> Result<Option<Explain>> {
        self.inner.push_down(queries, hits)
    }
}
