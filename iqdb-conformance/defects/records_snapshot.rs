//! A snapshot of given records, with a given version and length.

use iqdb_core::{
    Block, Blocks, Error, ErrorKind, Layout, Record, RecordId, RecordRef, Remote, Result, Rows,
    Schema, Shelf, Snapshot, Version,
};

#[derive(Debug)]
pub(crate) struct RecordsSnapshot {
    schema: Schema,
    version: Version,
    pub(crate) len: u64,
    records: Vec<Record>,
    block: Rows,
}

impl RecordsSnapshot {
    /// A snapshot of these records.
    pub(crate) fn new(schema: Schema, version: Version, records: Vec<Record>) -> Result<Self> {
        let block = Rows::of_records(&schema, &records)?;
        Ok(Self { schema, version, len: records.len() as u64, records, block })
    }
}

impl Snapshot for RecordsSnapshot {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn version(&self) -> Version {
        self.version
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        Ok(self.records.iter().find(|record| record.id == *id).map(RecordRef::from))
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for RecordsSnapshot {
    fn block_count(&self) -> usize {
        usize::from(!self.records.is_empty())
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        if i >= self.block_count() {
            return Err(Error::new(ErrorKind::ContractViolation, "there is no such block"));
        }
        Block::new(&self.block, &self.schema, self.records.len(), self.version)
    }

    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }
}
