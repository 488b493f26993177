//! A backend of one's own, in the fewest steps: a map behind a mutex.
//!
//! Read it from top to bottom. A backend is three things, each a trait of `iqdb-core`:
//!
//! 1. a [`Store`], which applies batches and hands out snapshots: [`Toy`];
//! 2. a [`Snapshot`], which never changes again: [`ToySnapshot`];
//! 3. a [`BlockSource`], which lends a snapshot's rows as one matrix, so that a search can run over
//!    them at full speed: here the snapshot itself.
//!
//! There is nothing about searching in here. Any `Search`, such as `iqdb_search::ExactSearch`, works
//! over any snapshot. And there is nothing to test in here: `tests/conformance.rs` runs the whole
//! suite.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iqdb_core::{
    Applied, Batch, Block, BlockSource, Capabilities, Change, Error, ErrorKind, Explain, Hits,
    IdRef, Narrow, PayloadRef, Predicate, Query, Record, RecordId, RecordRef, Result, Schema,
    Snapshot, Store, Version,
};

// ── Step 1: the store ───────────────────────────────────────────────────────────────────────────

/// A store of records in a map.
#[derive(Debug)]
pub struct Toy {
    // Outside the mutex, because `schema` lends it and it never changes.
    schema: Schema,
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone)]
struct State {
    version: Version,
    records: BTreeMap<RecordId, Record>,
}

impl Toy {
    /// An empty store.
    pub fn new(schema: Schema) -> Self {
        Self { schema, state: Mutex::default() }
    }

    /// A thread that panics while it holds the lock poisons it, and the others must not notice. To
    /// go on is right here because `apply` changes nothing until nothing can fail any more.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Toy {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What a store promises here is tested. This one promises the contract and nothing more.
    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }

    /// All of the batch or nothing of it, as one version.
    fn apply(&self, batch: &Batch) -> Result<Applied> {
        let mut state = self.lock();
        // Everything that can make a batch fail, in one call, before anything changes. Under the
        // lock, or the version could move on between the check and the write. A busier backend
        // calls `check_input` before it takes the lock, and only `check_version` under it.
        batch.check(&self.schema, state.version)?;
        let mut applied = Applied::at(state.version);
        for change in batch.changes() {
            // In order: each change sees what the ones before it did, and is counted once.
            applied.count(change, state.records.contains_key(change.id()));
            match change {
                Change::Upsert(record) => {
                    state.records.insert(record.id.clone(), record.clone());
                }
                Change::Delete(id) => {
                    state.records.remove(id);
                }
                Change::SetPayload(id, payload) => {
                    if let Some(record) = state.records.get_mut(id) {
                        record.payload = payload.clone();
                    }
                }
            }
        }
        // A batch without effect leaves the version alone.
        if applied.has_effect() {
            state.version = state.version.next();
            applied.version = state.version;
        }
        Ok(applied)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        Ok(self.lock().records.get(id).cloned())
    }

    /// A copy of everything: honest, and slow. A better backend shares what has not changed.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        // The copy is taken under the lock, so that it is one version seen whole; the rest of the
        // work is done after it is released.
        let State { version, records } = self.lock().clone();
        let rows = records.values().flat_map(|record| record.vector.iter().copied()).collect();
        Ok(Arc::new(ToySnapshot {
            schema: self.schema,
            version,
            rows,
            records: records.into_values().collect(),
        }))
    }

    /// There is nothing to make durable.
    fn flush(&self) -> Result<()> {
        Ok(())
    }
}

// ── Step 2: the snapshot ────────────────────────────────────────────────────────────────────────

/// Everything that a [`Toy`] held at one version. It owns what it shows, so nothing that happens to
/// the store can reach it.
#[derive(Debug)]
pub struct ToySnapshot {
    schema: Schema,
    version: Version,
    /// In the order of their ids.
    records: Vec<Record>,
    /// The vectors of the records, one after the other.
    rows: Vec<f32>,
}

impl Snapshot for ToySnapshot {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn version(&self) -> Version {
        self.version
    }

    fn len(&self) -> u64 {
        self.records.len() as u64
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        let found = self.records.binary_search_by(|record| record.id.cmp(id));
        Ok(found.ok().map(|row| self.records[row].as_ref()))
    }

    /// All rows are in one block. More blocks are for backends that store rows in pieces, or more
    /// of them than the 16 million (`limits::BLOCK_ROWS_MAX`) that fit in one.
    fn block_count(&self) -> usize {
        1
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        if i > 0 {
            return Err(Error::new(ErrorKind::ContractViolation, "there is no such block")
                .expected("block 0")
                .found(i));
        }
        // The rows lie close together: the stride from one to the next is the dimension.
        let dim = self.schema.dim();
        Block::new(self, dim, dim, self.records.len(), self.version)
    }

    /// `None`: there is no engine in here that could answer by itself, so the blocks are scanned.
    fn push_down(&self, _: &[Query<'_>], _: &mut [Hits]) -> Result<Option<Explain>> {
        Ok(None)
    }
}

// ── Step 3: the rows ────────────────────────────────────────────────────────────────────────────

/// `Block` checks ranges and lengths before it asks, so there is no need to here.
impl BlockSource for ToySnapshot {
    fn rows(&self, range: Range<usize>) -> Result<&[f32]> {
        let dim = self.schema.dim();
        Ok(&self.rows[range.start * dim..range.end * dim])
    }

    /// Every row is alive. A backend that keeps deleted rows clears them from the mask here: rows
    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<&[f32]> {
        self.rows(range)
    }

    /// can only be taken out of it, so the order of this and of the filter doesn't matter.
    fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
        Ok(())
    }

    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(self.records[row].id.as_ref())
    }

    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        Ok(PayloadRef::from(&self.records[row].payload))
    }

    /// `false`: payloads aren't kept by column, so a filter looks at them row by row.
    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}
