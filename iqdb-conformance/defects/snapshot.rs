//! The naive store's snapshots, with a defect planted in front of them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread;

use iqdb_conformance::naive::NaiveStore;
use iqdb_core::limits::ID_BYTES_MAX;
use iqdb_core::{
    Aggregate, Aggregated, Block, Blocks, Budget, Cursor, Error, ErrorKind, Filter, IdRef, Layout,
    Page, Parts, RecordId, RecordRef, Remote, Result, Rows, Schema, Shelf, Snapshot, Store,
    Version,
};

use crate::block::PlantedBlock;
use crate::column::blocks_of;
use crate::defect::Defect;
use crate::shelf::{COUNTED_SEALS, THE_ONE_LAYOUT, THE_ONE_SEAL};
use crate::{reading, vectors};

#[derive(Debug)]
pub(crate) struct PlantedSnapshot {
    schema: Schema,
    /// The schema of the store when it was asked for first.
    late_schema: OnceLock<Schema>,
    inner: Arc<dyn Snapshot>,
    defect: Option<Defect>,
    deleted: u64,
    blocks: Vec<PlantedBlock>,
    store: Weak<NaiveStore>,
    poisoned: Option<Arc<AtomicBool>>,
    /// Of this snapshot alone.
    own: (Shelf, Layout),
    /// Of the store, where no writer knows it.
    shelf: Arc<Option<Shelf>>,
}

impl PlantedSnapshot {
    pub(crate) fn new(
        inner: Arc<dyn Snapshot>,
        defect: Option<Defect>,
        deleted: u64,
    ) -> Result<Self> {
        let schema = match defect {
            Some(Defect::SnapshotForgetsTheMetric) => vectors::of_cosine(inner.schema()),
            _ => inner.schema().clone(),
        };
        let mut blocks = Vec::new();
        for i in 0..blocks_of(&*inner)?.block_count() {
            blocks.push(PlantedBlock::new(&inner, i, defect)?);
        }
        Ok(Self {
            schema,
            late_schema: OnceLock::new(),
            inner,
            defect,
            deleted,
            blocks,
            store: Weak::new(),
            poisoned: None,
            own: Default::default(),
            shelf: Arc::default(),
        })
    }

    pub(crate) fn of_store(mut self, store: &Arc<NaiveStore>) -> Self {
        self.store = Arc::downgrade(store);
        self.blocks.iter_mut().for_each(|block| block.of_store(store));
        self
    }

    pub(crate) fn on_shelf(mut self, shelf: &Arc<Option<Shelf>>) -> Self {
        self.shelf = Arc::clone(shelf);
        self
    }

    pub(crate) fn poisoning(mut self, poisoned: &Arc<AtomicBool>) -> Self {
        self.poisoned = Some(poisoned.clone());
        self
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }
}

/// The part of an id that fits.
pub(crate) fn cut(text: &str) -> &str {
    // The ids that are too long in the suite are cut at a character's end by this.
    text.get(..ID_BYTES_MAX).unwrap_or(text)
}

impl Drop for PlantedSnapshot {
    fn drop(&mut self) {
        if matches!(self.defect, Some(Defect::APanicPoisons | Defect::APanicWedges))
            && thread::panicking()
            && let Some(poisoned) = &self.poisoned
        {
            poisoned.store(true, Ordering::SeqCst);
        }
    }
}

impl Snapshot for PlantedSnapshot {
    fn schema(&self) -> &Schema {
        match (self.defect, self.store.upgrade()) {
            (Some(Defect::SnapshotsShareTheSchema), Some(store)) => {
                self.late_schema.get_or_init(|| store.schema())
            }
            _ => &self.schema,
        }
    }

    fn version(&self) -> Version {
        let Version(version) = self.inner.version();
        match self.defect {
            Some(Defect::SnapshotVersionLags) => Version(version.saturating_sub(1)),
            _ => Version(version),
        }
    }

    fn len(&self) -> u64 {
        match self.defect {
            Some(Defect::DeleteForgetsLen) => self.inner.len() + self.deleted,
            _ => self.inner.len(),
        }
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        match (self.defect, id.as_ref()) {
            (Some(Defect::SnapshotGetFindsNothing), _) => Ok(None),
            (Some(Defect::SnapshotCutsLongIds), IdRef::Text(text)) => {
                self.inner.get(&cut(text).into())
            }
            (Some(Defect::SnapshotSeesLaterWrites), _) => match self.store.upgrade() {
                Some(store) => Ok(store.get(id)?.map(RecordRef::from)),
                None => self.inner.get(id),
            },
            (Some(Defect::SnapshotDiesWithItsStore), _) if self.store.strong_count() == 0 => {
                Err(Error::new(ErrorKind::Io, "the store is closed"))
            }
            _ => self.inner.get(id),
        }
    }

    fn get_many(
        &self,
        ids: &[RecordId],
        parts: Parts,
        out: &mut Rows,
        budget: Budget<'_>,
    ) -> Result<()> {
        reading::get_many(self.defect, self, ids, parts, out, budget)
    }

    fn scroll(&self, page: &Page<'_>, out: &mut Rows) -> Result<Option<Cursor>> {
        reading::scroll(self.defect, self, page, out)
    }

    fn aggregate(
        &self,
        wanted: &[Aggregate<'_>],
        filter: Option<&Filter>,
        budget: Budget<'_>,
    ) -> Result<Vec<Aggregated>> {
        reading::aggregate(self.defect, self, wanted, filter, budget)
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        let has_some = !self.has(Defect::EmptyHasNoBlocks) || self.inner.len() > 0;
        has_some.then_some(self as &dyn Blocks)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for PlantedSnapshot {
    fn block_count(&self) -> usize {
        match self.defect {
            Some(Defect::LastBlockIsForgotten) => self.blocks.len().saturating_sub(1),
            _ => self.blocks.len(),
        }
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        let i = match self.defect {
            Some(Defect::LastBlockStandsInForAny) => i.min(self.blocks.len().saturating_sub(1)),
            _ => i,
        };
        let planted = self
            .blocks
            .get(i)
            .ok_or_else(|| Error::new(ErrorKind::ContractViolation, "there is no such block"))?;
        let inner = blocks_of(&*self.inner)?.block(i)?;
        let at = match self.defect {
            Some(Defect::BlockIsAtAnotherVersion) => self.version().next(),
            _ => inner.at(),
        };
        let block = Block::new(planted, &self.schema, inner.len(), at)?;
        Ok(match inner.seal() {
            Some(_) if self.has(Defect::NothingIsSealed) => block,
            Some(_) if self.has(Defect::OneSealForAll) => block.sealed(&THE_ONE_SEAL),
            Some(_) if self.has(Defect::SealsAreCounted) => block.sealed(&COUNTED_SEALS[i % 512]),
            Some(seal) if self.has(Defect::LineageIsOffByOne) => {
                block.sealed(planted.seal().unwrap_or(seal))
            }
            Some(seal) => block.sealed(seal),
            None => block,
        })
    }

    fn shelf(&self) -> Option<&Shelf> {
        match (self.defect, &*self.shelf) {
            (Some(Defect::ShelfDiesWithItsSnapshot), _) => Some(&self.own.0),
            (_, Some(shelf)) => Some(shelf),
            _ => self.inner.blocks()?.shelf(),
        }
    }

    fn layout(&self) -> Option<&Layout> {
        match self.defect {
            Some(Defect::OneLayoutForAll) => Some(&THE_ONE_LAYOUT),
            Some(Defect::LayoutsAreNotShared) => Some(&self.own.1),
            _ => self.inner.blocks()?.layout(),
        }
    }
}
