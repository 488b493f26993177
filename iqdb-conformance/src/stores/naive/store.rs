//! A store that is a [`Model`] behind a lock, with its rows laid out in chunks beside it.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use iqdb_core::{
    Applied, Batch, Block, Blocks, Budget, Capabilities, Effect, Error, ErrorKind, Feed, Field,
    Layout, Maintenance, Progress, Record, RecordId, RecordRef, Remote, Result, Schema, SealId,
    Shelf, Snapshot, Store, Version,
};

use super::chunk::{self, View};
use crate::Model;

/// The slowest correct store: it copies everything into each snapshot.
#[derive(Debug)]
pub struct NaiveStore {
    history: u128,
    state: Mutex<NaiveSnapshot>,
    shelf: Arc<Shelf>,
}

/// Everything that a [`NaiveStore`] held at one version.
#[derive(Debug, Clone)]
pub struct NaiveSnapshot {
    model: Model,
    views: Vec<View>,
    layout: Arc<Layout>,
    shelf: Arc<Shelf>,
    /// The version that put or removed an id last.
    changed: BTreeMap<RecordId, Version>,
}

/// A number that no other store draws.
fn random_history() -> u128 {
    let draw = || u128::from(RandomState::new().hash_one(0));
    draw() << 64 | draw()
}

impl NaiveStore {
    /// An empty store.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        let (model, shelf) = (Model::new(schema), Arc::new(Shelf::new()));
        let (views, layout, changed) = (Vec::new(), Arc::default(), BTreeMap::new());
        let state = NaiveSnapshot { model, views, layout, shelf: Arc::clone(&shelf), changed };
        Self { history: random_history(), state: Mutex::new(state), shelf }
    }

    pub(super) fn history(&self) -> u128 {
        self.history
    }

    pub(super) fn read<T>(&self, read: impl FnOnce(&mut NaiveSnapshot) -> T) -> T {
        // Writers change a copy, so the state is consistent even after a panic under the lock.
        read(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl NaiveSnapshot {
    /// Which blocks are sealed, and by which seals.
    fn seals(&self) -> Vec<(usize, SealId)> {
        let seals = self.views.iter().map(View::seal_id).enumerate();
        seals.filter_map(|(n, seal)| Some((n, seal?))).collect()
    }
}

impl Store for NaiveStore {
    fn schema(&self) -> Schema {
        self.read(|state| state.model.schema().clone())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none()
    }

    fn apply_within(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let applied = self.read(|state| {
            let mut next = state.clone();
            let applied = next.model.apply(batch)?;
            budget.check()?;
            let effects = batch.resolve(state, applied.version)?.effects;
            let touched: BTreeSet<_> = effects.iter().map(Effect::to_id).collect();
            next.views.iter_mut().for_each(|view| view.end(&touched, applied.version));
            for id in &touched {
                if let Some(record) = next.model.get(id) {
                    chunk::append(&mut next.views, next.model.schema(), record, None)?;
                }
            }
            let ids = effects.iter().map(Effect::to_id);
            next.changed.extend(ids.map(|id| (id, applied.version)));
            next.views.retain(View::has_live_rows);
            chunk::compact(&mut next.views, next.model.schema(), &next.model)?;
            next.views.iter_mut().for_each(|view| view.see(applied.version));
            if next.seals() != state.seals() {
                next.layout = Arc::default();
            }
            *state = next;
            Ok(applied)
        });
        self.shelf.reclaim();
        applied
    }

    fn add_field(
        &self,
        field: Field,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        let version = self.read(|state| {
            let mut next = state.clone();
            let version = next.model.add_field(field, self.capabilities().limits())?;
            chunk::add_column(&mut next.views, next.model.schema())?;
            budget.check()?;
            next.views.iter_mut().for_each(|view| view.see(version));
            *state = next;
            Ok::<_, Error>(version)
        })?;
        progress.report(1, 1);
        Ok(version)
    }

    fn get(&self, id: &RecordId) -> Result<Option<Record>> {
        Ok(self.read(|state| state.model.get(id).cloned()))
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>> {
        Ok(Arc::new(self.read(|state| state.clone())))
    }

    fn flush(&self) -> Result<()> {
        self.shelf.reclaim();
        Ok(())
    }

    fn feed(&self) -> Option<&dyn Feed> {
        Some(self)
    }

    fn maintenance(&self) -> Option<&dyn Maintenance> {
        Some(self)
    }
}

impl NaiveSnapshot {
    pub(super) fn model(&self) -> &Model {
        &self.model
    }

    pub(super) fn changed(&self) -> &BTreeMap<RecordId, Version> {
        &self.changed
    }

    /// Lays the rows out anew, without dead ones.
    pub(super) fn pack(&mut self) -> Result<()> {
        let version = self.model.version();
        chunk::pack(&mut self.views, self.model.schema(), &self.model)?;
        self.views.iter_mut().for_each(|view| view.see(version));
        self.layout = Arc::default();
        Ok(())
    }
}

impl Snapshot for NaiveSnapshot {
    fn schema(&self) -> &Schema {
        self.model.schema()
    }

    fn version(&self) -> Version {
        self.model.version()
    }

    fn len(&self) -> u64 {
        self.model.len() as u64
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        Ok(self.model.get(id).map(Into::into))
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for NaiveSnapshot {
    fn block_count(&self) -> usize {
        self.views.len()
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        let view = self.views.get(i).ok_or_else(|| {
            Error::new(ErrorKind::ContractViolation, "there is no such block")
                .expected(format_args!("a block below {}", self.views.len()))
                .found(i)
        })?;
        view.block(self.model.schema(), self.version())
    }

    fn shelf(&self) -> Option<&Shelf> {
        Some(&self.shelf)
    }

    fn layout(&self) -> Option<&Layout> {
        Some(&self.layout)
    }
}
