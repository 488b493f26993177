//! A snapshot of given records, with a given version and length.

use std::ops::Range;

use iqdb_core::{
    Block, BlockSource, Error, ErrorKind, Explain, Hits, IdRef, Narrow, PayloadRef, Predicate,
    Query, Record, RecordId, RecordRef, Result, Schema, Snapshot, Version,
};

#[derive(Debug)]
pub(crate) struct RecordsSnapshot {
    schema: Schema,
    version: Version,
    pub(crate) len: u64,
    records: Vec<Record>,
    components: Vec<f32>,
}

impl RecordsSnapshot {
    /// A snapshot of these records.
    pub(crate) fn new(schema: Schema, version: Version, records: Vec<Record>) -> Self {
        let components = records.iter().flat_map(|record| record.vector.iter().copied()).collect();
        Self { schema, version, len: records.len() as u64, records, components }
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

    fn block_count(&self) -> usize {
        usize::from(!self.records.is_empty())
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        if i >= self.block_count() {
            return Err(Error::new(ErrorKind::ContractViolation, "there is no such block"));
        }
        let dim = self.schema.dim();
        Block::new(self, dim, dim, self.records.len(), self.version)
    }

    fn push_down(&self, _: &[Query<'_>], _: &mut [Hits]) -> Result<Option<Explain>> {
        Ok(None)
    }
}

impl BlockSource for RecordsSnapshot {
    fn rows(&self, range: Range<usize>) -> Result<&[f32]> {
        let dim = self.schema.dim();
        Ok(&self.components[range.start * dim..range.end * dim])
    }

    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<&[f32]> {
        self.rows(range)
    }

    fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
        Ok(())
    }

    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(self.records[row].id.as_ref())
    }

    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        Ok((&self.records[row].payload).into())
    }

    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}
