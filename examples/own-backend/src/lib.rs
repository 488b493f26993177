//! A backend of one's own, in the fewest steps: a map behind a mutex.
//!
//! Read it from top to bottom. A backend is three things, each a trait of `iqdb-core`:
//!
//! 1. a [`Store`], which applies batches and hands out snapshots: [`Toy`];
//! 2. a [`Snapshot`], which never changes again: [`ToySnapshot`];
//! 3. a [`BlockSource`](iqdb_core::BlockSource), which lends a snapshot's vectors as one column per
//!    field, so that a search can run over them at full speed: here core's [`Rows`].
//!
//! There is nothing about searching in here. Any `Search`, such as `iqdb_search::ExactSearch`, works
//! over any snapshot. And there is nothing to test in here: `tests/conformance.rs` runs the whole
//! suite.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use iqdb_core::{
    Applied, Batch, Block, Blocks, Capabilities, Effect, Error, ErrorKind, Filter, Layout, Record,
    RecordId, RecordRef, Remote, Resolved, Result, Rows, Schema, Shelf, Snapshot, Store, Version,
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

/// What core asks of the records when it resolves a batch.
impl iqdb_core::State for State {
    fn record(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        Ok(self.records.get(id).map(RecordRef::from))
    }

    fn matching(&self, filter: &Filter) -> Result<Vec<RecordId>> {
        let mut found = Vec::new();
        for record in self.records.values() {
            if filter.matches(record)? {
                found.push(record.id.clone());
            }
        }
        Ok(found)
    }
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
        // A batch is made of statements, of which there may be more some day. Core turns them into
        // effects, which are few and plain, and counts the statements that have none.
        let Resolved { effects, mut applied } = batch.resolve(&*state, state.version)?;
        for effect in effects {
            // In order, and each counted once.
            let id = effect.to_id();
            applied.count(&effect, state.records.contains_key(&id));
            match effect {
                Effect::Put(record) => {
                    state.records.insert(id, record.clone());
                }
                Effect::PutRow(rows, row) => {
                    state.records.insert(id, rows.record(row)?.to_record()?);
                }
                Effect::Remove(_) => {
                    state.records.remove(&id);
                }
                Effect::SetPayload(..) | Effect::SetVectors(..) => {
                    if let Some(record) = state.records.get_mut(&id) {
                        effect.apply_to(record);
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
        let block = Rows::of_records(&self.schema, records.values())?;
        Ok(Arc::new(ToySnapshot { schema: self.schema.clone(), version, block }))
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
    /// The records in the order of their ids.
    block: Rows,
}

impl Snapshot for ToySnapshot {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn version(&self) -> Version {
        self.version
    }

    fn len(&self) -> u64 {
        self.block.ids().len() as u64
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        match self.block.ids().binary_search(id.as_ref()) {
            Ok(row) => self.block(0)?.record(row).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// All rows are in one block. More blocks are for backends that store rows in pieces, or more
    /// of them than the 16 million (`limits::BLOCK_ROWS_MAX`) that fit in one.
    /// `None`, as for the layout: no block is sealed, so nothing derived from one could be kept.
    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for ToySnapshot {
    fn block_count(&self) -> usize {
        1
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        if i > 0 {
            return Err(Error::new(ErrorKind::ContractViolation, "there is no such block")
                .expected("block 0")
                .found(i));
        }
        // Step 3: the rows. A `Rows` keeps the vectors of each field in one column, in which a
        // record that lacks the field has no row, and all of its rows are alive. A backend that
        // keeps deleted rows, or columns of payloads, writes a `BlockSource` of its own.
        Block::new(&self.block, &self.schema, self.block.ids().len(), self.version)
    }

    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }
}
