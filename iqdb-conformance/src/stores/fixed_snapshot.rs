//! A snapshot of one block with given rows, valid or not: the rows that a store refuses, as damaged
//! memory would show them.

use std::ops::Range;

use iqdb_core::{
    Block, BlockSource, Error, ErrorKind, Explain, Hits, IdRef, Narrow, PayloadRef, Predicate,
    Query, RecordId, RecordRef, Result, Schema, Snapshot, Version,
};

/// A snapshot of one block. Row `n` is the vector of the record with the id `n` and no payload.
#[derive(Debug)]
pub(crate) struct FixedSnapshot {
    schema: Schema,
    components: Vec<f32>,
}

impl FixedSnapshot {
    /// A snapshot of the rows in `components`, each of the schema's dimension.
    pub(crate) fn new(schema: Schema, components: Vec<f32>) -> Self {
        Self { schema, components }
    }

    fn rows(&self) -> usize {
        self.components.len() / self.schema.dim()
    }
}

impl Snapshot for FixedSnapshot {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn version(&self) -> Version {
        Version(1)
    }

    fn len(&self) -> u64 {
        self.rows() as u64
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        match id.as_ref() {
            IdRef::Number(n) if n < self.len() => {
                self.block(0)?.record(usize::try_from(n).unwrap_or(usize::MAX)).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn block_count(&self) -> usize {
        1
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        if i > 0 {
            return Err(Error::new(ErrorKind::ContractViolation, "there is one block"));
        }
        Block::new(self, self.schema.dim(), self.schema.dim(), self.rows(), self.version())
    }

    fn push_down(&self, _: &[Query<'_>], _: &mut [Hits]) -> Result<Option<Explain>> {
        Ok(None)
    }
}

impl BlockSource for FixedSnapshot {
    fn rows(&self, range: Range<usize>) -> Result<&[f32]> {
        let dim = self.schema.dim();
        Ok(&self.components[range.start * dim..range.end * dim])
    }

    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<&[f32]> {
        BlockSource::rows(self, range)
    }

    fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
        Ok(())
    }

    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(IdRef::Number(row as u64))
    }

    fn payload(&self, _: usize) -> Result<PayloadRef<'_>> {
        Ok(PayloadRef::empty())
    }

    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}
