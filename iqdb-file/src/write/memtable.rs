//! The memtable: the records that the log has added to the segments, as a store in memory.

use std::sync::Arc;

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_core::{
    Applied, Batch, Change, Result, Schema, SealId, Snapshot, SnapshotExt, Store, StoreExt, Version,
};

use crate::fault::InjectedFault;
use crate::format::manifest::Manifest;

/// The records of the log, with the version and the number of records of the whole database. All of
/// that may be ahead of what is on the disk.
#[derive(Debug)]
pub(crate) struct Memtable {
    records: ArenaStore,
    version: Version,
    /// Records of the database, those in segments included.
    live: u64,
    /// The log that the records are of, and how many stores there have been for it.
    log: u64,
    stores: u64,
    fault: InjectedFault,
}

impl Memtable {
    /// An empty memtable over the segments of this manifest, which have `live` records.
    pub(crate) fn new(manifest: &Manifest, live: u64, fault: InjectedFault) -> Self {
        let (version, log) = (manifest.version, manifest.log);
        let records = empty(manifest.schema.clone(), version, first_seal(fault, log, 0));
        Self { records, version, live, log, stores: 1, fault }
    }

    pub(crate) fn schema(&self) -> Schema {
        self.records.schema()
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    pub(crate) fn live(&self) -> u64 {
        self.live
    }

    /// # Errors
    /// Those of the store in memory.
    pub(crate) fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        self.records.snapshot()
    }

    /// Applies the changes of a batch whose effect on the whole database is `applied`. Checks
    /// their input unless the caller has.
    ///
    /// # Errors
    /// Those of the store in memory; then nothing has changed.
    pub(crate) fn apply(
        &mut self,
        (changes, is_checked): (&Batch, bool),
        applied: &Applied,
    ) -> Result<()> {
        let effect = match is_checked {
            true => self.records.apply_checked(changes)?,
            false => self.records.apply(changes)?,
        };
        if !effect.has_effect() {
            self.records.advance();
        }
        self.version = applied.version;
        self.live = (self.live + applied.inserted).saturating_sub(applied.deleted);
        Ok(())
    }

    /// Says that the records go on in a segment.
    pub(crate) fn hand_over(&self) {
        self.records.hand_over(self.version);
    }

    /// Goes back to a published version, whose memtable had these records.
    ///
    /// # Errors
    /// Those of reading and copying the records.
    pub(crate) fn restore(
        &mut self,
        published: &dyn Snapshot,
        version: Version,
        live: u64,
    ) -> Result<()> {
        let mut batch = Batch::new();
        for record in published.records(None) {
            batch.push(Change::Upsert(record?.to_record()?));
        }
        let schema = self.records.schema();
        let first_seal = first_seal(self.fault, self.log, self.stores);
        self.stores += 1;
        // The later versions of these records were never published; others will be.
        self.records.hand_over(version);
        self.records = match batch.changes().is_empty() {
            true => empty(schema, version, first_seal),
            false => {
                let before = Version(version.0.saturating_sub(1));
                let records = empty(schema, before, first_seal);
                records.apply_checked(&batch)?;
                records
            }
        };
        (self.version, self.live) = (version, live);
        Ok(())
    }
}

/// The id of the first block that a store seals. Random, but in a run that has to repeat.
fn first_seal(fault: InjectedFault, log: u64, store: u64) -> SealId {
    // Far from the numbers of files.
    let number = 1 << 63 | log << 24 | store << 1;
    let halves = [number, number | 1].map(|number| u128::from(fault.random(number)));
    SealId::from_u128(halves[0] << 64 | halves[1])
}

/// An empty store whose versions are those of the database.
fn empty(schema: Schema, version: Version, first_seal: SealId) -> ArenaStore {
    // A large batch fills some MiB of it, and soon all of it is sealed.
    let options = ArenaOptions::new()
        .with_first_version(version)
        .with_huge_pages(false)
        .with_first_seal(first_seal);
    ArenaStore::with_options(schema, options)
}
