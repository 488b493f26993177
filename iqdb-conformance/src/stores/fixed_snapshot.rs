//! A snapshot of one block with given rows, valid or not: the rows that a store refuses, as damaged
//! memory would show them.

use std::ops::Range;

use iqdb_core::{
    Block, BlockSource, Blocks, Error, ErrorKind, FieldId, IdRef, Layout, Matrix, Metric, Narrow,
    PayloadRef, Predicate, RecordId, RecordRef, Remote, Result, RowsRef, Schema, Shelf, Snapshot,
    VectorColumn, Version,
};

/// A snapshot of one block. Row `n` is the vector of the record with the id `n` and no payload.
#[derive(Debug)]
pub(crate) struct FixedSnapshot {
    schema: Schema,
    dim: usize,
    components: Vec<f32>,
}

impl FixedSnapshot {
    /// A snapshot of the rows in `components`, each of `dim` of them.
    pub(crate) fn new(dim: usize, metric: Metric, components: Vec<f32>) -> Result<Self> {
        Ok(Self { schema: Schema::new(dim, metric)?, dim, components })
    }

    fn row_count(&self) -> usize {
        self.components.len() / self.dim
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
        self.row_count() as u64
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        match id.as_ref() {
            IdRef::Number(n) if n < self.len() => {
                self.block(0)?.record(usize::try_from(n).unwrap_or(usize::MAX)).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for FixedSnapshot {
    fn block_count(&self) -> usize {
        1
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        if i > 0 {
            return Err(Error::new(ErrorKind::ContractViolation, "there is one block"));
        }
        Block::new(self, &self.schema, self.row_count(), self.version())
    }

    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }
}

impl VectorColumn for FixedSnapshot {
    fn rows_of(&self) -> Option<&[u32]> {
        None
    }

    fn rows(&self, range: Range<usize>) -> Result<RowsRef<'_>> {
        let components = &self.components[range.start * self.dim..range.end * self.dim];
        Matrix::new(components, self.dim, self.dim).map(RowsRef::F32)
    }

    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<RowsRef<'_>> {
        self.rows(range)
    }
}

impl BlockSource for FixedSnapshot {
    fn column(&self, _: FieldId) -> Result<Option<&dyn VectorColumn>> {
        Ok(Some(self))
    }

    fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
        Ok(())
    }

    fn is_alive(&self, _: usize, _: Version) -> Result<bool> {
        Ok(true)
    }

    fn ended(&self, _: Version, _: Version, _: &mut Vec<u32>) -> Result<bool> {
        Ok(true)
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
