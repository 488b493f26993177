//! The snapshots of the store of records in a map, with a defect in how they read many records.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Weak};

use iqdb_core::{
    Aggregate, Aggregated, Block, Blocks, Budget, Cursor, Filter, Layout, Page, Parts, RecordId,
    RecordRef, Remote, Result, Rows, RowsSnapshot, Schema, Shelf, Snapshot, StoredRecord, Version,
    aggregate_blocks, get_each, scroll_blocks,
};

use crate::defect::Defect;
use crate::map_store::{State, lock};
use crate::reading::{arranged, whole};
use crate::{bulk, id_order};

#[derive(Debug)]
pub(crate) struct MapSnapshot {
    inner: RowsSnapshot,
    defect: Option<Defect>,
    /// All ids in their order.
    ids: Vec<RecordId>,
    store: Weak<Mutex<State>>,
    is_released: AtomicBool,
}

impl MapSnapshot {
    pub(crate) fn new<'a>(
        schema: Schema,
        version: Version,
        records: impl IntoIterator<Item = &'a StoredRecord> + Clone,
        defect: Option<Defect>,
        store: Weak<Mutex<State>>,
    ) -> Result<Self> {
        let mut ids: Vec<_> =
            records.clone().into_iter().map(|stored| stored.record.id.clone()).collect();
        ids.sort_unstable();
        let inner = RowsSnapshot::new(schema, version, records)?;
        Ok(Self { inner, defect, ids, store, is_released: AtomicBool::new(false) })
    }

    /// Forgets what it was of, and shows the store as it is.
    pub(crate) fn release(&self) {
        self.is_released.store(true, Ordering::SeqCst);
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// The parts that are read into rows: those of an older schema keep to its fields.
    fn parts(&self, parts: Parts, rows: &Rows) -> Parts {
        let (old, new) = (rows.schema().fields(), self.schema().fields());
        let is_older = old.len() < new.len() && new.starts_with(old);
        if !(self.has(Defect::RowsKeepTheirFirstFields) && is_older) {
            return parts;
        }
        let kept = if parts.payload() { Parts::ID.with_payload() } else { Parts::ID };
        let fields = rows.schema().iter().map(|(field, _)| field);
        fields.filter(|field| parts.has(*field)).fold(kept, Parts::with_field)
    }

    /// The record that the store has now, if the snapshot reads that; or `None`.
    fn of_now(&self, id: &RecordId) -> Option<Option<RecordRef<'static>>> {
        let store = self.store.upgrade()?;
        let state = lock(&store);
        let age = state.version.0 - self.version().0;
        let is_old = self.has(Defect::A256thVersionReplacesTheFirst) && age >= 256;
        (is_old || self.is_released.load(Ordering::SeqCst))
            .then(|| state.get(id).cloned().map(RecordRef::from))
    }
}

impl Snapshot for MapSnapshot {
    fn schema(&self) -> &Schema {
        self.inner.schema()
    }

    fn version(&self) -> Version {
        self.inner.version()
    }

    fn len(&self) -> u64 {
        match self.defect {
            Some(Defect::LengthsAreOf16Bits) => self.inner.len() & u64::from(u16::MAX),
            _ => self.inner.len(),
        }
    }

    fn get(&self, id: &RecordId) -> Result<Option<RecordRef<'_>>> {
        if let Some(found) = self.of_now(id) {
            return Ok(found);
        }
        match (self.defect, self.ids.binary_search(id)) {
            (Some(Defect::RowNumbersAreOf16Bits), Ok(row)) => {
                self.inner.get(&self.ids[row & usize::from(u16::MAX)])
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
        let ids = match self.defect {
            Some(Defect::A999thIdIsTheLast) => &ids[..ids.len().min(999)],
            _ => ids,
        };
        let parts = self.parts(parts, out);
        get_each(self, ids, parts, out, budget)
    }

    fn scroll(&self, page: &Page<'_>, out: &mut Rows) -> Result<Option<Cursor>> {
        let page = &page.with_parts(self.parts(page.parts(), out));
        if let Some(order) = id_order::of_pages(self.defect)
            && page.order().is_none()
        {
            return id_order::scroll(self, page, out, order);
        }
        match self.defect {
            Some(Defect::PagesHaveAThousandAtMost) if page.limit() > 1_000 => {
                let cut = whole(page, 1_000);
                scroll_blocks(self, &page.after().map_or(cut, |after| cut.with_after(after)), out)?;
                Ok(None)
            }
            Some(Defect::PagesHaveTenThousandAtMost) if page.limit() > 10_000 => {
                let cut = whole(page, 10_000);
                scroll_blocks(self, &page.after().map_or(cut, |after| cut.with_after(after)), out)
            }
            Some(Defect::TextsSortByTheirFirst1024Bytes) => {
                arranged(self, page, out, |path, records| {
                    records
                        .chunk_by_mut(|a, b| bulk::sorts_alike(path, a, b))
                        .for_each(|alike| alike.sort_by(|a, b| a.id.cmp(&b.id)));
                })
            }
            _ => scroll_blocks(self, page, out),
        }
    }

    fn aggregate(
        &self,
        wanted: &[Aggregate<'_>],
        filter: Option<&Filter>,
        budget: Budget<'_>,
    ) -> Result<Vec<Aggregated>> {
        let mut found = aggregate_blocks(self, wanted, filter, budget)?;
        for found in &mut found {
            match (self.defect, found) {
                (Some(Defect::LargeCountsAreRounded), Aggregated::Count(count))
                    if *count > 1_000 =>
                {
                    *count -= *count % 100;
                }
                (Some(Defect::AThousandDifferentValuesAtMost), Aggregated::Distinct(values)) => {
                    values.truncate(1_000);
                }
                (Some(Defect::AThousandDifferentValuesAtMost), Aggregated::Facet(values)) => {
                    values.truncate(1_000);
                }
                _ => {}
            }
        }
        match self.defect {
            Some(defect) => bulk::aggregated(defect, self, wanted, filter, found),
            None => Ok(found),
        }
    }

    fn blocks(&self) -> Option<&dyn Blocks> {
        Some(self)
    }

    fn remote(&self) -> Option<&dyn Remote> {
        None
    }
}

impl Blocks for MapSnapshot {
    fn block_count(&self) -> usize {
        let count = self.inner.block_count();
        match self.defect {
            Some(Defect::OnlyTheFirstBlockIsLent) => count.min(1),
            Some(Defect::SixteenBlocksAtMost) => count.min(16),
            _ => count,
        }
    }

    fn block(&self, i: usize) -> Result<Block<'_>> {
        self.inner.block(i)
    }

    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }
}
