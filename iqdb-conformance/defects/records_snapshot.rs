//! A snapshot of given records, with a given version and length.

use iqdb_core::{
    Blocks, Computed, Record, RecordId, RecordRef, Remote, Result, RowsSnapshot, Schema, Snapshot,
    StoredRecord, Version,
};

#[derive(Debug)]
pub(crate) struct RecordsSnapshot {
    pub(crate) len: u64,
    inner: RowsSnapshot,
}

impl RecordsSnapshot {
    /// A snapshot of these records.
    pub(crate) fn new(schema: Schema, version: Version, records: Vec<Record>) -> Result<Self> {
        let stored = records.into_iter().map(|record| {
            let computed = Computed::of(&schema, &(&record.payload).into())?;
            Ok(StoredRecord { record, computed })
        });
        let stored: Vec<_> = stored.collect::<Result<_>>()?;
        let inner = RowsSnapshot::new(schema, version, &stored)?;
        Ok(Self { len: stored.len() as u64, inner })
    }
}

impl Snapshot for RecordsSnapshot {
    fn schema(&self) -> &Schema {
        self.inner.schema()
    }

    fn version(&self) -> Version {
        self.inner.version()
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        self.inner.get(id)
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        self.inner.blocks()
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}
