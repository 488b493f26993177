//! The snapshot of the reference backend: all records, copied out and sorted by id.

use std::fmt;

use iqdb_core::{
    Block, Blocks, Error, ErrorKind, Layout, Record, RecordId, RecordRef, Remote, Result, Rows,
    Schema, Shelf, Snapshot, Version,
};

/// Rows per block: enough to scan in one go, few enough that threads can share the work.
const BLOCK_ROWS: usize = 4_096;

pub(crate) struct MemorySnapshot {
    schema: Schema,
    version: Version,
    /// Each of at most [`BLOCK_ROWS`] records.
    blocks: Vec<Rows>,
    len: usize,
}

impl MemorySnapshot {
    pub(crate) fn new<'a>(
        schema: Schema,
        version: Version,
        records: impl Iterator<Item = &'a Record>,
    ) -> Result<Self> {
        let mut records: Vec<&Record> = records.collect();
        records.sort_unstable_by_key(|record| &record.id);
        let blocks = records
            .chunks(BLOCK_ROWS)
            .map(|records| Rows::of_records(&schema, records.iter().copied()))
            .collect::<Result<_>>()?;
        Ok(Self { schema, version, blocks, len: records.len() })
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
        let index = self.blocks.partition_point(|block| {
            let last = block.len().checked_sub(1).and_then(|last| block.ids().get(last));
            last < Some(id.as_ref())
        });
        let Some(block) = self.blocks.get(index) else {
            return Ok(None);
        };
        match block.ids().binary_search(id.as_ref()) {
            Ok(row) => self.block(index)?.record(row).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for MemorySnapshot {
    fn block_count(&self) -> usize {
        self.blocks.len()
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        let Some(block) = self.blocks.get(i) else {
            return Err(Error::new(ErrorKind::ContractViolation, "there is no such block")
                .expected(format_args!("a block below {}", self.blocks.len()))
                .found(i));
        };
        block.block(self.version)
    }

    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }
}

impl fmt::Debug for MemorySnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemorySnapshot(version {}, {} records)", self.version, self.len)
    }
}
