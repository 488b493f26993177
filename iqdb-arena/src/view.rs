//! A view: one version of the store, with everything that a snapshot reads.

use std::fmt;

use iqdb_core::{
    Block, Blocks, Error, ErrorKind, Layout, RecordId, RecordRef, Remote, Result, Schema, Shelf,
    Snapshot, Version,
};

use crate::chunk::Chunk;
use crate::generation::Generation;
use crate::layout::RowAddress;
use crate::sync::Arc;
use crate::table::Table;

/// One version of the store. A writer makes, publishes and frees it; it is immutable.
///
/// A view shows the rows whose number is below `rows` and that have not ended at `version` or before.
/// The generation and the table are shared with the writer, which adds rows from `rows` on and enters
/// them in the table. The links of such a row lead back to the row that the view shows.
pub(crate) struct View {
    pub(crate) schema: Schema,
    pub(crate) version: Version,
    /// The number of rows, ended ones included.
    pub(crate) rows: u32,
    /// The number of rows that have not ended.
    pub(crate) live: u32,
    pub(crate) generation: Arc<Generation>,
    pub(crate) table: Arc<Table>,
    /// The chunks that the rows are in.
    pub(crate) chunks: Arc<Chunks>,
    /// Of the sealed ones among them.
    pub(crate) layout: Arc<Layout>,
    pub(crate) shelf: Arc<Shelf>,
}

pub(crate) type Chunks = Box<[Arc<Chunk>]>;

impl View {
    /// The row of an id, if it is alive. O(1) on average, and O(log n) where the id has been
    /// replaced n times since.
    pub(crate) fn find(&self, id: &RecordId) -> Option<RowAddress> {
        // No record has an id that is too long, so it is not hashed.
        id.check().ok()?;
        let row = self.generation.newest_below(&self.table, id, self.rows)?;
        let (rows, address) = self.generation.locate(row)?;
        rows.is_alive(address.row, self.version).then_some(address)
    }

    /// The number of rows of chunk number `n` below `rows`, ended ones included.
    pub(crate) fn rows_in(&self, n: usize) -> usize {
        let layout = self.generation.layout();
        (self.rows as usize - layout.first_row(n)).min(layout.chunk_rows(n))
    }

    /// The live rows, each as its chunk and its number in the chunk, in the order of writing.
    pub(crate) fn live_rows(&self) -> impl Iterator<Item = (&Chunk, usize)> {
        self.chunks.iter().enumerate().flat_map(move |(n, chunk)| {
            (0..self.rows_in(n))
                .filter(|row| chunk.rows().is_alive(*row, self.version))
                .map(move |row| (&**chunk, row))
        })
    }
}

fn no_such_block(count: usize, found: usize) -> Error {
    Error::new(ErrorKind::ContractViolation, "there is no such block")
        .expected(format_args!("a block below {count}"))
        .found(found)
}

impl Snapshot for View {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn version(&self) -> Version {
        self.version
    }

    fn len(&self) -> u64 {
        self.live.into()
    }

    /// O(1) on average, and O(log n) where the id has been replaced n times since.
    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        match self.find(id) {
            Some(address) => self.block(address.chunk)?.record(address.row).map(Some),
            None => Ok(None),
        }
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for View {
    fn block_count(&self) -> usize {
        self.chunks.len()
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        let chunk = self.chunks.get(i).ok_or_else(|| no_such_block(self.chunks.len(), i))?;
        let len = self.rows_in(i);
        let block = Block::new(&**chunk, &self.schema, len, self.version)?;
        Ok(match chunk.seal() {
            Some(seal) => block.sealed(seal),
            None => block,
        })
    }

    fn shelf(&self) -> Option<&Shelf> {
        Some(&self.shelf)
    }

    fn layout(&self) -> Option<&Layout> {
        Some(&self.layout)
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArenaSnapshot(version {}, {} records)", self.version, self.live)
    }
}
