//! The store without its trait: a writer behind a lock, and a published view.

use std::sync::{PoisonError, TryLockError};

use iqdb_core::{Applied, Batch, Budget, Field, Limits, Progress, Result, Schema, Shelf, Version};

use crate::backfill::Backfill;
use crate::components::row_bytes;
use crate::fault::{Defect, Faults, Stage};
use crate::generation::Generation;
use crate::layout::Layout;
use crate::options::ArenaOptions;
use crate::sync::{Arc, Mutex, MutexGuard, Published};
use crate::view::View;
use crate::writer::Writer;

#[derive(Debug)]
pub(crate) struct Arena {
    options: ArenaOptions,
    published: Published<View>,
    writer: Mutex<Writer>,
    shelf: Arc<Shelf>,
    faults: Faults,
}

impl Arena {
    pub(crate) fn new(schema: Schema, options: ArenaOptions, faults: Faults) -> Self {
        let fields = schema.fields().iter().map(Field::kind);
        let row_bytes = fields.map(|kind| row_bytes(kind.element(), kind.dim())).sum();
        let mut layout = Layout::new(row_bytes);
        if let Some((first, max)) = options.chunk_rows {
            layout = layout.with_chunk_rows(first, max);
        }
        if !options.huge_pages {
            layout = layout.without_huge_pages();
        }
        let generation = Generation::first(layout);
        let (writer, view) = Writer::new(schema, generation, &options, faults.clone());
        let shelf = Arc::clone(&view.shelf);
        let published = Published::new(view);
        #[cfg(loom)]
        let published = match faults.has(Defect::RelaxedPublication) {
            true => published.relaxed(),
            false => published,
        };
        Self { options, published, writer: Mutex::new(writer), shelf, faults }
    }

    /// Publishes the next version, with the same records and one more field.
    ///
    /// # Errors
    /// Those of [`Limits::add_field`] and of the budget, and whatever reading the payloads reports;
    /// nothing has changed then.
    pub(crate) fn add_field(
        &self,
        field: Field,
        limits: Limits,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        if field.kind().is_computed() {
            return self.add_computed(field, limits, budget, progress);
        }
        let mut writer = self.lock();
        writer.recover(&self.published);
        let schema = limits.add_field(&writer.view().schema, field)?;
        budget.check()?;
        let version = writer.advance(schema, &self.published);
        self.end_write(writer);
        progress.report(1, 1);
        Ok(version)
    }

    /// Computes the columns of the rows that there are beside writers, and those of the last rows under
    /// their lock, where the field also gets its position.
    fn add_computed(
        &self,
        field: Field,
        limits: Limits,
        budget: Budget<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Version> {
        // Dropped when the writers' lock is free again.
        let _held_off = CompactionsHeldOff::new(self);
        let mut backfill = Backfill::new(field);
        loop {
            let view = self.view();
            limits.add_field(&view.schema, backfill.field().clone())?;
            backfill.catch_up(&view, budget, progress)?;
            drop(view);
            self.faults.reach(Stage::CaughtUp);

            let mut writer = self.lock();
            writer.recover(&self.published);
            if backfill.is_behind(writer.view()) {
                continue;
            }
            let schema = limits.add_field(&writer.view().schema, backfill.field().clone())?;
            backfill.catch_up(writer.view(), budget, &mut ())?;
            budget.check()?;
            let rows = backfill.rows_done();
            let version = writer.add_columns(schema, backfill.finish()?, &self.published);
            self.end_write(writer);
            progress.report(rows, rows);
            return Ok(version);
        }
    }

    /// The newest view. Takes no lock, and allocates at the first call of a thread only.
    pub(crate) fn view(&self) -> Arc<View> {
        if self.faults.has(Defect::ReadersLock) {
            drop(self.lock());
        }
        if self.faults.has(Defect::AllocatesInSnapshot) {
            std::hint::black_box(Box::new(0_u8));
        }
        self.published.load()
    }

    pub(crate) fn apply(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        batch.check_input(&self.view().schema)?;
        self.apply_checked(batch, budget)
    }

    /// Applies a batch whose input the caller has checked.
    pub(crate) fn apply_checked(&self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let mut writer = self.lock();
        writer.recover(&self.published);
        batch.check_version(writer.view().version)?;
        let applied = writer.commit(batch, budget, &self.published)?;
        if applied.has_effect() {
            writer.compact_if_needed(&self.options, &self.published);
        }
        self.end_write(writer);
        Ok(applied)
    }

    /// Publishes the next version, with the same content.
    pub(crate) fn advance(&self) -> Version {
        let mut writer = self.lock();
        writer.recover(&self.published);
        let schema = writer.view().schema.clone();
        let version = writer.advance(schema, &self.published);
        self.end_write(writer);
        version
    }

    pub(crate) fn hand_over(&self, last: Version) {
        self.lock().builder().shared().noted_ends.end_store(last);
    }

    /// Whether dead rows are compacted away before they take much more than the live ones.
    pub(crate) fn bounds_space(&self) -> bool {
        self.options.bounds_space()
    }

    /// # Errors
    /// Those of the budget; nothing has changed then.
    pub(crate) fn compact(&self, budget: Budget<'_>) -> Result<()> {
        let mut writer = self.lock();
        budget.check()?;
        writer.compact_within(&self.published, budget)?;
        let garbage = writer.reclaim_all();
        drop(writer);
        garbage.drop_outside_the_lock();
        self.shelf.reclaim();
        Ok(())
    }

    /// Frees the retired views that no reader holds, unless a writer is running, which frees some
    /// itself.
    pub(crate) fn reclaim(&self) {
        let mut writer = match self.writer.try_lock() {
            Ok(writer) => writer,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let garbage = writer.reclaim_all();
        drop(writer);
        garbage.drop_outside_the_lock();
        self.shelf.reclaim();
    }

    /// Releases the writers' lock, and frees what no reader holds any more.
    fn end_write(&self, mut writer: MutexGuard<'_, Writer>) {
        let garbage = writer.reclaim();
        drop(writer);
        garbage.drop_outside_the_lock();
        self.shelf.reclaim();
    }

    /// Takes the writers' lock and ignores its poison, so that the store stays usable after a writer
    /// has panicked: no view shows the rows that it appended, and the next commit removes them.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives, no write compacts: a compaction replaces rows whose columns are being computed.
struct CompactionsHeldOff<'a>(&'a Arena);

impl<'a> CompactionsHeldOff<'a> {
    fn new(arena: &'a Arena) -> Self {
        arena.lock().hold_off_compactions();
        Self(arena)
    }
}

impl Drop for CompactionsHeldOff<'_> {
    fn drop(&mut self) {
        self.0.lock().allow_compactions();
    }
}
