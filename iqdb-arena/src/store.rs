//! The public store: the traits of iqdb-core over the arena.

use std::path::Path;

use iqdb_core::{
    Applied, Batch, Budget, Capabilities, Error, ErrorKind, Field, Maintenance, Progress, Record,
    RecordId, Result, Schema, Snapshot, Store, Verified, Version,
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

/// Counts of what a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ArenaStats {
    /// Rows in memory, ended ones included.
    pub rows: u64,
    /// Rows that have not ended: the store's records.
    pub live: u64,
    /// Chunks that the rows are in.
    pub chunks: usize,
    /// Chunks that are full and sealed.
    pub sealed: usize,
    /// Replaced views that snapshots still hold, or that the next write frees.
    pub retired: usize,
}

impl ArenaStore {
    /// An empty store.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        Self::with_options(schema, ArenaOptions::new())
    }

    /// An empty store with these options.
    #[must_use]
    pub fn with_options(schema: Schema, options: ArenaOptions) -> Self {
        Self::with_faults(schema, options, Faults::none())
    }

    pub(crate) fn with_faults(schema: Schema, options: ArenaOptions, faults: Faults) -> Self {
        Self { arena: Arena::new(schema, options, faults) }
    }

    /// Makes the next version with the same records, and returns it. Existing snapshots keep their
    /// version. For a store that keeps a part of its records elsewhere and counts versions here. Waits
    /// for a running writer; readers don't wait. O(1).
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

    /// Says that another store goes on with the records from the version after `last` on: blocks of
    /// this one's snapshots don't know which rows ended there. O(1).
    pub fn hand_over(&self, last: Version) {
        self.arena.hand_over(last);
    }

    /// [`apply`](iqdb_core::StoreExt::apply), for a batch that has passed [`Batch::check_input`] with
    /// this store's schema: for a store that checks batches and keeps their records in an arena.
    ///
    /// # Errors
    /// Those of [`apply_within`](Store::apply_within), except for invalid input, which this doesn't look for.
    pub fn apply_checked(&self, batch: &Batch) -> Result<Applied> {
        self.arena.apply_checked(batch, Budget::new())
    }

    /// Copies the live rows into new, full chunks, and frees the old ones as soon as no snapshot holds
    /// them. Version and records stay the same. Writers wait, readers don't. O(live rows).
    pub fn compact(&self) {
        // Without a budget it has no errors.
        let _ = Maintenance::compact(self, Budget::new(), &mut ());
    }

    /// Counts rows, chunks and views. Waits for a running writer. O(1).
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
    fn schema(&self) -> Schema {
        self.arena.view().schema.clone()
    }

    fn capabilities(&self) -> Capabilities {
        let promised = Capabilities::none().with_wait_free_reads();
        if self.arena.bounds_space() { promised.with_space_amplification(4) } else { promised }
    }

    /// O(bytes in the batch), amortised over sealing chunks, growing the table of ids and compacting.
    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        self.arena.apply(batch, budget)
    }

    /// O(fields). Chunks keep their size in rows, and have a column of the field once a record in them
    /// has a vector of it.
    ///
    /// For a computed field O(bytes of the payloads), and as much again for what is written meanwhile,
    /// which has its turn after the rows before. Writers go on and wait only for the last rows: for
    /// about 1,000, unless they add rows faster than the field is computed. Until the field is there
    /// they don't compact. The progress counts rows.
    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        self.arena.add_field(field, self.capabilities().limits(), budget, progress)
    }

    /// O(bytes in the record).
    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        self.arena.view().get(id)?.map(|record| record.to_record()).transpose()
    }

    /// O(1).
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        Ok(self.arena.view())
    }

    /// Frees the replaced views that no snapshot holds, unless a writer is running; then a later write
    /// frees them. Never waits.
    fn flush(&self) -> Result<()> {
        self.arena.reclaim();
        Ok(())
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        Some(self)
    }
}

/// It compacts. There is nothing to be copied or to be damaged outside of the process's memory.
impl Maintenance for ArenaStore {
    /// O(live rows).
    fn compact(&self, budget: Budget<'_>, progress: &mut dyn Progress) -> Result<()> {
        let of = self.arena.view().live.into();
        progress.report(0, of);
        self.arena.compact(budget)?;
        progress.report(of, of);
        Ok(())
    }

    fn backup_to(&self, _: &Path, _: Budget<'_>, _: &mut dyn Progress) -> Result<()> {
        Err(not_in_files("backup"))
    }

    fn verify(&self, _: Budget<'_>, _: &mut dyn Progress) -> Result<Verified> {
        Err(not_in_files("verify"))
    }
}

fn not_in_files(operation: &'static str) -> Error {
    Error::new(ErrorKind::NotSupported, "the store is in memory and keeps no files")
        .during(operation)
        .hint("open a database in a directory")
}
