//! The store as its users see it.

use iqdb_core::{
    Applied, Batch, Capabilities, Record, RecordId, Result, Schema, Snapshot, Store, Version,
};

use crate::arena::Arena;
use crate::fault::Faults;
use crate::options::ArenaOptions;
use crate::sync::Arc;

/// A store in memory whose readers never wait.
///
/// ```
/// use iqdb_arena::ArenaStore;
/// use iqdb_core::{Metric, Record, Schema, Snapshot, Store, StoreExt};
///
/// let store = ArenaStore::new(Schema::new(2, Metric::Euclidean)?);
/// store.upsert(Record::new("a", [0.0, 1.0])?)?;
/// let before = store.snapshot()?;
/// store.delete("a")?;
/// assert!(before.get(&"a".into())?.is_some());
/// assert!(store.get(&"a".into())?.is_none());
/// # Ok::<(), iqdb_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ArenaStore {
    arena: Arena,
}

/// How a store is doing: counted, not measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ArenaStats {
    /// Rows that are kept, dead ones included.
    pub rows: u64,
    /// Rows that are alive: the store's records.
    pub live: u64,
    /// Chunks that the rows are in.
    pub chunks: usize,
    /// Chunks that are full and sealed.
    pub sealed: usize,
    /// Former views that are still held by snapshots, or wait for the next write to free them.
    pub retired: usize,
}

impl ArenaStore {
    /// An empty store.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        Self::with_options(schema, ArenaOptions::new())
    }

    /// An empty store, laid out as asked.
    #[must_use]
    pub fn with_options(schema: Schema, options: ArenaOptions) -> Self {
        Self::with_faults(schema, options, Faults::none())
    }

    pub(crate) fn with_faults(schema: Schema, options: ArenaOptions, faults: Faults) -> Self {
        Self { arena: Arena::new(schema, options, faults) }
    }

    /// Makes the next version without a change, and returns it: the same records at a higher
    /// version. Snapshots that are held keep theirs. For a store that keeps some of its records
    /// elsewhere and counts versions here. Waits for a writer at work; readers don't wait. O(1).
    ///
    /// ```
    /// use iqdb_arena::{ArenaOptions, ArenaStore};
    /// use iqdb_core::{Metric, Schema, Store, StoreExt, Version};
    ///
    /// let options = ArenaOptions::new().with_first_version(Version(7));
    /// let store = ArenaStore::with_options(Schema::new(2, Metric::Euclidean)?, options);
    /// assert_eq!(store.advance(), Version(8));
    /// assert_eq!(store.snapshot()?.version(), Version(8));
    /// # Ok::<(), iqdb_core::Error>(())
    /// ```
    pub fn advance(&self) -> Version {
        self.arena.advance()
    }

    /// Copies the live rows into new, full chunks, and gives the rest of the memory back as soon as
    /// no snapshot holds it. Changes nothing that can be read. Writers wait, readers don't.
    /// O(live rows).
    pub fn compact(&self) {
        self.arena.compact();
    }

    /// How the store is doing. Waits for a writer at work.
    #[must_use]
    pub fn stats(&self) -> ArenaStats {
        let writer = self.arena.lock();
        let (chunks, sealed) = writer.builder().chunk_counts();
        ArenaStats {
            rows: writer.builder().rows().into(),
            live: writer.view().live.into(),
            chunks,
            sealed,
            retired: writer.retired(),
        }
    }

    #[cfg(test)]
    pub(crate) fn arena(&self) -> &Arena {
        &self.arena
    }
}

impl Store for ArenaStore {
    fn schema(&self) -> &Schema {
        self.arena.schema()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_wait_free_reads()
    }

    /// O(bytes in the batch), amortised: now and then a chunk is sealed, the table of ids grows, or
    /// dead rows are compacted away.
    fn apply(&self, batch: &Batch) -> Result<Applied> {
        self.arena.apply(batch)
    }

    /// O(bytes in the record).
    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.arena.view().get(id)?.map(|record| record.to_record()).transpose()
    }

    /// O(1).
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        Ok(self.arena.view())
    }

    /// Returns at once, having freed what no snapshot holds any more, unless a writer is at work;
    /// then a later write does.
    fn flush(&self) -> Result<()> {
        self.arena.reclaim();
        Ok(())
    }
}
