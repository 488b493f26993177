//! A generation: all rows from one compaction to the next, found by number and by id.

use std::hash::BuildHasher;
use std::sync::OnceLock;

use iqdb_core::{IdRef, RecordId};

use crate::layout::{Layout, RowAddress};
use crate::rows::{Link, Rows};
use crate::sync::Arc;
use crate::table::{Hasher, Slot, Table};

/// The number of buckets of chunks. Each bucket is twice as large as the one before, so these have
/// room for every row number.
const BUCKETS: usize = 33;

/// Cells for chunks, set in order.
type Bucket = Box<[OnceLock<Arc<Rows>>]>;

/// All rows between two compactions, visible or not. Chunks are added and never removed. Views share
/// their generation with newer views.
#[derive(Debug)]
pub(crate) struct Generation {
    layout: Layout,
    /// Secret and different for each store, so that no caller can choose ids that collide.
    hasher: Hasher,
    /// Chunk number `n` is in bucket `log2(n + 1)`.
    chunks: [OnceLock<Bucket>; BUCKETS],
}

impl Generation {
    /// The first generation of a store, empty.
    pub(crate) fn first(layout: Layout) -> Self {
        Self::new(layout, Hasher::default())
    }

    fn new(layout: Layout, hasher: Hasher) -> Self {
        Self { layout, hasher, chunks: std::array::from_fn(|_| OnceLock::new()) }
    }

    /// An empty generation with the same hasher.
    pub(crate) fn next(&self, layout: Layout) -> Self {
        Self::new(layout, self.hasher.clone())
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What ids and values are hashed with.
    pub(crate) fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    #[allow(clippy::cast_possible_truncation, reason = "any 32 bits of a hash will do")]
    pub(crate) fn hash(&self, id: IdRef<'_>) -> u32 {
        self.hasher.hash_one(id) as u32
    }

    /// Adds chunk number `n`, once.
    pub(crate) fn add(&self, n: usize, rows: Arc<Rows>) {
        let bucket = (n + 1).ilog2() as usize;
        let chunks =
            self.chunks[bucket].get_or_init(|| (0..1 << bucket).map(|_| OnceLock::new()).collect());
        let _ = chunks[n + 1 - (1 << bucket)].set(rows);
    }

    /// Chunk number `n`, if it has been added. O(1), never waits.
    pub(crate) fn chunk(&self, n: usize) -> Option<&Arc<Rows>> {
        let bucket = (n + 1).ilog2() as usize;
        self.chunks.get(bucket)?.get()?.get(n + 1 - (1 << bucket))?.get()
    }

    /// The chunk that a row is in, and the row's address.
    #[inline]
    pub(crate) fn locate(&self, row: u32) -> Option<(&Rows, RowAddress)> {
        let address = self.layout.address(row as usize);
        Some((self.chunk(address.chunk)?, address))
    }

    /// The newest row of an id, published or not, and its slot.
    pub(crate) fn newest(&self, table: &Table, hash: u32, id: IdRef<'_>) -> Option<(Slot, u32)> {
        table.find(hash, |row| {
            self.locate(row)
                .and_then(|(rows, address)| rows.id(address.row))
                .is_some_and(|found| found.as_ref() == id)
        })
    }

    /// The last row of an id below `rows`. O(1) on average for the search in the table, and O(log n)
    /// for the walk along the links, for n rows of the id from `rows` on.
    pub(crate) fn newest_below(&self, table: &Table, id: &RecordId, rows: u32) -> Option<u32> {
        let id = id.as_ref();
        let (_, mut row) = self.newest(table, self.hash(id), id)?;
        while row >= rows {
            row = self.link(row)?.towards(rows)?;
        }
        Some(row)
    }

    /// The links from a row to the earlier rows of its id.
    pub(crate) fn link(&self, row: u32) -> Option<Link> {
        let (rows, address) = self.locate(row)?;
        rows.link(address.row)
    }
}
