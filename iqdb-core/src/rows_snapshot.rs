//! A snapshot over copies of records, for stores that share nothing with their snapshots.

use std::fmt;

use crate::{
    Block, Blocks, Error, ErrorKind, Layout, RecordId, RecordRef, Remote, Result, Rows, Schema,
    Shelf, Snapshot, StoredRecord, Version,
};

/// Rows per block: enough to scan in one go, few enough that threads can share the work.
const BLOCK_ROWS: usize = 4_096;

/// A snapshot of records that were copied, sorted by id, in blocks of a few thousand. It owns what it
/// shows, seals nothing and has no shelf.
///
/// ```
/// use iqdb_core::{Metric, Record, RowsSnapshot, Schema, Snapshot, StoredRecord, Version};
///
/// let records = [Record::new(2, [0.5])?, Record::new(1, [0.25])?].map(StoredRecord::from);
/// let snapshot = RowsSnapshot::new(Schema::new(1, Metric::Dot)?, Version(1), &records)?;
/// assert_eq!(snapshot.len(), 2);
/// assert_eq!(snapshot.get(&1.into())?.unwrap().to_record()?, records[1].record);
/// # Ok::<(), iqdb_core::Error>(())
/// ```
pub struct RowsSnapshot {
    schema: Schema,
    version: Version,
    /// Each of at most [`BLOCK_ROWS`] records.
    blocks: Vec<Rows>,
    len: usize,
}

impl RowsSnapshot {
    /// A snapshot with a copy of each of these records and of what was computed of them; no two have one
    /// id.
    /// O(bytes + records log records).
    ///
    /// # Errors
    /// Those of [`Rows::push`], for a record that the schema can't have.
    pub fn new<'a>(
        schema: Schema,
        version: Version,
        records: impl IntoIterator<Item = &'a StoredRecord>,
    ) -> Result<Self> {
        let mut records: Vec<&StoredRecord> = records.into_iter().collect();
        records.sort_unstable_by_key(|stored| &stored.record.id);
        let blocks = records
            .chunks(BLOCK_ROWS)
            .map(|records| Rows::of_stored(&schema, records))
            .collect::<Result<_>>()?;
        Ok(Self { schema, version, blocks, len: records.len() })
    }
}

impl Snapshot for RowsSnapshot {
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

impl Blocks for RowsSnapshot {
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

impl fmt::Debug for RowsSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowsSnapshot(version {}, {} records)", self.version, self.len)
    }
}
