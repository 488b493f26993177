//! The snapshot of the reference backend: all records, copied out and sorted by id.

use std::fmt;
use std::ops::Range;

use iqdb_core::{
    Block, BlockSource, Error, ErrorKind, Explain, Hits, IdRef, Narrow, Payload, PayloadRef,
    Predicate, Query, Record, RecordId, RecordRef, Result, Schema, Snapshot, Version,
};

/// Rows per block: enough to scan in one go, few enough that threads can share the work.
const BLOCK_ROWS: usize = 4_096;

pub(crate) struct MemorySnapshot {
    schema: Schema,
    version: Version,
    blocks: Vec<MemoryBlock>,
    len: usize,
}

/// At most [`BLOCK_ROWS`] records, all alive, in columns.
struct MemoryBlock {
    dim: usize,
    ids: Vec<RecordId>,
    components: Vec<f32>,
    payloads: Vec<Payload>,
}

impl MemorySnapshot {
    pub(crate) fn new<'a>(
        schema: Schema,
        version: Version,
        records: impl Iterator<Item = &'a Record>,
    ) -> Self {
        let mut records: Vec<&Record> = records.collect();
        records.sort_unstable_by_key(|record| &record.id);
        let blocks = records
            .chunks(BLOCK_ROWS)
            .map(|records| MemoryBlock {
                dim: schema.dim(),
                ids: records.iter().map(|record| record.id.clone()).collect(),
                components: records
                    .iter()
                    .flat_map(|record| record.vector.iter().copied())
                    .collect(),
                payloads: records.iter().map(|record| record.payload.clone()).collect(),
            })
            .collect();
        Self { schema, version, blocks, len: records.len() }
    }
}

impl Snapshot for MemorySnapshot {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn version(&self) -> Version {
        self.version
    }

    fn len(&self) -> u64 {
        self.len as u64
    }

    /// O(log records).
    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        // The first block whose last id is not below `id` is the only one that can hold it.
        let index = self.blocks.partition_point(|block| block.ids.last() < Some(id));
        let Some(block) = self.blocks.get(index) else {
            return Ok(None);
        };
        match block.ids.binary_search(id) {
            Ok(row) => self.block(index)?.record(row).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn block_count(&self) -> usize {
        self.blocks.len()
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        let Some(block) = self.blocks.get(i) else {
            return Err(Error::new(ErrorKind::ContractViolation, "there is no such block")
                .expected(format_args!("a block below {}", self.blocks.len()))
                .found(i));
        };
        Block::new(block, block.dim, block.dim, block.ids.len(), self.version)
    }

    fn push_down(&self, _: &[Query<'_>], _: &mut [Hits]) -> Result<Option<Explain>> {
        Ok(None)
    }
}

/// Ranges and rows are checked by [`Block`] before they get here.
impl BlockSource for MemoryBlock {
    fn rows(&self, range: Range<usize>) -> Result<&[f32]> {
        Ok(&self.components[range.start * self.dim..range.end * self.dim])
    }

    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<&[f32]> {
        self.rows(range)
    }

    fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
        Ok(())
    }

    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(self.ids[row].as_ref())
    }

    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        Ok((&self.payloads[row]).into())
    }

    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}

impl fmt::Debug for MemorySnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemorySnapshot(version {}, {} records)", self.version, self.len)
    }
}
