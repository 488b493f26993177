//! The writer: applies batches, publishes views and frees them. It is behind a lock that no reader
//! touches.

use std::collections::{HashSet, VecDeque};

use iqdb_core::{
    Applied, Batch, Budget, Effect, Error, ErrorKind, Resolved, Result, Schema, Version,
};

use crate::backfill::Backfilled;
use crate::components::FieldValue;
use crate::fault::{Defect, Faults, Stage};
use crate::generation::Generation;
use crate::generation_builder::{GenerationBuilder, IdLookup};
use crate::options::ArenaOptions;
use crate::payloads::RowPayload;
use crate::rows::{RowValues, ValueSource};
use crate::shared::Shared;
use crate::sync::{Arc, Published};
use crate::view::View;

/// The most retired views that a commit checks, so that long-lived snapshots don't slow commits down.
const RECLAIMED_PER_COMMIT: usize = 64;

/// The number of changes whose ids are hashed, and their slots prefetched, before the first is looked
/// up.
const PREFETCHED_EFFECTS: usize = 32;

/// The state that the lock guards. Only writers touch it.
#[derive(Debug)]
pub(crate) struct Writer {
    builder: GenerationBuilder,
    /// The newest view, which is also the published one.
    view: Arc<View>,
    /// Views that newer ones have replaced, and that readers may still hold.
    retired: VecDeque<Arc<View>>,
    /// Whether a commit was interrupted by a panic, and left rows or columns that no view shows.
    torn: bool,
    /// The size of the live rows.
    live_bytes: u64,
    /// The size of the ended rows.
    dead_bytes: u64,
    /// How many fields are being added to rows that no compaction should replace meanwhile.
    backfills: usize,
    /// The most rows that can be numbered.
    rows_max: u32,
    faults: Faults,
}

/// The effects of a batch that are not visible yet.
#[derive(Default)]
struct Staged {
    /// The rows that the batch ends, in its order. The writer stamps them when nothing can fail any
    /// more.
    ended: Vec<u32>,
    /// The same rows, as a set.
    ended_set: HashSet<u32>,
    /// The size of the rows that the batch ends.
    ended_bytes: u64,
    /// The size of the rows that the batch adds.
    added_bytes: u64,
}

/// Retired views that no reader holds. A writer drops them after it has released the lock, because
/// they may own much memory, and derived data of types with a `Drop` of their own.
#[derive(Debug, Default)]
#[must_use = "it is dropped outside the lock"]
pub(crate) struct Garbage(Vec<Arc<View>>);

impl Writer {
    /// The writer of an empty store, and the store's first view.
    pub(crate) fn new(
        schema: Schema,
        generation: Generation,
        options: &ArenaOptions,
        faults: Faults,
    ) -> (Self, Arc<View>) {
        let shared = Shared::new(options.first_seal);
        let mut builder = GenerationBuilder::new(generation, shared, faults.clone());
        let view = Arc::new(builder.view(schema, options.first_version, 0));
        let retired = VecDeque::new();
        let writer = Self {
            builder,
            view: Arc::clone(&view),
            retired,
            torn: false,
            live_bytes: 0,
            dead_bytes: 0,
            backfills: 0,
            rows_max: options.rows_max,
            faults,
        };
        (writer, view)
    }

    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    pub(crate) fn builder(&self) -> &GenerationBuilder {
        &self.builder
    }

    pub(crate) fn retired(&self) -> usize {
        self.retired.len()
    }

    /// Removes the rows of an interrupted commit, by copying the live rows into a new generation.
    pub(crate) fn recover(&mut self, published: &Published<View>) {
        if self.torn && !self.faults.has(Defect::TornForgotten) {
            self.compact(published);
        }
    }

    /// Applies a batch that has been checked.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] when row numbers would run out; those of resolving the batch and of
    /// the budget. Nothing has changed then.
    pub(crate) fn commit(
        &mut self,
        batch: &Batch,
        budget: Budget<'_>,
        published: &Published<View>,
    ) -> Result<Applied> {
        let view = Arc::clone(&self.view);
        let Resolved { effects, mut applied } =
            batch.resolve_within(&*view, view.version, budget)?;
        budget.check()?;
        if effects.is_empty() {
            return Ok(applied);
        }
        let adds = |effect: &&Effect<'_>| !matches!(effect, Effect::Remove(_));
        self.make_room(effects.iter().filter(adds).count(), published)?;
        let schema = self.view.schema.clone();
        let version = self.view.version.next();

        self.torn = true;
        let mut staged = Staged::default();
        let mut hashes = Vec::with_capacity(PREFETCHED_EFFECTS);
        for effects in effects.chunks(PREFETCHED_EFFECTS) {
            hashes.clear();
            let generation = self.builder.generation();
            hashes.extend(effects.iter().map(|effect| generation.hash(effect.id())));
            if hashes.len() == PREFETCHED_EFFECTS {
                self.builder.prefetch(&hashes);
            }
            for (n, (effect, hash)) in effects.iter().zip(&hashes).enumerate() {
                if let Some(Effect::Put(next, _)) = effects.get(n + 1) {
                    next.vectors().for_each(|(_, vector)| FieldValue::Vector(vector).prefetch());
                }
                self.stage(effect, *hash, &mut applied, &mut staged);
            }
        }
        self.faults.reach(Stage::Appended);
        applied.version = version;
        let live = u64::from(self.view.live) + applied.inserted - applied.deleted;
        // There are at most as many live rows as rows, which a `u32` numbers.
        let live = u32::try_from(live).unwrap_or(u32::MAX);
        let view = Arc::new(self.builder.view(schema, version, live));
        self.retired.reserve(1);

        // Nothing fails from here on. To readers of earlier versions the rows are alive with or without
        // the stamps, and a reader that sees the new view sees the stamps.
        if self.faults.has(Defect::PublishedBeforeStamped) {
            self.publish(Arc::clone(&view), published);
        }
        for (n, row) in staged.ended.iter().enumerate() {
            if n == staged.ended.len() / 2 {
                self.faults.reach(Stage::Stamping);
            }
            self.end(*row, version);
        }
        if !self.faults.has(Defect::PublishedBeforeStamped) {
            self.publish(view, published);
        }
        self.live_bytes = (self.live_bytes + staged.added_bytes).saturating_sub(staged.ended_bytes);
        self.dead_bytes += staged.ended_bytes;
        self.torn = false;
        self.faults.reach(Stage::Published);
        Ok(applied)
    }

    /// Publishes the next version, with the same records and this schema, which may have fields more:
    /// no row has a vector of them. O(1), or O(chunks) if a chunk was added or sealed since the last
    /// view.
    pub(crate) fn advance(&mut self, schema: Schema, published: &Published<View>) -> Version {
        let version = self.view.version.next();
        let view = Arc::new(self.builder.view(schema, version, self.view.live));
        self.retired.reserve(1);
        self.publish(view, published);
        version
    }

    /// Publishes the next version, with the same records and this schema, whose last field is computed
    /// and has these columns. O(chunks).
    pub(crate) fn add_columns(
        &mut self,
        schema: Schema,
        columns: Backfilled,
        published: &Published<View>,
    ) -> Version {
        let (bytes, planted) = (columns.bytes, self.faults.has(Defect::PublishedBeforeFilled));
        if planted {
            self.advance(schema.clone(), published);
            self.faults.reach(Stage::Published);
        }
        self.torn = true;
        self.builder.add_columns(&schema, columns);
        self.faults.reach(Stage::Filled);
        if !planted {
            self.advance(schema, published);
        }
        // Rows that ended since their columns were computed are counted as live: it makes a compaction
        // late by as much.
        self.live_bytes += bytes;
        self.torn = false;
        self.faults.reach(Stage::Published);
        self.view.version
    }

    /// From now on no write compacts, until as many calls have [allowed](Self::allow_compactions) it.
    pub(crate) fn hold_off_compactions(&mut self) {
        self.backfills += 1;
    }

    pub(crate) fn allow_compactions(&mut self) {
        self.backfills -= 1;
    }

    /// Appends the row of an effect, if it has one, and notes the row that it ends. Changes nothing
    /// that a reader sees.
    fn stage(
        &mut self,
        effect: &Effect<'_>,
        hash: u32,
        applied: &mut Applied,
        staged: &mut Staged,
    ) {
        let found = self.builder.find(effect.id(), hash);
        // The rows that this batch ends have no stamp yet, so `is_alive` doesn't know of them.
        let present =
            found.row().filter(|row| {
                !staged.ended_set.contains(row)
                    && self.builder.generation().locate(*row).is_some_and(|(rows, address)| {
                        rows.is_alive(address.row, self.view.version)
                    })
            });
        applied.count(effect, present.is_some());
        let (published, schema) = (self.view.rows, &self.view.schema);
        let of = |source| RowValues { schema, source };
        staged.added_bytes += match effect {
            Effect::Put(record, computed) => {
                let payload = RowPayload::Whole(&record.payload);
                let values = of(ValueSource::Record(record, computed));
                self.builder.append(found, published, effect.to_id(), values, payload)
            }
            Effect::PutRow(rows, row, computed) => {
                let payload = RowPayload::New(rows, *row);
                let values = of(ValueSource::New(rows, *row, computed));
                self.builder.append(found, published, effect.to_id(), values, payload)
            }
            Effect::SetPayload(..) | Effect::SetVectors(..) => {
                self.stage_copy(effect, found, present)
            }
            Effect::Remove(_) => 0,
        };
        if let Some(row) = present {
            staged.ended_bytes += self.builder.bytes_of(row, &self.view.schema);
            staged.ended.push(row);
            staged.ended_set.insert(row);
        }
    }

    /// Appends a copy of the row `present` with the change of `effect`, and returns its size; 0 where
    /// there is no such row.
    fn stage_copy(&mut self, effect: &Effect<'_>, found: IdLookup, present: Option<u32>) -> u64 {
        let (published, schema) = (self.view.rows, &self.view.schema);
        let generation = Arc::clone(self.builder.generation());
        let Some((rows, address)) = present.and_then(|row| generation.locate(row)) else {
            return 0;
        };
        let of = |source| RowValues { schema, source };
        match effect {
            Effect::SetPayload(_, payload, computed) => {
                let payload = RowPayload::Whole(payload);
                let values = of(ValueSource::RowWithPayload(rows, address.row, computed));
                self.builder.append(found, published, effect.to_id(), values, payload)
            }
            Effect::SetVectors(_, named) => {
                let payload = self.builder.payload_of(address);
                let payload = RowPayload::Whole(&payload);
                let values = of(ValueSource::RowWithVectors(rows, address.row, named));
                self.builder.append(found, published, effect.to_id(), values, payload)
            }
            Effect::Put(..) | Effect::PutRow(..) | Effect::Remove(_) => 0,
        }
    }

    fn end(&self, row: u32, version: Version) {
        if let Some((rows, address)) = self.builder.generation().locate(row) {
            rows.end(address.row, version);
        }
    }

    fn publish(&mut self, view: Arc<View>, published: &Published<View>) {
        let old = published.swap(Arc::clone(&view));
        self.view = view;
        if !self.faults.has(Defect::FreedByReaders) {
            self.retired.push_back(old);
        }
    }

    /// Copies the live rows into a new generation, at the same version. O(live rows).
    pub(crate) fn compact(&mut self, published: &Published<View>) {
        // Without a deadline it has no errors.
        let _ = self.compact_within(published, Budget::new());
    }

    /// [`compact`](Self::compact), as long as the budget lasts.
    ///
    /// # Errors
    /// Those of the budget; nothing has changed then.
    pub(crate) fn compact_within(
        &mut self,
        published: &Published<View>,
        budget: Budget<'_>,
    ) -> Result<()> {
        let mut packed = GenerationBuilder::packed(
            &self.view,
            self.builder.shared().of_next_generation(),
            self.faults.clone(),
            budget,
        )?;
        let view =
            Arc::new(packed.view(self.view.schema.clone(), self.view.version, self.view.live));
        self.retired.reserve(1);
        self.faults.reach(Stage::Packed);
        if self.faults.has(Defect::CompactionEndsRows) {
            (0..self.view.rows).for_each(|row| self.end(row, self.view.version));
        }
        self.builder.shared().noted_ends.end_generation(self.view.version);
        self.publish(view, published);
        self.builder = packed;
        self.dead_bytes = 0;
        self.torn = false;
        Ok(())
    }

    /// Compacts if the options ask for it at this share of dead bytes, unless that is held off.
    pub(crate) fn compact_if_needed(
        &mut self,
        options: &ArenaOptions,
        published: &Published<View>,
    ) {
        if self.backfills == 0 && options.should_compact(self.dead_bytes, self.live_bytes) {
            self.compact(published);
        }
    }

    /// Makes sure that `rows` more rows can be numbered, by a compaction if need be.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`] when there would be too many rows even after a compaction.
    fn make_room(&mut self, rows: usize, published: &Published<View>) -> Result<()> {
        let fit = |used: u32| (used as usize).saturating_add(rows) <= self.rows_max as usize;
        if fit(self.builder.rows()) {
            return Ok(());
        }
        if fit(self.view.live) {
            self.compact(published);
            return Ok(());
        }
        Err(Error::new(ErrorKind::NotSupported, "the store has no numbers left for more rows")
            .during("apply")
            .expected(format_args!("at most {} rows", self.rows_max))
            .found(format_args!("{} rows and {rows} changes", self.view.live))
            .hint("split the data over several stores"))
    }

    /// Takes out retired views that no reader holds, checking at most [`RECLAIMED_PER_COMMIT`].
    pub(crate) fn reclaim(&mut self) -> Garbage {
        self.reclaim_among(RECLAIMED_PER_COMMIT)
    }

    /// Takes out all retired views that no reader holds.
    pub(crate) fn reclaim_all(&mut self) -> Garbage {
        self.reclaim_among(usize::MAX)
    }

    fn reclaim_among(&mut self, most: usize) -> Garbage {
        let mut garbage = Vec::new();
        for _ in 0..self.retired.len().min(most) {
            if let Some(mut view) = self.retired.pop_front() {
                // A view that is not published can be reached through existing handles only. `get_mut`
                // also checks for weak handles, which could be upgraded.
                match Arc::get_mut(&mut view).is_some() {
                    true => garbage.push(view),
                    false => self.retired.push_back(view),
                }
            }
        }
        Garbage(garbage)
    }
}

impl Garbage {
    /// Drops the views. Catches a panic in the `Drop` of a search's derived data: the batch has been
    /// applied, and `apply` must not look as if it had failed.
    pub(crate) fn drop_outside_the_lock(self) {
        for view in self.0 {
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(view)));
        }
    }
}
